"""The live card: one message for each screening, edited in place."""

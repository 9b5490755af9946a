"""The actors of Usher: one process each."""

"""The three JSON copies beside the store."""

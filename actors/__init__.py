"""The actors of Usher, each in a process of its own."""

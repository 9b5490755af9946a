"""How frames get from one process to another: a port and its implementations."""

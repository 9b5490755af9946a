"""Takes frames from one process to another: a port and its implementations."""

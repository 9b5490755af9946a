"""Finds and reaches a running service: lock, run state, sockets."""

"""Finds and contacts a running service: lock, run state, sockets."""

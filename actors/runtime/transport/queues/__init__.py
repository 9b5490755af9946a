"""Queues of an endpoint: bounded, and fair to all communities that share it."""

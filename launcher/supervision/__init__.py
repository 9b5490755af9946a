"""Supervision of the actor processes."""

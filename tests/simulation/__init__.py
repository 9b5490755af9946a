"""Thousands of random nights with faults, each from its seed: `python -m tests.simulation`."""

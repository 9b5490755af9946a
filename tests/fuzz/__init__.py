"""Trials with damaged input, each from its seed: `python -m tests.fuzz --help`."""

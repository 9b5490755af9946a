"""Checks that turn facts into findings. `run.py check` reads the facts by REST, `!diagnose` from the bot's cache."""

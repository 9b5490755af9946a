"""Collects the facts for `run.py check` and `setup`: Discord by REST, the Plex servers, this machine."""

"""Collects what `run.py check` and `setup` look at: Discord by REST, the Plex servers, this machine."""

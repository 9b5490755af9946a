"""The actor that watches a Plex server: `poller` is the actor, the other files are what it needs."""

from actors.plex.poller import PlexPoller

__all__ = ["PlexPoller"]

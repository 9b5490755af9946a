"""The actor that watches a Plex server: `poller` is the actor, the other files are what it needs."""

from actors.media.plex.actor import PlexPoller

__all__ = ["PlexPoller"]

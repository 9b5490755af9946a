"""The actor that polls a Plex server: its class is in `actor`, the other files are what it needs."""

from actors.media.plex.actor import PlexPoller

__all__ = ["PlexPoller"]

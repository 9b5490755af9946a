"""Plex sessions: their phases, how a poll is matched with them, and their watches."""

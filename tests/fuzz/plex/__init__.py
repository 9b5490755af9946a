"""Damaged and heavy answers of a Plex server, sent by a process of its own."""

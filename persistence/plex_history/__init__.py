"""Import of a Plex server's own play history."""

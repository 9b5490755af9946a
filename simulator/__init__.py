"""A Plex server and a Discord server on loopback that speak the real protocols, for demo and tests."""

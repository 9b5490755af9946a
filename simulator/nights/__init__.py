"""Film nights on the simulated Plex and Discord: scripts, the truth about them, and what the service made of them."""

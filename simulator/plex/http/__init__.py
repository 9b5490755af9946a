"""HTTP and websocket of the simulated Plex Media Server."""

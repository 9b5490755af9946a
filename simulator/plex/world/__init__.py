"""The state of the simulated Plex Media Server: library, accounts, sessions, play history. No sockets."""

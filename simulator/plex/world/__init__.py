"""What is on the simulated Plex Media Server: library, accounts, sessions, play history. No socket."""

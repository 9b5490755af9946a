"""A film night against a simulated Plex and a simulated Discord, with the real service between them."""

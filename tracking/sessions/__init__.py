"""One Plex session: its phases, how a poll is told apart into sessions, and who watches each of them."""

"""Who reads the page: sign-in, sessions, and what each reader is let in to and may change."""

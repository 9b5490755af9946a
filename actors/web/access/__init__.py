"""Readers of the page: sign-in, sessions, and what each reader may open and change."""

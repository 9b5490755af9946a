"""Requests that people cause, beside the polls: posters, library searches, sign-in."""

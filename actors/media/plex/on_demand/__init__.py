"""Requests that people cause, beside the polls: posters, searches of the library, sign-in."""

"""Imports the history that Tautulli recorded, from its database."""

"""Shared by all parts of the Discord actor: stored state, API errors, health reasons."""

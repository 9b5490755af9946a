"""Shared by all commands: declaration, questions to other actors, pages, converters, errors."""

"""Builds the look of messages: embeds and escaped text."""

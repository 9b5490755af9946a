"""Webhooks: posts events to addresses in the settings."""

"""Webhooks: posts what happens to addresses that the settings name."""

"""The connection to Discord, and its bot."""

"""The connection to Discord and the bot that lives on it."""

"""`setup` and `settings`: make a Discord server a community, and choose its settings."""

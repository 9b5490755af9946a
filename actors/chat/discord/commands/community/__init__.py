"""`setup` and `settings`: a Discord server becomes a community, and chooses what a community may choose."""

"""The persistence actor: the one writer of the store."""

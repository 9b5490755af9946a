"""Sessions of several accounts that play one film at the same time, and so are one screening."""

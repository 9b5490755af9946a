"""The questions of `setup`, each answer tested at once, and the `.env` they end in."""

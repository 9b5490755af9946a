"""Changes to the store that touch several tables."""

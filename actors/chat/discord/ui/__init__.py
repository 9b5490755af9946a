"""How messages look: embeds and safe text."""

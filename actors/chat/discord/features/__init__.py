"""Features that act without a command: announcements, live cards, film nights, digest, presence."""

"""Features that act by themselves: announcements, live cards, film nights, digest, presence."""

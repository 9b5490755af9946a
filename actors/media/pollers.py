"""The names of the actors that poll media servers."""

from config import Settings
from messages import GetPoster


def poller_names(settings: Settings) -> list[str]:
    """Return the names of the actors that each poll one Plex server."""
    first = GetPoster.receiver
    return [first, *(f"{first}-{number}" for number in range(2, len(settings.servers) + 1))]

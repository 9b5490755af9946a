"""Film nights: scheduled events that start and end with their film."""

from actors.chat.discord.features.film_night.planned_night import PlannedNight
from actors.chat.discord.features.film_night.scheduled_events import (
    EVENT_DESCRIPTION,
    EVENT_PERMISSION,
    FilmNights,
    event_name,
)

__all__ = ["EVENT_DESCRIPTION", "EVENT_PERMISSION", "FilmNights", "PlannedNight", "event_name"]

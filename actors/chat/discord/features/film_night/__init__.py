"""Film nights: scheduled events that start and end with their film."""

from actors.chat.discord.features.film_night.planned_night import PlannedNight
from actors.chat.discord.features.film_night.scheduled_events import (
    ALLOW_EVENTS,
    EVENT_DESCRIPTION,
    FilmNights,
    event_name,
)

__all__ = ["ALLOW_EVENTS", "EVENT_DESCRIPTION", "FilmNights", "PlannedNight", "event_name"]

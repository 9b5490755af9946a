"""Film nights: scheduled events that start and end with their film."""

from actors.chat.discord.features.film_night.night_planner import HOW, plan_night, require_future
from actors.chat.discord.features.film_night.planned_night import PlannedNight
from actors.chat.discord.features.film_night.scheduled_events import FilmNights

__all__ = ["HOW", "FilmNights", "PlannedNight", "plan_night", "require_future"]

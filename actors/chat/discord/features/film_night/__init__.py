"""Film nights: scheduled events that start and end with their film."""

from actors.chat.discord.features.film_night.film_and_time import (
    FilmAndTime,
    check_found,
    find_meanings,
    find_titled,
    read_night_time,
)
from actors.chat.discord.features.film_night.night_planner import HOW, plan_night, require_future
from actors.chat.discord.features.film_night.night_questions import NightChoice, NightQuestion, NightQuestions
from actors.chat.discord.features.film_night.planned_night import PlannedNight
from actors.chat.discord.features.film_night.scheduled_events import FilmNights

__all__ = [
    "HOW",
    "FilmAndTime",
    "FilmNights",
    "NightChoice",
    "NightQuestion",
    "NightQuestions",
    "PlannedNight",
    "check_found",
    "find_meanings",
    "find_titled",
    "plan_night",
    "read_night_time",
    "require_future",
]

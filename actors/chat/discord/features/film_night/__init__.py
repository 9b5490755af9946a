"""Film nights: scheduled events that start and end with their film."""

from actors.chat.discord.features.film_night.event_attendance import UpcomingAttendance
from actors.chat.discord.features.film_night.film_and_time import (
    FilmAndTime,
    check_found,
    find_meanings,
    find_titled,
    read_most,
    read_night_time,
)
from actors.chat.discord.features.film_night.night_planner import (
    HOW,
    plan_night,
    plan_open_night,
    put_film_into_event,
    require_future,
)
from actors.chat.discord.features.film_night.night_questions import NightChoice, NightQuestion, NightQuestions
from actors.chat.discord.features.film_night.night_reminders import NightReminders
from actors.chat.discord.features.film_night.night_role import NightRoleButton, list_role_buttons
from actors.chat.discord.features.film_night.planned_night import PlannedNight
from actors.chat.discord.features.film_night.recurring_nights import (
    RecurringNight,
    RecurringNights,
    upcoming_open_nights,
)
from actors.chat.discord.features.film_night.scheduled_events import FilmNights

__all__ = [
    "HOW",
    "FilmAndTime",
    "FilmNights",
    "NightChoice",
    "NightQuestion",
    "NightQuestions",
    "NightReminders",
    "NightRoleButton",
    "PlannedNight",
    "RecurringNight",
    "RecurringNights",
    "UpcomingAttendance",
    "check_found",
    "find_meanings",
    "find_titled",
    "list_role_buttons",
    "plan_night",
    "plan_open_night",
    "put_film_into_event",
    "read_most",
    "read_night_time",
    "require_future",
    "upcoming_open_nights",
]

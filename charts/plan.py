"""What can be drawn. Plain data; nothing here imports the plotting library."""

from __future__ import annotations

import msgspec

from charts.figures import ENGLISH

SIZE_LIMIT = 1_000_000
"""Bytes of data that the drawing process reads, and of the picture that it may answer with."""


class Panel(msgspec.Struct, frozen=True, tag_field="kind"):
    """A part of a picture."""

    title: str
    """What is said above it, in any script."""


class Attendance(Panel, frozen=True, tag="attendance"):
    """How many watched each stretch of a film."""

    watching: tuple[int, ...]
    """Viewers in each of equally long stretches, from the film's beginning."""
    length_s: float
    """Length of the film, seconds."""


class Weeks(Panel, frozen=True, tag="weeks"):
    """Hours by week."""

    weeks: tuple[tuple[str, float], ...]
    """ISO date of the Monday, seconds watched; in order of time."""


class Genres(Panel, frozen=True, tag="genres"):
    """Counts by name: genres, decades, directors."""

    counts: tuple[tuple[str, int], ...]
    """The most first."""


class Year(Panel, frozen=True, tag="year"):
    """Hours by day, as a calendar."""

    days: tuple[tuple[str, float], ...]
    """ISO date, seconds watched; days without any may be left out."""
    until: str
    """ISO date of the last day shown; the year before it is drawn."""


class Wording(msgspec.Struct, frozen=True):
    """What is written into a picture by itself, in the language that it is drawn in."""

    months: tuple[str, ...] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    weekdays: tuple[str, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    day: str = "{day} {month}"
    """A day of a week's beginning."""
    hours: str = "{hours} h"
    number: str = ENGLISH
    """How 1234.5 is written."""
    minutes: str = "{minutes} min"


class Picture(msgspec.Struct, frozen=True):
    """Panels, one below the other."""

    panels: tuple[Attendance | Weeks | Genres | Year, ...]
    alt: str = ""
    """The same in words, for those who do not see it."""
    wording: Wording = Wording()

"""The data of a picture. Nothing here imports the plotting library."""

from __future__ import annotations

import msgspec

from charts.numbers import ENGLISH

SIZE_LIMIT = 1_000_000
"""Bytes of data that the drawing process reads, and of the picture that it may answer with."""


class Panel(msgspec.Struct, frozen=True, tag_field="kind"):
    """One chart of a picture."""

    title: str
    """The heading above it, in any script."""


class AttendancePanel(Panel, frozen=True, tag="attendance"):
    """Number of viewers over the length of a film."""

    watching: tuple[int, ...]
    """Viewers in each of equally long stretches, from the film's beginning."""
    length_s: float
    """Length of the film, seconds."""


class WeeksPanel(Panel, frozen=True, tag="weeks"):
    """Hours by week."""

    weeks: tuple[tuple[str, float], ...]
    """ISO date of the Monday, seconds watched; in order of time."""


class CountsPanel(Panel, frozen=True, tag="genres"):
    """Counts by name: genres, decades, directors."""

    counts: tuple[tuple[str, int], ...]
    """Label and count, the highest first."""


class YearPanel(Panel, frozen=True, tag="year"):
    """Hours by day, as a calendar."""

    days: tuple[tuple[str, float], ...]
    """ISO date, seconds watched; days without any may be left out."""
    until: str
    """ISO date of the last day shown; the year before it is drawn."""


class ChartLocale(msgspec.Struct, frozen=True):
    """Names of months and days, and forms of figures, in the language of the picture."""

    months: tuple[str, ...] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    weekdays: tuple[str, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    day: str = "{day} {month}"
    """How the first day of a week is written."""
    hours: str = "{hours} h"
    number: str = ENGLISH
    """How 1234.5 is written."""
    minutes: str = "{minutes} min"


class Picture(msgspec.Struct, frozen=True):
    """Panels, one below the other."""

    panels: tuple[AttendancePanel | WeeksPanel | CountsPanel | YearPanel, ...]
    alt: str = ""
    """The same in words, as alternative text."""
    locale: ChartLocale = ChartLocale()

"""Durations and film positions: formatted for people, and parsed from their input."""

import re

from messages.base import PositionMs
from wording.numbers import format_number
from wording.translation import _

_MINUTES = re.compile(r"(\d{1,4})\s*(?:m|min|minutes?|minuten)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2})", re.ASCII)


def format_duration(seconds: float) -> str:
    """Return seconds in words, to the nearest minute: "1 h 56 min", "3 min"; below a minute "45 s"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    hours, minutes = divmod(round(whole / 60), 60)
    if not hours:
        return _("{minutes} min").format(minutes=minutes)
    if not minutes:
        return _("{hours} h").format(hours=format_number(hours))
    return _("{hours} h {minutes} min").format(hours=format_number(hours), minutes=minutes)


def format_long_duration(seconds: float) -> str:
    """Return a total over many films: whole hours from ten hours on, "38 h", "1,038 h"; else as `format_duration`."""
    if seconds < 10 * 3600:
        return format_duration(seconds)
    return _("{hours} h").format(hours=format_number(round(seconds / 3600)))


def format_uptime(seconds: float) -> str:
    """Return seconds in a narrow form for tables, with two units: "12s", "5m 03s", "2h 07m", "3d 04h"."""
    whole = int(seconds)
    for size, unit, small_size, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size}{unit} {whole % size // small_size:02d}{small}"
    return f"{whole}s"


def format_position(ms: int | None) -> str:
    """Return a film's position as H:MM:SS; "?" if it is not known."""
    if ms is None:
        return "?"
    seconds = max(0, ms) // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def format_film_minute(ms: int) -> str:
    """Return a film's position to the minute, for an axis: "0:29", "1:28"."""
    minutes = max(0, ms) // 60_000
    return f"{minutes // 60}:{minutes % 60:02}"


def parse_clock_position(text: str) -> PositionMs:
    """Return the position written as MM:SS or H:MM:SS. Raises ValueError whose text explains the format."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no position: write MM:SS or H:MM:SS, like 42:30")
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), int(match[3])
    if seconds > 59 or (match[1] is not None and minutes > 59):
        raise ValueError(f"{text!r} is no position: seconds (and minutes after hours) go to 59")
    return PositionMs((hours * 3600 + minutes * 60 + seconds) * 1000)


def parse_position(text: str) -> PositionMs | None:
    """Return the position that people type as "1:02:03", "42:10", "90 min" or "90" (minutes); None if unreadable."""
    if match := _MINUTES.fullmatch(text.strip().lower()):
        return PositionMs(int(match[1]) * 60_000)
    try:
        return parse_clock_position(text)
    except ValueError:
        return None

"""Times as people write them: "20:30", "friday 8pm", "27.11. 20:30"."""

import datetime
import re
import zoneinfo

_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>[0-5]\d))?\s*(?P<half>am|pm)?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TODAY, _TOMORROW = ("today", "tonight"), ("tomorrow",)
_WEEK = 7
_SHORT = 3
"""Letters of the shortest name of a weekday: "fri"."""


def read_when(text: str, now: datetime.datetime) -> datetime.datetime | None:
    """When somebody means who writes `text` at `now` (aware, in the zone that people live in); None if unreadable.

    A day (today, tomorrow, a weekday, 2026-11-27, 27.11.) and a clock (20:30, 8pm), in either order, or the clock
    alone. Without a year or a day, the next such time to come; a day written out is taken as it is, even if past.
    """
    words = text.lower().replace(",", " ").replace(" at ", " ").split()
    for cut in range(len(words) + 1):
        for day, clock in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            if (time := _time(" ".join(clock))) is not None:
                found = _on(" ".join(day), time, now)
                if found is not None:
                    return found
    return None


def _time(text: str) -> datetime.time | None:
    """A clock's time. A bare number is none: it may as well be a part of a title."""
    found = _CLOCK.fullmatch(text)
    if found is None or not (found["minute"] or found["half"]):
        return None
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    return datetime.time(hour, int(found["minute"] or 0)) if hour < 24 else None


def _on(day: str, time: datetime.time, now: datetime.datetime) -> datetime.datetime | None:
    today = now.date()
    if day in _TODAY:
        return _at(today, time, now)
    if day in _TOMORROW:
        return _at(today + datetime.timedelta(days=1), time, now)
    if not day:
        return _next(today, 1, time, now)
    if (
        len(day) >= 3
        and (weekday := next((n for n, name in enumerate(_WEEKDAYS) if name.startswith(day)), None)) is not None
    ):
        ahead = (weekday - today.weekday()) % _WEEK
        return _next(today + datetime.timedelta(days=ahead), _WEEK, time, now)
    return _dated(day, time, now)


def _dated(day: str, time: datetime.time, now: datetime.datetime) -> datetime.datetime | None:
    try:
        if found := _ISO.fullmatch(day):
            return _at(datetime.date(*map(int, found.groups())), time, now)
        if found := _DOTTED.fullmatch(day):
            number, month, year = found.groups()
            meant = _at(datetime.date(int(year or now.year), int(month), int(number)), time, now)
            if year or meant > now:
                return meant
            return _at(datetime.date(now.year + 1, int(month), int(number)), time, now)
    except (ValueError, OverflowError):
        return None
    return None


def _next(day: datetime.date, every_days: int, time: datetime.time, now: datetime.datetime) -> datetime.datetime:
    """That time of the day, or of the next such day where it is past."""
    meant = _at(day, time, now)
    return meant if meant > now else _at(day + datetime.timedelta(days=every_days), time, now)


def _at(day: datetime.date, time: datetime.time, now: datetime.datetime) -> datetime.datetime:
    """A wall clock's time; one that the zone leaves out in spring is the one an hour later."""
    zone = now.tzinfo
    meant = datetime.datetime.combine(day, time, zone)
    return meant.astimezone(datetime.UTC).astimezone(zone)


def now_in(zone: str, wall_s: float) -> datetime.datetime:
    """Seconds since 1970 as the clocks of a zone show them."""
    return datetime.datetime.fromtimestamp(wall_s, zoneinfo.ZoneInfo(zone))

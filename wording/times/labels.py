"""Formats a time for a button so that parsing it gives the same time."""

import datetime

from wording.dates import MONTHS_SHORT, WEEKDAYS_SHORT
from wording.times.reading import MOST_AHEAD_DAYS
from wording.translation import _

_HOUR_S = 3600


def format_choice(start: datetime.datetime, now: datetime.datetime) -> str:
    """Return a time like "Fri 4 Dec, 20:00", with its year if it is not the next such day.

    An hour that the clocks show twice gets its UTC offset.
    """
    parts = {
        "weekday": _(WEEKDAYS_SHORT[start.weekday()]),
        "day": start.day,
        "month": _(MONTHS_SHORT[start.month - 1]),
        "year": start.year,
        "clock": " ".join([f"{start:%H:%M}", *_format_offset(start)]),
    }
    if datetime.timedelta() <= start.date() - now.date() < datetime.timedelta(days=MOST_AHEAD_DAYS):
        return _("{weekday} {day} {month}, {clock}").format(**parts)
    return _("{weekday} {day} {month} {year}, {clock}").format(**parts)


def _format_offset(start: datetime.datetime) -> list[str]:
    """Return "UTC+2" if the clocks of the zone show this time twice; usually nothing."""
    if start.replace(fold=0).utcoffset() == start.replace(fold=1).utcoffset():
        return []
    offset_s = (start.utcoffset() or datetime.timedelta()).total_seconds()
    hours, rest_s = divmod(abs(round(offset_s)), _HOUR_S)
    minutes = f":{rest_s // 60:02}" if rest_s else ""
    return [f"UTC{'-' if offset_s < 0 else '+'}{hours}{minutes}"]

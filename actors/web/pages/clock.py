"""Formatting of times and dates, in the community's zone."""

import datetime
from zoneinfo import ZoneInfo

from wording.dates import format_date, format_weekday
from wording.translation import _


def format_clock(wall_s: float, zone: ZoneInfo) -> str:
    """Return a time of day like 21:05. `wall_s`: seconds since 1970, UTC."""
    return f"{datetime.datetime.fromtimestamp(wall_s, zone):%H:%M}"


def format_day(wall_s: float, zone: ZoneInfo) -> str:
    """Return a day with its year: "Sunday, 29 November 2026". `wall_s`: seconds since 1970, UTC."""
    day = datetime.datetime.fromtimestamp(wall_s, zone).date()
    return _("{day} {year}").format(day=format_weekday(day), year=day.year)


def format_iso_day(wall_s: float, zone: ZoneInfo) -> str:
    """Return a day in the short form of the language: 2026-11-29 in English. `wall_s`: seconds since 1970, UTC."""
    return format_date(datetime.datetime.fromtimestamp(wall_s, zone).date().isoformat())

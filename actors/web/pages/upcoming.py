"""Coming nights: when they begin, how long until then, and their RSVPs."""

import datetime
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import msgspec

from actors.web.pages.clock import format_clock, format_day
from messages import Item, Screening, UpcomingNight
from wording.dates import WEEKDAYS_SHORT
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.text import clean_line
from wording.titles import display_title
from wording.translation import _

MOST_SHOWN = 4
DAY_S = 86_400.0


class UpcomingRow(msgspec.Struct, frozen=True):
    """A coming night."""

    title: str
    poster: Item | None
    weekday: str
    """The weekday, abbreviated."""
    day: int
    """Day of the month."""
    when: str
    clock: str
    until: str
    """How long until it begins, in words."""
    rsvps: str
    """Number of RSVPs, in words; empty if there are none."""
    url: str
    """Address of the event on Discord."""


def build_upcoming(nights: Iterable[UpcomingNight], now_s: float, zone: ZoneInfo) -> tuple[UpcomingRow, ...]:
    """Return the nights that have not begun, the earliest first; at most `MOST_SHOWN`."""
    coming = [night for night in nights if not night.screening_id and night.starts_at_s > now_s]
    return tuple(_build_row(night, now_s, zone) for night in coming[:MOST_SHOWN])


def name_upcoming(night: UpcomingNight) -> str:
    """Return the title of a night's film, or a description if the film is chosen later."""
    return clean_line(display_title(night.item), 120) if night.item is not None else _("Film night")


def format_rsvps(count: int) -> str:
    """Return the number of RSVPs in words; empty for none."""
    return format_count("{count} RSVP", "{count} RSVPs", count) if count else ""


def format_until(seconds: float) -> str:
    """Return how long until something, in words: "in 3 days", "in 2 h 5 min"."""
    if seconds >= 2 * DAY_S:
        return format_count("in {count} day", "in {count} days", round(seconds / DAY_S))
    return _("in {time}").format(time=format_duration(max(60.0, seconds)))


def count_attendance(screening: Screening, nights: Iterable[UpcomingNight]) -> str:
    """Return how many RSVPs came to a screening: "3 of 4 RSVPs"; empty if it was not planned.

    A hidden viewer has no id here, and is not counted as having come.
    """
    names = {screening.screening_id, *screening.merged}
    said = next((set(night.said) for night in nights if night.screening_id in names), set())
    if not said:
        return ""
    came = len({seat.viewer_id for seat in screening.seats} & said)
    return _("{came} of {said} RSVPs").format(came=format_number(came), said=format_number(len(said)))


def _build_row(night: UpcomingNight, now_s: float, zone: ZoneInfo) -> UpcomingRow:
    day = datetime.datetime.fromtimestamp(night.starts_at_s, zone)
    clock = format_clock(night.starts_at_s, zone)
    return UpcomingRow(
        name_upcoming(night),
        night.item,
        _(WEEKDAYS_SHORT[day.weekday()]),
        day.day,
        f"{format_day(night.starts_at_s, zone)}, {clock}",
        clock,
        format_until(night.starts_at_s - now_s),
        format_rsvps(len(night.said)),
        night.url,
    )

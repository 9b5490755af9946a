"""The page of the nights: a month as a calendar, with what was watched together on each day."""

import calendar
import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from actors.web.page import PageContent, PageNotFoundError, PageRequest, page
from actors.web.pages.clock import format_clock
from actors.web.pages.upcoming import format_rsvps, name_upcoming
from messages import Item, ListNights, NightEntry, NightList, UpcomingNight
from wording.dates import MONTHS, WEEKDAYS_SHORT
from wording.numbers import format_count, format_percent
from wording.text import clean_line, join_facts
from wording.titles import display_title
from wording.translation import N_, _

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@dataclass(frozen=True)
class CalendarNight:
    """A watch party in the calendar."""

    path: str
    title: str
    poster: Item
    facts: str
    curve: str
    """How many watched over the film, as a path within 100 x 20; empty where that is not known."""


@dataclass(frozen=True)
class PlannedCell:
    """A night to come in the calendar."""

    url: str
    """Of the event on Discord."""
    title: str
    poster: Item | None
    facts: str


@dataclass(frozen=True)
class MonthDay:
    """A day of the calendar."""

    number: int
    """0 for a place before the first or after the last day."""
    label: str
    is_today: bool
    nights: tuple[CalendarNight, ...]
    planned: tuple[PlannedCell, ...] = ()


@page("nights", "/nights", menu=N_("Nights"))
async def show_nights(request: PageRequest) -> PageContent:
    """Show the watch parties of a month."""
    first = read_month(request)
    after = (first + datetime.timedelta(days=32)).replace(day=1)
    before = (first - datetime.timedelta(days=1)).replace(day=1)
    found = await find_nights(request)
    planned = list_planned(request)
    heading = _("{month} {year}").format(month=_(MONTHS[first.month - 1]), year=first.year)
    return PageContent(
        _("Nights in {month}").format(month=heading),
        {
            "heading": heading,
            "weekdays": tuple(_(day) for day in WEEKDAYS_SHORT),
            "days": build_days(first, found.nights, request.today, request.zone, planned),
            "count": format_count("{count} night", "{count} nights", len(found.nights)),
            "before": f"/nights?m={before:%Y-%m}" if found.earlier else "",
            "after": f"/nights?m={after:%Y-%m}" if after <= _find_last_day(planned, request) else "",
            "before_label": _("Previous month"),
            "after_label": _("Next month"),
            "calendar_label": _("Calendar feed"),
            "empty": _("No film was watched together in this month."),
        },
    )


async def find_nights(request: PageRequest) -> NightList:
    """Return the nights of the month that is asked for. Raises PageNotFoundError where there is no such month."""
    first = read_month(request)
    after = (first + datetime.timedelta(days=32)).replace(day=1)
    return await request.ask(ListNights(_begin(first, request.zone), _begin(after, request.zone)))


def list_planned(request: PageRequest) -> Sequence[UpcomingNight]:
    """Return the nights that have not begun."""
    return [night for night in request.upcoming if not night.screening_id and night.starts_at_s > request.at.wall_s]


def _find_last_day(planned: Sequence[UpcomingNight], request: PageRequest) -> datetime.date:
    """Return today, or the day of the last night that is planned."""
    last_s = max((night.starts_at_s for night in planned), default=request.at.wall_s)
    return datetime.datetime.fromtimestamp(last_s, request.zone).date()


def build_days(
    first: datetime.date,
    nights: Sequence[NightEntry],
    today: datetime.date,
    zone: ZoneInfo,
    planned: Iterable[UpcomingNight] = (),
) -> tuple[MonthDay, ...]:
    """Return the days of a month in whole weeks, from Monday on. `first`: its first day; `planned`: nights to come."""
    coming: dict[int, list[PlannedCell]] = {}
    for each in planned:
        day_of = datetime.datetime.fromtimestamp(each.starts_at_s, zone).date()
        if day_of.replace(day=1) == first:
            coming.setdefault(day_of.day, []).append(_describe_planned(each, zone))
    by_day: dict[int, list[CalendarNight]] = {}
    for night in nights:
        day = datetime.datetime.fromtimestamp(night.started_at_s, zone).day
        by_day.setdefault(day, []).append(_describe(night, zone))
    weeks = calendar.Calendar().monthdayscalendar(first.year, first.month)
    return tuple(
        MonthDay(
            number,
            f"{_(WEEKDAYS_SHORT[place])} {number}" if number else "",
            number > 0 and first.replace(day=number) == today,
            tuple(by_day.get(number, ())),
            tuple(coming.get(number, ())),
        )
        for week in weeks
        for place, number in enumerate(week)
    )


def _describe_planned(night: UpcomingNight, zone: ZoneInfo) -> PlannedCell:
    facts = [format_clock(night.starts_at_s, zone), _("planned"), format_rsvps(len(night.said))]
    return PlannedCell(night.url, name_upcoming(night), night.item, join_facts(facts))


def _describe(night: NightEntry, zone: ZoneInfo) -> CalendarNight:
    facts = [format_clock(night.started_at_s, zone), format_count("{count} viewer", "{count} viewers", night.viewers)]
    if night.mean_percent is not None:
        facts.append(format_percent(night.mean_percent))
    return CalendarNight(
        f"/nights/{night.screening_id}",
        clean_line(display_title(night.item, with_year=False), 80),
        night.item,
        join_facts(facts),
        draw_curve(night.curve),
    )


def draw_curve(curve: Sequence[int]) -> str:
    """Return how many watched as a path within 100 x 20; only where that changes. Empty where nobody did."""
    most, last = max(curve, default=0), len(curve) - 1
    if not most:
        return ""
    points = (
        f"{100 * place / len(curve):.1f} {20 - 18 * number / most:.1f}"
        for place, number in enumerate(curve)
        if place in (0, last) or not curve[place - 1] == number == curve[place + 1]
    )
    return f"M {' L '.join(points)}"


def read_month(request: PageRequest) -> datetime.date:
    """Return the first day of the month that is asked for; of this month where none is."""
    text = request.query.get("m", "")
    if not text:
        return request.today.replace(day=1)
    match = _MONTH.fullmatch(text)
    try:
        if match is None or not 1900 <= int(match[1]) <= 2200:
            raise ValueError(text)
        return datetime.date(int(match[1]), int(match[2]), 1)
    except ValueError:
        raise PageNotFoundError from None


def _begin(day: datetime.date, zone: ZoneInfo) -> float:
    return datetime.datetime.combine(day, datetime.time(), zone).timestamp()

"""The page of the nights: a month as a calendar, with what was watched together on each day."""

import calendar
import datetime
import itertools
import re
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from actors.web.page import PageContent, PageNotFoundError, PageRequest, page
from actors.web.pages.clock import format_clock, format_day
from actors.web.pages.upcoming import format_rsvps, name_upcoming
from messages import Item, ListNights, NightDay, NightEntry, NightList, UpcomingNight
from wording.dates import MONTHS, WEEKDAYS_SHORT
from wording.numbers import format_count, format_percent
from wording.text import clean_line, join_facts
from wording.titles import display_title
from wording.translation import N_, _

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
MOST_A_DAY = 3
"""Nights in the cell of a day at most; with more, the month would be too long to read."""
MOST_OF_A_DAY = 400
"""Nights on the page of a day at most."""


class CalendarNight(msgspec.Struct, frozen=True):
    """A watch party in the calendar."""

    path: str
    title: str
    poster: Item
    facts: str
    curve: str
    """Number of viewers over the film, as a path within 100 x 20; empty if not known."""


class PlannedCell(msgspec.Struct, frozen=True):
    """A planned night in the calendar."""

    url: str
    """Address of the event on Discord."""
    title: str
    poster: Item | None
    facts: str


class MonthDay(msgspec.Struct, frozen=True):
    """A day of the calendar."""

    number: int
    """Day of the month; 0 for a cell before the first or after the last day."""
    label: str
    is_today: bool
    nights: tuple[CalendarNight, ...]
    planned: tuple[PlannedCell, ...] = ()
    path: str = ""
    """Address of the page of the day; empty if all its nights are shown here."""
    more: str = ""
    """How many nights are not shown here."""
    more_label: str = ""
    """The same text for screen readers, which read the link without its surroundings."""


@page("nights", "/nights", menu=N_("Nights"))
async def show_nights(request: PageRequest) -> PageContent:
    """Show the watch parties of a month, or of a day."""
    if day := read_day(request):
        return await _show_day(day, request)
    first = read_month(request)
    after = _find_next_month(first)
    before = (first - datetime.timedelta(days=1)).replace(day=1)
    found = await request.ask(ListNights(*_bound_time(request), most_a_day=MOST_A_DAY))
    planned = list_planned(request)
    heading = _format_month(first)
    return PageContent(
        _("Nights in {month}").format(month=heading),
        {
            "heading": heading,
            "weekdays": tuple(_(day) for day in WEEKDAYS_SHORT),
            "days": build_days(first, found, request.today, request.zone, planned),
            "count": _count_nights(found),
            "month": "",
            "before": f"/nights?m={before:%Y-%m}" if found.earlier else "",
            "after": f"/nights?m={after:%Y-%m}" if after <= _find_last_day(planned, request) else "",
            "before_label": _("Previous month"),
            "after_label": _("Next month"),
            "calendar_label": _("Calendar feed"),
            "empty": _("No film was watched together in this month."),
        },
    )


async def _show_day(day: datetime.date, request: PageRequest) -> PageContent:
    """Show all watch parties of a day, and those planned for it: the month shows only the first few."""
    found = await request.ask(ListNights(*_bound_time(request), most_a_day=MOST_OF_A_DAY))
    planned = [night for night in list_planned(request) if _find_date(night.starts_at_s, request.zone) == day]
    heading = format_day(_begin(day, request.zone), request.zone)
    return PageContent(
        _("Nights on {day}").format(day=heading),
        {
            "heading": heading,
            "nights": tuple(_describe(night, request.zone) for night in found.nights),
            "planned": tuple(_describe_planned(night, request.zone) for night in planned),
            "count": _count_nights(found),
            "month": f"/nights?m={day:%Y-%m}",
            "month_label": _format_month(day),
            "empty": _("No film was watched together on this day."),
        },
    )


async def find_nights(request: PageRequest) -> NightList:
    """Return the nights of the requested day or month; the newest 400 if there are more.

    Raises PageNotFoundError if there is no such day or month.
    """
    return await request.ask(ListNights(*_bound_time(request)))


def _bound_time(request: PageRequest) -> tuple[float, float]:
    """Return the start and end of the requested day or month; seconds since 1970, UTC."""
    if day := read_day(request):
        return _begin(day, request.zone), _begin(day + datetime.timedelta(days=1), request.zone)
    first = read_month(request)
    return _begin(first, request.zone), _begin(_find_next_month(first), request.zone)


def _find_next_month(first: datetime.date) -> datetime.date:
    return (first + datetime.timedelta(days=32)).replace(day=1)


def _count_nights(found: NightList) -> str:
    return format_count("{count} night", "{count} nights", sum(day.nights for day in found.days))


def _format_month(day: datetime.date) -> str:
    return _("{month} {year}").format(month=_(MONTHS[day.month - 1]), year=day.year)


def list_planned(request: PageRequest) -> Sequence[UpcomingNight]:
    """Return the nights that have not begun."""
    return [night for night in request.upcoming if not night.screening_id and night.starts_at_s > request.at.wall_s]


def _find_last_day(planned: Sequence[UpcomingNight], request: PageRequest) -> datetime.date:
    """Return the day of the last planned night, or today if none is planned."""
    return _find_date(max((night.starts_at_s for night in planned), default=request.at.wall_s), request.zone)


def build_days(
    first: datetime.date,
    found: NightList,
    today: datetime.date,
    zone: ZoneInfo,
    planned: Iterable[UpcomingNight] = (),
) -> tuple[MonthDay, ...]:
    """Return the days of a month in whole weeks, from Monday on. `first`: its first day; `planned`: coming nights."""
    coming: dict[str, list[PlannedCell]] = {}
    for each in planned:
        coming.setdefault(_find_date(each.starts_at_s, zone).isoformat(), []).append(_describe_planned(each, zone))
    nights = iter(found.nights)
    begun = {each.day: (each, tuple(itertools.islice(nights, each.listed))) for each in found.days}
    return tuple(
        _build_day(day, begun.get(day.isoformat()), today, zone, coming.get(day.isoformat(), ()))
        if day.month == first.month
        else MonthDay(0, "", is_today=False, nights=())
        for day in calendar.Calendar().itermonthdates(first.year, first.month)
    )


def _build_day(
    day: datetime.date,
    begun: tuple[NightDay, Sequence[NightEntry]] | None,
    today: datetime.date,
    zone: ZoneInfo,
    planned: Sequence[PlannedCell],
) -> MonthDay:
    """Return a day with the first of its nights, and the link to the others."""
    count = begun[0].nights - begun[0].listed if begun else 0
    more = format_count("{count} more night", "{count} more nights", count) if count else ""
    return MonthDay(
        day.day,
        f"{_(WEEKDAYS_SHORT[day.weekday()])} {day.day}",
        day == today,
        tuple(_describe(night, zone) for night in (begun[1] if begun else ())),
        tuple(planned),
        f"/nights?d={day:%Y-%m-%d}" if more else "",
        more,
        _("{more} on {day}").format(more=more, day=format_day(_begin(day, zone), zone)) if more else "",
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
    """Return the number of viewers as a path within 100 x 20, with a point at each change. Empty if nobody watched."""
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
    """Return the first day of the requested month; of this month if none is requested."""
    text = request.query.get("m", "")
    return _read_date(f"{text}-01") if text else request.today.replace(day=1)


def read_day(request: PageRequest) -> datetime.date | None:
    """Return the requested day; None if none is requested."""
    text = request.query.get("d", "")
    return _read_date(text) if text else None


def _read_date(text: str) -> datetime.date:
    match = _DATE.fullmatch(text)
    try:
        if match is None or not 1900 <= int(match[1]) <= 2200:
            raise ValueError(text)
        return datetime.date(*map(int, match.groups()))
    except ValueError:
        raise PageNotFoundError from None


def _find_date(wall_s: float, zone: ZoneInfo) -> datetime.date:
    return datetime.datetime.fromtimestamp(wall_s, zone).date()


def _begin(day: datetime.date, zone: ZoneInfo) -> float:
    return datetime.datetime.combine(day, datetime.time(), zone).timestamp()

"""The pages of the whole server: its hours of watching, biggest nights, and years."""

import asyncio
import datetime
from collections.abc import Sequence

import msgspec

from actors.web.page import PageContent, PageRequest, page
from actors.web.pages.board import find_best, is_named
from actors.web.pages.clock import format_iso_day
from actors.web.pages.profile_tiles import NamedBar, Tile
from actors.web.pages.year_figures import (
    build_calendar,
    build_headings,
    build_posters,
    list_favourites,
    list_figures,
    read_year,
)
from messages import (
    CommunityTimes,
    CommunityYear,
    GetCommunityTimes,
    GetCommunityYear,
    GetMovieStats,
    Item,
    LeaderboardRow,
    NightEntry,
)
from wording.dates import WEEKDAYS, WEEKDAYS_SHORT, month_name
from wording.durations import format_duration, format_long_duration
from wording.numbers import format_count, format_number
from wording.text import clean_line, display_name
from wording.titles import display_title
from wording.translation import _, ngettext

POSTERS = 5
HOURS = 24
LEVELS = (0.0, 0.15, 0.4, 0.7)
"""Shares of the busiest hour; an hour has a deeper colour for each one that it exceeds."""


class HourCell(msgspec.Struct, frozen=True):
    """An hour of the week."""

    hour: int
    weekday: int
    level: int
    """Depth of the colour, 0 to 4."""
    label: str


class HourMap(msgspec.Struct, frozen=True):
    """The hours of the week."""

    cells: tuple[HourCell, ...]
    weekdays: tuple[str, ...]
    summary: str
    days: tuple[str, ...]
    """Each weekday's time, in words."""


class YearBar(msgspec.Struct, frozen=True):
    """A year or a month of the server, as a bar."""

    path: str
    bar: NamedBar


class BigNightRow(msgspec.Struct, frozen=True):
    """A watch party with many viewers."""

    path: str
    title: str
    poster: Item
    facts: str


@page("server", "/server", section="/board")
async def show_server(request: PageRequest) -> PageContent:
    """Show the server's figures over all time."""
    stats, times = await asyncio.gather(request.ask(GetMovieStats()), request.ask(GetCommunityTimes()))
    years: dict[str, float] = {}
    for month, seconds in times.months:
        years[month[:4]] = years.get(month[:4], 0.0) + seconds
    tiles = (
        Tile(format_number(stats.titles), ngettext("film", "films", stats.titles)),
        Tile(format_number(stats.watches), ngettext("watch", "watches", stats.watches)),
        Tile(format_number(stats.completed), _("seen to the end")),
        Tile(format_number(stats.viewers), ngettext("viewer", "viewers", stats.viewers)),
    )
    bars = [(f"/server/{year}", year, seconds) for year, seconds in reversed(years.items())]
    return _build_content(
        _("The server in figures"),
        times,
        request,
        big=format_long_duration(sum(years.values())),
        tiles=tiles if stats.watches else (),
        bars=_build_bars(bars),
        bars_heading=_("Year by year"),
    )


@page("server_year", r"/server/{year:\d{4}}", section="/board")
async def show_server_year(request: PageRequest) -> PageContent:
    """Show a year of the server."""
    year = read_year(request)
    answer, times = await asyncio.gather(request.ask(GetCommunityYear(year)), request.ask(GetCommunityTimes(year)))
    months = [("", month_name(datetime.date.fromisoformat(f"{month}-01")), seconds) for month, seconds in times.months]
    return _build_content(
        _("Our {year}").format(year=year),
        times,
        request,
        year=year,
        big=format_long_duration(answer.figures.watch_time_s),
        tiles=_list_tiles(answer) if answer.figures.days else (),
        favourites=tuple(list_favourites(answer.figures)),
        posters=build_posters(answer.films, answer.posters, POSTERS, request, viewers=True),
        calendar=build_calendar(answer.figures.days, datetime.date(year, 1, 1), datetime.date(year, 12, 31)),
        bars=_build_bars(months),
        bars_heading=_("Month by month"),
        top=build_places(answer.top, request),
        before=f"/server/{year - 1}" if times.years and times.years[0] < year else "",
        after=f"/server/{year + 1}" if year < request.today.year else "",
        empty=_("Nothing watched in {year}. There's always the next film night!").format(year=year),
    )


def build_hour_map(hours: Sequence[float]) -> HourMap | None:
    """Return the hours of the week by colour; None if nothing was watched. `hours`: 168 values, in seconds."""
    most = max(hours)
    if most <= 0:
        return None
    cells = []
    for place, seconds in enumerate(hours):
        weekday, hour = divmod(place, HOURS)
        level = sum(seconds > 0 and seconds >= share * most for share in LEVELS)
        label = f"{_name_hour(place)}: {format_duration(seconds)}" if seconds >= 1 else ""
        cells.append(HourCell(hour, weekday, level, label))
    days = tuple(
        f"{_(name)}: {format_duration(sum(hours[number * HOURS : (number + 1) * HOURS]))}"
        for number, name in enumerate(WEEKDAYS)
    )
    busiest = _("Most watched: {hour}").format(hour=_name_hour(hours.index(most)))
    return HourMap(tuple(cells), tuple(_(day) for day in WEEKDAYS_SHORT), busiest, days)


def _name_hour(place: int) -> str:
    weekday, hour = divmod(place, HOURS)
    text = _("{weekday}, {start}:00 to {end}:00")
    return text.format(weekday=_(WEEKDAYS[weekday]), start=hour, end=hour + 1)


def _list_tiles(answer: CommunityYear) -> tuple[Tile, ...]:
    viewers = Tile(format_number(answer.viewers), ngettext("viewer", "viewers", answer.viewers))
    return (viewers, *list_figures(answer.figures))


def _build_bars(rows: Sequence[tuple[str, str, float]]) -> tuple[YearBar, ...]:
    most = max((seconds for _path, _name, seconds in rows), default=0.0) or 1.0
    return tuple(
        YearBar(path, NamedBar(name, format_duration(seconds), round(100 * seconds / most, 1)))
        for path, name, seconds in rows
    )


def build_places(rows: Sequence[LeaderboardRow], request: PageRequest) -> tuple[YearBar, ...]:
    """Return a year's ranking. An anonymous viewer has a place, but neither name nor figure."""
    best = find_best(rows)
    return tuple(_build_place(row, best, request) for row in rows)


def _build_place(row: LeaderboardRow, best: float, request: PageRequest) -> YearBar:
    name = clean_line(display_name(row.username), 60)
    if not is_named(row):
        return YearBar("", NamedBar(name, "", 0.0))
    share = 100 * row.value / (best or 1.0)
    return YearBar(request.viewer_path(row.viewer_id), NamedBar(name, format_duration(row.value), round(share, 1)))


def _build_night(night: NightEntry, request: PageRequest) -> BigNightRow:
    viewers = format_count("{count} viewer", "{count} viewers", night.viewers)
    return BigNightRow(
        f"/nights/{night.screening_id}",
        clean_line(display_title(night.item), 100),
        night.item,
        f"{viewers} · {format_iso_day(night.started_at_s, request.zone)}",
    )


def _build_content(
    heading: str,
    times: CommunityTimes,
    request: PageRequest,
    *,
    big: str,
    tiles: tuple[Tile, ...],
    bars: tuple[YearBar, ...],
    bars_heading: str,
    year: int = 0,
    **further: object,
) -> PageContent:
    shared = {
        "heading": heading,
        "year": str(year or ""),
        "big": big,
        "tiles": tiles,
        "bars": bars,
        "bars_heading": bars_heading,
        "hours": build_hour_map(times.hours),
        "nights": tuple(_build_night(night, request) for night in times.nights),
        "posters": (),
        "favourites": (),
        "calendar": None,
        "top": (),
        "before": "",
        "after": "",
        "empty": _("Nothing watched yet."),
        "headings": {
            **build_headings(),
            "hours": _("When we watch"),
            "nights": _("Biggest nights"),
            "top": _("Watched longest"),
            "all": _("All years"),
        },
    }
    return PageContent(heading, shared | further)

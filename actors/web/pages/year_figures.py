"""Shared by the year pages of a viewer and of the server: days as squares, films with posters, figures."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from actors.web.page import PageNotFoundError, PageRequest
from actors.web.pages.profile_tiles import Tile
from charts import geometry
from messages import FIRST_YEAR, LAST_YEAR, EarnedBadge, Item, TitleCount, YearFigures
from wording.dates import MONTHS_SHORT, format_date, format_decade, format_weekday, month_name
from wording.durations import format_duration
from wording.numbers import format_count, format_number
from wording.text import clean_line, join_facts
from wording.translation import _, gettext_badge, ngettext


class CalendarCell(msgspec.Struct, frozen=True):
    """A day in the calendar of a year, at its place in the grid."""

    week: int
    weekday: int
    level: int
    """Depth of the colour, 0 to 4."""
    label: str


class YearCalendar(msgspec.Struct, frozen=True):
    """A year, a square for each day."""

    cells: tuple[CalendarCell, ...]
    months: tuple[tuple[int, str], ...]
    """The week in which a month begins, and its name."""
    summary: str


class PosterCard(msgspec.Struct, frozen=True):
    """A film of a year."""

    place: int
    path: str
    title: str
    poster: Item | None
    facts: str


class BadgeName(msgspec.Struct, frozen=True):
    """A badge that was earned."""

    emoji: str
    name: str
    description: str


def read_year(request: PageRequest) -> int:
    """Return the year in the address. Raises PageNotFoundError if it is not a year."""
    year = int(request.path["year"])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise PageNotFoundError
    return year


def build_calendar(days: Iterable[tuple[str, float]], first: datetime.date, last: datetime.date) -> YearCalendar:
    """Return the days from one to another as squares, weeks from Monday. `days`: ISO date and seconds watched."""
    seconds = dict(days)
    quarters = geometry.find_quarters(seconds.values())
    cells, months = [], []
    for day, week, weekday in geometry.place_days(first, last):
        watched_s = seconds.get(day.isoformat(), 0.0)
        level = geometry.find_level(watched_s, quarters)
        label = f"{format_date(day.isoformat())}: {format_duration(watched_s)}" if watched_s else ""
        cells.append(CalendarCell(week, weekday, level, label))
        if day.day <= 7 and weekday == 0:
            months.append((week, _(MONTHS_SHORT[day.month - 1])))
    watched = [value for value in seconds.values() if value > 0]
    text = ngettext("{time} on {count} day", "{time} on {count} days", len(watched))
    summary = text.format(time=format_duration(sum(watched)), count=format_number(len(watched)))
    return YearCalendar(tuple(cells), tuple(months), summary)


def build_posters(
    films: Sequence[TitleCount], posters: Sequence[Item | None], most: int, request: PageRequest, *, viewers: bool
) -> tuple[PosterCard, ...]:
    """Return the first films of a list with their posters. `viewers`: whether to show the number of viewers too."""
    return tuple(
        PosterCard(
            place,
            request.film_path(film.title, film.year),
            clean_line(f"{film.title} ({film.year})" if film.year else film.title, 120),
            item,
            join_facts(_describe_film(film, viewers=viewers)),
        )
        for place, (film, item) in enumerate(zip(films[:most], posters, strict=False), 1)
    )


def list_figures(figures: YearFigures) -> Iterator[Tile]:
    """Yield the totals of a year, except the total time."""
    films = ngettext("film", "films", figures.titles or figures.films)
    yield Tile(format_number(figures.titles or figures.films), films)
    yield Tile(format_number(figures.completed), _("seen to the end"))
    yield Tile(format_number(figures.longest_streak_days), _("longest streak, days"))


def list_favourites(figures: YearFigures) -> Iterator[Tile]:
    """Yield the favourites of a year: genre, decade and others; nothing if there are none."""
    for label, most in (
        (_("favourite genre"), figures.genre),
        (_("favourite decade"), figures.decade),
        (_("favourite director"), figures.director),
    ):
        if most:
            yield Tile(clean_line(format_decade(most[0]), 40), label)
    if figures.busiest_month:
        month = datetime.date.fromisoformat(f"{figures.busiest_month[0]}-01")
        yield Tile(month_name(month), _("busiest month: {time}").format(time=format_duration(figures.busiest_month[1])))
    if figures.busiest_day:
        day = format_weekday(datetime.date.fromisoformat(figures.busiest_day[0]))
        yield Tile(day, _("busiest day: {time}").format(time=format_duration(figures.busiest_day[1])))
    if figures.longest_film:
        title, length_s = figures.longest_film
        yield Tile(clean_line(title, 80), _("longest film: {time}").format(time=format_duration(length_s)))
    if figures.companion:
        name, parties = figures.companion
        text = ngettext(
            "most often with: {count} watch party", "most often with: {count} watch parties", round(parties)
        )
        yield Tile(clean_line(name, 40), text.format(count=format_number(parties)))


def build_badges(badges: Iterable[EarnedBadge]) -> tuple[BadgeName, ...]:
    """Return badges by their names."""
    return tuple(
        BadgeName(clean_line(each.emoji, 20), gettext_badge(each.name), gettext_badge(each.description))
        for each in badges
    )


def build_headings() -> Mapping[str, str]:
    """Return the headings that pages of a year have."""
    return {
        "most_watched": _("Most watched"),
        "calendar": _("Day by day"),
        "badges": _("Badges earned"),
        "watched": _("of films"),
        "year_before": _("Previous year"),
        "year_after": _("Next year"),
    }


def _describe_film(film: TitleCount, *, viewers: bool) -> Iterator[str]:
    if viewers:
        yield format_count("{count} viewer", "{count} viewers", film.viewers)
    yield format_count("{count} watch", "{count} watches", film.watches)
    yield format_duration(film.watch_time_s)

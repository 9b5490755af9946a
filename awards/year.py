"""A year of films: the figures of a viewer's, or everybody's, watches of one year."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from awards.stats import compute_streaks
from messages import LeaderboardRow, YearFigures
from wording.dates import decade_of
from wording.leaderboards import round_as_shown

MOST = 5
_SHOWN_ALIKE_S = 60.0
"""Times that differ by more seconds are also shown differently."""
FilmName = tuple[str, int | None]
"""Title, and year of the film."""


class YearFilms(msgspec.Struct):
    """The sums of the watches that were first played in a year, without brief ones."""

    films: int = 0
    """Watches of films; the next two are of these."""
    completed: int = 0
    """Watched to WATCHED_PERCENT or more."""
    titles: set[FilmName] = msgspec.field(default_factory=set)
    """Titles with years."""
    episodes: int = 0
    """Watches of episodes and others."""
    genres: Counter[tuple[str, ...]] = msgspec.field(default_factory=Counter)
    """Watches by all genres of their film together; `directors` is counted in the same way."""
    directors: Counter[tuple[str, ...]] = msgspec.field(default_factory=Counter)
    years: Counter[int | None] = msgspec.field(default_factory=Counter)
    """Watches by the year of the film."""


def build_year(
    year: int,
    days: Mapping[str, float],
    films: YearFilms,
    lengths: Iterable[tuple[FilmName, float]],
    companion: tuple[str, float] | None = None,
) -> YearFigures:
    """Return the figures of a year's watches.

    `days`: seconds played on each day of the year, by ISO date, in order. `films`: the sums of watches first played in
    it. `lengths`: the films that may be named, each with its length in seconds. `companion`: the viewer who was at most
    of the same watch parties, and their number. Time counts in the year in which it was played; all else in the year in
    which the watch began.
    """
    months: dict[str, float] = {}
    for day, seconds in days.items():
        months[day[:7]] = months.get(day[:7], 0.0) + seconds
    longest_s, longest = 0.0, set[FilmName]()
    for name, length_s in lengths:
        if length_s > longest_s:
            longest_s, longest = length_s, set()
        if length_s == longest_s > 0:
            longest.add(name)
    decades: Counter[str] = Counter()
    for made, watches in films.years.items():
        decades[decade_of(made)] += watches
    return YearFigures(
        year=year,
        films=films.films,
        episodes=films.episodes,
        completed=films.completed,
        watch_time_s=sum(days.values()),
        longest_streak_days=compute_streaks(days, date.max)[1],
        genre=find_top(_count_names(films.genres)),
        decade=find_top({decade: watches for decade, watches in decades.items() if decade}),
        director=find_top(_count_names(films.directors)),
        busiest_month=find_top(months),
        busiest_day=find_top(days),
        longest_film=find_top({name_with_year(*name): longest_s for name in longest}),
        companion=companion,
        days=tuple(days.items()),
        titles=len(films.titles),
    )


def name_with_year(title: str, year: int | None) -> str:
    """Return a title with its year, which tells a film from its remake."""
    return f"{title} ({year})" if year else title


def find_top(figures: Mapping[str, float]) -> tuple[str, float] | None:
    """Return the largest figure with its name; of equal ones the first by name. None if there are no figures."""
    return min(figures.items(), key=lambda pair: (-pair[1], pair[0]), default=None)


def _count_names(together: Mapping[tuple[str, ...], int]) -> dict[str, int]:
    """Return the number of watches for each of the names; most films share their set of names with others."""
    counts: dict[str, int] = {}
    for names, watches in together.items():
        for name in filter(None, dict.fromkeys(names)):
            counts[name] = counts.get(name, 0) + watches
    return counts


def rank_year(
    seconds: Mapping[str, float],
    read_names: Callable[[Iterable[str]], Mapping[str, str]],
    order: Callable[[str, str], Any],
) -> tuple[LeaderboardRow, ...]:
    """Return a year's viewers by time watched, in seconds. `order`: sort key of equal ones, from viewer id and name.

    Viewers whose times are shown alike share a rank. `read_names` reads the names of the viewers who may be listed.
    """
    least_s = min(heapq.nlargest(MOST, seconds.values()), default=0.0)
    least = round_as_shown("time", least_s)  # another viewer whose time is shown like the last one's may come first
    longest = {who: s for who, s in seconds.items() if s > least_s - _SHOWN_ALIKE_S}
    shown = {who: value for who, s in longest.items() if (value := round_as_shown("time", s)) >= least}
    names = read_names(shown)
    ordered = sorted(shown, key=lambda who: (-shown[who], order(who, names[who])))[:MOST]
    rows: list[LeaderboardRow] = []
    for place, who in enumerate(ordered, 1):
        rank = rows[-1].rank if rows and shown[rows[-1].viewer_id] == shown[who] else place
        rows.append(LeaderboardRow(rank, who, names[who], seconds[who]))
    return tuple(rows)

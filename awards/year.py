"""A year of films: what a viewer's, or everybody's, watches of one year add up to."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from awards.stats import compute_streaks
from messages import LeaderboardRow, YearFigures
from wording.dates import decade_of
from wording.leaderboards import round_as_shown

MOST = 5
_SHOWN_ALIKE_S = 60.0
"""Times that differ by more are shown differently."""
FilmName = tuple[str, int | None]
"""Title, and the year in which it was made."""


@dataclass
class YearFilms:
    """The sums of the watches that were first played in a year, without brief ones."""

    films: int = 0
    """Watches of films; the next two are of these."""
    completed: int = 0
    """Watched to WATCHED_PERCENT or more."""
    titles: set[FilmName] = field(default_factory=set)
    """Titles with years."""
    episodes: int = 0
    """Watches of episodes and others."""
    genres: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Watches by all genres of their film together; the next two alike."""
    directors: Counter[tuple[str, ...]] = field(default_factory=Counter)
    years: Counter[int | None] = field(default_factory=Counter)
    """By the year in which the film was made."""


def build_year(
    year: int,
    days: Mapping[str, float],
    films: YearFilms,
    lengths: Iterable[tuple[FilmName, float]],
    companion: tuple[str, float] | None = None,
) -> YearFigures:
    """Return what the watches of a year add up to.

    `days`: seconds played on each day of it, by ISO date, in order. `films`: what was first played in it; `lengths`:
    the films that may be named, each with its length in seconds. `companion`: who else was at most of the same watch
    parties, and at how many. Time counts in the year in which it was played; the rest where a watch began.
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
    """Return the greatest figure with its name; of equal ones the first by name."""
    return min(figures.items(), key=lambda pair: (-pair[1], pair[0]), default=None)


def _count_names(together: Mapping[tuple[str, ...], int]) -> dict[str, int]:
    """Return the watches by each of the names; most films share theirs with others."""
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
    """Return who watched longest in a year; the value is seconds. `order`: of equal ones, from viewer id and name.

    Viewers who are shown the same time share a rank. `read_names` reads the names of those who may be among them.
    """
    least_s = min(heapq.nlargest(MOST, seconds.values()), default=0.0)
    least = round_as_shown("time", least_s)  # another viewer shown the same as the last may come before
    longest = {who: s for who, s in seconds.items() if s > least_s - _SHOWN_ALIKE_S}
    shown = {who: value for who, s in longest.items() if (value := round_as_shown("time", s)) >= least}
    names = read_names(shown)
    ordered = sorted(shown, key=lambda who: (-shown[who], order(who, names[who])))[:MOST]
    rows: list[LeaderboardRow] = []
    for place, who in enumerate(ordered, 1):
        rank = rows[-1].rank if rows and shown[rows[-1].viewer_id] == shown[who] else place
        rows.append(LeaderboardRow(rank, who, names[who], seconds[who]))
    return tuple(rows)

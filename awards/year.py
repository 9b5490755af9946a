"""A year of films: what a viewer's, or everybody's, watches of one year add up to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from awards.stats import compute_streaks
from messages import LeaderboardRow, YearFigures
from wording.dates import decade_of
from wording.leaderboards import round_as_shown

MOST = 5


class YearFilm(NamedTuple):
    """The watches of one film that were first played in a year. Brief ones are in none of it."""

    title: str
    year: int | None
    """In which the film was made."""
    is_movie: bool
    """No episode or other."""
    genres: Sequence[str]
    directors: Sequence[str]
    duration_ms: int | None
    watches: int
    completed: int
    """Watches to WATCHED_PERCENT or more."""


def build_year(
    year: int,
    days: Mapping[str, float],
    films: Iterable[YearFilm],
    named: Iterable[YearFilm],
    companion: tuple[str, float] | None = None,
) -> YearFigures:
    """Return what the watches of a year add up to.

    `days`: seconds played on each day of it, by ISO date, in order. `films`: what was first played in it; `named`: of
    these, those that may be named. `companion`: who else was at most of the same watch parties, and at how many.
    Time counts in the year in which it was played; the rest in the year in which a watch began.
    """
    begun = list(films)
    movies = [film for film in begun if film.is_movie]
    months: dict[str, float] = {}
    for day, seconds in days.items():
        months[day[:7]] = months.get(day[:7], 0.0) + seconds
    lengths: dict[str, float] = {}
    for film in named:
        if film.is_movie and film.duration_ms:
            name = name_with_year(film.title, film.year)
            lengths[name] = max(lengths.get(name, 0.0), film.duration_ms / 1000)
    return YearFigures(
        year=year,
        films=sum(film.watches for film in movies),
        episodes=sum(film.watches for film in begun if not film.is_movie),
        completed=sum(film.completed for film in movies),
        watch_time_s=sum(days.values()),
        longest_streak_days=compute_streaks(days, date.max)[1],
        genre=find_top(_count(begun, lambda film: film.genres)),
        decade=find_top(_count(begun, lambda film: [decade_of(film.year)])),
        director=find_top(_count(begun, lambda film: film.directors)),
        busiest_month=find_top(months),
        busiest_day=find_top(days),
        longest_film=find_top(lengths),
        companion=companion,
        days=tuple(days.items()),
        titles=len({(film.title, film.year) for film in movies}),
    )


def name_with_year(title: str, year: int | None) -> str:
    """Return a title with its year, which tells a film from its remake."""
    return f"{title} ({year})" if year else title


def find_top(figures: Mapping[str, float]) -> tuple[str, float] | None:
    """Return the greatest, of equal ones the first by name."""
    return min(figures.items(), key=lambda pair: (-pair[1], pair[0]), default=None)


def _count(films: Iterable[YearFilm], names_of: Callable[[YearFilm], Iterable[str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for film in films:
        for name in filter(None, dict.fromkeys(names_of(film))):
            counts[name] = counts.get(name, 0) + film.watches
    return counts


def rank_year(
    seconds: Mapping[str, float], names: Mapping[str, str], order: Callable[[str, str], Any]
) -> tuple[LeaderboardRow, ...]:
    """Return who watched longest in a year; the value is seconds. `order`: of equal ones, from viewer id and name.

    Who is shown the same time has the same rank.
    """
    shown = {who: round_as_shown("time", value) for who, value in seconds.items()}
    ordered = sorted(shown, key=lambda who: (-shown[who], order(who, names[who])))[:MOST]
    rows: list[LeaderboardRow] = []
    for place, who in enumerate(ordered, 1):
        rank = rows[-1].rank if rows and shown[rows[-1].viewer_id] == shown[who] else place
        rows.append(LeaderboardRow(rank, who, names[who], seconds[who]))
    return tuple(rows)

"""What one watch adds to each summary. All amounts are whole numbers, so that subtracting it is exact."""

import functools
from collections.abc import Iterator, Mapping
from datetime import date, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import Table

from awards.days import seconds_by_day, seconds_by_hour, week_of
from persistence.database.rows import Row, compute_film_hash, played_time
from persistence.database.tables import (
    EVERYBODY,
    FILM_PERIODS,
    FILM_VIEWERS,
    VIEWER_PERIODS,
    WATCHED_FILMS,
)

DAY_S = 86_400
ENDED_DAYS = (8, 64, 512)
"""Lengths, in UTC days, of the periods in which watches are counted by their end."""
FILM_ENDED_DAYS = 64
"""Length, in UTC days, of the periods in which the watches of a film are counted by their end."""
FILM_COLUMNS = ("title", "title_folded", "year", "media_type", "genres", "directors")


class Amounts(NamedTuple):
    """The amounts of a summary's row: the columns outside its key."""

    watches: int = 0
    """All watches but brief ones; the next three fields count these only."""
    movies: int = 0
    """Watches of films."""
    completed: int = 0
    """Watches that reached WATCHED_PERCENT."""
    playing_us: int = 0
    """Playing time, microseconds."""
    briefs: int = 0
    """Brief watches, which count only in the history."""

    @property
    def records(self) -> int:
        """Return the number of records, including brief ones."""
        return self.watches + self.briefs

    @property
    def playing_s(self) -> float:
        """Return the playing time in seconds."""
        return self.playing_us / 1e6

    def add(self, other: "Amounts", sign: int = 1) -> "Amounts":
        """Return the sum, or the difference for a sign of -1."""
        return Amounts(
            self[0] + sign * other[0],
            self[1] + sign * other[1],
            self[2] + sign * other[2],
            self[3] + sign * other[3],
            self[4] + sign * other[4],
        )


def ended_kind(days: int) -> str:
    """Return the name of the kind of period that counts watches by their end in this many days."""
    return f"ended{days}"


def ended_period(ended_at_s: float, days: int) -> int:
    """Return the number of the period that contains an instant; seconds since 1970, UTC."""
    return int(ended_at_s // (days * DAY_S))


def ended_film_period(period: int) -> str:
    """Return the name of the period of `FILM_ENDED_DAYS` with this number."""
    return f"ended{FILM_ENDED_DAYS}/{period}"


HOURS = 7 * 24
"""Hours of a week."""


def hour_period(year: int, hour: int) -> int:
    """Return the number of an hour of the week in a year; 0 is Monday 00:00."""
    return year * HOURS + hour


def day_period(day: str) -> int:
    """Return the number of a local day; ISO date."""
    return date.fromisoformat(day).toordinal()


def first_year(row: Row, zone: tzinfo) -> int:
    """Return the local year in which a watch was first played."""
    return int(min(_split_by_day(*_read_played(row), zone))[:4])


def _read_played(row: Row) -> tuple[float, float, float, str]:
    return row["started_at_s"], row["ended_at_s"], row["playing_s"], row["sittings"]


# Every answer splits the time of every running watch, which seldom changes between two answers.
@functools.lru_cache(maxsize=512)
def _split_by_day(
    started_at_s: float, ended_at_s: float, playing_s: float, sittings: str, zone: tzinfo
) -> Mapping[str, float]:
    return seconds_by_day(played_time((started_at_s, ended_at_s, playing_s, sittings)), zone)


@functools.lru_cache(maxsize=512)
def _split_by_hour(
    started_at_s: float, ended_at_s: float, playing_s: float, sittings: str, zone: tzinfo
) -> Mapping[tuple[int, int], float]:
    return seconds_by_hour(played_time((started_at_s, ended_at_s, playing_s, sittings)), zone)


class CountedRow(NamedTuple):
    """A row of `watches`, with the amounts that it adds to the summaries."""

    row: Row
    film_hash: int
    whole: Amounts
    year: int
    """Local year in which it was first played."""
    days: dict[str, Amounts]
    """Its amounts for each local day, by ISO date; empty for a brief one."""
    hours: dict[int, Amounts]
    """Its amounts for each hour of the week in a year (`hour_period`); empty for a brief one."""

    @classmethod
    def of(cls, row: Row, zone: tzinfo) -> "CountedRow":
        """Return a row with its days in a time zone."""
        played = _read_played(row)
        seconds = _split_by_day(*played, zone)
        year = int(min(seconds)[:4])
        film_hash = row["film_hash"]
        film_hash = compute_film_hash(row) if film_hash is None else film_hash
        if row["brief"]:
            return cls(row, film_hash, Amounts(briefs=1), year, {}, {})
        whole = Amounts(1, int(row["media_type"] == "movie"), int(row["completed"]), _microseconds(row["playing_s"]))
        watches, movies, completed = whole[:3]
        days = {day: Amounts(watches, movies, completed, _microseconds(s)) for day, s in seconds.items()}
        by_hour = _split_by_hour(*played, zone)
        hours = {
            hour_period(*hour): Amounts(watches, movies, completed, _microseconds(s)) for hour, s in by_hour.items()
        }
        return cls(row, film_hash, whole, year, days, hours)

    def films(self) -> tuple[int, dict[str, Any]]:
        """Return the key and the other columns of its row in `watched_films`."""
        columns = {name: self.row[name] for name in FILM_COLUMNS}
        return self.film_hash, columns | {"duration_ms": self.row["movie_duration_ms"], "guid": self.row["guid"] or ""}

    def iterate_amounts(self) -> Iterator[tuple[Table, tuple[Any, ...], Amounts]]:
        """Yield the amounts that it adds to each summary's rows: table, key without the community, amounts."""
        viewer_id, film_hash, whole = self.row["viewer_id"], self.film_hash, self.whole
        yield WATCHED_FILMS, (film_hash,), whole
        yield FILM_VIEWERS, (film_hash, viewer_id, self.year), whole
        ended_at_s = self.row["ended_at_s"]
        periods = [("all", 0, whole), *((ended_kind(n), ended_period(ended_at_s, n), whole) for n in ENDED_DAYS)]
        periods += [("year", year, amounts) for year, amounts in self._sum_days(lambda day: int(day[:4])).items()]
        periods += [("day", day_period(day), amounts) for day, amounts in self.days.items()]
        for who in (viewer_id, EVERYBODY):
            for kind, period, amounts in periods:
                yield VIEWER_PERIODS, (kind, period, who), amounts
        for period, amounts in self.hours.items():
            yield VIEWER_PERIODS, ("hour", period, EVERYBODY), amounts
        yield FILM_PERIODS, (ended_film_period(ended_period(ended_at_s, FILM_ENDED_DAYS)), film_hash), whole
        if self.days:
            yield FILM_PERIODS, (str(self.year), film_hash), whole
        for week, amounts in self._sum_days(week_of).items():
            yield FILM_PERIODS, (week, film_hash), amounts

    def _sum_days(self, period_of: Any) -> dict[Any, Amounts]:
        """Return its amounts for each period; it counts as one watch in each."""
        periods: dict[Any, Amounts] = {}
        for day, amounts in self.days.items():
            period = period_of(day)
            more_us = periods[period].playing_us if period in periods else 0
            periods[period] = Amounts(*amounts[:3], amounts.playing_us + more_us) if more_us else amounts
        return periods


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)

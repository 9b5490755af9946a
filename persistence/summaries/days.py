"""Reads the summaries by local day and year."""

from datetime import date
from functools import lru_cache

from sqlalchemy import ColumnElement, func, select

from persistence.database.sql import split_batches
from persistence.database.tables import EVERYBODY, FILM_VIEWERS, ONLY_COMMUNITY, VIEWER_PERIODS
from persistence.records.film_facts import read_facts
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import HOURS, Amounts, hour_period
from persistence.summaries.films import WatchedFilm, describe_running_film


def sum_days(store: StoreSnapshot, viewer_id: str, first: int, last: int | None = None) -> dict[str, float]:
    """Return a viewer's or everybody's seconds by local day (ISO date), in order; days without watches are left out.

    `first`, `last`: ordinals of the first and the last day (`date.toordinal`); None: no last day.
    """
    columns = (VIEWER_PERIODS.c.period, VIEWER_PERIODS.c.watches, VIEWER_PERIODS.c.playing_us)
    days: dict[int, tuple[int, int]] = {}
    # Match each day by itself: a range of days would scan the rows of all viewers.
    for some in split_batches(_bound_days(store, first, last)):
        query = select(*columns).where(
            _match_kind("day"), VIEWER_PERIODS.c.viewer_id == viewer_id, VIEWER_PERIODS.c.period.in_(some)
        )
        days |= {period: (watches, us) for period, watches, us in store.connection.execute(query).all()}
    for (kind, period, who), amounts in store.running_changes.amounts[VIEWER_PERIODS].items():
        if kind == "day" and who == viewer_id and first <= period and (last is None or period <= last):
            watches, us = days.get(period, (0, 0))
            days[period] = watches + amounts.watches, us + amounts.playing_us
    return {_iso_day(period): us / 1e6 for period, (watches, us) in sorted(days.items()) if watches > 0}


def _bound_days(store: StoreSnapshot, first: int, last: int | None) -> range:
    """Return the days between two, limited to those that the store covers."""
    oldest, newest = (
        store.connection.execute(select(end(VIEWER_PERIODS.c.period)).where(_match_kind("day"))).scalar()
        for end in (func.min, func.max)
    )
    if oldest is None or newest is None:
        return range(0)
    return range(max(first, oldest), (newest if last is None else min(last, newest)) + 1)


@lru_cache(maxsize=4096)
def _iso_day(ordinal: int) -> str:
    """Return a day's ISO date."""
    return date.fromordinal(ordinal).isoformat()


def sum_hours(store: StoreSnapshot, year: int = 0) -> tuple[float, ...]:
    """Return everybody's seconds in each hour of the week, from Monday 00:00; of a year, or of all years for 0."""
    periods = _match_kind("hour"), VIEWER_PERIODS.c.viewer_id == EVERYBODY
    query = select(VIEWER_PERIODS.c.period, VIEWER_PERIODS.c.playing_us).where(*periods)
    if year:
        query = query.where(VIEWER_PERIODS.c.period.between(hour_period(year, 0), hour_period(year, HOURS - 1)))
    hours = [0] * HOURS
    for period, playing_us in store.connection.execute(query).all():
        hours[period % HOURS] += playing_us
    for (kind, period, _who), amounts in store.running_changes.amounts[VIEWER_PERIODS].items():
        if kind == "hour" and year in (0, period // HOURS):
            hours[period % HOURS] += amounts.playing_us
    return tuple(max(0, playing_us) / 1e6 for playing_us in hours)


def list_years(store: StoreSnapshot) -> tuple[int, ...]:
    """Return the local years that have watches, without brief ones, in order."""
    own = _match_kind("year"), VIEWER_PERIODS.c.viewer_id == EVERYBODY
    query = select(VIEWER_PERIODS.c.period, VIEWER_PERIODS.c.watches).where(*own)
    years: dict[int, int] = dict(store.connection.execute(query).all())
    for (kind, period, who), amounts in store.running_changes.amounts[VIEWER_PERIODS].items():
        if kind == "year" and who == EVERYBODY:
            years[period] = years.get(period, 0) + amounts.watches
    return tuple(sorted(year for year, watches in years.items() if watches > 0))


def sum_viewers(store: StoreSnapshot, kind: str, period: int) -> dict[str, int]:
    """Return the playing time of each viewer's watches in a period, microseconds."""
    watched = (VIEWER_PERIODS.c.viewer_id, VIEWER_PERIODS.c.watches, VIEWER_PERIODS.c.playing_us)
    own = [VIEWER_PERIODS.c.period == period, VIEWER_PERIODS.c.viewer_id != EVERYBODY]
    viewers = {
        who: (watches, us)
        for who, watches, us in store.connection.execute(select(*watched).where(_match_kind(kind), *own)).all()
    }
    for (its_kind, its_period, who), amounts in store.running_changes.amounts[VIEWER_PERIODS].items():
        if (its_kind, its_period) == (kind, period) and who != EVERYBODY:
            watches, us = viewers.get(who, (0, 0))
            viewers[who] = watches + amounts.watches, us + amounts.playing_us
    return {who: us for who, (watches, us) in viewers.items() if watches > 0}


def count_viewers_ever(store: StoreSnapshot) -> int:
    """Return how many viewers have watches, including running ones, without brief ones."""
    changes = {
        who: amounts.watches
        for (kind, _, who), amounts in store.running_changes.amounts[VIEWER_PERIODS].items()
        if kind == "all" and who != EVERYBODY
    }
    watched = [_match_kind("all"), VIEWER_PERIODS.c.period == 0, VIEWER_PERIODS.c.watches > 0]
    others = VIEWER_PERIODS.c.viewer_id.not_in([EVERYBODY, *sorted(changes)])
    count = select(func.count()).select_from(VIEWER_PERIODS).where(*watched, others)
    own = select(VIEWER_PERIODS.c.viewer_id, VIEWER_PERIODS.c.watches).where(
        *watched, VIEWER_PERIODS.c.viewer_id.in_(sorted(changes))
    )
    stored: dict[str, int] = dict(store.connection.execute(own).all()) if changes else {}
    more = sum(watches + stored.get(who, 0) > 0 for who, watches in changes.items())
    return store.connection.execute(count).scalar_one() + more


def read_viewer_films(store: StoreSnapshot, viewer_id: str, year: int) -> list[WatchedFilm]:
    """Return the films of a viewer's watches that were first played in a year, with their totals."""
    query = select(FILM_VIEWERS.c.film_hash, *(FILM_VIEWERS.c[name] for name in Amounts._fields)).where(
        FILM_VIEWERS.c.community == ONLY_COMMUNITY,
        FILM_VIEWERS.c.viewer_id == viewer_id,
        FILM_VIEWERS.c.year == year,
    )
    rows = store.connection.execute(query).all()
    facts = read_facts(store.connection, [row[0] for row in rows])
    films: dict[int, WatchedFilm] = {row[0]: WatchedFilm(Amounts(*row[1:]), facts[row[0]]) for row in rows}
    for (film_hash, who, played), amounts in store.running_changes.amounts[FILM_VIEWERS].items():
        if who == viewer_id and played == year:
            film = films.get(film_hash) or describe_running_film(store, film_hash)
            films[film_hash] = WatchedFilm(film.amounts.add(amounts), film.facts)
    return [film for film in films.values() if film.amounts.watches > 0]


def _match_kind(kind: str) -> ColumnElement[bool]:
    return (VIEWER_PERIODS.c.community == ONLY_COMMUNITY) & (VIEWER_PERIODS.c.kind == kind)

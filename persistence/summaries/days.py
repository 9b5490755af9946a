"""Reads the summaries by local day and year."""

from datetime import date
from functools import lru_cache

from sqlalchemy import ColumnElement, func, select

from persistence.database.tables import EVERYBODY, ONLY_COMMUNITY, VIEWER_PERIODS
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import HOURS, Amounts, hour_period

_COLUMNS = [VIEWER_PERIODS.c[name] for name in Amounts._fields]


def sum_days(store: StoreSnapshot, viewer_id: str, first: int, last: int | None = None) -> dict[str, float]:
    """Return a viewer's or everybody's seconds on each local day, by ISO date, in order; days without any left out.

    `first`, `last`: ordinals of the first and the last day (`date.toordinal`); None: all that follow.
    """
    own = [VIEWER_PERIODS.c.viewer_id == viewer_id, VIEWER_PERIODS.c.period >= first]
    if last is not None:
        own.append(VIEWER_PERIODS.c.period <= last)
    columns = (VIEWER_PERIODS.c.period, VIEWER_PERIODS.c.watches, VIEWER_PERIODS.c.playing_us)
    query = select(*columns).where(_match_kind("day"), *own)
    days = {period: (watches, us) for period, watches, us in store.connection.execute(query).all()}
    for (kind, period, who), amounts in store.running_changes.amounts[VIEWER_PERIODS].items():
        if kind == "day" and who == viewer_id and first <= period and (last is None or period <= last):
            watches, us = days.get(period, (0, 0))
            days[period] = watches + amounts.watches, us + amounts.playing_us
    return {_iso_day(period): us / 1e6 for period, (watches, us) in sorted(days.items()) if watches > 0}


@lru_cache(maxsize=4096)
def _iso_day(ordinal: int) -> str:
    """Return a day's ISO date."""
    return date.fromordinal(ordinal).isoformat()


def sum_hours(store: StoreSnapshot, year: int = 0) -> tuple[float, ...]:
    """Return everybody's seconds in each hour of the week, from Monday 00:00; of a year, or of all for 0."""
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
    """Return the local years in which anything was watched that counts, in order."""
    own = _match_kind("year"), VIEWER_PERIODS.c.viewer_id == EVERYBODY
    query = select(VIEWER_PERIODS.c.period, VIEWER_PERIODS.c.watches).where(*own)
    years: dict[int, int] = dict(store.connection.execute(query).all())
    for (kind, period, who), amounts in store.running_changes.amounts[VIEWER_PERIODS].items():
        if kind == "year" and who == EVERYBODY:
            years[period] = years.get(period, 0) + amounts.watches
    return tuple(sorted(year for year, watches in years.items() if watches > 0))


def sum_viewers(store: StoreSnapshot, kind: str, period: int) -> dict[str, Amounts]:
    """Return what each viewer's watches add up to: all of them, or those played in a year."""
    own = [VIEWER_PERIODS.c.period == period, VIEWER_PERIODS.c.viewer_id != EVERYBODY]
    query = select(VIEWER_PERIODS.c.viewer_id, *_COLUMNS).where(_match_kind(kind), *own)
    viewers = {who: Amounts(*amounts) for who, *amounts in store.connection.execute(query).all()}
    for (its_kind, its_period, who), amounts in store.running_changes.amounts[VIEWER_PERIODS].items():
        if (its_kind, its_period) == (kind, period) and who != EVERYBODY:
            viewers[who] = viewers.get(who, Amounts()).add(amounts)
    return {who: amounts for who, amounts in viewers.items() if amounts.watches > 0}


def count_viewers_ever(store: StoreSnapshot) -> int:
    """Return how many viewers watched anything that counts, with what runs."""
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


def _match_kind(kind: str) -> ColumnElement[bool]:
    return (VIEWER_PERIODS.c.community == ONLY_COMMUNITY) & (VIEWER_PERIODS.c.kind == kind)

"""Reads the summaries by when watches ended: how many ended since a time, and where a page of the history begins.

Periods of 8, 64 and 512 days are nested, so that any stretch of time consists of a few of them and a remainder of up
to eight days, which is read from the records.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, select, union_all

from persistence.database.sql import split_batches
from persistence.database.tables import EVERYBODY, FILM_PERIODS, ONLY_COMMUNITY, VIEWER_PERIODS, WATCHES
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import (
    DAY_S,
    ENDED_DAYS,
    FILM_ENDED_DAYS,
    Amounts,
    ended_film_period,
    ended_kind,
    ended_period,
)

_WITHIN = ENDED_DAYS[1] // ENDED_DAYS[0]
"""How many periods of one kind make one of the next."""
_RECORDS = VIEWER_PERIODS.c.watches + VIEWER_PERIODS.c.briefs


class Cover(NamedTuple):
    """The time since an instant, as periods."""

    until_s: float
    """Until here the records must be read; from here on whole periods follow. Seconds since 1970, UTC."""
    periods: tuple[tuple[str, int, int | None], ...]
    """Kind, first and last period of each stretch; None: no last one."""


def cover_since(since_s: float) -> Cover:
    """Return the time since an instant in as few periods as possible; seconds since 1970, UTC."""
    first = ended_period(since_s, ENDED_DAYS[0])
    if since_s > first * ENDED_DAYS[0] * DAY_S:
        first += 1
    until_s = float(first * ENDED_DAYS[0] * DAY_S)
    periods: list[tuple[str, int, int | None]] = []
    for days in ENDED_DAYS[:-1]:
        following = -(-first // _WITHIN)
        if following * _WITHIN > first:
            periods.append((ended_kind(days), first, following * _WITHIN - 1))
        first = following
    periods.append((ended_kind(ENDED_DAYS[-1]), first, None))
    return Cover(until_s, tuple(periods))


def _match_stretches(cover: Cover) -> list[ColumnElement[bool]]:
    kind, period = VIEWER_PERIODS.c.kind, VIEWER_PERIODS.c.period
    return [
        and_(kind == name, period >= first, *([] if last is None else [period <= last]))
        for name, first, last in cover.periods
    ]


class FilmPeriods(NamedTuple):
    """The periods of films' watches from the border nearest to a time on."""

    begins_s: float
    """Begin of the first period: the period border nearest to the time. Seconds since 1970, UTC."""
    first: int
    """Number of the first period."""

    def count_records(self, store: StoreSnapshot, film_hashes: Select[int]) -> int:
        """Return how many records of films ended in them, including brief ones."""
        own = FILM_PERIODS.c.community == ONLY_COMMUNITY
        newest = store.connection.execute(select(func.max(WATCHES.c.ended_at_s))).scalar()
        if newest is None:
            return 0
        numbers = range(self.first, ended_period(newest, FILM_ENDED_DAYS) + 1)
        count = 0
        for some in split_batches(map(ended_film_period, numbers)):
            query = select(func.sum(FILM_PERIODS.c.watches + FILM_PERIODS.c.briefs)).where(
                own, FILM_PERIODS.c.period.in_(some), (FILM_PERIODS.c.film_hash + 0).in_(film_hashes)
            )
            count += int(store.connection.execute(query).scalar() or 0)
        return count


def find_film_periods(since_s: float) -> FilmPeriods:
    """Return the periods since the border nearest to an instant; seconds since 1970, UTC."""
    first = round(since_s / (FILM_ENDED_DAYS * DAY_S))
    return FilmPeriods(float(first * FILM_ENDED_DAYS * DAY_S), first)


def sum_viewers_since(store: StoreSnapshot, cover: Cover) -> dict[str, Amounts]:
    """Return the totals of each viewer's watches that ended in the whole periods."""
    names = ("viewer_id", *Amounts._fields)
    # One query for each stretch: with one condition for all, SQLite would search through all viewers.
    rows = union_all(
        *(
            select(*(VIEWER_PERIODS.c[name] for name in names)).where(
                VIEWER_PERIODS.c.community == ONLY_COMMUNITY, stretch, VIEWER_PERIODS.c.viewer_id != EVERYBODY
            )
            for stretch in _match_stretches(cover)
        )
    ).subquery()
    query = select(rows.c.viewer_id, *(func.sum(rows.c[name]) for name in Amounts._fields)).group_by(rows.c.viewer_id)
    return {viewer_id: Amounts(*map(int, amounts)) for viewer_id, *amounts in store.connection.execute(query).all()}


class RecordsOf(NamedTuple):
    """A choice of records: those of one viewer, or of everybody without some viewers."""

    viewer_id: str
    """One viewer, or EVERYBODY."""
    without: Sequence[str] = ()
    """Viewers to leave out of everybody."""

    def count(self, store: StoreSnapshot, since_s: float | None = None) -> int:
        """Return how many records ended in the whole periods since a time, including brief ones."""
        whole = [VIEWER_PERIODS.c.kind == "all"]
        stretches = whole if since_s is None else _match_stretches(cover_since(since_s))
        own = VIEWER_PERIODS.c.community == ONLY_COMMUNITY
        query = union_all(
            *(select(func.sum(self._sign_records())).where(own, stretch, self._match()) for stretch in stretches)
        )
        return sum(int(count or 0) for count in store.connection.execute(query).scalars())

    def find_period(self, store: StoreSnapshot, offset: int) -> tuple[float, int] | None:
        """Return the end of the period of the record at `offset`, and how many records of that period come before it.

        Records are counted from the newest, at 0; seconds since 1970, UTC. None if there are fewer records.
        """
        first: int | None = None
        for days in reversed(ENDED_DAYS):
            within = [VIEWER_PERIODS.c.community == ONLY_COMMUNITY, VIEWER_PERIODS.c.kind == ended_kind(days)]
            if first is not None:
                within.append(VIEWER_PERIODS.c.period.between(first * _WITHIN, first * _WITHIN + _WITHIN - 1))
            query = select(VIEWER_PERIODS.c.period, func.sum(self._sign_records())).where(*within, self._match())
            newest_first = query.group_by(VIEWER_PERIODS.c.period).order_by(VIEWER_PERIODS.c.period.desc())
            for period, count in store.connection.execute(newest_first):
                if offset < int(count):
                    first = period
                    break
                offset -= int(count)
            else:
                return None
        assert first is not None  # noqa: S101  # there is a kind of period
        return float((first + 1) * ENDED_DAYS[0] * DAY_S), offset

    def _match(self) -> ColumnElement[bool]:
        return VIEWER_PERIODS.c.viewer_id.in_([self.viewer_id, *self.without])

    def _sign_records(self) -> ColumnElement[int]:
        return case((VIEWER_PERIODS.c.viewer_id == self.viewer_id, _RECORDS), else_=-_RECORDS)

"""Fills the summaries from the records in batches, and compares the two."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, bindparam, delete, func, select, update

from persistence.database.rows import Row, compute_film_hash
from persistence.database.sql import read_history_seq
from persistence.database.tables import (
    EVERYBODY,
    FILM_VIEWERS,
    ONLY_COMMUNITY,
    PARTIES,
    SUMMARIES,
    VIEWER_PERIODS,
    WATCHED_FILMS,
    WATCHES,
)
from persistence.summaries.amounts import FILM_COLUMNS, Amounts, CountedRow, first_year
from persistence.summaries.changes import ADDED_UP, SummaryChanges, is_party
from persistence.summaries.update import (
    VERSION,
    SummaryState,
    count_film_viewers,
    read_state,
    write_changes,
    write_state,
)

FILLED_AT_ONCE = 20_000
"""Up to this many records are summed up while the store is opened; more are summed up later, while it is used."""
_ROWS_AT_ONCE = 1000
_MODULUS = 1 << 64


class FillProgress(NamedTuple):
    """The progress of filling the summaries."""

    done: int
    total: int

    @property
    def percent(self) -> int:
        """Return the finished share, 0 to 100."""
        return min(100, 100 * self.done // max(1, self.total))


def needs_preparation(connection: Connection, zone: str) -> bool:
    """Tell whether the summaries are incomplete, wrong, or made for another time zone or version."""
    state = read_state(connection)
    if state is None or (state.version, state.zone, state.through_seq) != (VERSION, zone, None):
        return True
    return not _is_count_right(connection)


def prepare_summaries(connection: Connection, zone: str) -> FillProgress | None:
    """Start the summaries over if they are missing, wrong, or made for another time zone or version; fill small ones.

    Return how far they are filled; None if they are complete.
    """
    state = read_state(connection)
    if state is not None and state.through_seq is None and not _is_count_right(connection):
        clear_summaries(connection, zone)
    return fill_summaries(connection, zone, FILLED_AT_ONCE if _is_small(connection) else 0)


def clear_summaries(connection: Connection, zone: str) -> None:
    """Empty the summaries, so that they are filled again with the days of this time zone."""
    for table in SUMMARIES:
        connection.execute(delete(table))
    write_state(connection, SummaryState(VERSION, zone, 0))


def read_progress(connection: Connection) -> FillProgress | None:
    """Return how far the summaries are filled; None if they are complete."""
    state = read_state(connection)
    if state is not None and state.through_seq is None:
        return None
    return FillProgress(state.through_seq or 0 if state else 0, read_history_seq(connection))


def fill_summaries(connection: Connection, zone: str, count: int) -> FillProgress | None:
    """Sum up the next `count` records. Return how far the summaries are filled; None if they are complete."""
    state = read_state(connection)
    if state is None or (state.version, state.zone) != (VERSION, zone):
        clear_summaries(connection, zone)
        state = SummaryState(VERSION, zone, 0)
    if state.through_seq is None or not count:
        return read_progress(connection)
    query = select(WATCHES).where(WATCHES.c.seq > state.through_seq).order_by(WATCHES.c.seq).limit(count)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    _put_film_hashes(connection, [row for row in rows if row["film_hash"] is None])
    changes = SummaryChanges(ZoneInfo(state.zone))
    changes.add(rows)
    is_whole = len(rows) < count
    write_changes(connection, changes, counts_viewers=False)
    if is_whole:
        count_film_viewers(connection)
    write_state(connection, state._replace(through_seq=None if is_whole else rows[-1]["seq"]))
    return read_progress(connection)


def _put_film_hashes(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Add the film's id to records of an older version."""
    for row in rows:
        row["film_hash"] = compute_film_hash(row)
    found = [{"key": row["watch_id"], "film": row["film_hash"]} for row in rows]
    if found:
        own = WATCHES.c.watch_id == bindparam("key")
        connection.execute(update(WATCHES).where(own).values(film_hash=bindparam("film")), found)


def _is_small(connection: Connection) -> bool:
    beyond = select(WATCHES.c.seq).order_by(WATCHES.c.seq).limit(1).offset(FILLED_AT_ONCE - 1)
    return connection.execute(beyond).first() is None


def _is_count_right(connection: Connection) -> bool:
    """Tell whether the summaries count as many records as there are: a tampered store fails this check first."""
    stored = connection.execute(select(func.count()).select_from(WATCHES)).scalar_one()
    by_film = connection.execute(select(func.sum(WATCHED_FILMS.c.watches + WATCHED_FILMS.c.briefs))).scalar() or 0
    everybody = (VIEWER_PERIODS.c.kind == "all") & (VIEWER_PERIODS.c.viewer_id == EVERYBODY)
    in_all = select(func.sum(VIEWER_PERIODS.c.watches + VIEWER_PERIODS.c.briefs)).where(everybody)
    return stored == int(by_film) == int(connection.execute(in_all).scalar() or 0)


# -- the full comparison: by an additive checksum, so that no summary is held in memory -----------------------------


def compare_with_records(connection: Connection) -> list[str]:
    """Return the names of the summaries that differ from the sums of the records; nothing if they are not filled."""
    state = read_state(connection)
    if state is None or state.through_seq is not None:
        return []
    zone = ZoneInfo(state.zone)
    right = dict.fromkeys([*ADDED_UP], 0)
    rows = connection.execute(select(WATCHES).execution_options(yield_per=_ROWS_AT_ONCE)).mappings()
    wrong = set()
    for row in rows:
        if row["film_hash"] != compute_film_hash(row):
            wrong.add(WATCHES.name)
        for table, key, amounts in CountedRow.of(row, zone).iterate_amounts():
            right[table] = (right[table] + _weigh(key, amounts)) % _MODULUS
    wrong |= {table.name for table in ADDED_UP if _checksum(connection, table) != right[table]}
    if _checksum_parties(connection) != _checksum_right_parties(connection, zone):
        wrong.add(PARTIES.name)
    if _has_miscounted_viewers(connection):
        wrong.add(WATCHED_FILMS.name)
    return sorted(wrong)


def _has_miscounted_viewers(connection: Connection) -> bool:
    """Tell whether a film's stored number of viewers is wrong."""
    viewers = func.count(FILM_VIEWERS.c.viewer_id.distinct())
    watched = FILM_VIEWERS.c.community == ONLY_COMMUNITY, FILM_VIEWERS.c.watches > 0
    query = select(FILM_VIEWERS.c.film_hash, viewers).where(*watched).group_by(FILM_VIEWERS.c.film_hash)
    right: dict[int, int] = dict(connection.execute(query).all())
    counted = select(WATCHED_FILMS.c.film_hash, WATCHED_FILMS.c.viewers).where(
        WATCHED_FILMS.c.community == ONLY_COMMUNITY
    )
    return any(count != right.get(film_hash, 0) for film_hash, count in connection.execute(counted))


def _weigh(key: tuple[Any, ...], amounts: Iterable[int]) -> int:
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8 * len(Amounts._fields)).digest()
    factors = (int.from_bytes(digest[at : at + 8]) for at in range(0, len(digest), 8))
    return sum(factor * amount for factor, amount in zip(factors, amounts, strict=True))


def _checksum(connection: Connection, table: Table) -> int:
    keys = [column for column in table.primary_key if column.name != "community"]
    columns = [*keys, *(table.c[name] for name in Amounts._fields)]
    if table is WATCHED_FILMS:
        columns += [WATCHED_FILMS.c[name] for name in (*FILM_COLUMNS, "duration_ms", "guid")]
    query = select(*columns).where(table.c.community == ONLY_COMMUNITY).execution_options(yield_per=_ROWS_AT_ONCE)
    total = 0
    for row in connection.execute(query).mappings():
        key = tuple(row[column.name] for column in keys)
        if table is WATCHED_FILMS:
            key = (compute_film_hash({**row, "movie_duration_ms": row["duration_ms"]}),)
        total = (total + _weigh(key, [row[name] for name in Amounts._fields])) % _MODULUS
    return total


def _checksum_parties(connection: Connection) -> int:
    rows = connection.execute(select(PARTIES)).mappings()
    return sum(_hash_party(row["screening_id"], row["year"], row["viewers"], row["started_at_s"]) for row in rows)


def _checksum_right_parties(connection: Connection, zone: ZoneInfo) -> int:
    return sum(_hash_party(*party) for party in _count_right_parties(connection, zone))


def _count_right_parties(connection: Connection, zone: ZoneInfo) -> Iterator[tuple[str, int, int, float]]:
    query = select(WATCHES).where(WATCHES.c.party.is_(True)).order_by(WATCHES.c.screening_id)
    rows = connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)).mappings()
    for screening_id, group in groupby(filter(is_party, rows), key=itemgetter("screening_id")):
        by_year: dict[int, list[Row]] = {}
        for row in group:
            by_year.setdefault(first_year(row, zone), []).append(row)
        for year, same in by_year.items():
            viewers = len({row["viewer_id"] for row in same})
            yield screening_id, year, viewers, min(row["started_at_s"] for row in same)


def _hash_party(*party: object) -> int:
    """Return a hash of a party."""
    return int.from_bytes(hashlib.blake2b(repr(party).encode(), digest_size=16).digest())

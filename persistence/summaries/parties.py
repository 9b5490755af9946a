"""Reads the summary of watch parties: the biggest one of a year."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from awards.year import name_with_year
from messages import BigNight
from persistence.database.rows import Row
from persistence.database.sql import split_batches
from persistence.database.tables import ONLY_COMMUNITY, PARTIES, WATCHES
from persistence.store import StoreSnapshot
from persistence.summaries.amounts import first_year
from persistence.summaries.changes import is_party

_AT_ONCE = 20


def find_biggest_night(store: StoreSnapshot, year: int) -> BigNight | None:
    """Return the watch party of a year with the most visible viewers, the earliest of equals; None if there was none.

    The stored size of a party includes hidden viewers, so that it is an upper bound: parties are checked from the
    largest on until none that follows can have more visible viewers.
    """
    best = min(_count_nights(store, year, store.running_changes.parties), key=_rank, default=None)
    for parties in _read_largest(store, year):
        for night in _count_nights(store, year, [screening_id for screening_id, _, _ in parties]):
            best = night if best is None else min(best, night, key=_rank)
        _, viewers, started_at_s = parties[-1]
        if best is not None and (-best.viewers, best.started_at_s) < (-viewers, started_at_s):
            break
    return best


def iterate_largest(store: StoreSnapshot, year: int) -> Iterator[list[tuple[str, int]]]:
    """Yield the stored parties of a year in batches, the largest first: screening, and viewers with hidden ones."""
    for parties in _read_largest(store, year, running=True):
        yield [(screening_id, viewers) for screening_id, viewers, _started_at_s in parties]


def _rank(night: BigNight) -> tuple[int, float, str]:
    return -night.viewers, night.started_at_s, night.title


def _read_largest(store: StoreSnapshot, year: int, *, running: bool = False) -> Iterator[list[tuple[str, int, float]]]:
    """Yield the stored parties of a year in batches, the largest first; with `running` also those that are running."""
    own = [PARTIES.c.community == ONLY_COMMUNITY, PARTIES.c.year == year]
    largest: int | None = store.connection.execute(select(func.max(PARTIES.c.viewers)).where(*own)).scalar()
    while largest is not None:  # one size after the other, in index order: otherwise all would be sorted
        query = (
            select(PARTIES.c.screening_id, PARTIES.c.viewers, PARTIES.c.started_at_s)
            .where(*own, PARTIES.c.viewers == largest)
            .where(PARTIES.c.screening_id.not_in([] if running else sorted(store.running_changes.parties)))
            .order_by(PARTIES.c.started_at_s)  # with the id, SQLite would go through the parties of all years
        )
        with store.connection.execute(query.execution_options(yield_per=_AT_ONCE)) as found:
            for some in found.partitions():
                yield [(screening_id, viewers, started_at_s) for screening_id, viewers, started_at_s in some]
        smaller = select(func.max(PARTIES.c.viewers)).where(*own, PARTIES.c.viewers < largest)
        largest = store.connection.execute(smaller).scalar()


def _count_nights(store: StoreSnapshot, year: int, screening_ids: Iterable[str]) -> list[BigNight]:
    """Return watch parties with the number of their visible viewers."""
    replaced, hidden, zone = set(store.running.instead_of), set(store.hidden), ZoneInfo(str(store.rules.zone))
    wanted = set(screening_ids)
    rows: list[Row] = [row for row in store.running_rows if row["screening_id"] in wanted]
    for some in split_batches(sorted(wanted)):
        stored = store.connection.execute(select(WATCHES).where(WATCHES.c.screening_id.in_(some))).mappings()
        rows += [row for row in stored if row["watch_id"] not in replaced]
    parties: dict[str, list[Row]] = {}
    for row in rows:
        if is_party(row) and row["viewer_id"] not in hidden and first_year(row, zone) == year:
            parties.setdefault(row["screening_id"], []).append(row)
    nights = []
    for of_party in parties.values():
        first = min(of_party, key=lambda row: (row["started_at_s"], row["watch_id"]))
        viewers = len({row["viewer_id"] for row in of_party})
        nights.append(BigNight(name_with_year(first["title"], first["year"]), first["started_at_s"], viewers))
    return nights

"""Runs of stored watches: a viewer's watches of one film with no break as long as the resume window.

Only watches of one run can be one watch. So that a change looks at no more of a viewer's history than it concerns,
watches are found by their time, and then grouped by `group_films`, which knows which items are the same film.
"""

import bisect
import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from messages import Item
from persistence.database.rows import Row, decode_item, decode_part
from persistence.database.sql import split_batches
from persistence.database.tables import WATCH_PARTS, WATCHES
from tracking.watches.film import group_films
from viewers.merge import Extent

_ROUNDING_S = 1.0
"""A run goes on over a break that is this much longer than the window: times are rounded."""


class Original(NamedTuple):
    """A watch under one id: a record of its own, or part of a merged record."""

    watch_id: str
    record_id: str
    """Id of the record that contains it."""
    identity: str
    """The id under which it was seen."""
    began_s: float
    ended_s: float
    item: Item

    @classmethod
    def of(cls, row: Row, record_id: str) -> "Original":
        """Return the watch of a row of `watches`, or of a part."""
        times = row["started_at_s"], row["ended_at_s"]
        return cls(row["watch_id"], record_id, row["identity"], *times, decode_item(row["item"]))

    @property
    def extent(self) -> Extent:
        """When it ran."""
        return Extent(self.began_s, self.ended_s, self.watch_id)


def find_runs(originals: Iterable[Original], window_s: float) -> list[list[Original]]:
    """Return a viewer's watches in runs. `window_s`: the resume window.

    Runs that have parts of the same merged record are one: an older version may have merged two films.
    """
    run_of: dict[str, list[Original]] = {}
    for film in group_films(originals, lambda each: each.item, lambda each: each.began_s):
        for run in _split_at_breaks(film, window_s + _ROUNDING_S):
            others = {id(other): other for each in run if (other := run_of.get(each.record_id)) is not None}
            whole = [*run, *(each for other in others.values() for each in other)]
            run_of |= dict.fromkeys((each.record_id for each in whole), whole)
    return list({id(run): run for run in run_of.values()}.values())


def find_mixed_runs(
    connection: Connection, viewer_id: str, changed: Collection[Extent], window_s: float
) -> list[list[Original]]:
    """Return the runs near some times in which a viewer was seen under several ids.

    `changed`: when the changed watches ran. Of a viewer's other watches only those near them are read.
    """
    known: dict[str, list[Original]] = {}
    times: Sequence[tuple[str, float, float]] = ()
    since_s, until_s = math.inf, -math.inf
    mixed: list[list[Original]] = []
    ranges = _join_extents(changed, window_s)
    while ranges:
        if ranges[0][0] < since_s or ranges[-1][1] > until_s:
            since_s, until_s = min(since_s, ranges[0][0]), max(until_s, ranges[-1][1])
            times = _read_times(connection, viewer_id, since_s, until_s)
        near = [
            watch_id
            for watch_id, began_s, ended_s in times
            if watch_id not in known and _touches(ranges, began_s, ended_s)
        ]
        if not near:
            break
        known |= _read_originals(connection, near)
        runs = find_runs((each for some in known.values() for each in some), window_s)
        mixed = [run for run in runs if len({each.identity for each in run}) > 1]
        # A run may begin or end farther away.
        ranges = _join_extents([*changed, *(each.extent for run in mixed for each in run)], window_s)
    return mixed


def _split_at_breaks(film: list[Original], longest_s: float) -> list[list[Original]]:
    """Return a film's watches in runs with no break longer than this."""
    runs: list[list[Original]] = []
    until_s = -math.inf
    for each in sorted(film, key=lambda each: each.began_s):
        if each.began_s > until_s:
            runs.append([])
        runs[-1].append(each)
        until_s = max(until_s, each.ended_s + longest_s)
    return runs


def _join_extents(extents: Iterable[Extent], window_s: float) -> list[tuple[float, float]]:
    """Return the ranges of time near some watches, in order and apart from each other."""
    ranges: list[tuple[float, float]] = []
    for extent in sorted(extents):
        since_s, until_s = extent.began_s - window_s, extent.ended_s + window_s
        if ranges and since_s <= ranges[-1][1]:
            ranges[-1] = ranges[-1][0], max(ranges[-1][1], until_s)
        else:
            ranges.append((since_s, until_s))
    return ranges


def _touches(ranges: Sequence[tuple[float, float]], began_s: float, ended_s: float) -> bool:
    """Tell whether a watch ran in one of the ranges."""
    place = bisect.bisect_right(ranges, (ended_s, math.inf)) - 1
    return place >= 0 and began_s <= ranges[place][1]


def _read_times(
    connection: Connection, viewer_id: str, since_s: float, until_s: float
) -> Sequence[tuple[str, float, float]]:
    """Return the id, start and end of the records of a viewer that ran between two times."""
    query = select(WATCHES.c.watch_id, WATCHES.c.started_at_s, WATCHES.c.ended_at_s).where(
        WATCHES.c.viewer_id == viewer_id, WATCHES.c.ended_at_s >= since_s, WATCHES.c.started_at_s <= until_s
    )
    return [tuple(row) for row in connection.execute(query).all()]


def _read_originals(connection: Connection, record_ids: Iterable[str]) -> dict[str, list[Original]]:
    """Return the watches that some records contain, by record."""
    columns = (WATCHES.c.watch_id, WATCHES.c.identity, WATCHES.c.started_at_s, WATCHES.c.ended_at_s, WATCHES.c.item)
    query = select(*columns, WATCH_PARTS.c.row.label("part")).outerjoin(
        WATCH_PARTS, WATCH_PARTS.c.kept_as == WATCHES.c.watch_id
    )
    found: dict[str, list[Original]] = {}
    for some in split_batches(record_ids):
        for row in connection.execute(query.where(WATCHES.c.watch_id.in_(some))).mappings():
            original = row if row["part"] is None else decode_part(row["part"])
            found.setdefault(row["watch_id"], []).append(Original.of(original, row["watch_id"]))
    return found

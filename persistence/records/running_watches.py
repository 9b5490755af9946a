"""Running watches as the figures count them: for the right viewer, and in place of stored records.

A resumed watch also has a stored record. And a member who is seen under several ids may have left under one while
another is still there, or continues the film: the stored watch and the running one then count as one watch even
before both are stored (`persistence.operations.link`).
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, select

from messages import Item, WatchRecord
from persistence.database.rows import Row, decode_item, decode_part, watch_record
from persistence.database.sql import split_batches
from persistence.database.tables import WATCH_PARTS, WATCHES
from persistence.records.checkpoint import RunningWatch, StoredProgress
from persistence.records.viewers import with_current_name
from tracking.watches.film import group_films, is_identified
from viewers.directory import ViewerDirectory
from viewers.merge import Attendance, Thresholds, group_same_watch, merge_records, record_attendance


class CountedWatch(NamedTuple):
    """A running watch, as if it ended now."""

    record: WatchRecord
    instead_of: frozenset[str] = frozenset()
    """Ids of the stored records that it replaces: they are merged into it."""


class RunningWatches(msgspec.Struct, frozen=True):
    """All running watches."""

    watches: tuple[CountedWatch, ...] = ()

    @property
    def records(self) -> list[WatchRecord]:
        """The running watches, as records."""
        return [watch.record for watch in self.watches]

    @property
    def instead_of(self) -> list[str]:
        """Ids of the stored records that must be left out of every figure that includes these watches."""
        return sorted({watch_id for watch in self.watches for watch_id in watch.instead_of})

    def by_viewer(self) -> "dict[str, RunningWatches]":
        """Return the running watches of each viewer."""
        found: dict[str, list[CountedWatch]] = {}
        for watch in self.watches:
            found.setdefault(watch.record.viewer_id, []).append(watch)
        return {viewer_id: RunningWatches(tuple(watches)) for viewer_id, watches in found.items()}

    def of_viewer(self, viewer_id: str) -> "RunningWatches":
        """Return the running watches of one viewer."""
        return RunningWatches(tuple(watch for watch in self.watches if watch.record.viewer_id == viewer_id))


class _Observed(NamedTuple):
    """A watch under one id: running or stored."""

    record: WatchRecord
    identity: str
    stored_as: frozenset[str]
    """Id of the stored record that contains it; empty if there is none."""
    runs: bool


def count_running(
    connection: Connection,
    running: Iterable[RunningWatch],
    stored: Mapping[str, StoredProgress],
    people: ViewerDirectory,
    thresholds: Thresholds,
) -> RunningWatches:
    """Return running watches attributed to the viewers for whom they count, and merged with stored ones.

    `stored`: the progress of those that have a record; `thresholds`: decide whether a merged watch counts.
    """
    watches = list(running)
    members = {link.viewer_id for link in people.links.values()}
    counted: list[CountedWatch] = []
    of_members: list[_Observed] = []
    for state, raw in watches:
        record = attribute_to_viewer(raw, people)
        known = stored.get(state.watch_id)
        seen = _Observed(record, state.viewer_id, frozenset([known.kept_as] if known else ()), runs=True)
        if record.viewer_id in members and is_identified(record.item):
            of_members.append(seen)
        else:
            counted.append(CountedWatch(record, seen.stored_as))
    for group in _group_with_stored(connection, of_members, people, thresholds):
        records = [seen.record for seen in group]
        instead_of = frozenset().union(*(seen.stored_as for seen in group))
        counted.append(CountedWatch(merge_records(records, thresholds), instead_of))
    counted.sort(key=lambda watch: (watch.record.started_at_s, watch.record.watch_id))
    return RunningWatches(tuple(counted))


def attribute_to_viewer(record: WatchRecord, people: ViewerDirectory) -> WatchRecord:
    """Return a watch attributed to the viewer for whom it counts: the member, if the Plex account is linked."""
    link = people.links.get(record.viewer_id)
    return replace(record, viewer_id=link.viewer_id, username=link.username) if link is not None else record


def _group_with_stored(
    connection: Connection, running: list[_Observed], people: ViewerDirectory, thresholds: Thresholds
) -> list[list[_Observed]]:
    """Return the members' running watches, each grouped with the stored watches that are one with it.

    A stored watch may itself continue an earlier one: the search goes further back until none does. Each part of a
    merged record is treated separately.
    """
    running_ids = {seen.record.watch_id for seen in running}
    viewers = {seen.record.viewer_id for seen in running}
    earliest_s = min((seen.record.started_at_s for seen in running), default=0.0)
    groups: list[list[_Observed]] = []
    since_s = math.inf
    while viewers and earliest_s < since_s:
        since_s = earliest_s
        ended_since = _read_ended_since(connection, viewers, since_s - thresholds.resume_window_s)
        stored = [each for each in ended_since if each.row["watch_id"] not in running_ids]
        groups = [
            group
            for film in _group_films([*running, *stored], people)
            for group in group_same_watch(film, _attendance_of, thresholds)
            if any(seen.runs for seen in group)
        ]
        earliest_s = min(seen.record.started_at_s for group in groups for seen in group)
    return groups


def _attendance_of(seen: _Observed) -> Attendance:
    return record_attendance(seen.record, seen.identity)


class _Stored(NamedTuple):
    """A stored watch under one id, of which it is not known yet whether it matters."""

    row: Row
    kept_as: str
    """Id of the record that contains it."""


def _group_films(watches: Iterable[_Observed | _Stored], people: ViewerDirectory) -> Iterator[list[_Observed]]:
    """Yield each viewer's watches of each film that is running."""
    by_viewer: dict[str, list[_Observed | _Stored]] = {}
    for each in watches:
        viewer_id = each.record.viewer_id if isinstance(each, _Observed) else each.row["viewer_id"]
        by_viewer.setdefault(viewer_id, []).append(each)
    names = people.member_names()
    for theirs in by_viewer.values():
        for film in group_films(theirs, _item_of, _began_of):
            if any(isinstance(each, _Observed) for each in film):
                yield [each if isinstance(each, _Observed) else _observe_stored(each, names) for each in film]


def _item_of(watch: _Observed | _Stored) -> Item:
    return watch.record.item if isinstance(watch, _Observed) else decode_item(watch.row["item"])


def _began_of(watch: _Observed | _Stored) -> float:
    return watch.record.started_at_s if isinstance(watch, _Observed) else float(watch.row["started_at_s"])


def _observe_stored(stored: _Stored, names: Mapping[str, str]) -> _Observed:
    record = with_current_name(watch_record(stored.row), names)
    return _Observed(record, stored.row["identity"], frozenset({stored.kept_as}), runs=False)


def _read_ended_since(connection: Connection, viewers: Iterable[str], since_s: float) -> Iterator[_Stored]:
    """Yield the viewers' stored watches that ended after a time; each part of a merged record by itself."""
    query = select(*WATCHES.c, WATCH_PARTS.c.row.label("part")).outerjoin(
        WATCH_PARTS, WATCH_PARTS.c.kept_as == WATCHES.c.watch_id
    )
    for some in split_batches(sorted(viewers)):
        ended_since = query.where(WATCHES.c.viewer_id.in_(some), WATCHES.c.ended_at_s > since_s)
        for row in connection.execute(ended_since).mappings():
            yield _Stored(row if row["part"] is None else decode_part(row["part"]), row["watch_id"])

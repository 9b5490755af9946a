"""What runs now, as figures count it: as watches of those for whom they count, in the place of stored records.

A running watch that was resumed has a record too. And where a member is seen under several ids, one may have gone
while another is still there: what is stored of the one and what runs of the other are one watch already now, not only
once both are stored (`persistence.operations.link`).
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection, select

from messages import WatchRecord
from persistence.database.rows import Row, decode_part, watch_record
from persistence.database.sql import split_batches
from persistence.database.tables import WATCH_PARTS, WATCHES
from persistence.records.checkpoint import RunningWatch, StoredProgress
from persistence.records.viewers import with_current_name
from viewers.directory import ViewerDirectory
from viewers.merge import Thresholds, group_same_watch, merge_records, record_extent


class CountedWatch(NamedTuple):
    """A watch that runs, as if it ended now."""

    record: WatchRecord
    instead_of: frozenset[str] = frozenset()
    """Ids of the stored records whose place it takes: what it is with them together is in it."""


@dataclass(frozen=True)
class RunningWatches:
    """Everything that runs."""

    watches: tuple[CountedWatch, ...] = ()

    @property
    def records(self) -> list[WatchRecord]:
        """What runs, as records."""
        return [watch.record for watch in self.watches]

    @property
    def instead_of(self) -> list[str]:
        """Ids of the stored records that are left out of every figure that has these watches."""
        return sorted({watch_id for watch in self.watches for watch_id in watch.instead_of})

    def by_viewer(self) -> "dict[str, RunningWatches]":
        """Return what runs of each viewer."""
        found: dict[str, list[CountedWatch]] = {}
        for watch in self.watches:
            found.setdefault(watch.record.viewer_id, []).append(watch)
        return {viewer_id: RunningWatches(tuple(watches)) for viewer_id, watches in found.items()}

    def of_viewer(self, viewer_id: str) -> "RunningWatches":
        """Return what runs of one viewer."""
        return RunningWatches(tuple(watch for watch in self.watches if watch.record.viewer_id == viewer_id))


class _Observed(NamedTuple):
    """A watch as it was seen: it runs, or is stored."""

    record: WatchRecord
    identity: str
    stored_as: frozenset[str]
    """Id of the stored record that has it; empty where none does."""
    runs: bool


def count_running(
    connection: Connection,
    running: Iterable[RunningWatch],
    stored: Mapping[str, StoredProgress],
    people: ViewerDirectory,
    thresholds: Thresholds,
) -> RunningWatches:
    """Return running watches as those of the viewers whom they count for.

    `stored`: those of them that have a record; `thresholds`: what makes a merged watch count.
    """
    watches = list(running)
    members = {link.viewer_id for link in people.links.values()}
    counted: list[CountedWatch] = []
    of_members: list[_Observed] = []
    for state, raw in watches:
        record = attribute_to_viewer(raw, people)
        known = stored.get(state.watch_id)
        seen = _Observed(record, state.viewer_id, frozenset([known.kept_as] if known else ()), runs=True)
        if record.viewer_id in members and record.item.rating_key:
            of_members.append(seen)
        else:
            counted.append(CountedWatch(record, seen.stored_as))
    overlapping = _read_overlapping(connection, of_members, people)
    for film in _group_by_film([*of_members, *overlapping]):
        counted += _merge_film(film, thresholds)
    counted.sort(key=lambda watch: (watch.record.started_at_s, watch.record.watch_id))
    return RunningWatches(tuple(counted))


def attribute_to_viewer(record: WatchRecord, people: ViewerDirectory) -> WatchRecord:
    """Return a watch as that of the viewer for whom it counts: the member's, where a Plex account is linked."""
    link = people.links.get(record.viewer_id)
    return replace(record, viewer_id=link.viewer_id, username=link.username) if link is not None else record


def _merge_film(film: list[_Observed], thresholds: Thresholds) -> Iterator[CountedWatch]:
    """Yield what runs of a member's watches of one film, each with what is stored of the same time."""
    for group in group_same_watch(film, lambda seen: record_extent(seen.record), lambda seen: seen.identity):
        if any(seen.runs for seen in group):
            records = [seen.record for seen in group]
            yield CountedWatch(
                merge_records(records, thresholds), frozenset().union(*(seen.stored_as for seen in group))
            )


def _group_by_film(watches: Iterable[_Observed]) -> Iterable[list[_Observed]]:
    groups: dict[tuple[str, str, str], list[_Observed]] = {}
    for seen in watches:
        groups.setdefault(_film_of(seen.record), []).append(seen)
    return groups.values()


def _read_overlapping(connection: Connection, running: list[_Observed], people: ViewerDirectory) -> list[_Observed]:
    """Return what is stored of the viewers and films that run, as far as it hangs together with them in time.

    What overlaps with a running watch may overlap with an earlier one: so it is looked further back until none does.
    Each part of a record is returned by itself.
    """
    films = {_film_of(seen.record) for seen in running}
    running_ids = {seen.record.watch_id for seen in running}
    since_s = min((seen.record.started_at_s for seen in running), default=0.0)
    overlapping: list[_Observed] = []
    while films:
        ended_since = _read_ended_since(connection, films, since_s, people)
        overlapping = [seen for seen in ended_since if seen.record.watch_id not in running_ids]
        earliest_s = min((seen.record.started_at_s for seen in overlapping), default=since_s)
        if earliest_s >= since_s:
            break
        since_s = earliest_s
    return overlapping


def _read_ended_since(
    connection: Connection, films: Set[tuple[str, str, str]], since_s: float, people: ViewerDirectory
) -> Iterator[_Observed]:
    viewers = sorted({viewer_id for viewer_id, _, _ in films})
    query = select(*WATCHES.c, WATCH_PARTS.c.row.label("part")).outerjoin(
        WATCH_PARTS, WATCH_PARTS.c.kept_as == WATCHES.c.watch_id
    )
    rows: list[tuple[Row, str]] = []
    for some in split_batches(viewers):
        ended_since = query.where(WATCHES.c.viewer_id.in_(some), WATCHES.c.ended_at_s > since_s)
        rows += [
            (row if row["part"] is None else decode_part(row["part"]), row["watch_id"])
            for row in connection.execute(ended_since).mappings()
        ]
    names = people.member_names()
    for row, kept_as in rows:
        if (row["viewer_id"], row["server_id"], row["rating_key"]) in films:
            record = with_current_name(watch_record(row), names)
            yield _Observed(record, row["identity"], frozenset({kept_as}), runs=False)


def _film_of(record: WatchRecord) -> tuple[str, str, str]:
    """Return viewer, server and rating key."""
    return record.viewer_id, record.item.server_id, record.item.rating_key

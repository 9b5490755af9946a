"""Merged watches: `watches` contains the merged record, `watch_parts` the originals.

A member with linked accounts may be seen under several ids, at the same time or in turns. `group_same_watch` in
`viewers.merge` decides which watches are one. The originals are kept, so that a link can be undone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, select, update

from messages import Moment
from persistence.database.rows import Row, as_json, decode_item, decode_part, watch_record, watch_row
from persistence.database.sql import split_batches, upsert
from persistence.database.tables import WATCH_PARTS, WATCHES
from persistence.records.change_set import ChangeSet, RowChange
from persistence.records.film_runs import Original, find_mixed_runs, find_runs
from persistence.records.watches import write_rows
from tracking.watches.film import group_films
from viewers.merge import Attendance, Extent, Thresholds, group_same_watch, merge_records, record_attendance


def read_part(connection: Connection, watch_id: str) -> dict[str, Any] | None:
    """Return the original of a merged watch; None if the watch is not a part."""
    text = connection.execute(select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.watch_id == watch_id)).scalar()
    return None if text is None else decode_part(text)


def replace_part(connection: Connection, row: Row) -> None:
    """Replace the original of a merged watch; the merge that follows updates the merged record."""
    own = WATCH_PARTS.c.watch_id == row["watch_id"]
    connection.execute(update(WATCH_PARTS).where(own).values(row=as_json(dict(row))))


def read_all_parts(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return all originals of merged watches, by watch_id."""
    found = connection.execute(select(WATCH_PARTS.c.watch_id, WATCH_PARTS.c.row))
    return {watch_id: decode_part(text) for watch_id, text in found}


def read_parts(connection: Connection, viewer_id: str) -> list[dict[str, Any]]:
    """Return the originals of a viewer's merged watches."""
    found = connection.execute(select(WATCH_PARTS.c.row).where(WATCH_PARTS.c.viewer_id == viewer_id)).scalars()
    return [decode_part(text) for text in found]


def read_records_with_part(connection: Connection, viewer_id: str, plex_id: str) -> list[str]:
    """Return the ids of a viewer's merged records that have a part watched under this id."""
    query = select(WATCH_PARTS.c.kept_as, WATCH_PARTS.c.row).where(WATCH_PARTS.c.viewer_id == viewer_id)
    return sorted(
        {kept_as for kept_as, text in connection.execute(query).all() if decode_part(text)["identity"] == plex_id}
    )


def read_extents(connection: Connection, viewer_id: str) -> list[Extent]:
    """Return when a viewer's watches ran."""
    columns = (WATCHES.c.started_at_s, WATCHES.c.ended_at_s, WATCHES.c.watch_id)
    return [Extent(*row) for row in connection.execute(select(*columns).where(WATCHES.c.viewer_id == viewer_id)).all()]


def extent_of(row: Row) -> Extent:
    """Return when the watch of a row ran."""
    return Extent(row["started_at_s"], row["ended_at_s"], row["watch_id"])


class StoredWatches(msgspec.Struct):
    """Some stored watches of a viewer."""

    rows: dict[str, Row] = msgspec.field(default_factory=dict)
    """Records by watch_id."""
    parts: dict[str, dict[str, Row]] = msgspec.field(default_factory=dict)
    """The parts of merged records, by the record's watch_id and their own."""

    @classmethod
    def of(cls, rows: Iterable[tuple[Row, str | None]]) -> "StoredWatches":
        """Return the watches from rows of `watches`, each with the row of a part (JSON) or None."""
        watches = cls()
        for row, part in rows:
            watches.put(row, part)
        return watches

    def put(self, row: Row, part: str | None) -> None:
        """Add a row, with the row of one of its parts (JSON) if it has any."""
        self.rows[row["watch_id"]] = row
        if part is not None:
            original = decode_part(part)
            self.parts.setdefault(row["watch_id"], {})[original["watch_id"]] = original

    def find_original(self, watch_id: str) -> Row | None:
        """Return the original of a watch: its part of a merged record, or its own record."""
        for parts in self.parts.values():
            if watch_id in parts:
                return parts[watch_id]
        return self.rows.get(watch_id)

    def originals(self) -> dict[str, tuple[Row, str]]:
        """Return the originals by watch_id, each with the id of the record that contains it."""
        found = {watch_id: (row, watch_id) for watch_id, row in self.rows.items() if watch_id not in self.parts}
        for record_id, parts in self.parts.items():
            found |= {watch_id: (row, record_id) for watch_id, row in parts.items()}
        return found

    def select(self, record_ids: Collection[str]) -> "StoredWatches":
        """Return only these records, with their parts, in the order of the history."""
        rows = sorted((self.rows[each] for each in record_ids if each in self.rows), key=lambda row: int(row["seq"]))
        by_id = {row["watch_id"]: row for row in rows}
        return StoredWatches(by_id, {watch_id: self.parts[watch_id] for watch_id in by_id if watch_id in self.parts})

    def add(self, other: "StoredWatches") -> "StoredWatches":
        """Return these watches together with others."""
        return StoredWatches(self.rows | other.rows, self.parts | other.parts)

    def find_run(self, fresh: Row, window_s: float) -> list[Original]:
        """Return the watches that a new or longer one may be one with, and itself."""
        watch_id = fresh["watch_id"]
        originals = self.originals()
        originals[watch_id] = fresh, originals[watch_id][1] if watch_id in originals else watch_id
        runs = find_runs((Original.of(row, record_id) for row, record_id in originals.values()), window_s)
        return next(run for run in runs if any(each.watch_id == watch_id for each in run))


_WITH_PARTS = select(*WATCHES.c, WATCH_PARTS.c.row.label("part")).outerjoin(
    WATCH_PARTS, WATCH_PARTS.c.kept_as == WATCHES.c.watch_id
)


def _read(connection: Connection, query: Select[Any]) -> Iterator[tuple[Row, str | None]]:
    for joined in connection.execute(query.order_by(WATCHES.c.seq)).mappings():
        row = dict(joined)
        part = row.pop("part")
        yield row, part


def _read_near(connection: Connection, viewer_id: str, since_s: float, until_s: float) -> StoredWatches:
    """Return a viewer's watches that ran between two times."""
    near = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.ended_at_s >= since_s, WATCHES.c.started_at_s <= until_s)
    return StoredWatches.of(_read(connection, _WITH_PARTS.where(*near)))


def _read_records(connection: Connection, record_ids: Iterable[str]) -> StoredWatches:
    """Return some records with their parts."""
    batches = split_batches(sorted(record_ids))
    return StoredWatches.of(
        pair for some in batches for pair in _read(connection, _WITH_PARTS.where(WATCHES.c.watch_id.in_(some)))
    )


def merge_near(change: ChangeSet, viewer_id: str, changed: Collection[Extent]) -> None:
    """Merge a viewer's watches that are one; the originals become parts of the merged record.

    `changed`: when the watches ran that are new, or are the viewer's now. Only watches near them are looked at.
    """
    runs = find_mixed_runs(change.connection, viewer_id, changed, change.rules.resume_window_s)
    ids = [{each.record_id for each in run} for run in runs]
    watches = _read_records(change.connection, {watch_id for some in ids for watch_id in some})
    _store(change, viewer_id, [_Merge(change.rules.thresholds, watches.select(some)) for some in ids])


def put_watch(change: ChangeSet, viewer_id: str, near: StoredWatches, fresh: Row) -> None:
    """Store a new or longer watch, merged with the viewer's other watches that are one with it.

    `near`: at least its own record, and the viewer's watches that ran within the resume window before or after it.
    """
    window_s = change.rules.resume_window_s
    since_s, until_s = fresh["started_at_s"] - window_s, fresh["ended_at_s"] + window_s
    while True:
        run = near.find_run(fresh, window_s)
        began_s, ended_s = min(each.began_s for each in run), max(each.ended_s for each in run)
        is_mixed = len({each.identity for each in run}) > 1
        if not is_mixed or (began_s - window_s >= since_s and ended_s + window_s <= until_s):
            break
        since_s, until_s = min(since_s, began_s - window_s), max(until_s, ended_s + window_s)
        near = near.add(_read_near(change.connection, viewer_id, since_s, until_s))
    mine = near.select({each.record_id for each in run})
    _store(change, viewer_id, [_Merge(change.rules.thresholds, mine, fresh)])


def restore_parts(change: ChangeSet, viewer_id: str, record_ids: Iterable[str]) -> list[Row]:
    """Restore the originals of some of a viewer's merged records; return them."""
    watches = _read_records(change.connection, record_ids)
    _store(change, viewer_id, [_Merge(change.rules.thresholds, watches, is_undone=True)])
    return [row for row, _ in watches.originals().values()]


class _Merge:
    """The new records and parts of some watches. If nothing changes, nothing is written."""

    def __init__(
        self, thresholds: Thresholds, watches: StoredWatches, fresh: Row | None = None, *, is_undone: bool = False
    ) -> None:
        self._thresholds = thresholds
        self.rows = watches.rows
        self.parts = watches.parts
        originals = {watch_id: row for watch_id, (row, _) in watches.originals().items()}
        if fresh is not None:
            originals[fresh["watch_id"]] = fresh
        self.rows_then: dict[str, Row] = {}
        self.parts_then: dict[str, dict[str, Row]] = {}
        films = [[row] for row in originals.values()] if is_undone else _group_films(originals.values())
        for film in films:
            for group in group_same_watch(film, _attendance_of, thresholds):
                self._put_together(group)

    def _put_together(self, group: Sequence[Row]) -> None:
        by_id = {row["watch_id"]: row for row in group}
        if len(group) == 1:
            self.rows_then.update(by_id)
            return
        whole = _merge(group, self._thresholds)
        self.rows_then[whole["watch_id"]] = whole
        self.parts_then[whole["watch_id"]] = by_id


def _store(change: ChangeSet, viewer_id: str, merges: Iterable[_Merge]) -> None:
    """Write the changes of several merges, in few statements."""
    rows: list[RowChange] = []
    gone: list[str] = []
    put: list[dict[str, str]] = []
    for merge in merges:
        ids = {**merge.rows, **merge.rows_then}
        rows += (RowChange(merge.rows.get(watch_id), merge.rows_then.get(watch_id)) for watch_id in ids)
        before = {(part, whole): row for whole, parts in merge.parts.items() for part, row in parts.items()}
        then = {(part, whole): row for whole, parts in merge.parts_then.items() for part, row in parts.items()}
        gone += sorted({part for part, _ in before} - {part for part, _ in then})
        put += [
            {"watch_id": part, "viewer_id": viewer_id, "kept_as": whole, "row": as_json(dict(row))}
            for (part, whole), row in then.items()
            if before.get((part, whole)) != row
        ]
    write_rows(change, rows)
    for some in split_batches(gone):
        change.connection.execute(delete(WATCH_PARTS).where(WATCH_PARTS.c.watch_id.in_(some)))
    upsert(change.connection, WATCH_PARTS, put)


def _merge(group: Sequence[Row], thresholds: Thresholds) -> Mapping[str, Any]:
    """Return the row of the merged record, which takes the place of the longest."""
    whole = merge_records([watch_record(row) for row in group], thresholds)
    kept = next(row for row in group if row["watch_id"] == whole.watch_id)
    closed = Moment(kept["closed_wall_s"], kept["closed_steady_s"])
    return watch_row(
        whole, kept["seq"], closed, imported=kept["imported"], end_known=kept["end_known"], identity=kept["identity"]
    )


def _group_films(rows: Iterable[Row]) -> list[list[Row]]:
    return group_films(rows, lambda row: decode_item(row["item"]), lambda row: float(row["started_at_s"]))


def _attendance_of(row: Row) -> Attendance:
    return record_attendance(watch_record(row), row["identity"])

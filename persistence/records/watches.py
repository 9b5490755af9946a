"""Rows of `watches`: the record of each finished watch. Only this module inserts, changes or deletes them."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, delete, select, update

from messages import Moment, WatchRecord
from persistence.database.rows import NO_CLOCK_S, Row, tracked_record
from persistence.database.sql import split_batches, upsert
from persistence.database.tables import WATCHES
from persistence.records.change_set import ChangeSet, RowChange, ViewerMove
from persistence.records.checkpoint import SAME_S
from persistence.summaries.update import apply_change, apply_move, move_viewer


def read_resumable(connection: Connection, since_s: float, parts: Iterable[tuple[str, Row]]) -> tuple[WatchRecord, ...]:
    """Return the finished watches that ended at or after a time, the oldest first. `since_s`: seconds since 1970, UTC.

    `parts`: the originals of merged watches, by watch_id: the tracker knows only those.
    """
    query = select(WATCHES).where(WATCHES.c.ended_at_s >= since_s, WATCHES.c.closed_steady_s != NO_CLOCK_S)
    originals = dict(parts)
    whole = (row for row in connection.execute(query).mappings() if row["watch_id"] not in originals)
    rows: list[Row] = [*whole, *originals.values()]
    rows.sort(key=lambda row: (row["ended_at_s"], row["watch_id"]))
    return tuple(tracked_record(row) for row in rows if row["ended_at_s"] >= since_s)


def write_rows(change: ChangeSet, changes: Iterable[RowChange]) -> None:
    """Insert, replace and delete records, each given by its stored and its new row.

    Every change of a record goes through this function, or one of the three below.
    """
    real = [each for each in changes if each.old != each.new]
    gone = [each.old["watch_id"] for each in real if each.old is not None and each.new is None]
    for some in split_batches(gone):
        change.connection.execute(delete(WATCHES).where(WATCHES.c.watch_id.in_(some)))
    rows = [dict(each.new) for each in real if each.new is not None]
    if any(each.old is not None and each.new is not None for each in real):
        upsert(change.connection, WATCHES, rows)
    elif rows:
        change.connection.execute(WATCHES.insert(), rows)
    for each in real:
        change.note_row(each.old, each.new)
    if real:
        olds = [each.old for each in real if each.old is not None]
        apply_change(change.connection, olds, rows)


def insert_rows(change: ChangeSet, rows: Sequence[Row]) -> None:
    """Insert new records of an import. They are not in `row_changes`, because there may be a million."""
    change.connection.execute(WATCHES.insert(), [dict(row) for row in rows])
    apply_change(change.connection, (), rows)
    change.facts.add_to_history_count(len(rows))


def move_rows(change: ChangeSet, old_viewer_id: str, new_viewer_id: str, identity: str | None = None) -> int:
    """Move a viewer's records to another viewer; return how many. `identity`: only those watched under this id.

    They are not in `row_changes`: there may be a hundred thousand, and no other column changes.
    """
    connection = change.connection
    chosen = WATCHES.c.viewer_id == old_viewer_id
    if identity is None:
        moved = connection.execute(update(WATCHES).where(chosen).values(viewer_id=new_viewer_id)).rowcount
        move_viewer(connection, old_viewer_id, new_viewer_id)
        if moved:
            change.note_move(ViewerMove(old_viewer_id, new_viewer_id, None))
        return moved
    chosen &= WATCHES.c.identity == identity
    ids = frozenset(connection.execute(select(WATCHES.c.watch_id).where(chosen)).scalars())
    connection.execute(update(WATCHES).where(chosen).values(viewer_id=new_viewer_id))
    apply_move(connection, _read_some(connection, ids), old_viewer_id)
    if ids:
        change.note_move(ViewerMove(old_viewer_id, new_viewer_id, ids))
    return len(ids)


def _read_some(connection: Connection, watch_ids: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of watches, read in batches."""
    for some in split_batches(watch_ids):
        yield from connection.execute(select(WATCHES).where(WATCHES.c.watch_id.in_(some))).mappings().all()


def mark_imported(change: ChangeSet, watch_ids: Iterable[str]) -> None:
    """Mark records as present in the older bot's files; nothing else in them changes."""
    for some in split_batches(watch_ids):
        change.connection.execute(update(WATCHES).where(WATCHES.c.watch_id.in_(some)).values(imported=True))


def is_outdated(record: WatchRecord, closed: Moment, stored: Row) -> bool:
    """Tell whether the stored record of a watch is newer than this one.

    It compares two clocks: the wall clock may have been set back, and the steady clock restarts at a boot. If both
    happened, as on a machine without a battery-backed clock, what was seen decides: a resumed watch contains more.
    """
    is_earlier = closed.wall_s < stored["closed_wall_s"] and closed.steady_s < stored["closed_steady_s"]
    is_more = record.playing_s + record.paused_s > stored["playing_s"] + stored["paused_s"] + SAME_S
    return is_earlier and not is_more and bool(record.coverage_ms <= stored["coverage_ms"])

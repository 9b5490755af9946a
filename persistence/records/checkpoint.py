"""Running watches: which of them still run, and the checkpoint that stores them."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import msgspec
from sqlalchemy import (
    BindParameter,
    Connection,
    Double,
    Integer,
    Text,
    bindparam,
    cast,
    delete,
    null,
    select,
    union_all,
)

from messages import Moment, WatchRecord, WatchState, spans
from persistence.database.rows import as_json
from persistence.database.sql import split_batches, upsert
from persistence.database.tables import CHECKPOINT, VIEWER_STATS, WATCH_PARTS, WATCHES
from persistence.records.viewers import read_erasures
from tracking.watches.watch import watched_s
from viewers.directory import ViewerDirectory

JUST_THEN_S = 5.0
"""A watch that the tracker opens after it learned of an erasure may begin up to this long before the erasure."""
SAME_S = 0.001
"""Tolerance for comparing a duration that was stored twice."""


class RunningWatch(NamedTuple):
    """A running watch: its state, and its record as if it ended now."""

    state: WatchState
    record: WatchRecord


@runtime_checkable
class RunningLookup(Protocol):
    """An index of all running watches by viewer."""

    def find_watches(self, viewer_ids: Iterable[str]) -> list[RunningWatch]:
        """Return the running watches of these ids."""

    def count_without(self, watch_ids: Collection[str]) -> int:
        """Return the number of running watches, without these."""


class RunningList:
    """A lookup that searches all running watches."""

    def __init__(self, watches: Iterable[RunningWatch]) -> None:
        self._watches = list(watches)

    def find_watches(self, viewer_ids: Iterable[str]) -> list[RunningWatch]:
        """Return the running watches of these ids."""
        ids = set(viewer_ids)
        return [watch for watch in self._watches if watch.state.viewer_id in ids]

    def count_without(self, watch_ids: Collection[str]) -> int:
        """Return the number of running watches, without these."""
        return sum(watch.state.watch_id not in watch_ids for watch in self._watches)


class StoredProgress(NamedTuple):
    """The columns of a stored record that tell whether its watch is running again."""

    closed: Moment
    lasted_s: float
    coverage_ms: int
    kept_as: str
    """Id of the record that contains the watch: its own, or the one that it is a part of."""


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_NO_TEXT, _NO_NUMBER = cast(null(), Text), cast(null(), Double)
_PROGRESS = union_all(
    select(
        *(WATCHES.c.watch_id, WATCHES.c.watch_id, _NO_TEXT),
        *(WATCHES.c.closed_wall_s, WATCHES.c.closed_steady_s, WATCHES.c.playing_s + WATCHES.c.paused_s),
        WATCHES.c.coverage_ms,
    ).where(WATCHES.c.watch_id.in_(_IDS)),
    select(
        *(WATCH_PARTS.c.watch_id, WATCH_PARTS.c.kept_as, WATCH_PARTS.c.row),
        *(_NO_NUMBER, _NO_NUMBER, _NO_NUMBER),
        cast(null(), Integer),
    ).where(WATCH_PARTS.c.watch_id.in_(_IDS)),
)


def read_progress(connection: Connection, watch_ids: Iterable[str]) -> dict[str, StoredProgress]:
    """Return the stored progress of these watches; for a part of a merged record, the part's own."""
    progress = {}
    for some in split_batches(watch_ids):
        for watch_id, kept_as, text, wall_s, steady_s, lasted_s, coverage_ms in connection.execute(
            _PROGRESS, {"ids": some}
        ).all():
            if text is None:
                progress[watch_id] = StoredProgress(Moment(wall_s, steady_s), lasted_s, coverage_ms, kept_as)
                continue
            row = msgspec.json.decode(text)
            closed = Moment(row["closed_wall_s"], row["closed_steady_s"])
            lasted_s = row["playing_s"] + row["paused_s"]
            progress[watch_id] = StoredProgress(closed, lasted_s, row["coverage_ms"], kept_as)
    return progress


def is_running(watch: WatchState, known: Mapping[str, StoredProgress]) -> bool:
    """Tell whether a watch is still running. If it has a record, it is only if it was seen later: it was resumed.

    The wall clock may have been set, and the steady clock restarts at a boot. Unless both say that it was resumed, the
    content decides: a resumed watch contains more than its record.
    """
    record = known.get(watch.watch_id)
    if record is None:
        return True
    if watch.seen.wall_s > record.closed.wall_s and watch.seen.steady_s > record.closed.steady_s:
        return True
    lasted_s = watched_s(watch) + watch.paused_s
    return lasted_s > record.lasted_s + SAME_S or spans.coverage(watch.spans) > record.coverage_ms


def drop_finished(running: Iterable[RunningWatch], stored: Mapping[str, StoredProgress]) -> list[RunningWatch]:
    """Leave out the watches whose record was stored after they were last seen. `stored`: as of `read_progress`."""
    return [watch for watch in running if is_running(watch.state, stored)]


def drop_finished_states(connection: Connection, states: Iterable[WatchState]) -> tuple[WatchState, ...]:
    """Leave out the watches whose record was stored after they were last seen; the tracker continues the others."""
    watches = list(states)
    stored = read_progress(connection, (state.watch_id for state in watches))
    return tuple(state for state in watches if is_running(state, stored))


def read_viewers_watching(connection: Connection) -> set[str]:
    """Return the viewers whose saved statistics say that they are watching, so that they are recounted."""
    query = select(VIEWER_STATS.c.viewer_id).where(VIEWER_STATS.c.watching_now != "")
    return set(connection.execute(query).scalars())


def read_checkpoint(connection: Connection) -> tuple[WatchState, ...]:
    """Return the running watches as of the last save."""
    states = connection.execute(select(CHECKPOINT.c.state).order_by(CHECKPOINT.c.watch_id)).scalars()
    return tuple(msgspec.json.decode(state, type=WatchState) for state in states)


def delete_from_checkpoint(connection: Connection, watch_ids: Iterable[str]) -> None:
    """Remove watches that ended from the checkpoint."""
    for some in split_batches(watch_ids):
        connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.watch_id.in_(some)))


def put_into_checkpoint(connection: Connection, running: Iterable[RunningWatch], at_s: float) -> None:
    """Write the current state of running watches into the checkpoint; other rows stay."""
    rows = [
        {
            "watch_id": state.watch_id,
            "viewer_id": state.viewer_id,
            "server_id": state.item.server_id,
            "guild_id": state.guild_id,
            "state": as_json(state),
            "saved_at_s": at_s,
        }
        for state, _record in running
    ]
    upsert(connection, CHECKPOINT, rows)


def replace_checkpoint(connection: Connection, running: Iterable[RunningWatch], at_s: float) -> None:
    """Replace the checkpoint by these watches."""
    watches = list(running)
    ids = {watch.state.watch_id for watch in watches}
    stored = connection.execute(select(CHECKPOINT.c.watch_id)).scalars()
    delete_from_checkpoint(connection, [watch_id for watch_id in stored if watch_id not in ids])
    put_into_checkpoint(connection, watches, at_s)


def should_store(viewer_id: str, started_at_s: float, people: ViewerDirectory, gone: Mapping[str, float]) -> bool:
    """Tell whether a watch may be stored: its viewer is tracked, and was not erased since it began.

    `gone`: when each viewer was erased. A watch that began at about that time may be the first one afterwards.
    """
    return people.tracks(viewer_id) and started_at_s > gone.get(viewer_id, -math.inf) - JUST_THEN_S


def drop_unwanted(
    connection: Connection, running: Iterable[RunningWatch], people: ViewerDirectory
) -> list[RunningWatch]:
    """Return the running watches that may be stored."""
    watches = list(running)
    erasures = read_erasures(connection) if watches else {}
    return [
        watch for watch in watches if should_store(watch.state.viewer_id, watch.state.started_at_s, people, erasures)
    ]

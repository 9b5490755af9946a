"""Imports watches from other programs in one transaction: each once, and none that Usher recorded itself.

It is common to all sources of history; `tautulli/` and `plex_history/` interpret their rows.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager

import msgspec
from sqlalchemy import select

from messages import Item, Moment, WatchRecord
from persistence.database.rows import NO_CLOCK_S, Row, decode_item, watch_row
from persistence.database.tables import VIEWERS, WATCHES
from persistence.json_files.sync import mark_all_outdated
from persistence.records.change_set import ChangeSet, RowChange
from persistence.records.checkpoint import read_checkpoint, should_store
from persistence.records.running_watches import RunningWatches, attribute_to_viewer
from persistence.records.statistics import count_totals, write_statistics
from persistence.records.viewers import read_directory, read_erasures, record_viewers
from persistence.records.watch_parts import merge_near, read_part, read_parts, replace_part
from persistence.records.watches import insert_rows, write_rows
from persistence.store import Store
from tracking.watches.film import film_keys, same_film
from viewers.merge import Extent, record_extent

Progress = Callable[[str, int, int], None]
"""Called with the current step, how much of it is done, and its total."""
AT_ONCE = 500
_GROWN_S = 1.0
"""A watch with this much more playing time than the stored one was continued since."""


class ImportRules(msgspec.Struct, frozen=True):
    """Which watches of a history are imported, and for which server."""

    server_id: str
    """machineIdentifier of the history's Plex server."""
    tracked_types: frozenset[str]
    """The setting TRACKED_TYPES."""
    excluded: frozenset[str]
    """Names of excluded accounts, casefolded: EXCLUDED_PLEX_USERS."""


class WatchImportResult(msgspec.Struct):
    """The result of an import. Rows are the source's; several may be one watch."""

    watches: int = 0
    """New watches."""
    grown: int = 0
    """Watches that were continued since the last import."""
    known: int = 0
    """Watches that were imported before, unchanged."""
    viewers: int = 0
    """New viewers."""
    recorded: int = 0
    """Rows that Usher recorded itself at that time, or that the source has twice."""
    other_types: int = 0
    """Rows of untracked types: music, live TV..."""
    excluded: int = 0
    """Rows of excluded, untracked or erased accounts."""
    unreadable: int = 0
    """Rows without a time or an account."""


class _OwnWatch(msgspec.Struct):
    """A watch of an account that the store has from another source."""

    item: Item
    began_s: float
    ended_s: float


class WatchImport:
    """An import, inside its transaction."""

    def __init__(self, change: ChangeSet, store: Store, prefix: str, at_s: float) -> None:
        """`prefix`: prefix of the ids of this source's watches. `at_s`: seconds since 1970, UTC."""
        self.store = store
        self.result = WatchImportResult()
        self._change = change
        self._connection = change.connection
        self._prefix = prefix
        self._directory = read_directory(self._connection)
        self._erasures = read_erasures(self._connection)
        self._running = read_checkpoint(self._connection)
        self._closed = Moment(at_s, NO_CLOCK_S)
        self._fresh: list[Row] = []
        self._newest: dict[str, WatchRecord] = {}
        """The newest watch of each viewer that changed."""
        self._changed: dict[str, list[Extent]] = defaultdict(list)
        """When the changed watches ran, by member; only of linked accounts."""
        self._own_of = ""
        self._own: dict[str, list[_OwnWatch]] = {}
        self._known: dict[str, float] = {}

    def is_wanted(self, record: WatchRecord, names: Set[str], excluded: Set[str]) -> bool:
        """Tell whether an account's watch may be stored. `names`: the account's names. `excluded`: casefolded names."""
        if {name.casefold() for name in names} & excluded:
            return False
        return should_store(record.viewer_id, record.started_at_s, self._directory, self._erasures)

    def enter_account(self, identity: str) -> bool:
        """Make an account the current one and read its stored watches; return False if it was current already."""
        if self._own_of == identity:
            return False
        self._own_of = identity
        self._own, self._known = self._read_own(identity), self._read_known(identity)
        return True

    def was_recorded(self, item: Item, began_s: float, ended_s: float) -> bool:
        """Tell whether another source has a watch of the current account and this film that overlaps this time."""
        candidates = (own for key in film_keys(item) for own in self._own.get(key, ()))
        return any(own.began_s < ended_s and began_s < own.ended_s and same_film(own.item, item) for own in candidates)

    def _read_own(self, identity: str) -> dict[str, list[_OwnWatch]]:
        """Return an account's stored and running watches that are not from this source, by film."""
        viewer_id = self._find_viewer(identity)
        columns = (WATCHES.c.item, WATCHES.c.started_at_s, WATCHES.c.ended_at_s)
        chosen = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.identity == identity)
        query = select(*columns).where(*chosen, WATCHES.c.watch_id.not_like(f"{self._prefix}%"))
        stored = [_OwnWatch(decode_item(text), *times) for text, *times in self._connection.execute(query)]
        parts = [
            _OwnWatch(decode_item(row["item"]), row["started_at_s"], row["ended_at_s"])
            for row in read_parts(self._connection, viewer_id)
            if row["identity"] == identity and not row["watch_id"].startswith(self._prefix)
        ]
        running = [
            _OwnWatch(state.item, state.started_at_s, state.seen.wall_s)
            for state in self._running
            if state.viewer_id == identity
        ]
        by_key: dict[str, list[_OwnWatch]] = {}
        for own in (*stored, *parts, *running):
            for key in film_keys(own.item):
                by_key.setdefault(key, []).append(own)
        return by_key

    def _read_known(self, identity: str) -> dict[str, float]:
        """Return the playing time of each watch of an account that was imported before."""
        viewer_id = self._find_viewer(identity)
        chosen = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.watch_id.like(f"{self._prefix}%"))
        query = select(WATCHES.c.watch_id, WATCHES.c.playing_s).where(*chosen)
        known: dict[str, float] = dict(self._connection.execute(query).all())
        parts = read_parts(self._connection, viewer_id) if identity in self._directory.links else []
        return known | {row["watch_id"]: row["playing_s"] for row in parts}

    def _find_viewer(self, identity: str) -> str:
        link = self._directory.links.get(identity)
        return identity if link is None else link.viewer_id

    def put(self, record: WatchRecord) -> None:
        """Insert a watch of the current account, or replace it if it was continued since; else leave it unchanged."""
        counted = attribute_to_viewer(record, self._directory)
        identity = record.viewer_id
        known_s = self._known.get(record.watch_id)
        if known_s is None:
            seq = self._change.facts.take_history_seq()
            self._fresh.append(watch_row(counted, seq, self._closed, identity=identity))
            self.result.watches += 1
            if len(self._fresh) >= AT_ONCE:
                self._flush()
        elif record.playing_s <= known_s + _GROWN_S:
            self.result.known += 1
            return
        else:
            self._replace(counted, identity)
            self.result.grown += 1
        newest = self._newest.get(counted.viewer_id)
        if newest is None or counted.ended_at_s >= newest.ended_at_s:
            self._newest[counted.viewer_id] = counted
        if identity in self._directory.links:
            self._changed[counted.viewer_id].append(record_extent(record))

    def _replace(self, record: WatchRecord, identity: str) -> None:
        """Replace a watch that was continued since; it may be a part of a member's merged watch."""
        part = read_part(self._connection, record.watch_id)
        if part is not None:
            replace_part(self._connection, watch_row(record, part["seq"], self._closed, identity=identity))
            return
        own = select(WATCHES).where(WATCHES.c.watch_id == record.watch_id)
        old = self._connection.execute(own).mappings().one()
        new = watch_row(record, old["seq"], self._closed, identity=identity)
        write_rows(self._change, [RowChange(old, new)])

    def _flush(self) -> None:
        """Write the waiting rows."""
        if self._fresh:
            insert_rows(self._change, self._fresh)
        self._fresh = []

    def finish(self, progress: Progress) -> None:
        """Write the waiting rows, and recount the statistics of the changed viewers."""
        self._flush()
        before = set(self._connection.execute(select(VIEWERS.c.viewer_id)).scalars())
        record_viewers(self._connection, self._newest.values())
        self.result.viewers = len(self._newest.keys() - before)
        for viewer_id, extents in self._changed.items():
            merge_near(self._change, viewer_id, extents)
        totals = {}
        for number, viewer_id in enumerate(self._newest, 1):
            totals[viewer_id] = count_totals(self._connection, self.store.rules, viewer_id)
            progress("statistics", number, len(self._newest))
        if totals:
            write_statistics(
                self._connection, self.store.rules, totals, RunningWatches(), self._closed.wall_s, announce=False
            )
            mark_all_outdated(self._connection)
        self._change.facts.flush()


@contextmanager
def import_watches(store: Store, prefix: str, progress: Progress, at_s: float | None = None) -> Iterator[WatchImport]:
    """Yield an import whose watches are stored in one transaction at the end; then rewrite the JSON copies.

    Nothing is announced. Raises SaveFailed with nothing changed, CopiesFailed with everything stored.
    """
    store.repair_json_files()
    with store.transaction() as connection:
        change = ChangeSet.begin(connection, store.rules)
        work = WatchImport(change, store, prefix, time.time() if at_s is None else at_s)
        yield work
        work.finish(progress)
    progress("copies", 0, 1)
    store.repair_json_files()
    progress("copies", 1, 1)

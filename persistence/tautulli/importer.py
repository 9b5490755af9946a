"""Brings Tautulli's history into the store: all or nothing, and the same database twice changes nothing."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace
from sqlalchemy import select

from messages import Item, Moment, WatchRecord
from persistence.database.errors import ImportFault
from persistence.database.rows import NO_CLOCK_S, Row, decode_item, watch_row
from persistence.database.tables import VIEWERS, WATCHES
from persistence.json_files.sync import mark_all_outdated
from persistence.records.change_set import ChangeSet, RowChange
from persistence.records.checkpoint import read_checkpoint, should_store
from persistence.records.running_watches import RunningWatches, attribute_to_viewer
from persistence.records.statistics import count_totals, write_statistics
from persistence.records.viewers import read_directory, read_erasures, record_viewers
from persistence.records.watch_parts import merge_shared_films, read_part, read_parts, replace_part
from persistence.records.watches import FilmKey, insert_rows, write_rows
from persistence.store import Store
from persistence.tautulli.database import TautulliDatabase, TautulliRow, TautulliUsers
from persistence.tautulli.watches import ID_PREFIX, build_record, build_watch_id, group_rows, read_item
from tracking.watches.film import film_keys, same_film

Progress = Callable[[str, int, int], None]
_AT_ONCE = 500
_GROWN_S = 1.0
"""A watch that has so much more playing time than what is stored of it has gone on since."""


@dataclass(frozen=True)
class TautulliRules:
    """What of the history is brought in, and as whose."""

    server_id: str
    """machineIdentifier of the Plex server that it is of."""
    tracked_types: frozenset[str]
    """The setting TRACKED_TYPES."""
    excluded: frozenset[str]
    """Names of accounts that are kept out, casefolded: EXCLUDED_PLEX_USERS."""


@dataclass
class TautulliResult:
    """What an import did. Rows are Tautulli's, of which several may be one watch."""

    watches: int = 0
    """Watches that were not there before."""
    grown: int = 0
    """Watches that went on since the last import."""
    known: int = 0
    """Watches that were brought in before, unchanged."""
    viewers: int = 0
    """Viewers who were not there before."""
    recorded: int = 0
    """Rows of what Usher recorded itself at that time, or that Tautulli has twice."""
    other_types: int = 0
    """Rows of what is not tracked: music, live TV..."""
    excluded: int = 0
    """Rows of accounts that are kept out, or that chose not to be tracked, or to be forgotten."""
    unreadable: int = 0
    """Rows that say no time, or no account."""


@dataclass
class _OwnWatch:
    """A watch that Usher recorded of an account."""

    item: Item
    began_s: float
    ended_s: float

    def overlaps(self, row: TautulliRow) -> bool:
        return self.began_s < row.stopped_s and row.started_s < self.ended_s


@dataclass
class _Import:
    """One import in its transaction."""

    change: ChangeSet
    store: Store
    users: TautulliUsers
    rules: TautulliRules
    at_s: float
    result: TautulliResult = field(default_factory=TautulliResult)
    newest: dict[str, WatchRecord] = field(default_factory=dict)
    """The newest watch of each viewer that changed."""
    films: dict[str, set[FilmKey]] = field(default_factory=lambda: defaultdict(set))
    """Films that changed, by the members to whom an account is linked."""

    def __post_init__(self) -> None:
        self.connection = self.change.connection
        self.directory = read_directory(self.connection)
        self.erasures = read_erasures(self.connection)
        self.running = read_checkpoint(self.connection)
        self.closed = Moment(self.at_s, NO_CLOCK_S)
        self.fresh: list[Row] = []
        self._own_of = ""
        self._own: dict[str, list[_OwnWatch]] = {}
        self._known: dict[str, float] = {}
        self._seen: dict[str, WatchRecord] = {}

    def take(self, group: Sequence[TautulliRow]) -> None:
        """Bring in the rows of one watch."""
        first = group[0]
        media_type = "live" if first.is_live else first.media_type
        if media_type not in self.rules.tracked_types:
            self.result.other_types += len(group)
            return
        account_id, item = self.users.account_id(first.user_id), read_item(first, self.rules.server_id)
        watch_id = build_watch_id(group, self.rules.server_id, account_id)
        record = build_record(watch_id, group, item, self.users, self.store.rules.thresholds)
        names = {first.user.casefold(), record.username.casefold()}
        if names & self.rules.excluded or not should_store(
            record.viewer_id, record.started_at_s, self.directory, self.erasures
        ):
            self.result.excluded += len(group)
            return
        if self._own_of != record.viewer_id:
            self._own_of, self._seen = record.viewer_id, {}
            self._own, self._known = self._read_own(record.viewer_id), self._read_known(record.viewer_id)
        if (twin := self._seen.get(watch_id)) is not None:
            if (twin.ended_at_s, twin.playing_s) == (record.ended_at_s, record.playing_s):
                self.result.recorded += len(group)  # Tautulli wrote it twice
                return
            watch_id += f"-{first.group_id}"  # two players were started in one second
            record = replace(record, watch_id=watch_id)
        self._seen[watch_id] = record
        missed = [row for row in group if not self._was_recorded(record.viewer_id, item, row)]
        self.result.recorded += len(group) - len(missed)
        if missed:
            if len(missed) < len(group):
                record = build_record(watch_id, missed, item, self.users, self.store.rules.thresholds)
            self._put(record)

    def _was_recorded(self, identity: str, item: Item, row: TautulliRow) -> bool:
        """Tell whether Usher recorded this account with this film at that time itself."""
        candidates = (own for key in film_keys(item) for own in self._own.get(key, ()))
        return any(own.overlaps(row) and same_film(own.item, item) for own in candidates)

    def _read_own(self, identity: str) -> dict[str, list[_OwnWatch]]:
        """Return what Usher recorded of an account, stored or running, by film."""
        viewer_id = self._viewer_of(identity)
        columns = (WATCHES.c.item, WATCHES.c.started_at_s, WATCHES.c.ended_at_s)
        chosen = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.identity == identity)
        query = select(*columns).where(*chosen, WATCHES.c.watch_id.not_like(f"{ID_PREFIX}%"))
        stored = [_OwnWatch(decode_item(text), *times) for text, *times in self.connection.execute(query)]
        parts = [
            _OwnWatch(decode_item(row["item"]), row["started_at_s"], row["ended_at_s"])
            for row in read_parts(self.connection, viewer_id)
            if row["identity"] == identity and not row["watch_id"].startswith(ID_PREFIX)
        ]
        running = [
            _OwnWatch(state.item, state.started_at_s, state.seen.wall_s)
            for state in self.running
            if state.viewer_id == identity
        ]
        by_key: dict[str, list[_OwnWatch]] = {}
        for own in (*stored, *parts, *running):
            for key in film_keys(own.item):
                by_key.setdefault(key, []).append(own)
        return by_key

    def _read_known(self, identity: str) -> dict[str, float]:
        """Return the playing time of each watch of an account that was brought in before."""
        chosen = (WATCHES.c.viewer_id == self._viewer_of(identity), WATCHES.c.watch_id.like(f"{ID_PREFIX}%"))
        query = select(WATCHES.c.watch_id, WATCHES.c.playing_s).where(*chosen)
        known: dict[str, float] = dict(self.connection.execute(query).all())
        parts = read_parts(self.connection, self._viewer_of(identity)) if identity in self.directory.links else []
        return known | {row["watch_id"]: row["playing_s"] for row in parts}

    def _viewer_of(self, identity: str) -> str:
        link = self.directory.links.get(identity)
        return identity if link is None else link.viewer_id

    def _put(self, record: WatchRecord) -> None:
        """Insert a watch, or replace it where it has gone on since; unchanged where it has not."""
        counted = attribute_to_viewer(record, self.directory)
        identity = record.viewer_id
        known_s = self._known.get(record.watch_id)
        if known_s is None:
            seq = self.change.facts.take_history_seq()
            self.fresh.append(watch_row(counted, seq, self.closed, identity=identity))
            self.result.watches += 1
            if len(self.fresh) >= _AT_ONCE:
                self.flush()
        elif record.playing_s <= known_s + _GROWN_S:
            self.result.known += 1
            return
        else:
            self._replace(counted, identity)
            self.result.grown += 1
        newest = self.newest.get(counted.viewer_id)
        if newest is None or counted.ended_at_s >= newest.ended_at_s:
            self.newest[counted.viewer_id] = counted
        if identity in self.directory.links:
            self.films[counted.viewer_id].add(FilmKey(record.item.server_id, record.item.rating_key))

    def _replace(self, record: WatchRecord, identity: str) -> None:
        """Replace a watch that has gone on since; it may be a part of what a member watched at that time."""
        part = read_part(self.connection, record.watch_id)
        if part is not None:
            replace_part(self.connection, watch_row(record, part["seq"], self.closed, identity=identity))
            return
        own = select(WATCHES).where(WATCHES.c.watch_id == record.watch_id)
        old = self.connection.execute(own).mappings().one()
        new = watch_row(record, old["seq"], self.closed, identity=identity)
        write_rows(self.change, [RowChange(old, new)])

    def flush(self) -> None:
        """Write the rows that wait."""
        if self.fresh:
            insert_rows(self.change, self.fresh)
        self.fresh = []


def choose_server(database: TautulliDatabase, asked_for: str) -> str:
    """Return the machineIdentifier of the Plex server whose history it is. Raises ImportFault where that is not clear.

    `asked_for`: what the command line says; empty where it says nothing.
    """
    known = database.read_server_ids()
    if asked_for:
        return asked_for
    if len(known) == 1:
        return known[0]
    found = f"It has libraries of several servers: {', '.join(known)}" if known else "It does not say"
    raise ImportFault(
        f"Of which Plex server is this history? {found}. Give its machineIdentifier with --server; it is in the answer "
        "of the server's address with /identity behind it. Nothing was changed."
    )


def import_tautulli(
    store: Store,
    database: TautulliDatabase,
    rules: TautulliRules,
    progress: Progress = lambda _doing, _done, _of: None,
    at_s: float | None = None,
) -> TautulliResult:
    """Bring in the history in one transaction, then make the JSON copies anew. Nothing is announced.

    Raises SaveFailed with nothing changed, CopiesFailed with everything stored.
    """
    store.repair_json_files()
    now_s = time.time() if at_s is None else at_s
    with store.transaction() as connection:
        change = ChangeSet.begin(connection, store.rules)
        work = _Import(change, store, database.read_users(), rules, now_s)
        before = set(connection.execute(select(VIEWERS.c.viewer_id)).scalars())
        for group in group_rows(_count_rows(database, work.result, progress)):
            work.take(group)
        work.flush()
        record_viewers(connection, work.newest.values())
        work.result.viewers = len(work.newest.keys() - before)
        for viewer_id, films in work.films.items():
            merge_shared_films(change, viewer_id, films)
        totals = {}
        for number, viewer_id in enumerate(work.newest, 1):
            totals[viewer_id] = count_totals(connection, store.rules, viewer_id)
            progress("statistics", number, len(work.newest))
        if totals:
            write_statistics(connection, store.rules, totals, RunningWatches(), now_s, announce=False)
            mark_all_outdated(connection)
        change.facts.flush()
    progress("copies", 0, 1)
    store.repair_json_files()
    progress("copies", 1, 1)
    return work.result


def _count_rows(database: TautulliDatabase, result: TautulliResult, progress: Progress) -> Iterator[TautulliRow]:
    """Yield the rows that can be read, and tell how many were."""
    total = database.count_rows()
    progress("history", 0, total)
    for number, row in enumerate(database.read_rows(), 1):
        if row is None:
            result.unreadable += 1
        else:
            yield row
        if number % _AT_ONCE == 0 or number == total:
            progress("history", number, total)


__all__ = ["TautulliResult", "TautulliRules", "choose_server", "import_tautulli"]

"""Imports Tautulli's history into the store: all or nothing; importing the same database again changes nothing."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from messages import WatchRecord
from persistence.database.errors import ImportFault
from persistence.store import Store
from persistence.tautulli.database import TautulliDatabase, TautulliRow, TautulliUsers
from persistence.tautulli.watches import ID_PREFIX, build_record, build_watch_id, group_rows, read_item
from persistence.watch_import import AT_ONCE, ImportRules, Progress, WatchImport, WatchImportResult, import_watches


class _TautulliImport:
    """Passes Tautulli's rows to an import."""

    def __init__(self, work: WatchImport, users: TautulliUsers, rules: ImportRules) -> None:
        self._work = work
        self._users = users
        self._rules = rules
        self._result = work.result
        self._seen: dict[str, WatchRecord] = {}
        """The account's watches so far, by id."""

    def take(self, group: Sequence[TautulliRow]) -> None:
        """Import the rows of one watch."""
        first = group[0]
        media_type = "live" if first.is_live else first.media_type
        if media_type not in self._rules.tracked_types:
            self._result.other_types += len(group)
            return
        thresholds = self._work.store.rules.thresholds
        account_id, item = self._users.account_id(first.user_id), read_item(first, self._rules.server_id)
        watch_id = build_watch_id(group, self._rules.server_id, account_id)
        record = build_record(watch_id, group, item, self._users, thresholds)
        if not self._work.is_wanted(record, {first.user, record.username}, self._rules.excluded):
            self._result.excluded += len(group)
            return
        if self._work.enter_account(record.viewer_id):
            self._seen = {}
        if (twin := self._seen.get(watch_id)) is not None:
            if (twin.ended_at_s, twin.playing_s) == (record.ended_at_s, record.playing_s):
                self._result.recorded += len(group)  # Tautulli wrote it twice
                return
            watch_id += f"-{first.group_id}"  # two players were started in one second
            record = replace(record, watch_id=watch_id)
        self._seen[watch_id] = record
        missed = [row for row in group if not self._work.was_recorded(item, row.started_s, row.stopped_s)]
        self._result.recorded += len(group) - len(missed)
        if missed:
            if len(missed) < len(group):
                record = build_record(watch_id, missed, item, self._users, thresholds)
            self._work.put(record)


def choose_server(database: TautulliDatabase, asked_for: str) -> str:
    """Return the machineIdentifier of the Plex server whose history it is. Raises ImportFault if that is not clear.

    `asked_for`: the server named on the command line; empty if none.
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
    rules: ImportRules,
    progress: Progress = lambda _doing, _done, _of: None,
    at_s: float | None = None,
) -> WatchImportResult:
    """Import the history in one transaction, then rewrite the JSON copies. Nothing is announced.

    Raises SaveFailed with nothing changed, CopiesFailed with everything stored.
    """
    with import_watches(store, ID_PREFIX, progress, at_s) as work:
        tautulli = _TautulliImport(work, database.read_users(), rules)
        for group in group_rows(_count_rows(database, work.result, progress)):
            tautulli.take(group)
    return work.result


def _count_rows(database: TautulliDatabase, result: WatchImportResult, progress: Progress) -> Iterator[TautulliRow]:
    """Yield the readable rows, count the others, and report progress."""
    total = database.count_rows()
    progress("history", 0, total)
    for number, row in enumerate(database.read_rows(), 1):
        if row is None:
            result.unreadable += 1
        else:
            yield row
        if number % AT_ONCE == 0 or number == total:
            progress("history", number, total)

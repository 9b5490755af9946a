"""The store of record: opening, transactions (followed by the JSON copies), and snapshots for reading.

There is one writer. Everything is stored by its id: a watch by `watch_id`, a message by its own. So repeated
deliveries, in any order, leave the same rows. `operations` decides what is saved when.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from awards import oldest_current_day
from messages import Moment, Problem, WatchRecord, WatchState
from persistence.database.causes import UNWRITABLE, explain_failure, is_unstorable
from persistence.database.deadline import Deadline, limit_time
from persistence.database.engine import reader_engine, sqlite_file, store_name
from persistence.database.errors import (
    SaveFailed,
    SaveRefused,
    StoreAway,
    StoreInUse,
    StoreMoved,
    SummariesNotFilled,
)
from persistence.database.open_store import open_writer, translate_store_errors
from persistence.database.rows import NO_CLOCK_S, Row, watch_row
from persistence.database.schema import split_schema
from persistence.database.sql import ensure_page_key, split_batches
from persistence.database.store_file import StoreFile, rescue
from persistence.database.store_owner import StoreLock
from persistence.database.tables import WATCHES
from persistence.json_files.files import find_own_copies
from persistence.json_files.sync import JsonSync
from persistence.records import badges, checkpoint, saves, watches
from persistence.records.badges import UnannouncedBadge
from persistence.records.change_set import ChangeSet
from persistence.records.checkpoint import RunningWatch, drop_unwanted
from persistence.records.known_viewers import read_known_viewers
from persistence.records.running_watches import RunningWatches, count_running
from persistence.records.statistics import settle_statistics
from persistence.records.steady_viewers import SteadyViewers
from persistence.records.viewers import read_directory
from persistence.records.watch_parts import read_all_parts
from persistence.rules import StatisticsRules
from persistence.summaries.build import (
    FillProgress,
    clear_summaries,
    compare_with_records,
    fill_summaries,
    needs_preparation,
    prepare_summaries,
    read_progress,
)
from persistence.summaries.changes import SummaryChanges
from persistence.summaries.update import read_state, remember_if_filled
from viewers.directory import ViewerDirectory


class StoreSnapshot(msgspec.Struct, frozen=True, dict=True):
    """The store and the running watches at one moment, for answering questions. Data are read when first needed."""

    connection: Connection
    rules: StatisticsRules
    reported: tuple[RunningWatch, ...]
    """Running watches, as the tracker reported them before that moment."""
    now_s: float
    """Seconds since 1970, UTC."""
    asker: str = ""
    """Id of a viewer who is never hidden in this snapshot; empty for nobody in particular."""

    def show_to(self, asker: str) -> "StoreSnapshot":
        """Return a snapshot in which the asker (Discord id as digits) is not hidden from themselves."""
        return replace(self, asker=asker) if asker in self.hidden else self

    @cached_property
    def running(self) -> RunningWatches:
        """Running watches, attributed to the viewers for whom they count, as if they ended now."""
        return count_reported(self.connection, self.reported, self.rules, self.directory)

    @cached_property
    def directory(self) -> ViewerDirectory:
        """Links and choices of privacy."""
        return read_directory(self.connection)

    @cached_property
    def hidden(self) -> list[str]:
        """Ids of the hidden viewers, without `asker`."""
        return sorted(self.directory.hidden_viewers() - {self.asker})

    @cached_property
    def replaced_rows(self) -> list[Row]:
        """Rows of `watches` that running watches replace."""
        found: list[Row] = []
        for some in split_batches(self.running.instead_of):
            query = select(WATCHES).where(WATCHES.c.watch_id.in_(some)).order_by(WATCHES.c.watch_id)
            found += self.connection.execute(query).mappings().all()
        return found

    @cached_property
    def running_rows(self) -> list[Row]:
        """Running watches, as rows of `watches`."""
        return [watch_row(record, 0, Moment(self.now_s, NO_CLOCK_S)) for record in self.running.records]

    @cached_property
    def running_changes(self) -> SummaryChanges:
        """The changes that add the running watches to the summaries."""
        changes = SummaryChanges(self._zone)
        changes.subtract(self.replaced_rows)
        changes.add(self.running_rows)
        return changes

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(str(self.rules.zone))

    def require_summaries(self) -> None:
        """Raise SummariesNotFilled while the summaries are being filled: figures would be incomplete."""
        progress = read_progress(self.connection)
        if progress is not None:
            raise SummariesNotFilled(Problem.of("summaries.filling", percent=progress.percent))


class Store:
    """The open store. It belongs to the thread that opened it; a snapshot has its own connection, for any thread."""

    def __init__(
        self,
        url: str,
        folder: Path,
        rules: StatisticsRules,
        *,
        backups_dir: Path | None = None,
        note: Callable[[str], None] = lambda _line: None,
        is_owner: bool = False,
        may_begin_beside_copies: bool = False,
        keeps_summaries: bool = True,
    ) -> None:
        """Open the store at `url`, creating or migrating it if needed, with the JSON copies in `folder`.

        `note` is called with each action taken. `is_owner`: no other service may own the store meanwhile, and no new
        store is created beside JSON copies of an old one, unless `may_begin_beside_copies` (they will be imported).
        `keeps_summaries`: fill missing summaries; not beside a running service, which does that itself.
        Raises StoreError if the store cannot be used, StoreInUse if another service owns it.
        """
        self.rules = rules
        self.name = store_name(url)
        self.file = sqlite_file(url)
        self.schema = split_schema(url)[1]
        """The PostgreSQL schema of the store; empty for the database's default schema."""
        self._backups_dir = backups_dir or folder / "backups"
        self._rescued: Path | None = None
        """The copy of a store whose file disappeared, until the file is back."""
        if not is_owner:
            folder.mkdir(parents=True, exist_ok=True)
        elif not folder.is_dir():  # only the launcher creates it: here it disappeared, and the store with it
            raise StoreAway(Problem.of("store.folder_gone", folder=str(folder)), Problem.of("cure.put_back"))
        with ExitStack() as opened:
            if is_owner and self.file is not None:
                with translate_store_errors(url):
                    self.file.parent.mkdir(parents=True, exist_ok=True)
                    lock = StoreLock(self.file)
                    lock.take(folder)
                opened.callback(lock.release)
            copies = find_own_copies(folder) if is_owner and not may_begin_beside_copies else []
            self._writer = open_writer(url, self._backups_dir, note, is_owner=is_owner, copies=copies)
            with translate_store_errors(url):
                self._store_file = None if self.file is None else StoreFile(self.file)
            self.reader = reader_engine(url)
            if self._store_file is not None:
                opened.callback(self._store_file.close)
            opened.callback(self._writer.dispose)
            opened.callback(self.reader.dispose)
            self.json_sync = JsonSync(
                folder,
                self.reader,
                lambda: self.transaction(keeps_figures=True),
                note,
                lambda at_s: oldest_current_day(rules.today(at_s)),
            )
            self.steady_viewers = SteadyViewers()
            self.counts: saves.StoredCounts | None = None
            """Numbers of viewers and badges as of the last save; None if they must be counted."""
            with translate_store_errors(url):
                self.summary_progress = self._prepare_summaries() if keeps_summaries else None
            """How far the summaries were filled when the store was opened; None if they were complete."""
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close every connection, and release the lock."""
        self._opened.close()

    # -- writing ---------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, keeps_figures: bool = False) -> Iterator[Connection]:
        """Open a transaction; every error of the store becomes a SaveFailed that says what to do.

        A value that cannot be stored raises SaveRefused. At the end, the writes are verified to be in the file at the
        store's path. `keeps_figures`: whether the caller changes no viewer's figures, or removes the viewers that it
        changes from the steady viewers.
        """
        if not keeps_figures:
            self.steady_viewers.forget()
        try:
            self._check_file()
            with self._writer.begin() as connection:
                yield connection
            self._check_file()
        except StoreInUse as error:  # the connection was lost, and another service took the store meanwhile
            raise SaveFailed(error.problem) from error
        except (SQLAlchemyError, OSError, *UNWRITABLE) as error:
            reason = explain_failure(error, self.name, self.file)
            raise (SaveRefused if is_unstorable(error) else SaveFailed)(reason) from error

    def _check_file(self) -> None:
        """Raise SaveFailed if the store's file disappeared, naming a copy of its content."""
        if self._store_file is None:
            return
        try:
            self._store_file.check()
        except StoreMoved as error:
            raise SaveFailed(Problem.of("save.store_moved", what=error.problem, rescue=self._rescue())) from error
        self._rescued = None

    def _rescue(self) -> Problem:
        """Copy the open store's content, once; return where the copy is, or why there is none."""
        if self._rescued is None:
            try:
                connection = self._writer.raw_connection()
                try:
                    driver_connection = connection.driver_connection
                    assert isinstance(driver_connection, sqlite3.Connection)  # noqa: S101  # only SQLite has a file
                    self._rescued = rescue(driver_connection, self._backups_dir)
                finally:
                    connection.close()
            except (OSError, sqlite3.Error, SQLAlchemyError) as error:
                return Problem.of("store.not_rescued", error=str(error))
        return Problem.of("store.rescued", copy=str(self._rescued))

    @contextmanager
    def change(self, at_s: float, running: Iterable[RunningWatch] = ()) -> Iterator[ChangeSet]:
        """Open a transaction that changes stored records; update statistics, badges and copies at its end.

        `running`: every running watch. Raises SaveFailed with nothing changed; CopiesFailed with the store changed.
        """
        self.counts = None
        with self.transaction() as connection:
            change = ChangeSet.begin(connection, self.rules)
            yield change
            now = count_reported(connection, running, self.rules, read_directory(connection))
            viewers = sorted(change.viewers | change.touched | change.totals.keys())
            known = read_known_viewers(connection, viewers)
            settle_statistics(change, self.rules, viewers, known, now, at_s, announce=False)
            plan = self.json_sync.plan(change, at_s)
            change.facts.flush()
        self.json_sync.apply(plan)

    def ensure_page_key(self) -> bytes:
        """Return the key of the short names in web addresses; create one if there is none."""
        with self.transaction(keeps_figures=True) as connection:
            return ensure_page_key(connection)

    def mark_announced(self, viewer_id: str, badge_ids: Iterable[str]) -> None:
        """Mark badges of a viewer as announced: Discord has accepted the message."""
        with self.transaction(keeps_figures=True) as connection:
            badges.mark_announced(connection, viewer_id, badge_ids)

    @property
    def json_files_outdated(self) -> bool:
        """Whether a JSON copy could not be written and must be rewritten."""
        return self.json_sync.behind

    def repair_json_files(self) -> list[str]:
        """Rewrite each JSON copy that is torn, missing or behind; return their names."""
        return self.json_sync.repair()

    # -- reading ---------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(
        self, running: Iterable[RunningWatch] = (), now_s: float = 0.0, deadline: Deadline | None = None
    ) -> Iterator[StoreSnapshot]:
        """Open a read transaction, in which running watches count for their viewers as if they ended now.

        Everything is read from one moment, whatever is saved meanwhile: a watch is either stored or running, never
        both. `running` must be from before that moment, or a watch that ends in between would be neither. Raises
        AnswerTooSlow if a statement would end after the `deadline`.
        """
        with self.reader.connect() as connection, limit_time(connection, deadline):
            yield StoreSnapshot(connection, self.rules, tuple(running), now_s)

    def is_handled(self, message_id: str) -> bool:
        """Tell whether a message already took effect, in this run or an earlier one."""
        with self.reader.connect() as connection:
            return saves.is_handled(connection, message_id)

    def read_last_saved_s(self) -> float | None:
        """Return when the last save was, seconds since 1970, UTC; None if there was none."""
        with self.reader.connect() as connection:
            return saves.read_last_saved_s(connection)

    def read_checkpoint(self) -> tuple[WatchState, ...]:
        """Return the running watches as of the last save."""
        with self.reader.connect() as connection:
            return checkpoint.read_checkpoint(connection)

    def drop_finished(self, states: Iterable[WatchState]) -> tuple[WatchState, ...]:
        """Leave out the watches whose record was stored after they were last seen."""
        with self.reader.connect() as connection:
            return checkpoint.drop_finished_states(connection, states)

    def read_resumable(self, since_s: float) -> tuple[WatchRecord, ...]:
        """Return the finished watches that ended at or after `since_s`, the oldest first."""
        with self.reader.connect() as connection:
            return watches.read_resumable(connection, since_s, read_all_parts(connection).items())

    def read_unannounced_badges(self) -> list[UnannouncedBadge]:
        """Return the badges that were not yet sent to Discord, the earliest first."""
        with self.reader.connect() as connection:
            return badges.read_unannounced(connection)

    def fill_summaries(self, count: int) -> FillProgress | None:
        """Sum up the next `count` records; return how far the summaries are filled, None if they are complete."""
        with self.transaction(keeps_figures=True) as connection:
            progress = fill_summaries(connection, str(self.rules.zone), count)
        if progress is None:
            self._remember_summaries()
        return progress

    def check_summaries(self) -> list[str]:
        """Compare the summaries with the records (a minute for a million); return the names of wrong ones."""
        with self.reader.connect() as connection:
            return compare_with_records(connection)

    def clear_summaries(self) -> None:
        """Clear the summaries, so that they are filled again."""
        with self.transaction() as connection:
            clear_summaries(connection, str(self.rules.zone))

    def _prepare_summaries(self) -> FillProgress | None:
        zone = str(self.rules.zone)
        with self.reader.connect() as connection:
            is_needed = needs_preparation(connection, zone)
        progress = None
        if is_needed:
            try:
                with self.transaction() as connection:
                    progress = prepare_summaries(connection, zone)
            except SaveFailed:  # for example a full disk: saves report that, and filling is retried
                return FillProgress(0, 1)
        if progress is None:
            self._remember_summaries()
        return progress

    def _remember_summaries(self) -> None:
        with self.reader.connect() as connection:
            state = read_state(connection)
        raw = self._writer.raw_connection()  # without a transaction: another program may hold the store's lock
        remember_if_filled(raw.info, state)
        raw.close()


def count_reported(
    connection: Connection, running: Iterable[RunningWatch], rules: StatisticsRules, directory: ViewerDirectory
) -> RunningWatches:
    """Return the reported watches, attributed to their viewers, without those that are stored by now."""
    watches = list(running)
    stored = checkpoint.read_progress(connection, (watch.state.watch_id for watch in watches))
    still = drop_unwanted(connection, checkpoint.drop_finished(watches, stored), directory)
    return count_running(connection, still, stored, directory, rules.thresholds)

"""The store of record: it is opened, written in transactions that are followed by the JSON copies, and read.

One writer. What is in the store is found again by its id: a watch by `watch_id`, a message by its own. So a delivery
that is repeated, in whatever order, leaves the same rows. What is saved when is the matter of `operations`.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

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


@dataclass(frozen=True)
class StoreSnapshot:
    """The store and what runs, at one moment: what questions are answered from. What a question needs is read then."""

    connection: Connection
    rules: StatisticsRules
    reported: tuple[RunningWatch, ...]
    """What runs, as the tracker reported it before that moment."""
    now_s: float
    """Seconds since 1970, UTC."""

    @cached_property
    def running(self) -> RunningWatches:
        """What runs, as watches of those for whom they count, as if they ended now."""
        return count_reported(self.connection, self.reported, self.rules)

    @cached_property
    def directory(self) -> ViewerDirectory:
        """Links and choices of privacy."""
        return read_directory(self.connection)

    @cached_property
    def hidden(self) -> list[str]:
        """Ids of the viewers whom nobody else may see."""
        return sorted(self.directory.hidden_viewers())

    @cached_property
    def replaced_rows(self) -> list[Row]:
        """Rows of `watches` whose place is taken by what runs."""
        found: list[Row] = []
        for some in split_batches(self.running.instead_of):
            query = select(WATCHES).where(WATCHES.c.watch_id.in_(some)).order_by(WATCHES.c.watch_id)
            found += self.connection.execute(query).mappings().all()
        return found

    @cached_property
    def running_rows(self) -> list[Row]:
        """What runs, as rows of `watches`."""
        return [watch_row(record, 0, Moment(self.now_s, NO_CLOCK_S)) for record in self.running.records]

    @cached_property
    def running_changes(self) -> SummaryChanges:
        """What the summaries are to be changed by, for what runs to be in them."""
        changes = SummaryChanges(self._zone)
        changes.subtract(self.replaced_rows)
        changes.add(self.running_rows)
        return changes

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(str(self.rules.zone))

    def require_summaries(self) -> None:
        """Raise SummariesNotFilled while the summaries are being filled: figures would lack what is not in them."""
        progress = read_progress(self.connection)
        if progress is not None:
            raise SummariesNotFilled(Problem.of("summaries.filling", percent=progress.percent))


class Store:
    """Opened on one thread and used on it; a snapshot has a connection of its own, for any thread."""

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
        """Open the store at `url`, made or migrated where needed, with the JSON copies in `folder`.

        `note` is told of what was done on the way. `is_owner`: no other service may own the store meanwhile, and no new
        one begins beside JSON copies of an old one, unless it `may_begin_beside_copies`, for they are brought in.
        `keeps_summaries`: fill them where they are not; not beside a service, which does so.
        Raises StoreError where the store cannot be used, StoreInUse where another service owns it.
        """
        self.rules = rules
        self.name = store_name(url)
        self.file = sqlite_file(url)
        self.schema = split_schema(url)[1]
        """The schema of a PostgreSQL database that the store is; empty where it is the database's own."""
        self._backups_dir = backups_dir or folder / "backups"
        self._rescued: Path | None = None
        """The copy of a store whose file went away, until it is back."""
        if not is_owner:
            folder.mkdir(parents=True, exist_ok=True)
        elif not folder.is_dir():  # made by the launcher alone: here it went away, and the store with it
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
            """Viewers and badges as of the last save; None where they have to be counted."""
            with translate_store_errors(url):
                self.summary_progress = self._prepare_summaries() if keeps_summaries else None
            """How far the summaries were filled when the store was opened; None where they were whole."""
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close every connection, and release the lock."""
        self._opened.close()

    # -- writing ---------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, keeps_figures: bool = False) -> Iterator[Connection]:
        """Open a transaction; every error of the store becomes a SaveFailed that says what to do.

        Where it is a value that cannot be stored, a SaveRefused. What was written is known to be in the file at the
        store's path when this ends. `keeps_figures`: whoever opens it knows that it changes no viewer's figures, or has
        those forgotten whose it changes.
        """
        if not keeps_figures:
            self.steady_viewers.forget()
        try:
            self._check_file()
            with self._writer.begin() as connection:
                yield connection
            self._check_file()
        except StoreInUse as error:  # a connection to a server was lost, and another service came first
            raise SaveFailed(error.problem) from error
        except (SQLAlchemyError, OSError, *UNWRITABLE) as error:
            reason = explain_failure(error, self.name, self.file)
            raise (SaveRefused if is_unstorable(error) else SaveFailed)(reason) from error

    def _check_file(self) -> None:
        """Raise SaveFailed where the store's file went away, naming a copy of what was in it."""
        if self._store_file is None:
            return
        try:
            self._store_file.check()
        except StoreMoved as error:
            raise SaveFailed(Problem.of("save.store_moved", what=error.problem, rescue=self._rescue())) from error
        self._rescued = None

    def _rescue(self) -> Problem:
        """Copy what the open store holds, once; return where it is, or why there is no copy."""
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
        """Open a transaction that changes stored records; statistics, badges and copies follow when it ends.

        `running` is every running watch. Raises SaveFailed with nothing changed; CopiesFailed with the store changed.
        """
        self.counts = None
        with self.transaction() as connection:
            change = ChangeSet.begin(connection, self.rules)
            yield change
            now = count_reported(connection, running, self.rules)
            viewers = sorted(change.viewers | change.touched | change.totals.keys())
            known = read_known_viewers(connection, viewers)
            settle_statistics(change, self.rules, viewers, known, now, at_s, announce=False)
            plan = self.json_sync.plan(change, at_s)
            change.facts.flush()
        self.json_sync.apply(plan)

    def ensure_page_key(self) -> bytes:
        """Return the key of the short names in addresses of the page; one is made where there is none."""
        with self.transaction(keeps_figures=True) as connection:
            return ensure_page_key(connection)

    def mark_announced(self, viewer_id: str, badge_ids: Iterable[str]) -> None:
        """Note that Discord has taken over the announcement of a viewer's badges."""
        with self.transaction(keeps_figures=True) as connection:
            badges.mark_announced(connection, viewer_id, badge_ids)

    @property
    def json_files_outdated(self) -> bool:
        """Whether a JSON copy could not be written and must be written again."""
        return self.json_sync.behind

    def repair_json_files(self) -> list[str]:
        """Write each JSON copy again that is torn, missing or behind; return their names."""
        return self.json_sync.repair()

    # -- reading ---------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(
        self, running: Iterable[RunningWatch] = (), now_s: float = 0.0, deadline: Deadline | None = None
    ) -> Iterator[StoreSnapshot]:
        """Open a transaction that reads, with what runs as watches of those for whom it counts, as if it ended now.

        Whatever is saved meanwhile, all that is read is from one moment: what ends then is stored or runs, never both.
        `running` must be from before that moment, or what ends in between would be neither. Raises AnswerTooSlow where
        a statement would end after the `deadline`.
        """
        with self.reader.connect() as connection, limit_time(connection, deadline):
            yield StoreSnapshot(connection, self.rules, tuple(running), now_s)

    def is_handled(self, message_id: str) -> bool:
        """Tell whether a message took effect already, in this run or an earlier one."""
        with self.reader.connect() as connection:
            return saves.is_handled(connection, message_id)

    def read_last_saved_s(self) -> float | None:
        """Return when the last save was, seconds since 1970, UTC; None where there was none."""
        with self.reader.connect() as connection:
            return saves.read_last_saved_s(connection)

    def read_checkpoint(self) -> tuple[WatchState, ...]:
        """Return the running watches as the last save left them."""
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
        """Return the badges that Discord was not told of yet, the first earned first."""
        with self.reader.connect() as connection:
            return badges.read_unannounced(connection)

    def fill_summaries(self, count: int) -> FillProgress | None:
        """Sum up some more records; return how far the summaries are filled, None where they are whole."""
        with self.transaction(keeps_figures=True) as connection:
            progress = fill_summaries(connection, str(self.rules.zone), count)
        if progress is None:
            self._remember_summaries()
        return progress

    def check_summaries(self) -> list[str]:
        """Compare the summaries with the records, in a minute for a million; return the names of wrong ones."""
        with self.reader.connect() as connection:
            return compare_with_records(connection)

    def clear_summaries(self) -> None:
        """Have the summaries filled anew."""
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
            except SaveFailed:  # a full disk, say: saves will tell, and the filling is tried again
                return FillProgress(0, 1)
        if progress is None:
            self._remember_summaries()
        return progress

    def _remember_summaries(self) -> None:
        with self.reader.connect() as connection:
            state = read_state(connection)
        raw = self._writer.raw_connection()  # begins no transaction: another program may hold the store's lock
        remember_if_filled(raw.info, state)
        raw.close()


def count_reported(connection: Connection, running: Iterable[RunningWatch], rules: StatisticsRules) -> RunningWatches:
    """Return what the tracker reported as watches of those for whom they count, without what is stored by now."""
    directory = read_directory(connection)
    watches = list(running)
    stored = checkpoint.read_progress(connection, (watch.state.watch_id for watch in watches))
    still = drop_unwanted(connection, checkpoint.drop_finished(watches, stored), directory)
    return count_running(connection, still, stored, directory, rules.thresholds)

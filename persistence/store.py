"""The store of record. One writer; each save is one transaction, followed by the JSON copies.

What is in the store is found again by its id: a watch by `watch_id`, a kept message by its own. So a
delivery that is repeated, in whatever order, leaves the same rows.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from awards import Totals, add_watches
from messages import Moment, WatchRecord, WatchState
from persistence.database.engine import reader_engine, sqlite_file, store_name
from persistence.database.errors import SaveFailed, SaveRefused
from persistence.database.open_store import open_writer
from persistence.database.rows import NO_CLOCK_S, Row, tracked_record, watch_row
from persistence.database.sql import (
    UNWRITABLE,
    add_to_history_count,
    explain_failure,
    is_unstorable,
    read_history_count,
    read_history_seq,
    upsert,
)
from persistence.database.tables import CHECKPOINT, HANDLED_MESSAGES, SAVES, VIEWER_BADGES, VIEWER_STATS, WATCHES
from persistence.json_files.sync import JsonSync
from persistence.operations.link import has_linked_account, merging_watch, read_all_parts, read_part, replace_part
from persistence.records.change_set import ChangeSet
from persistence.records.checkpoint import (
    SAME_S,
    RunningWatch,
    drop_finished,
    drop_unwanted,
    is_running,
    read_progress,
    read_viewers_watching,
    replace_checkpoint,
    should_store,
)
from persistence.records.running_watches import RunningWatches, attribute_to_viewer, count_running
from persistence.records.statistics import (
    age_streaks,
    count_totals,
    read_totals,
    record_viewer,
    write_statistics,
)
from persistence.records.viewers import NameSighting, read_directory, read_erasures, update_display_names
from persistence.rules import StatisticsRules
from viewers.directory import ViewerDirectory

KEEP_HANDLED_S = 30 * 86400.0
"""Ids of handled messages are kept this long; a sender tries again for seconds, not for weeks."""
KEEP_SAVES = 5000
"""Rows of `saves` that are kept."""


@dataclass(frozen=True)
class SaveResult:
    """What a save left in the store."""

    users: int
    watches: int
    badges: int
    active: int


class Store:
    """Opened on one thread and used on it; queries have their own connections (see `persistence.queries.queries`)."""

    def __init__(
        self,
        url: str,
        folder: Path,
        rules: StatisticsRules,
        *,
        backups_dir: Path | None = None,
        note: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Open the store at `url`, made or migrated where needed, with the JSON copies in `folder`.

        Raises StoreError where the store cannot be used. `note` is told of what was done on the way.
        """
        self.rules = rules
        self.name = store_name(url)
        self.file = sqlite_file(url)
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = open_writer(url, backups_dir or folder / "backups", note)
        self.reader = reader_engine(url)
        self._copier = JsonSync(folder, self.reader, self.transaction, note)
        self._note = note

    def close(self) -> None:
        """Let go of every connection."""
        self.reader.dispose()
        self._writer.dispose()

    # -- saves -----------------------------------------------------------------------------------------------

    def finish(
        self,
        record: WatchRecord,
        closed: Moment,
        message_id: str,
        running: Iterable[RunningWatch] | None,
        at_s: float,
    ) -> SaveResult:
        """Store a finished watch with its viewer's statistics and badges; nothing at all for a message that is
        known. `closed` is when the tracker closed it, `running` what else runs (None: not known), `at_s` the
        time of the save.

        Raises SaveFailed with nothing changed (SaveRefused where it, or what runs, cannot be stored); CopiesFailed with
        the store saved.
        """
        with self.transaction() as connection:
            if _is_handled(connection, message_id):
                return _build_result(connection, _count(running))
            people = update_display_names(connection, read_directory(connection), [_name_sighting(record)])
            is_wanted = should_store(record.viewer_id, record.started_at_s, people, read_erasures(connection))
            counted = attribute_to_viewer(record, people)
            change = ChangeSet(connection, self.rules.thresholds)
            stored = replace(record, viewer_id=counted.viewer_id)
            row, old = self._put_watch(change, stored, closed, record.viewer_id) if is_wanted else (None, None)
            still = None
            if running is None:
                connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.watch_id == record.watch_id))
            else:
                # What the statistics hold of a running watch must be in the checkpoint too: where everything dies
                # now, it would be in neither checkpoint nor history, and nobody could take it back.
                others = (watch for watch in running if watch.state.watch_id != record.watch_id)
                still = self._keep_running(connection, others, people, at_s)
            if message_id:
                upsert(connection, HANDLED_MESSAGES, [{"message_id": message_id, "handled_at_s": at_s}])
                outdated = HANDLED_MESSAGES.c.handled_at_s < at_s - KEEP_HANDLED_S
                connection.execute(delete(HANDLED_MESSAGES).where(outdated))
            result = self._write_statistics(
                connection,
                still,
                at_s,
                finished=counted if is_wanted else None,
                added_now=row is not None and old is None and not has_linked_account(connection, counted.viewer_id),
            )
            _record_save(connection, "finish", result, at_s)
            plan = self._copier.plan(
                connection, record=row, instead_of=old, changes=change.history_lines, rebuild=change.rebuild_history
            )
        self._copier.apply(plan)
        return result

    def save(self, running: Iterable[RunningWatch] | None, at_s: float, reason: str) -> SaveResult:
        """Save statistics, badges and the checkpoint; with the reason "command" the history copy too.

        `running` is every running watch; None where that is not known: then the checkpoint stays as it is.
        Raises SaveFailed with nothing changed; CopiesFailed with the store saved.
        """
        with self.transaction() as connection:
            still = (
                None if running is None else self._keep_running(connection, running, read_directory(connection), at_s)
            )
            result = self._write_statistics(connection, still, at_s)
            _record_save(connection, reason, result, at_s)
            plan = self._copier.plan(connection, history_anew=reason == "command")
        self._copier.apply(plan)
        return result

    def find_unstorable(self, running: Iterable[RunningWatch], at_s: float) -> dict[str, str]:
        """Return which running watches the store cannot hold, by watch_id, and why; each is tried, and none is kept."""
        found = {}
        for watch in running:
            try:
                with self.transaction() as connection:
                    self._write_statistics(
                        connection, self._keep_running(connection, [watch], read_directory(connection), at_s), at_s
                    )
                    connection.rollback()
            except SaveRefused as error:
                found[watch.state.watch_id] = str(error)
        return found

    def _keep_running(
        self, connection: Connection, running: Iterable[RunningWatch], people: ViewerDirectory, at_s: float
    ) -> RunningWatches:
        """Write the checkpoint of what still runs; return that as the watches of those for whom they count."""
        still = drop_unwanted(connection, drop_finished(connection, running), people)
        people = update_display_names(connection, people, [_name_sighting(watch.record) for watch in still])
        replace_checkpoint(connection, still, at_s)
        return count_running(connection, still, people, self.rules.thresholds)

    def _put_watch(
        self, change: ChangeSet, record: WatchRecord, closed: Moment, identity: str
    ) -> tuple[Row | None, Row | None]:
        """As `_put_record`; of a member with linked accounts one record for what was watched at one time."""
        connection = change.connection
        if not has_linked_account(connection, record.viewer_id):
            return self._put_record(connection, record, closed, identity)
        with merging_watch(change, record) as settled:
            own = read_part(connection, record.watch_id)
            if own is None:
                self._put_record(connection, record, closed, identity)
            elif not _is_outdated(record, closed, own):
                replace_part(connection, watch_row(record, own["seq"], closed, identity=identity))
        return settled.added_row, None

    def _put_record(
        self, connection: Connection, record: WatchRecord, closed: Moment, identity: str
    ) -> tuple[Row | None, Row | None]:
        """Insert or replace a record: (its row, the row that it replaced); no row where a later one is stored."""
        own = select(WATCHES).where(WATCHES.c.watch_id == record.watch_id)
        old = connection.execute(own).mappings().first()
        if old is None:
            seq = read_history_seq(connection) + 1
            add_to_history_count(connection, 1, seq)
            row = watch_row(record, seq, closed, identity=identity)
            connection.execute(WATCHES.insert(), row)
            return row, None
        if _is_outdated(record, closed, old):
            return None, None
        row = watch_row(record, old["seq"], closed, identity=identity)
        upsert(connection, WATCHES, [row])
        return row, old

    def _write_statistics(
        self,
        connection: Connection,
        running: RunningWatches | None,
        at_s: float,
        *,
        finished: WatchRecord | None = None,
        added_now: bool = False,
    ) -> SaveResult:
        """Statistics and badges of all viewers: those who watch now or just finished are reckoned anew."""
        still = running or RunningWatches()
        for record in still.records:
            record_viewer(connection, record)
        age_streaks(connection, self.rules, at_s)
        viewers = {record.viewer_id for record in still.records}
        viewers |= set() if running is None else read_viewers_watching(connection)
        totals: dict[str, Totals] = {}
        if finished is not None:
            record_viewer(connection, finished)
            viewers.add(finished.viewer_id)
            if added_now and (before := read_totals(connection, finished.viewer_id)) is not None:
                totals[finished.viewer_id] = add_watches(before, [finished], self.rules.zone)
            else:
                totals[finished.viewer_id] = count_totals(connection, self.rules, finished.viewer_id)
        for viewer_id in viewers - totals.keys():
            known = read_totals(connection, viewer_id)
            totals[viewer_id] = known or count_totals(connection, self.rules, viewer_id)
        # Others who are reckoned anew in this save earned theirs in what they watch themselves.
        earned_in = {finished.viewer_id: finished.screening_id} if finished is not None else {}
        write_statistics(connection, self.rules, totals, still, at_s, earned_in=earned_in)
        return _build_result(connection, len(still.watches))

    @contextmanager
    def change(self, at_s: float, running: Iterable[RunningWatch] = ()) -> Iterator[ChangeSet]:
        """One transaction that changes what is stored of somebody, followed by statistics, badges and copies.

        `running` is every running watch. Raises SaveFailed with nothing changed; CopiesFailed with the store changed.
        """
        with self.transaction() as connection:
            change = ChangeSet(connection, self.rules.thresholds)
            yield change
            now = self._count_running(connection, running)
            totals = {each: count_totals(connection, self.rules, each) for each in sorted(change.viewers)}
            write_statistics(connection, self.rules, totals, now, at_s, announce=False)
            plan = self._copier.plan(connection, changes=change.history_lines, rebuild=change.rebuild_history)
        self._copier.apply(plan)

    # -- what is there ---------------------------------------------------------------------------------------

    def is_handled(self, message_id: str) -> bool:
        """Tell whether a kept message was handled, in this life or an earlier one."""
        with self.reader.connect() as connection:
            return _is_handled(connection, message_id)

    def read_checkpoint(self) -> tuple[WatchState, ...]:
        """Return the running watches as the last save left them."""
        with self.reader.connect() as connection:
            states = connection.execute(select(CHECKPOINT.c.state).order_by(CHECKPOINT.c.watch_id)).scalars()
            return tuple(msgspec.json.decode(state, type=WatchState) for state in states)

    def drop_finished(self, states: Iterable[WatchState]) -> tuple[WatchState, ...]:
        """Leave out the watches whose record was stored after they were last seen."""
        with self.reader.connect() as connection:
            watches = list(states)
            known = read_progress(connection, (state.watch_id for state in watches))
            return tuple(state for state in watches if is_running(state, known))

    @contextmanager
    def snapshot(self, running: Iterable[RunningWatch] = ()) -> Iterator[tuple[Connection, RunningWatches]]:
        """One transaction that reads, with what runs as watches of those for whom it counts, as if it ended now.

        Whatever is saved meanwhile, all that is read is from one moment: what ends then is stored or runs, never both.
        `running` must be from before that moment, or what ends in between would be neither.
        """
        with self.reader.connect() as connection:
            yield connection, self._count_running(connection, running)

    def _count_running(self, connection: Connection, running: Iterable[RunningWatch]) -> RunningWatches:
        people = read_directory(connection)
        still = drop_unwanted(connection, drop_finished(connection, running), people)
        return count_running(connection, still, people, self.rules.thresholds)

    def read_resumable(self, since_s: float) -> tuple[WatchRecord, ...]:
        """Return the finished watches that ended at or after `since_s`, the oldest first."""
        query = (
            select(WATCHES)
            .where(WATCHES.c.ended_at_s >= since_s, WATCHES.c.closed_steady_s != NO_CLOCK_S)
            .order_by(WATCHES.c.ended_at_s, WATCHES.c.watch_id)
        )
        with self.reader.connect() as connection:
            parted = read_all_parts(connection)
            found = [row for row in connection.execute(query).mappings() if row["watch_id"] not in parted]
        every: list[Row] = [*found, *parted.values()]
        rows = sorted(every, key=lambda row: (row["ended_at_s"], row["watch_id"]))
        return tuple(tracked_record(row) for row in rows if row["ended_at_s"] >= since_s)

    def read_last_saved_s(self) -> float | None:
        """Return when the last save was; None where there was none."""
        with self.reader.connect() as connection:
            return connection.execute(select(SAVES.c.saved_at_s).order_by(SAVES.c.save_id.desc()).limit(1)).scalar()

    def read_unannounced_badges(self) -> list[tuple[str, str, str, str, float, float]]:
        """Return (viewer id, name, screening id, badge id, earned at, figure) of badges not announced yet."""
        query = (
            select(
                VIEWER_BADGES.c.viewer_id,
                VIEWER_STATS.c.username,
                VIEWER_BADGES.c.screening_id,
                VIEWER_BADGES.c.badge_id,
                VIEWER_BADGES.c.earned_at_s,
                VIEWER_BADGES.c.progress,
            )
            .join(VIEWER_STATS, VIEWER_STATS.c.viewer_id == VIEWER_BADGES.c.viewer_id)
            .where(VIEWER_BADGES.c.announced.is_(False))
            .order_by(VIEWER_BADGES.c.earned_at_s, VIEWER_BADGES.c.viewer_id, VIEWER_BADGES.c.badge_id)
        )
        with self.reader.connect() as connection:
            return list(connection.execute(query))

    def mark_announced(self, viewer_id: str, badge_ids: Iterable[str]) -> None:
        """Note that Discord has taken over the announcement of a viewer's badges."""
        chosen = (VIEWER_BADGES.c.viewer_id == viewer_id) & VIEWER_BADGES.c.badge_id.in_(list(badge_ids))
        with self.transaction() as connection:
            connection.execute(update(VIEWER_BADGES).where(chosen).values(announced=True))

    @property
    def json_files_outdated(self) -> bool:
        """Whether a JSON copy could not be written and is still to be made anew."""
        return self._copier.behind

    def repair_json_files(self) -> list[str]:
        """Make anew each JSON copy that is torn, missing or behind; return their names."""
        return self._copier.repair()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; every error of the store becomes a SaveFailed that says what to do.

        Where it is a value that cannot be stored, a SaveRefused.
        """
        try:
            with self._writer.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError, *UNWRITABLE) as error:
            raise (SaveRefused if is_unstorable(error) else SaveFailed)(explain_failure(error, self.name)) from error


def _is_outdated(record: WatchRecord, closed: Moment, stored: Row) -> bool:
    """Tell whether what is stored of a watch is from later than a record of it.

    Two clocks, for the wall clock may have been set back and the steady one starts anew at a boot. Where both did, as
    on a machine without a clock of its own, what was seen tells: a resumed watch has more.
    """
    is_earlier = closed.wall_s < stored["closed_wall_s"] and closed.steady_s < stored["closed_steady_s"]
    is_more = record.playing_s + record.paused_s > stored["playing_s"] + stored["paused_s"] + SAME_S
    return is_earlier and not is_more and bool(record.coverage_ms <= stored["coverage_ms"])


def _name_sighting(record: WatchRecord) -> NameSighting:
    return NameSighting(record.viewer_id, record.username, record.started_at_s)


def _count(running: Iterable[RunningWatch] | None) -> int:
    return 0 if running is None else len(list(running))


def _is_handled(connection: Connection, message_id: str) -> bool:
    query = select(HANDLED_MESSAGES.c.message_id).where(HANDLED_MESSAGES.c.message_id == message_id)
    return connection.execute(query).first() is not None


def _build_result(connection: Connection, active: int) -> SaveResult:
    users = connection.execute(select(func.count()).select_from(VIEWER_STATS)).scalar_one()
    badges = connection.execute(select(func.count()).select_from(VIEWER_BADGES)).scalar_one()
    # Counted as they come in: to count a million rows at each save would make it slower with each watch.
    return SaveResult(users, read_history_count(connection), badges, active)


def _record_save(connection: Connection, reason: str, result: SaveResult, at_s: float) -> None:
    row = {
        "saved_at_s": at_s,
        "reason": reason,
        "active": result.active,
        "users": result.users,
        "watches": result.watches,
        "badges": result.badges,
    }
    save_id = connection.execute(SAVES.insert().returning(SAVES.c.save_id), row).scalar_one()
    connection.execute(delete(SAVES).where(SAVES.c.save_id <= save_id - KEEP_SAVES))

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
from persistence.database.engine import name_of, reader_engine, sqlite_file
from persistence.database.errors import SaveFailed, SaveRefused
from persistence.database.open_store import open_writer
from persistence.database.rows import NO_CLOCK_S, Row, as_watched, watch_row
from persistence.database.sql import (
    UNWRITABLE,
    count_history,
    explained,
    history_count,
    history_seq,
    is_refused,
    upsert,
)
from persistence.database.tables import CHECKPOINT, HANDLED_MESSAGES, SAVES, VIEWER_BADGES, VIEWER_STATS, WATCHES
from persistence.json_files.sync import Copier
from persistence.operations.link import is_member, originals, part, put_part, settling
from persistence.records.change_set import Change
from persistence.records.checkpoint import (
    SAME_S,
    Running,
    records_of,
    replace_checkpoint,
    runs,
    still_running,
    wanted,
    wants,
    were_watching,
)
from persistence.records.running_watches import Present, counted_as, present
from persistence.records.statistics import (
    Rules,
    age_streaks,
    record_viewer,
    stored_totals,
    totals_from_rows,
    write_statistics,
)
from persistence.records.viewers import NameSeen, forgotten, known, renamed
from viewers.directory import People

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
        rules: Rules,
        *,
        backups_dir: Path | None = None,
        note: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Open the store at `url`, made or migrated where needed, with the JSON copies in `folder`.

        Raises StoreError where the store cannot be used. `note` is told of what was done on the way.
        """
        self.rules = rules
        self.name = name_of(url)
        self.file = sqlite_file(url)
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = open_writer(url, backups_dir or folder / "backups", note)
        self.reader = reader_engine(url)
        self._copier = Copier(folder, self.reader, self.writing, note)
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
        running: Iterable[Running] | None,
        at_s: float,
    ) -> SaveResult:
        """Store a finished watch with its viewer's statistics and badges; nothing at all for a message that is
        known. `closed` is when the tracker closed it, `running` what else runs (None: not known), `at_s` the
        time of the save.

        Raises SaveFailed with nothing changed (SaveRefused where it, or what runs, cannot be stored); CopiesFailed with
        the store saved.
        """
        with self.writing() as connection:
            if _is_handled(connection, message_id):
                return _counted(connection, _count(running))
            people = renamed(connection, known(connection), [_name_of(record)])
            is_wanted = wants(record.viewer_id, record.started_at_s, people, forgotten(connection))
            counted = counted_as(record, people)
            change = Change(connection, self.rules.watched_percent)
            stored = replace(record, viewer_id=counted.viewer_id)
            row, old = self._put(change, stored, closed, record.viewer_id) if is_wanted else (None, None)
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
            result = self._publish(
                connection,
                still,
                at_s,
                finished=counted if is_wanted else None,
                added_now=row is not None and old is None and not is_member(connection, counted.viewer_id),
            )
            _note_save(connection, "finish", result, at_s)
            plan = self._copier.plan(
                connection, record=row, instead_of=old, changes=change.lines, rebuild=change.rebuild
            )
        self._copier.carry_out(plan)
        return result

    def save(self, running: Iterable[Running] | None, at_s: float, reason: str) -> SaveResult:
        """Save statistics, badges and the checkpoint; with the reason "command" the history copy too.

        `running` is every running watch; None where that is not known: then the checkpoint stays as it is.
        Raises SaveFailed with nothing changed; CopiesFailed with the store saved.
        """
        with self.writing() as connection:
            still = None if running is None else self._keep_running(connection, running, known(connection), at_s)
            result = self._publish(connection, still, at_s)
            _note_save(connection, reason, result, at_s)
            plan = self._copier.plan(connection, history_anew=reason == "command")
        self._copier.carry_out(plan)
        return result

    def refused(self, running: Iterable[Running], at_s: float) -> dict[str, str]:
        """Return which running watches the store cannot hold, by watch_id, and why; each is tried, and none is kept."""
        found = {}
        for watch in running:
            try:
                with self.writing() as connection:
                    self._publish(connection, self._keep_running(connection, [watch], known(connection), at_s), at_s)
                    connection.rollback()
            except SaveRefused as error:
                found[watch.state.watch_id] = str(error)
        return found

    def _keep_running(self, connection: Connection, running: Iterable[Running], people: People, at_s: float) -> Present:
        """Write the checkpoint of what still runs; return that as the watches of those for whom they count."""
        still = wanted(connection, still_running(connection, running), people)
        people = renamed(connection, people, [_name_of(watch.record) for watch in still])
        replace_checkpoint(connection, still, at_s)
        return present(connection, still, people, self.rules.watched_percent)

    def _put(self, change: Change, record: WatchRecord, closed: Moment, identity: str) -> tuple[Row | None, Row | None]:
        """As `_put_record`; of a member with linked accounts one record for what was watched at one time."""
        connection = change.connection
        if not is_member(connection, record.viewer_id):
            return self._put_record(connection, record, closed, identity)
        with settling(change, record) as settled:
            own = part(connection, record.watch_id)
            if own is None:
                self._put_record(connection, record, closed, identity)
            elif not _is_outdated(record, closed, own):
                put_part(connection, watch_row(record, own["seq"], closed, identity=identity))
        return settled.added, None

    def _put_record(
        self, connection: Connection, record: WatchRecord, closed: Moment, identity: str
    ) -> tuple[Row | None, Row | None]:
        """Insert or replace a record: (its row, the row that it replaced); no row where a later one is stored."""
        own = select(WATCHES).where(WATCHES.c.watch_id == record.watch_id)
        old = connection.execute(own).mappings().first()
        if old is None:
            seq = history_seq(connection) + 1
            count_history(connection, 1, seq)
            row = watch_row(record, seq, closed, identity=identity)
            connection.execute(WATCHES.insert(), row)
            return row, None
        if _is_outdated(record, closed, old):
            return None, None
        row = watch_row(record, old["seq"], closed, identity=identity)
        upsert(connection, WATCHES, [row])
        return row, old

    def _publish(
        self,
        connection: Connection,
        running: Present | None,
        at_s: float,
        *,
        finished: WatchRecord | None = None,
        added_now: bool = False,
    ) -> SaveResult:
        """Statistics and badges of all viewers: those who watch now or just finished are reckoned anew."""
        still = running or Present()
        for record in still.records:
            record_viewer(connection, record)
        age_streaks(connection, self.rules, at_s)
        viewers = {record.viewer_id for record in still.records}
        viewers |= set() if running is None else were_watching(connection)
        totals: dict[str, Totals] = {}
        if finished is not None:
            record_viewer(connection, finished)
            viewers.add(finished.viewer_id)
            if added_now and (before := stored_totals(connection, finished.viewer_id)) is not None:
                totals[finished.viewer_id] = add_watches(before, [finished], self.rules.zone)
            else:
                totals[finished.viewer_id] = totals_from_rows(connection, self.rules, finished.viewer_id)
        for viewer_id in viewers - totals.keys():
            known = stored_totals(connection, viewer_id)
            totals[viewer_id] = known or totals_from_rows(connection, self.rules, viewer_id)
        # Others who are reckoned anew in this save earned theirs in what they watch themselves.
        earned_in = {finished.viewer_id: finished.screening_id} if finished is not None else {}
        write_statistics(connection, self.rules, totals, still, at_s, earned_in=earned_in)
        return _counted(connection, len(still.watches))

    @contextmanager
    def changing(self, at_s: float, running: Iterable[Running] = ()) -> Iterator[Change]:
        """One transaction that changes what is stored of somebody, followed by statistics, badges and copies.

        `running` is every running watch. Raises SaveFailed with nothing changed; CopiesFailed with the store changed.
        """
        with self.writing() as connection:
            change = Change(connection, self.rules.watched_percent)
            yield change
            now = self._present(connection, running)
            totals = {each: totals_from_rows(connection, self.rules, each) for each in sorted(change.viewers)}
            write_statistics(connection, self.rules, totals, now, at_s, announce=False)
            plan = self._copier.plan(connection, changes=change.lines, rebuild=change.rebuild)
        self._copier.carry_out(plan)

    # -- what is there ---------------------------------------------------------------------------------------

    def is_handled(self, message_id: str) -> bool:
        """Tell whether a kept message was handled, in this life or an earlier one."""
        with self.reader.connect() as connection:
            return _is_handled(connection, message_id)

    def checkpoint(self) -> tuple[WatchState, ...]:
        """Return the running watches as the last save left them."""
        with self.reader.connect() as connection:
            states = connection.execute(select(CHECKPOINT.c.state).order_by(CHECKPOINT.c.watch_id)).scalars()
            return tuple(msgspec.json.decode(state, type=WatchState) for state in states)

    def still_running(self, states: Iterable[WatchState]) -> tuple[WatchState, ...]:
        """Leave out the watches whose record was stored after they were last seen."""
        with self.reader.connect() as connection:
            watches = list(states)
            known = records_of(connection, (state.watch_id for state in watches))
            return tuple(state for state in watches if runs(state, known))

    @contextmanager
    def reading(self, running: Iterable[Running] = ()) -> Iterator[tuple[Connection, Present]]:
        """One transaction that reads, with what runs as watches of those for whom it counts, as if it ended now.

        Whatever is saved meanwhile, all that is read is from one moment: what ends then is stored or runs, never both.
        `running` must be from before that moment, or what ends in between would be neither.
        """
        with self.reader.connect() as connection:
            yield connection, self._present(connection, running)

    def _present(self, connection: Connection, running: Iterable[Running]) -> Present:
        people = known(connection)
        still = wanted(connection, still_running(connection, running), people)
        return present(connection, still, people, self.rules.watched_percent)

    def resumable(self, since_s: float) -> tuple[WatchRecord, ...]:
        """Return the finished watches that ended at or after `since_s`, the oldest first."""
        query = (
            select(WATCHES)
            .where(WATCHES.c.ended_at_s >= since_s, WATCHES.c.closed_steady_s != NO_CLOCK_S)
            .order_by(WATCHES.c.ended_at_s, WATCHES.c.watch_id)
        )
        with self.reader.connect() as connection:
            parted = originals(connection)
            found = [row for row in connection.execute(query).mappings() if row["watch_id"] not in parted]
        every: list[Row] = [*found, *parted.values()]
        rows = sorted(every, key=lambda row: (row["ended_at_s"], row["watch_id"]))
        return tuple(as_watched(row) for row in rows if row["ended_at_s"] >= since_s)

    def last_saved_s(self) -> float | None:
        """Return when the last save was; None where there was none."""
        with self.reader.connect() as connection:
            return connection.execute(select(SAVES.c.saved_at_s).order_by(SAVES.c.save_id.desc()).limit(1)).scalar()

    def unannounced(self) -> list[tuple[str, str, str, str, float, float]]:
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
        with self.writing() as connection:
            connection.execute(update(VIEWER_BADGES).where(chosen).values(announced=True))

    @property
    def copies_behind(self) -> bool:
        """Whether a JSON copy could not be written and is still to be made anew."""
        return self._copier.behind

    def repair_copies(self) -> list[str]:
        """Make anew each JSON copy that is torn, missing or behind; return their names."""
        return self._copier.repair()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; every error of the store becomes a SaveFailed that says what to do.

        Where it is a value that cannot be stored, a SaveRefused.
        """
        try:
            with self._writer.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError, *UNWRITABLE) as error:
            raise (SaveRefused if is_refused(error) else SaveFailed)(explained(error, self.name)) from error


def _is_outdated(record: WatchRecord, closed: Moment, stored: Row) -> bool:
    """Tell whether what is stored of a watch is from later than a record of it.

    Two clocks, for the wall clock may have been set back and the steady one starts anew at a boot. Where both did, as
    on a machine without a clock of its own, what was seen tells: a resumed watch has more.
    """
    is_earlier = closed.wall_s < stored["closed_wall_s"] and closed.steady_s < stored["closed_steady_s"]
    is_more = record.playing_s + record.paused_s > stored["playing_s"] + stored["paused_s"] + SAME_S
    return is_earlier and not is_more and bool(record.coverage_ms <= stored["coverage_ms"])


def _name_of(record: WatchRecord) -> NameSeen:
    return NameSeen(record.viewer_id, record.username, record.started_at_s)


def _count(running: Iterable[Running] | None) -> int:
    return 0 if running is None else len(list(running))


def _is_handled(connection: Connection, message_id: str) -> bool:
    query = select(HANDLED_MESSAGES.c.message_id).where(HANDLED_MESSAGES.c.message_id == message_id)
    return connection.execute(query).first() is not None


def _counted(connection: Connection, active: int) -> SaveResult:
    users = connection.execute(select(func.count()).select_from(VIEWER_STATS)).scalar_one()
    badges = connection.execute(select(func.count()).select_from(VIEWER_BADGES)).scalar_one()
    # Counted as they come in: to count a million rows at each save would make it slower with each watch.
    return SaveResult(users, history_count(connection), badges, active)


def _note_save(connection: Connection, reason: str, result: SaveResult, at_s: float) -> None:
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

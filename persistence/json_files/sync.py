"""Writes the JSON copies after a save, and again from the store where one is torn, missing or behind."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from persistence.database.causes import explain_failure
from persistence.database.engine import sqlite_file
from persistence.database.errors import CopiesFailed, SaveFailed
from persistence.database.rows import Row
from persistence.database.sql import put_facts, read_fact, read_history_count
from persistence.database.tables import SAVES
from persistence.json_files.documents import ViewerDocuments
from persistence.json_files.entries import history_line
from persistence.json_files.files import (
    ALL,
    BEING_REPLACED,
    EMPTY_HISTORY,
    HISTORY,
    FileChecksum,
    JsonFiles,
    checksum_after_append,
)
from persistence.json_files.history import HistoryRewriter, read_history_lines
from persistence.records.change_set import ChangeSet, ViewerMove


@dataclass(frozen=True)
class ViewerCopy:
    """What the copies say of a viewer by now."""

    stats: Row
    """The row of `viewer_stats`, joined with that of `viewers`."""
    badges: Iterable[Mapping[str, Any]] | None = None
    """Rows of `viewer_badges`; None where they are as they were."""


@dataclass(frozen=True)
class HistoryPlan:
    """What the history copy is to become."""

    before: FileChecksum | None
    """The history before; None where it must be made anew."""
    count: int
    """How many records there are."""
    lines: tuple[bytes, ...] = ()
    """What to append to it."""
    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """Lines to be written in the place of others, wherever they are; None for those that go."""
    moves: Sequence[ViewerMove] = ()
    """Whose lines name another viewer by now; `changes` are of what they are then."""
    is_torn: bool = False
    """Whether lines come back to places within it: it must be made anew."""
    anew: bool = False
    """Whether it is to be written anew from the store, though nothing is new in it."""
    is_one_line: bool = False
    """Whether one line takes the place of another, and nothing else is new: the rest need not be gone through."""


@dataclass(frozen=True)
class FilePlan:
    """What the copies of a save are to become, made inside its transaction."""

    documents: Mapping[str, bytes]
    """Those of user_stats.json and user_badges.json that changed, whole."""
    unchanged: Mapping[str, FileChecksum]
    """Those that did not: they are written anew all the same."""
    history: HistoryPlan | None
    """None where there is no history copy yet: an auto-save makes none."""


class JsonSync:
    """Keeps the copies in one folder in step with the store. Used on the writer's thread."""

    def __init__(
        self,
        folder: Path,
        reader: Engine,
        writing: Callable[[], AbstractContextManager[Connection]],
        note: Callable[[str], None],
        find_oldest_day: Callable[[float], str],
    ) -> None:
        """`find_oldest_day`: tells on which day a streak must have ended at the earliest to go on, at a time."""
        self._files = JsonFiles(folder)
        self._reader = reader
        self._writing = writing
        self._note = note
        self._find_oldest_day = find_oldest_day
        self._documents = ViewerDocuments()
        self._is_planned = False
        """Whether a plan was made that was not applied: then what is kept of the documents may be of no transaction."""
        self.behind = False
        self._replaced: FileChecksum | None = None
        """How the history looks since a line of it was replaced: the next save stores it."""
        self.rewriter = HistoryRewriter(self._files, reader)

    def plan(
        self,
        change: ChangeSet,
        at_s: float,
        *,
        history_anew: bool = False,
        viewers: Mapping[str, ViewerCopy] | None = None,
        watch_times: Mapping[str, float] | None = None,
    ) -> FilePlan:
        """Return what to write after a change at a time, and note its checksums among the facts of the transaction.

        `viewers`: those of whom the documents say something else by now; None where that is not known.
        `watch_times`: those of whom they say nothing else but another total watch time, seconds.
        `history_anew` has the history written though nothing is new in it.
        """
        if self._is_planned or viewers is None:
            self._documents.forget()
        self._is_planned = True
        self._documents.load(change.connection, self._find_oldest_day(at_s))
        for viewer_id, copy in (viewers or {}).items():
            self._documents.put_stats(copy.stats)
            if copy.badges is not None:
                self._documents.put_badges(viewer_id, copy.badges)
        for viewer_id, total_s in (watch_times or {}).items():
            self._documents.put_watch_time(viewer_id, total_s)
        documents = self._documents.build_changed()
        marks: dict[str, FileChecksum | None] = dict(self._documents.marks)
        unchanged = {name: mark for name, mark in self._documents.marks.items() if name not in documents}
        history = self._plan_history(change, history_anew, marks)
        for name, mark in marks.items():
            change.facts.put(_fact_name(name), _encode_checksum(mark))
        return FilePlan(documents, unchanged, history)

    def _plan_history(self, change: ChangeSet, anew: bool, marks: dict[str, FileChecksum | None]) -> HistoryPlan | None:
        lines, changes, is_torn = _collect_lines(change)
        is_torn |= change.rebuild_history
        known, count = change.facts.get(_fact_name(HISTORY)), change.facts.history_count
        moves = tuple(change.moves)
        if not (lines or anew or known):
            return None
        before = msgspec.json.decode(known, type=FileChecksum | None) if known else EMPTY_HISTORY
        if before == BEING_REPLACED:
            before = self._replaced
        is_one_line = False
        if before is None or is_torn:
            marks[HISTORY] = None
        elif changes or moves:
            marks[HISTORY] = None  # it counts as behind until the lines are written: neither size nor end need tell
            is_alone = len(changes) == 1 and not (moves or lines)
            if is_alone and not self.rewriter.is_running:
                is_one_line = self._is_quick(before, count, changes)
                marks[HISTORY] = BEING_REPLACED if is_one_line else None
                self._replaced = None  # until this one is: the save may fail before it comes to that
        else:
            marks[HISTORY] = checksum_after_append(before, *lines)
        return HistoryPlan(before, count, lines, changes, moves, is_torn, anew, is_one_line)

    def _is_quick(self, before: FileChecksum, count: int, changes: Mapping[bytes, bytes | None]) -> bool:
        """Tell whether the one line that changes can be replaced while everything waits."""
        ((old, new),) = changes.items()
        return new is not None and (not self.rewriter.takes(count) or self._files.is_near_end(before, old))

    def forget_viewers(self) -> None:
        """Have the next save read of everybody what the copies say: it changes otherwise than by a save."""
        self._documents.forget()

    def apply(self, plan: FilePlan) -> None:
        """Bring a plan to the disk, after its commit. Raises CopiesFailed; the next save then tries again."""
        self._is_planned = False
        with self._mark_behind():
            for name, content in plan.documents.items():
                self._files.write(name, content)
            for name, mark in plan.unchanged.items():
                if not self._files.write_again(name, mark):
                    self._files.write(name, self._documents.build(name))
            if plan.history is not None and not self._update_history(plan.history):
                self._rebuild_history(plan.history.count)

    def _update_history(self, plan: HistoryPlan) -> bool:
        """Bring the history copy to where it is to be; return False where it must be made anew."""
        before = plan.before
        if self.rewriter.is_running:
            self.rewriter.note(plan.lines, plan.changes, is_torn=plan.is_torn or bool(plan.moves))
            if before is not None and plan.lines and not (plan.changes or plan.moves or plan.is_torn):
                self._files.append(before, *plan.lines)
            return True
        if before is None or plan.is_torn or plan.anew:
            return False
        is_changed = bool(plan.changes or plan.moves)
        if is_changed and not plan.is_one_line and self.rewriter.takes(plan.count):
            self.rewriter.change(before, plan.changes, plan.lines, plan.moves)
            return True
        if is_changed:
            ((old, new), *_) = [*plan.changes.items()] or [(b"", None)]
            if plan.is_one_line and new is not None:
                self._replaced = self._files.replace(before, old, new)
                return self._replaced is not None
            mark = self._files.change(before, plan.changes, plan.lines, plan.moves)
            if mark is not None:
                self._store_checksum(HISTORY, mark)
            return mark is not None
        if plan.lines:
            return self._files.append(before, *plan.lines)
        return self._files.matches(HISTORY, before)

    def repair(self) -> list[str]:
        """Make anew each copy that is damaged, missing or behind; return their names.

        A file that is there before this store ever wrote one belongs to somebody (the older bot's, another
        store's): it is moved aside, never overwritten.
        """
        with self._reader.connect() as connection:
            marks = {name: _read_checksum(connection, name) for name in ALL if _was_written(connection, name)}
        if marks.get(HISTORY) == BEING_REPLACED:
            marks[HISTORY] = self._replaced
        wrong = [name for name, mark in marks.items() if mark is None or not self._files.is_whole(name, mark)]
        if self.rewriter.is_running and HISTORY in wrong:
            wrong.remove(HISTORY)
        with self._mark_behind():
            self._set_aside(name for name in ALL if name not in marks)
            for name in wrong:
                self._rebuild(name)
        return wrong

    def complete_rewriting(self) -> None:
        """Put the history that another thread has written in its place. Raises CopiesFailed."""
        with self._mark_behind():
            mark = self.rewriter.publish()
            if mark is not None:
                self._store_checksum(HISTORY, mark)

    @contextmanager
    def _mark_behind(self) -> Iterator[None]:
        """Remember that the copies are behind until the block has succeeded. Raises CopiesFailed."""
        self.behind = True
        try:
            yield
        except OSError as error:
            raise CopiesFailed(explain_failure(error, str(self._files.folder))) from error
        except SQLAlchemyError as error:  # the store, from which a copy is made, could not be read
            file = sqlite_file(self._reader.url.render_as_string(hide_password=False))
            raise CopiesFailed(explain_failure(error, str(file or "PostgreSQL"), file)) from error
        except SaveFailed as error:  # the mark of a rebuilt copy could not be stored
            raise CopiesFailed(error.problem) from error
        self.behind = False

    def _set_aside(self, names: Iterable[str]) -> None:
        for name in names:
            aside = self._files.set_aside(name, "before-usher")
            if aside is not None:
                self._note(
                    f"{name} was there before this store: kept as {aside}. To bring in an older bot's data, "
                    "stop Usher and use: python run.py import FOLDER"
                )

    def _rebuild(self, name: str) -> None:
        if name == HISTORY:
            with self._reader.connect() as connection:
                count = read_history_count(connection)
            self._rebuild_history(count)
            return
        self._documents.forget()
        with self._reader.connect() as connection:
            # As of the last save: so a copy is the same whenever it is made again.
            saved_s = connection.execute(select(func.max(SAVES.c.saved_at_s))).scalar()
            self._documents.load(connection, "" if saved_s is None else self._find_oldest_day(saved_s))
        content = self._documents.build(name)
        self._documents.forget()
        self._files.write(name, content)
        self._store_checksum(name, FileChecksum.of_content(content))

    def _rebuild_history(self, count: int) -> None:
        if self.rewriter.takes(count):
            self.rewriter.rebuild()
            return
        with self._reader.connect() as connection:
            mark = self._files.rebuild_history(read_history_lines(connection))
        self._store_checksum(HISTORY, mark)

    def _store_checksum(self, name: str, mark: FileChecksum) -> None:
        with self._writing() as connection:
            put_facts(connection, {_fact_name(name): _encode_checksum(mark)})


def mark_all_outdated(connection: Connection) -> None:
    """Mark every copy as behind, in the transaction that makes it so."""
    put_facts(connection, {_fact_name(name): "null" for name in ALL})


def _collect_lines(change: ChangeSet) -> tuple[tuple[bytes, ...], dict[bytes, bytes | None], bool]:
    """Return new lines of the history copy in order, lines with what they become, and whether some came back to a
    place within it.
    """
    added: list[Row] = []
    changes: dict[bytes, bytes | None] = {}
    is_torn = False
    for old, new in change.row_changes():
        if old is None and new is not None:
            added.append(new)
            is_torn |= new["seq"] <= change.facts.first_seq
        elif old is not None:
            before, after = history_line(old), None if new is None else history_line(new)
            if before != after:
                changes[before] = after
    return tuple(history_line(row) for row in sorted(added, key=lambda row: int(row["seq"]))), changes, is_torn


def _was_written(connection: Connection, name: str) -> bool:
    """Tell whether this store ever wrote the copy."""
    return read_fact(connection, _fact_name(name)) != ""


def _fact_name(name: str) -> str:
    return f"copy:{name}"


def _encode_checksum(mark: FileChecksum | None) -> str:
    return msgspec.json.encode(mark).decode()


def _read_checksum(connection: Connection, name: str, default: FileChecksum | None = None) -> FileChecksum | None:
    """Return the checksum of a copy; `default` where there never was one, None where it must be written again."""
    text = read_fact(connection, _fact_name(name))
    return msgspec.json.decode(text, type=FileChecksum | None) if text else default

"""Writes the JSON copies after a save, and rewrites copies from the store that are torn, missing or behind."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
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


class ViewerCopy(msgspec.Struct, frozen=True):
    """The current content of the copies for a viewer."""

    stats: Row
    """The row of `viewer_stats`, joined with that of `viewers`."""
    badges: Iterable[Mapping[str, Any]] | None = None
    """Rows of `viewer_badges`; None if they are unchanged."""


class HistoryPlan(msgspec.Struct, frozen=True):
    """How the history copy changes."""

    before: FileChecksum | None
    """The previous mark; None if the history must be rebuilt."""
    count: int
    """Number of records."""
    lines: tuple[bytes, ...] = ()
    """Lines to append."""
    changes: Mapping[bytes, bytes | None] = msgspec.field(default_factory=dict)
    """New lines by the lines that they replace; None for removed ones."""
    moves: Sequence[ViewerMove] = ()
    """Moves of records to another viewer; `changes` refer to the lines after them."""
    is_torn: bool = False
    """Whether lines are inserted within the history, so that it must be rebuilt."""
    anew: bool = False
    """Whether to rebuild it from the store even if nothing changed."""
    is_one_line: bool = False
    """Whether only one line is replaced, so that the rest need not be read."""


class FilePlan(msgspec.Struct, frozen=True):
    """The changes of the copies with a save, planned inside its transaction."""

    documents: Mapping[str, bytes]
    """The whole content of user_stats.json and user_badges.json, if it changed."""
    unchanged: Mapping[str, FileChecksum]
    """Marks of unchanged documents, which are rewritten all the same."""
    history: HistoryPlan | None
    """None if there is no history copy yet: an auto-save does not create one."""


class JsonSync:
    """Updates the copies in one folder after changes of the store. Used on the writer's thread."""

    def __init__(
        self,
        folder: Path,
        reader: Engine,
        writing: Callable[[], AbstractContextManager[Connection]],
        note: Callable[[str], None],
        find_oldest_day: Callable[[float], str],
    ) -> None:
        """`find_oldest_day`: returns, for a time, the earliest last day of a streak that is not over."""
        self._files = JsonFiles(folder)
        self._reader = reader
        self._writing = writing
        self._note = note
        self._find_oldest_day = find_oldest_day
        self._documents = ViewerDocuments()
        self._is_planned = False
        """Whether a plan was not applied: the cached documents may belong to a transaction that was rolled back."""
        self.behind = False
        self._replaced: FileChecksum | None = None
        """The history's mark after a line was replaced; the next save stores it."""
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
        """Return what to write after a change, and put the checksums into the facts of the transaction.

        `viewers`: viewers whose entries changed; None if not known.
        `watch_times`: total watch times (seconds) of viewers for whom nothing else changed.
        `history_anew`: rewrite the history even if nothing changed.
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
            change.facts.put(_build_fact_name(name), _encode_checksum(mark))
        return FilePlan(documents, unchanged, history)

    def _plan_history(self, change: ChangeSet, anew: bool, marks: dict[str, FileChecksum | None]) -> HistoryPlan | None:
        lines, changes, is_torn = _collect_lines(change)
        is_torn |= change.rebuild_history
        known, count = change.facts.get(_build_fact_name(HISTORY)), change.facts.history_count
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
            marks[HISTORY] = None  # it counts as behind until the lines are written: size and end may not reveal it
            is_alone = len(changes) == 1 and not (moves or lines)
            if is_alone and not self.rewriter.is_running:
                is_one_line = self._is_quick(before, count, changes)
                marks[HISTORY] = BEING_REPLACED if is_one_line else None
                self._replaced = None  # until this line is replaced: the save may fail before
        else:
            marks[HISTORY] = checksum_after_append(before, *lines)
        return HistoryPlan(before, count, lines, changes, moves, is_torn, anew, is_one_line)

    def _is_quick(self, before: FileChecksum, count: int, changes: Mapping[bytes, bytes | None]) -> bool:
        """Tell whether the one changed line can be replaced while the writer waits."""
        ((old, new),) = changes.items()
        return new is not None and (not self.rewriter.takes(count) or self._files.is_near_end(before, old))

    def forget_viewers(self) -> None:
        """Make the next save read everybody's entries again, because something other than a save changed them."""
        self._documents.forget()

    def apply(self, plan: FilePlan) -> None:
        """Write a plan to the disk, after its commit. Raises CopiesFailed; the next save then tries again."""
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
        """Update the history copy; return False if it must be rebuilt."""
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
        """Rebuild each copy that is damaged, missing or behind; return their names.

        A file that existed before this store wrote one is foreign (the older bot's, another store's): it is moved
        aside, never overwritten.
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
        """Publish the history that the other thread has written. Raises CopiesFailed."""
        with self._mark_behind():
            mark = self.rewriter.publish()
            if mark is not None:
                self._store_checksum(HISTORY, mark)

    @contextmanager
    def _mark_behind(self) -> Iterator[None]:
        """Mark the copies as behind until the block has succeeded. Raises CopiesFailed."""
        self.behind = True
        try:
            yield
        except OSError as error:
            raise CopiesFailed(explain_failure(error, str(self._files.folder))) from error
        except SQLAlchemyError as error:  # the store, from which copies are built, could not be read
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
            # As of the last save, so that rebuilding a copy always gives the same bytes.
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
            put_facts(connection, {_build_fact_name(name): _encode_checksum(mark)})


def mark_all_outdated(connection: Connection) -> None:
    """Mark every copy as behind, in the transaction that causes it."""
    put_facts(connection, {_build_fact_name(name): "null" for name in ALL})


def _collect_lines(change: ChangeSet) -> tuple[tuple[bytes, ...], dict[bytes, bytes | None], bool]:
    """Return the history copy's new lines in order, the changed lines with their replacements, and whether lines are
    inserted within it.
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
    return read_fact(connection, _build_fact_name(name)) != ""


def _build_fact_name(name: str) -> str:
    return f"copy:{name}"


def _encode_checksum(mark: FileChecksum | None) -> str:
    return msgspec.json.encode(mark).decode()


def _read_checksum(connection: Connection, name: str, default: FileChecksum | None = None) -> FileChecksum | None:
    """Return the checksum of a copy; `default` if there never was one, None if it must be rewritten."""
    text = read_fact(connection, _build_fact_name(name))
    return msgspec.json.decode(text, type=FileChecksum | None) if text else default

"""Writes the JSON copies after a save, and again from the store where one is torn, missing or behind."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from persistence.database.errors import CopiesFailed, SaveFailed
from persistence.database.rows import Row
from persistence.database.sql import explain_failure, put_facts, read_fact, read_last_seq
from persistence.database.tables import VIEWER_BADGES, VIEWER_STATS, VIEWERS, WATCHES
from persistence.json_files.files import (
    ALL,
    BADGES,
    EMPTY_HISTORY,
    HISTORY,
    STATS,
    FileChecksum,
    JsonFiles,
    badge_entry,
    checksum_after_append,
    checksum_after_replace,
    encode_document,
    history_line,
    stats_entry,
)

_ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class FilePlan:
    """What the copies of a save are to become, made inside its transaction."""

    documents: dict[str, bytes]
    """user_stats.json and user_badges.json, whole."""
    before: FileChecksum | None
    """The history before; None where it must be made anew."""
    history: bool = True
    """Whether there is a history copy yet: an auto-save makes none."""
    line: bytes | None = None
    """What to append to it, or to put in the place of `old`."""
    old: bytes | None = None
    """The line that is replaced."""
    anew: bool = False
    """Whether its end is to be written anew."""
    changes: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """Lines to be written in the place of others, wherever they are; None for those that go. Behind until then, too."""


class JsonSync:
    """Keeps the copies in one folder in step with the store. Used on the writer's thread."""

    def __init__(
        self,
        folder: Path,
        reader: Engine,
        writing: Callable[[], AbstractContextManager[Connection]],
        note: Callable[[str], None],
    ) -> None:
        self._files = JsonFiles(folder)
        self._reader = reader
        self._writing = writing
        self._note = note
        self.behind = False

    def plan(
        self,
        connection: Connection,
        *,
        record: Row | None = None,
        instead_of: Row | None = None,
        history_anew: bool = False,
        changes: Mapping[bytes, bytes | None] | None = None,
        rebuild: bool = False,
    ) -> FilePlan:
        """Return what to write, and store its checksums, in the transaction of the save.

        `record` is a new row of `watches`, or one that was written `instead_of` an older one; `history_anew`
        has the history written though nothing is new in it; `changes` are lines for others, or None for no more;
        `rebuild` has all of it written anew from the store.
        """
        documents = {STATS: _encode_stats(connection), BADGES: _encode_badges(connection)}
        marks: dict[str, FileChecksum | None] = {
            name: FileChecksum.of_content(content) for name, content in documents.items()
        }
        has_history = record is not None or history_anew or _was_written(connection, HISTORY)
        before = None if rebuild else _read_checksum(connection, HISTORY, EMPTY_HISTORY)
        line = None if record is None else history_line(record)
        old = None if instead_of is None else history_line(instead_of)
        if has_history:
            marks[HISTORY] = before
        if record is not None and line is not None and before is not None:
            is_last = record["seq"] == read_last_seq(connection)
            marks[HISTORY] = (
                checksum_after_append(before, line)
                if old is None
                else checksum_after_replace(before, old, line, is_last=is_last)
            )
            if old is not None and not is_last:
                marks[HISTORY] = (
                    None  # the copy counts as behind until the line is written: neither size nor end need tell
                )
        if changes and line is not None and old is not None:
            changes = {**changes, old: line}
        if changes and has_history:
            marks[HISTORY] = None
        put_facts(connection, {_fact_name(name): _encode_checksum(mark) for name, mark in marks.items()})
        return FilePlan(documents, before, has_history, line, old, history_anew, changes or {})

    def apply(self, plan: FilePlan) -> None:
        """Bring a plan to the disk, after its commit. Raises CopiesFailed; the next save then tries again."""
        with self._mark_behind():
            for name, content in plan.documents.items():
                self._files.write(name, content)
            if not self._update_history(plan):
                self._rebuild_history()

    def _update_history(self, plan: FilePlan) -> bool:
        if not plan.history:
            return True
        if plan.before is None:
            return False
        if plan.changes:
            mark = self._files.change(plan.before, plan.changes, plan.line if plan.old is None else None)
            if mark is not None:
                self._store_checksum(HISTORY, mark)
            return mark is not None
        if plan.line is not None and plan.old is not None:
            mark = self._files.replace(plan.before, plan.old, plan.line)
            if mark is not None:
                self._store_checksum(HISTORY, mark)
            return mark is not None
        if plan.line is not None:
            return self._files.append(plan.before, plan.line)
        if plan.anew:
            return self._files.rewrite_tail(plan.before)
        return self._files.matches(HISTORY, plan.before)

    def repair(self) -> list[str]:
        """Make anew each copy that is damaged, missing or behind; return their names.

        A file that is there before this store ever wrote one belongs to somebody (the older bot's, another
        store's): it is moved aside, never overwritten.
        """
        with self._reader.connect() as connection:
            marks = {name: _read_checksum(connection, name) for name in ALL if _was_written(connection, name)}
        wrong = [name for name, mark in marks.items() if mark is None or not self._files.is_whole(name, mark)]
        with self._mark_behind():
            self._set_aside(name for name in ALL if name not in marks)
            for name in wrong:
                self._rebuild(name)
        return wrong

    @contextmanager
    def _mark_behind(self) -> Iterator[None]:
        """Remember that the copies are behind until the block has succeeded. Raises CopiesFailed."""
        self.behind = True
        try:
            yield
        except (OSError, SQLAlchemyError) as error:
            raise CopiesFailed(explain_failure(error, str(self._files.folder))) from error
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
            self._rebuild_history()
            return
        with self._reader.connect() as connection:
            content = _encode_stats(connection) if name == STATS else _encode_badges(connection)
        self._files.write(name, content)
        self._store_checksum(name, FileChecksum.of_content(content))

    def _rebuild_history(self) -> None:
        with self._reader.connect() as connection:
            mark = self._files.rebuild_history(read_history_lines(connection))
        self._store_checksum(HISTORY, mark)

    def _store_checksum(self, name: str, mark: FileChecksum) -> None:
        with self._reader.connect() as connection:
            is_known = _read_checksum(connection, name) == mark
        if not is_known:
            with self._writing() as connection:
                put_facts(connection, {_fact_name(name): _encode_checksum(mark)})


def read_history_lines(connection: Connection) -> Iterator[bytes]:
    """Yield every record's line in the order of the file, without holding all of them in memory."""
    query = select(WATCHES).order_by(WATCHES.c.seq).execution_options(yield_per=_ROWS_AT_ONCE)
    for row in connection.execute(query).mappings():
        yield history_line(row)


def mark_all_outdated(connection: Connection) -> None:
    """Mark every copy as behind, in the transaction that makes it so."""
    put_facts(connection, {_fact_name(name): "null" for name in ALL})


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


def build_stats_document(connection: Connection, settle: Callable[[Row], Row] = lambda row: row) -> dict[str, Any]:
    """Return the content of user_stats.json; `settle` makes each row what it is to say."""
    query = select(VIEWER_STATS, VIEWERS.c.ai_interactions, VIEWERS.c.votes_cast, VIEWERS.c.movies_requested).join(
        VIEWERS, VIEWERS.c.viewer_id == VIEWER_STATS.c.viewer_id
    )
    rows = sorted(connection.execute(query).mappings(), key=lambda row: str(row["viewer_id"]))
    return {row["viewer_id"]: stats_entry(settle(row)) for row in rows}


def build_badges_document(connection: Connection) -> dict[str, Any]:
    """Return the content of user_badges.json."""
    rows = sorted(
        connection.execute(select(VIEWER_BADGES)).mappings(),
        key=lambda row: (row["viewer_id"], row["earned_at_s"], row["badge_id"]),
    )
    document: dict[str, Any] = {}
    for row in rows:
        document.setdefault(row["viewer_id"], []).append(badge_entry(row))
    return document


def _encode_stats(connection: Connection) -> bytes:
    return encode_document(build_stats_document(connection))


def _encode_badges(connection: Connection) -> bytes:
    return encode_document(build_badges_document(connection))

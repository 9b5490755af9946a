"""Rewrites a long history copy on a separate thread, while the store continues to save.

A million records take half a minute. Changes that are saved meanwhile are noted, and added to the new file once it is
written: no save waits for it, and the copy is complete in the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import Connection, Engine, select

from persistence.database.tables import WATCHES
from persistence.json_files.entries import history_line
from persistence.json_files.files import FileChecksum, JsonFiles, checksum_after_append
from persistence.records.change_set import ViewerMove

LARGE = 5_000
"""From this number of records on, another thread rewrites the history copy."""
_ROWS_AT_ONCE = 500
_NOT_IN_LINES = frozenset(
    {"item", "spans", "title_folded", "identity", "film_hash", "closed_wall_s", "closed_steady_s"}
)
"""Columns that lines do not use, including the longest texts."""
_BITE, _PAUSE_S = 100, 0.00005
"""Lines built without a pause (two milliseconds), and the length of a pause (real seconds): only one thread runs Python
code at a time, and a save that reads the store a dozen times would wait for its turn as often."""


class RewritingCancelled(Exception):
    """Rewriting was cancelled, because the service stops."""


class HistoryRewriter:
    """Rewrites the history. Used on the writer's thread, except for the work that it submits to the other thread."""

    def __init__(self, files: JsonFiles, reader: Engine) -> None:
        self._files = files
        self._reader = reader
        self._executor: ThreadPoolExecutor | None = None
        self._on_written: Callable[[], object] = lambda: None
        self._written: Future[FileChecksum] | None = None
        self._waiting: list[Future[None]] = []
        self._lines: list[bytes] = []
        self._changes: dict[bytes, bytes | None] = {}
        self._first: dict[bytes, bytes] = {}
        """For each changed line: the original line from which it came, perhaps through several changes."""
        self._is_outdated = False
        self._is_cancelled = False

    def start(self, on_written: Callable[[], object]) -> None:
        """Start the thread that rewrites long histories.

        It calls `on_written` when the writer's thread must call `JsonSync.complete_rewriting`.
        """
        self._executor, self._on_written = ThreadPoolExecutor(1, thread_name_prefix="persistence-copies"), on_written

    def close(self) -> None:
        """Cancel rewriting; the next start does it again."""
        if self._executor is not None:
            self._is_cancelled, self._on_written = True, lambda: None
            self._executor.shutdown()
            self._executor = None
            self._files.drop_prepared()

    @property
    def is_running(self) -> bool:
        """Whether a history is being written, or was written and is not published yet."""
        return self._written is not None

    def takes(self, count: int) -> bool:
        """Tell whether `count` records are too many to write while the writer waits."""
        return self._executor is not None and count >= LARGE

    def rebuild(self) -> None:
        """Begin to write the history from the store's present content."""
        connection = self._reader.connect()
        connection.execute(select(WATCHES.c.seq).limit(1)).all()  # this statement fixes the snapshot that is read

        def write() -> FileChecksum:
            with connection:
                return self._files.prepare_history(self._watch(read_history_lines(connection)))

        self._begin(write)

    def change(
        self,
        mark: FileChecksum,
        changes: Mapping[bytes, bytes | None],
        lines: Iterable[bytes],
        moves: Sequence[ViewerMove] = (),
    ) -> None:
        """Begin to rewrite the history, which matches `mark`, with some lines changed and others appended."""
        self._begin(lambda: self._files.prepare_changed(mark, changes, lines, moves, self._watch))

    def note(self, lines: Iterable[bytes], changes: Mapping[bytes, bytes | None], *, is_torn: bool) -> None:
        """Note changes that are saved meanwhile. `is_torn`: whether lines were inserted within the history."""
        self._is_outdated |= is_torn
        for old, new in changes.items():
            if old in self._lines:
                at = self._lines.index(old)
                self._lines[at : at + 1] = [] if new is None else [new]
                continue
            first = self._first.pop(old, old)
            self._changes[first] = new
            if new is not None:
                self._first[new] = first
        self._lines.extend(lines)

    def publish(self) -> FileChecksum | None:
        """Publish the written history; return its mark, or None if more must be written first. Raises OSError."""
        written, lines, changes = self._written, self._lines, self._changes
        if written is None or not written.done():
            return None
        self._written, self._lines, self._changes, self._first = None, [], {}, {}
        is_outdated, self._is_outdated = self._is_outdated, False
        try:
            mark = written.result()
            self._files.publish_history()
            if is_outdated:
                self.rebuild()
            elif changes:
                self.change(mark, changes, lines)
            elif lines:
                self._files.append(mark, *lines)
                mark = checksum_after_append(mark, *lines)
        except BaseException as error:
            self._answer_waiting(error)
            raise
        if self.is_running:
            return None
        self._answer_waiting(None)
        return mark

    def await_written(self) -> Future[None]:
        """Return a Future that completes when the history is written; at once if none is being written."""
        future: Future[None] = Future()
        if self.is_running:
            self._waiting.append(future)
        else:
            future.set_result(None)
        return future

    def _begin(self, work: Callable[[], FileChecksum]) -> None:
        assert self._executor is not None, "asked of `takes` before"  # noqa: S101
        self._written = self._executor.submit(work)
        self._written.add_done_callback(lambda _done: self._on_written())

    def _answer_waiting(self, error: BaseException | None) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    def _watch(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for number, line in enumerate(lines):
            if self._is_cancelled:
                raise RewritingCancelled
            if not number % _BITE:
                time.sleep(_PAUSE_S)
            yield line


def read_history_lines(connection: Connection) -> Iterator[bytes]:
    """Yield every record's line in the order of the file, without keeping all of them in memory."""
    columns = [column for column in WATCHES.c if column.name not in _NOT_IN_LINES]
    names = [column.name for column in columns]
    query = select(*columns).order_by(WATCHES.c.seq).execution_options(yield_per=_ROWS_AT_ONCE)
    for row in connection.execute(query):
        yield history_line(dict(zip(names, row, strict=True)))

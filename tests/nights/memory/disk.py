"""The disk of the simulation: real SQLite and real files in memory, which can be full, and killed in mid-write."""

from __future__ import annotations

import contextlib
import errno
import functools
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Engine, event

import persistence.database.open_store
import persistence.json_files.files
import persistence.store
from atomic_file import write_atomically
from persistence.database.engine import reader_engine, writer_engine
from persistence.database.store_owner import StoreLock
from persistence.store import Store
from tests.unit.persistence.record_builders import RULES


class Disk:
    """One folder, used by night after night: engines are kept, for their compiled statements take most of the time."""

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        """`data`: the data folder, by default one in `folder`."""
        self.folder = data or folder / "data"
        self._empty = folder / "empty.db"
        self.full = False
        self.point: Callable[[], None] = lambda: None
        self._engines: list[Engine] = []
        self._locks: list[StoreLock] = []
        self.refused = 0

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return f"sqlite:///{self.folder / 'usher.db'}"

    def format(self) -> None:
        """A new, empty store and nothing else."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.full, self.point, self.refused = False, lambda: None, 0
        if not self._empty.exists():
            Store(self.store_url, self.folder, RULES).close()
            self.close()
            shutil.copy(self.folder / "usher.db", self._empty)
        else:
            shutil.copy(self._empty, self.folder / "usher.db")

    def close(self) -> None:
        """Close every connection and give every lock back, as the end of a process does."""
        for engine in self._engines:
            engine.dispose()
        for lock in self._locks:
            lock.release()
        self._locks.clear()

    def _make_lock(self, file: Path) -> StoreLock:
        if file.parent != self.folder:
            made: StoreLock = self._others[3](file)
            return made
        lock = StoreLock(file)
        self._locks.append(lock)
        return lock

    @contextlib.contextmanager
    def mount(self) -> Iterator[None]:
        """Have the service write to this disk: what is written to another, where several are mounted, goes there."""
        with contextlib.ExitStack() as patches:
            modules: tuple[Any, Any, Any] = (
                persistence.database.open_store, persistence.store, persistence.json_files.files,
            )  # fmt: skip
            self._others = (
                modules[0].writer_engine, modules[1].reader_engine, modules[2].write_atomically, modules[1].StoreLock,
            )  # fmt: skip
            patches.enter_context(mock.patch.object(persistence.database.open_store, "writer_engine", self._writer))
            patches.enter_context(mock.patch.object(persistence.store, "reader_engine", self._reader))
            patches.enter_context(
                mock.patch.object(persistence.json_files.files, "write_atomically", self._write_atomically)
            )
            patches.enter_context(mock.patch.object(persistence.store, "StoreLock", self._make_lock))
            original = persistence.json_files.files.JsonFiles._overwrite

            def overwrite(copies: Any, name: str, start: int, content: bytes) -> None:
                write = functools.partial(original, copies, name)
                if copies.folder == self.folder:
                    self._overwrite(write, start, content)
                else:
                    write(start, content)

            patches.enter_context(mock.patch.object(persistence.json_files.files.JsonFiles, "_overwrite", overwrite))
            try:
                yield
            finally:
                self.close()

    @functools.cached_property
    def _writer(self) -> Callable[..., Engine]:
        @functools.cache
        def make_engine(url: str, *, is_owner: bool = False) -> Engine:
            if url != self.store_url:
                theirs: Engine = self._others[0](url, is_owner=is_owner)
                return theirs
            engine = writer_engine(url, is_owner=is_owner)
            event.listen(engine, "begin", lambda _connection: self.point(), insert=True)
            event.listen(engine, "commit", lambda _connection: self.check())
            self._engines.append(engine)
            return engine

        return make_engine

    @functools.cached_property
    def _reader(self) -> Callable[[str], Engine]:
        @functools.cache
        def make_engine(url: str) -> Engine:
            if url != self.store_url:
                theirs: Engine = self._others[1](url)
                return theirs
            engine = reader_engine(url)
            self._engines.append(engine)
            return engine

        return make_engine

    def check(self) -> None:
        """A moment at which the disk may be full, or the process be killed."""
        self.point()
        if self.full:
            self.refused += 1
            raise OSError(errno.ENOSPC, "No space left on device")

    def _write_atomically(self, file: Path, chunks: Iterable[bytes]) -> None:
        if file.parent != self.folder:
            self._others[2](file, chunks)
            return

        def write_chunks() -> Iterator[bytes]:
            for chunk in chunks:
                yield chunk[: len(chunk) // 2]
                self.check()
                yield chunk[len(chunk) // 2 :]

        write_atomically(file, write_chunks())
        self.point()

    def _overwrite(self, write: Callable[[int, bytes], None], start: int, content: bytes) -> None:
        """Torn where it is cut short: a part of it is on the disk then."""
        try:
            self.check()
        except BaseException:
            write(start, content[: len(content) // 2])
            raise
        write(start, content)
        self.point()

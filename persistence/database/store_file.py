"""Checks whether the file of an open SQLite store is still the one at its path."""

import os
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

from messages import Problem
from persistence.database.errors import StoreMoved

_PATH_ONLY = getattr(os, "O_PATH", None)
"""Opens a file without access to its content. Closing any other kind of handle would drop SQLite's own locks on it."""


class StoreFile:
    """Keeps a handle of the opened file, and compares it with the file that is now at its path.

    If the system has no such handle (macOS, Windows), only a missing file is detected.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, _PATH_ONLY) if _PATH_ONLY is not None else -1

    def close(self) -> None:
        """Close the handle."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def check(self) -> None:
        """Raise StoreMoved if writes do not reach the file at the path."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            raise StoreMoved(Problem.of("store.gone", file=str(self._path))) from None
        if self._handle < 0:
            return
        own = os.fstat(self._handle)
        if own.st_nlink == 0 or (own.st_dev, own.st_ino) != (there.st_dev, there.st_ino):
            raise StoreMoved(Problem.of("store.replaced", file=str(self._path)))


def rescue(connection: sqlite3.Connection, backups_dir: Path) -> Path:
    """Copy the content that an open connection sees, to the backups or to a temporary folder; return the copy.

    The data folder itself is never created: a start must detect that it is missing. Raises OSError and sqlite3.Error.
    """
    name = time.strftime("rescue-%Y%m%d-%H%M%S.db", time.gmtime())
    folder = backups_dir
    try:
        if not folder.is_dir():
            folder.mkdir()
        target = _reserve(folder / name)
    except OSError:
        target = _reserve(Path(tempfile.mkdtemp(prefix="usher-rescue-")) / name)
    try:
        with closing(sqlite3.connect(target)) as copy:
            connection.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise
    return target


def _reserve(file: Path) -> Path:
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return file

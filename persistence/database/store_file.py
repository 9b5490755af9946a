"""Whether the file of an open SQLite store is still the one at its path."""

import os
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

from messages import Problem
from persistence.database.errors import StoreMoved

_PATH_ONLY = getattr(os, "O_PATH", None)
"""Opens a file without access to it. To close any other handle of the file would drop SQLite's own locks on it."""


class StoreFile:
    """Holds on to the file that was opened, and compares it with what is at its path now.

    Where the system has no such handle (macOS, Windows), only a file that is gone is noticed.
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
        """Raise StoreMoved where what is written now does not reach the file at the path."""
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
    """Copy what an open connection sees, and return the copy: beside the backups, or among the temporary files.

    The data folder itself is never made: where it is gone, a start must see that. Raises OSError and sqlite3.Error.
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

"""Checks whether a folder can hold a store: some network shares refuse locks, shared memory, or replacing a file."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from messages import Problem
from persistence.database.errors import FolderRefusal

_SHARED_BYTES: Final = 32_768
"""Size of the memory that SQLite shares between its connections."""
_OTHER_CAUSES: Final = frozenset({
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO,
})  # fmt: skip
"""Errors that any disk can return, and that have their own cures."""
_TRIED_BYTES: Final = 65_536
"""More than fits on a full disk, or into an exhausted quota."""


def check_folder(folder: Path) -> None:
    """Perform the store's file operations in a folder, with test files. Raises FolderRefusal.

    A folder that is not writable at all, or full, does not raise it: the next write reports that.
    """
    with contextlib.suppress(OSError), _probe_folder(folder) as probe:
        for what, step in _STEPS:
            try:
                step(probe)
            except OSError as error:
                if error.errno in _OTHER_CAUSES:
                    return  # SQLite's own error would not say more
                raise FolderRefusal(folder, what) from error
            except sqlite3.Error as error:
                failed = find_write_error(probe / "probe.db")  # SQLite also says "disk I/O error" for a full disk
                if failed is None or failed.errno not in _OTHER_CAUSES:
                    raise FolderRefusal(folder, what) from error


def find_write_error(store: Path) -> OSError | None:
    """Write a few pages to a test file beside an SQLite store, and flush them; return the error, if any.

    SQLite's codes do not distinguish a full quota, a read-only mount and a broken disk.
    """
    try:
        with tempfile.TemporaryFile(prefix=".usher-probe-", dir=store.parent) as probe:
            probe.write(b"\0" * _TRIED_BYTES)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error
    return _find_size_limit(store)


def _find_size_limit(store: Path) -> OSError | None:
    """Return the error of a file that may not grow, if the store has reached this process's limit of file size."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    sizes = [file.stat().st_size for file in (store, store.with_name(f"{store.name}-wal")) if file.exists()]
    if limit == resource.RLIM_INFINITY or max(sizes, default=0) + _TRIED_BYTES <= limit:
        return None
    return OSError(errno.EFBIG, os.strerror(errno.EFBIG))


@contextlib.contextmanager
def _probe_folder(folder: Path) -> Iterator[Path]:
    probe = Path(tempfile.mkdtemp(prefix=".usher-probe-", dir=folder))
    try:
        yield probe
    finally:
        for file in probe.iterdir():
            file.unlink(missing_ok=True)
        probe.rmdir()


def _lock(probe: Path) -> None:
    """Lock a file in the way SQLite does."""
    if sys.platform == "win32":
        return
    import fcntl

    with (probe / "locked").open("wb") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 2, 1, os.SEEK_SET)
        fcntl.lockf(file, fcntl.LOCK_UN, 2, 1, os.SEEK_SET)


def _lock_whole(probe: Path) -> None:
    """Lock a file in the way the data folder and the store are locked for one service."""
    if sys.platform == "win32":
        return
    import fcntl

    with (probe / "whole").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(file, fcntl.LOCK_UN)


def _share_memory(probe: Path) -> None:
    """Share memory in the way SQLite shares its index of the write-ahead log."""
    with (probe / "shared").open("w+b") as file:
        file.write(b"\0" * _SHARED_BYTES)  # a sparse file would kill the process (SIGBUS) on a full disk
        file.flush()
        with mmap.mmap(file.fileno(), _SHARED_BYTES) as shared:
            shared[0] = 1


def _replace(probe: Path) -> None:
    """Replace a file in the way copies and backups are written."""
    for name in ("new", "old"):
        with (probe / name).open("wb") as file:
            file.write(name.encode())
            os.fsync(file.fileno())
    (probe / "new").replace(probe / "old")
    if os.name != "nt":
        handle = os.open(probe, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_store(probe: Path) -> None:
    """Write a store with SQLite itself, which combines all of these operations."""
    with contextlib.closing(sqlite3.connect(probe / "probe.db", timeout=0.5, isolation_level=None)) as connection:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise OSError(errno.ENOTSUP, f"journal mode {mode}")
        connection.execute("CREATE TABLE probe (value)")


_STEPS: tuple[tuple[Problem, Callable[[Path], None]], ...] = (
    (Problem.of("refused.locks"), _lock),
    (Problem.of("refused.locks"), _lock_whole),
    (Problem.of("refused.shared_memory"), _share_memory),
    (Problem.of("refused.replacing"), _replace),
    (Problem.of("refused.log"), _write_store),
)

"""Allows only one launcher on each data folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

import filelock

from launcher.connection.run_state import read_running_state

_PID_KNOWN_WITHIN_S = 1.0


class AlreadyRunningError(RuntimeError):
    """Another process holds the data folder; `pid` is the launcher's process id, 0 if unknown."""

    def __init__(self, data_dir: Path, pid: int) -> None:
        who = f"by process {pid}" if pid else "by another process"
        super().__init__(
            f"The data folder {data_dir} is in use {who}. "
            "Stop that one first (Ctrl-C, or SIGTERM to it), or name another folder in DATA_DIR."
        )
        self.pid = pid


class FolderLock:
    """The operating system's lock on a data folder. It ends with its process, so it is never stale."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = filelock.FileLock(data_dir / "usher.lock", thread_local=False)

    def take(self) -> None:
        """Take the lock of an existing folder. Raises AlreadyRunningError, or FolderRefusal if it supports no locks."""
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            from persistence.folder_probe import check_folder  # only here: it loads SQLite

            check_folder(self._data_dir)  # a share that refuses locks can look like one that is held
            raise AlreadyRunningError(self._data_dir, self._holder()) from None
        except OSError:
            from persistence.folder_probe import check_folder

            check_folder(self._data_dir)
            raise
        # Once its file was deleted, a lock protects nothing: so the run file is read as well.
        found = read_running_state(self._data_dir)
        if found is not None and found.launcher.pid != os.getpid():
            self._lock.release()
            raise AlreadyRunningError(self._data_dir, found.launcher.pid)

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()

    def __enter__(self) -> FolderLock:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _holder(self) -> int:
        """Return the holder's pid, waiting a moment for it to write its run file; 0 if it does not."""
        until = time.monotonic() + _PID_KNOWN_WITHIN_S
        while time.monotonic() < until:
            found = read_running_state(self._data_dir)
            if found is not None:
                return found.launcher.pid
            time.sleep(0.05)
        return 0

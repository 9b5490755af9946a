"""The short-lived folder of a run: the actors' sockets, mode 0700, and what dead launchers left of theirs."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import filelock
import psutil

from launcher.connection.run_state import ProcessIdentity, RunFile, RunState

_PREFIX = "usher-"
_LONGEST = 60
"""Bytes: a socket's path may have about 100 in all."""


def choose_base_folder() -> Path:
    """Where run folders are made: the user's own runtime folder, else the temporary one."""
    for candidate in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir()):
        path = Path(candidate)
        if candidate and len(os.fsencode(path)) <= _LONGEST and path.is_dir() and os.access(path, os.W_OK):
            return path
    return Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 - mkdtemp makes a fresh folder of mode 0700 in it


class SocketDir:
    """A folder that only this user can enter, marked by a lock as belonging to a living launcher."""

    def __init__(self, base: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base or choose_base_folder()))  # mode 0700
        self._lock = _owner_lock(self.path)
        self._lock.acquire(blocking=False)

    def remove(self) -> None:
        """Remove it with all that is in it; no matter what is gone already."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def clean_stale(base: Path | None = None) -> list[Path]:
    """Remove the run folders whose launcher and children are all dead; return them.

    A folder without a run file is left alone: its launcher may be about to write it.
    """
    return [folder for folder in (base or choose_base_folder()).glob(_PREFIX + "*") if _remove_stale(folder)]


def wait_for_orphans(left: RunState, within_s: float, interrupted: Callable[[], bool] = lambda: False) -> list[int]:
    """Wait until the children of a killed launcher have saved and gone; kill and return those that stay.

    Where it is interrupted it kills nobody: they are on their way.
    """
    until = time.monotonic() + within_s
    waiting = [child for child in left.children.values() if _is_actor(child)]
    while waiting and time.monotonic() < until:
        if interrupted():
            return []
        time.sleep(0.05)
        waiting = [child for child in waiting if _is_actor(child)]
    for child in waiting:
        found = child.find()
        if found is not None:
            with contextlib.suppress(psutil.Error):
                found.kill()
    return [child.pid for child in waiting]


def _remove_stale(folder: Path) -> bool:
    try:
        if folder.is_symlink() or (hasattr(os, "getuid") and folder.stat().st_uid != os.getuid()):
            return False
    except OSError:
        return False
    left = RunFile(folder).read()
    if left is None or any(_is_actor(child) for child in left.children.values()):
        return False
    lock = _owner_lock(folder)
    try:
        lock.acquire(blocking=False)
    except (filelock.Timeout, OSError):
        return False
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _owner_lock(folder: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(folder / "owner.lock", thread_local=False)


def _is_actor(child: ProcessIdentity) -> bool:
    """Whether it still runs and is one of ours: what is killed must not be guessed from a pid alone."""
    found = child.find()
    try:
        return found is not None and "actors" in found.cmdline()
    except psutil.Error:
        return False

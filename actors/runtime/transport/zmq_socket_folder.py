"""The folder of a run's ZeroMQ sockets: private to this user, short enough for a socket's path, removed at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path

_LONGEST_BASE = 60
"""Most bytes of the path in which socket folders are made."""
_PREFIX = "usher-"
_UNLOCKED_PREFIX = "new-usher-"
"""Of a folder that is not locked yet: no other launcher takes it for a stale one."""
_LOCK = "owner.lock"


def choose_base_folder() -> Path:
    """Return the folder for socket folders: the user's own runtime folder, or else the temporary folder."""
    for candidate in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir()):
        path = Path(candidate)
        if candidate and len(os.fsencode(path)) <= _LONGEST_BASE and path.is_dir() and os.access(path, os.W_OK):
            return path
    return Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 - mkdtemp makes a fresh folder of mode 0700 in it


class SocketFolder:
    """A new folder of mode 0700, marked by a lock as belonging to a living process."""

    def __init__(self, base: Path | None = None) -> None:
        from filelock import FileLock  # only its owner needs it, and not every process that listens in it

        base = base or choose_base_folder()
        made = Path(tempfile.mkdtemp(prefix=_UNLOCKED_PREFIX, dir=base))
        self._lock = FileLock(made / _LOCK, thread_local=False)
        self._lock.acquire()
        self.path = made.rename(base / (_PREFIX + made.name.removeprefix(_UNLOCKED_PREFIX)))

    def remove(self) -> None:
        """Remove the folder and its content; it may be gone already."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def remove_stale_folders(base: Path | None = None) -> list[Path]:
    """Remove and return the folders whose owner is dead and in which nobody listens any more."""
    return [folder for folder in (base or choose_base_folder()).glob(_PREFIX + "*") if _remove_if_stale(folder)]


def _remove_if_stale(folder: Path) -> bool:
    from filelock import FileLock, Timeout

    try:
        details = folder.lstat()
        if not stat.S_ISDIR(details.st_mode) or (hasattr(os, "getuid") and details.st_uid != os.getuid()):
            return False
        if not (folder / _LOCK).exists():  # another program's
            return False
        with FileLock(folder / _LOCK, blocking=False, thread_local=False):
            if any(_is_listening(path) for path in folder.iterdir()):
                return False  # its owner was killed, and its actors are still saving
            shutil.rmtree(folder, ignore_errors=True)
    except (Timeout, OSError):
        return False
    return True


def _is_listening(path: Path) -> bool:
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
        probe.settimeout(1.0)
        probe.connect(os.fspath(path))
        return True
    return False

"""One service for one store, whichever data folders are used.

An SQLite store has a lock beside it, a PostgreSQL store an advisory lock of the writer's connection: both go with the
process that holds them, so they are never stale.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from atomic_file import write_atomically
from foreign_input import ForeignInputError, open_regular
from persistence.database.errors import StoreInUse
from persistence.folder_probe import check_folder

PREDECESSOR_S = 5.0
"""How long a process that is just dying is waited for."""
_ADVISORY_KEY = 0x7573686572
"""Usher's key among the advisory locks of a database."""


def describe_owner() -> str:
    """Return what others are told of this process as the owner of a store."""
    return f"process {os.getpid()} on {socket.gethostname()}"


class StoreLock:
    """The lock beside an SQLite store, and a file that names who holds it."""

    def __init__(self, file: Path) -> None:
        self._store = file
        self._lock = filelock.FileLock(file.with_name(f"{file.name}.lock"), thread_local=False)
        self._owner = file.with_name(f"{file.name}.owner")

    def take(self, data_dir: Path, wait_s: float = PREDECESSOR_S) -> None:
        """Take it. Raises StoreInUse, naming who has it; OSError or FolderRefusal where the folder takes no lock."""
        try:
            self._lock.acquire(timeout=wait_s, poll_interval=0.1)
        except filelock.Timeout:
            check_folder(self._store.parent)  # a share that refuses locks can look like one that is held
            raise StoreInUse(str(self._store), self._read_owner()) from None
        write_atomically(self._owner, [f"{describe_owner()}, with the data folder {data_dir.absolute()}".encode()])

    def release(self) -> None:
        """Give it back."""
        self._lock.release(force=True)

    def _read_owner(self) -> str:
        try:
            with open_regular(self._owner) as stream:
                return stream.read(500).decode("utf-8", "replace") or "another process"
        except (OSError, ForeignInputError):
            return "another process"


@contextmanager
def own_store(file: Path, data_dir: Path) -> Iterator[None]:
    """Hold the lock of an SQLite store. Raises StoreInUse."""
    lock = StoreLock(file)
    lock.take(data_dir)
    try:
        yield
    finally:
        lock.release()


def take_advisory_lock(connection: Any, store: str) -> None:
    """Make a PostgreSQL connection the owner of its database, for as long as it lives. Raises StoreInUse."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", (f"usher: {describe_owner()}"[:63],))
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (_ADVISORY_KEY,))
        (is_taken,) = cursor.fetchone()
        if not is_taken:
            cursor.execute(
                "SELECT a.application_name, a.client_addr::text FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                "WHERE l.locktype = 'advisory' AND l.granted AND ((l.classid::bigint << 32) | l.objid::bigint) = %s "
                "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (_ADVISORY_KEY,),
            )
            holder = cursor.fetchone() or ("another process", None)
            name = str(holder[0]).removeprefix("usher: ") or "another process"
            raise StoreInUse(store, f"{name}, from {holder[1]}" if holder[1] else name)
    connection.commit()

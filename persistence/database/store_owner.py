"""Ensures that only one service uses a store, whatever data folders are used.

An SQLite store has a lock beside it, a PostgreSQL store an advisory lock of the writer's connection: both end with the
process that holds them, so that they are never stale.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import filelock

from atomic_file import write_atomically
from foreign_input import ForeignInputError, open_regular
from persistence.database.errors import StoreInUse
from persistence.database.schema import build_lock_key
from persistence.folder_probe import check_folder

PREDECESSOR_S = 5.0
"""How long to wait for a process that is just ending."""
_ADVISORY_KEY = 0x7573686572
"""Usher's key among the advisory locks of a database."""


def describe_owner() -> str:
    """Return a description of this process as the owner of a store, for others."""
    return f"process {os.getpid()} on {socket.gethostname()}"


class StoreLock:
    """The lock beside an SQLite store, and a file that names its holder."""

    def __init__(self, file: Path) -> None:
        self._store = file
        self._lock = filelock.FileLock(file.with_name(f"{file.name}.lock"), thread_local=False)
        self._owner = file.with_name(f"{file.name}.owner")

    def take(self, data_dir: Path, wait_s: float = PREDECESSOR_S) -> None:
        """Take the lock. Raises StoreInUse, naming its holder; OSError or FolderRefusal if the folder refuses locks."""
        try:
            self._lock.acquire(timeout=wait_s, poll_interval=0.1)
        except filelock.Timeout:
            check_folder(self._store.parent)  # a share that refuses locks can look like a held lock
            raise StoreInUse(str(self._store), self._read_owner()) from None
        write_atomically(self._owner, [f"{describe_owner()}, with the data folder {data_dir.absolute()}".encode()])

    def release(self) -> None:
        """Release the lock."""
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


def take_advisory_lock(connection: Any, store: str, lost_session: int = 0, schema: str = "") -> int:
    """Make a PostgreSQL connection the owner of its store for its lifetime; return its session's number.

    The store is the database, or a `schema` of it.

    `lost_session`: the session of the previous connection, which the server may still keep after a network failure;
    it is ended. Raises StoreInUse.
    """
    own_name = f"usher: {describe_owner()}"[:63]
    key = build_lock_key(schema, _ADVISORY_KEY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", (own_name,))
        is_taken = _try_advisory_lock(cursor, key)
        holder = None if is_taken else _read_holder(cursor, key)
        is_lost = holder is not None and (holder.name, holder.pid) == (own_name, lost_session)
        if is_lost:
            cursor.execute("SELECT pg_terminate_backend(%s)", (lost_session,))
        if is_lost or holder is None:  # it is ending, or has just ended
            until_s = time.monotonic() + PREDECESSOR_S
            while not (is_taken := _try_advisory_lock(cursor, key)) and time.monotonic() < until_s:
                time.sleep(0.1)
        if not is_taken:
            name = holder.name.removeprefix("usher: ") if holder else ""
            name = name or "another process"
            raise StoreInUse(store, f"{name}, from {holder.address}" if holder and holder.address else name)
        cursor.execute("SELECT pg_backend_pid()")
        session = int(cursor.fetchone()[0])
    connection.commit()
    return session


class _Holder(NamedTuple):
    """The session that has the lock."""

    name: str
    address: str
    pid: int
    """Process id at the server."""


def _try_advisory_lock(cursor: Any, key: int) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", (key,))
    return bool(cursor.fetchone()[0])


def _read_holder(cursor: Any, key: int) -> _Holder | None:
    cursor.execute(
        "SELECT a.application_name, a.client_addr::text, a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND ((l.classid::bigint << 32) | l.objid::bigint) = %s "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        (key,),
    )
    row = cursor.fetchone()
    return None if row is None else _Holder(str(row[0]), str(row[1] or ""), int(row[2]))

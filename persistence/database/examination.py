"""Reads an SQLite store again, on a separate connection, to distinguish damage from a failed read.

SQLite says "malformed" for both. A store is reported as damaged, and a backup named, only if this confirms it.
"""

import errno
import math
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Literal

from persistence.database.revision import HEAD, VERSION_TABLE, known_revisions, reports_failed_read
from persistence.database.shape import ShapeFault, check_rows, check_shape, read_all_rows

BUSY_MS = 5000
"""How long to wait for another program's lock, milliseconds."""
Check = Literal["quick_check", "integrity_check"]
_PASSING = (
    "SQLITE_IOERR", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_NOMEM", "SQLITE_PROTOCOL", "SQLITE_FULL",
    "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_INTERRUPT",
)  # fmt: skip
_STEPS_BETWEEN_LOOKS = 100_000
"""Steps of SQLite's virtual machine, which take some milliseconds."""


def open_read_only(file: Path) -> sqlite3.Connection:
    """Open an SQLite store read-only."""
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


def is_passing(error: sqlite3.Error) -> bool:
    """Tell whether an error may be temporary (a lock, a failed read) and says nothing about the file's content."""
    code = getattr(error, "sqlite_errorname", None) or ""
    return code.startswith(_PASSING)


def find_damage(
    file: Path, within_s: float = math.inf, *, check: Check = "quick_check", reads_rows: bool = False
) -> str:
    """Return what is wrong with an SQLite store; empty if it is sound.

    `check`: the SQLite check that reported damage. `reads_rows`: whether Usher's own readers read every table too.
    Raises TimeoutError if the time is over before the result is known, OSError and sqlite3.Error if it is unreadable.
    """
    until_s = time.monotonic() + within_s
    try:
        with closing(open_read_only(file)) as connection:
            if within_s < math.inf:
                connection.set_progress_handler(lambda: time.monotonic() > until_s, _STEPS_BETWEEN_LOOKS)
            faults = [str(fault) for (fault,) in connection.execute(f"PRAGMA {check}(1)")]
            if faults != ["ok"]:
                if any(map(reports_failed_read, faults)):
                    raise OSError(errno.EIO, os.strerror(errno.EIO), str(file))
                return "; ".join(faults)
            if reads_rows:
                _read_everything(connection)
    except ShapeFault as error:
        return str(error)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise TimeoutError from None
        if is_passing(error):
            raise
        return str(error) or type(error).__name__
    return ""


def _read_everything(connection: sqlite3.Connection) -> None:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (VERSION_TABLE,)).fetchone()
    revisions = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() if found else []  # noqa: S608  # a constant
    if len(revisions) != 1 or revisions[0][0] not in (HEAD, *known_revisions()):
        return  # new, or a foreign file: not damaged
    check_shape(connection, revisions[0][0])
    if revisions[0][0] == HEAD:
        read_all_rows(connection)
        check_rows(connection)

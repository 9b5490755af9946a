"""Reads a store's revision, and migrates it to the newest."""

import errno
import logging
import re
import sqlite3
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from persistence.database.errors import DamagedStore, StoreError

HEAD = "0011"
"""The newest revision; a test compares it with the migrations. It stands here so that a start need not load Alembic."""
VERSION_TABLE = "usher_version"
SQLITE_MAGIC = b"SQLite format 3\0"
"""The first bytes of every SQLite file."""
_MIGRATIONS = Path(__file__).parent / "migrations"
_created: tuple[str, ...] | None = None
"""The statements that create an SQLite store, recorded from the first one created."""
_MIGRATING = threading.Lock()
"""Alembic keeps the running migration in a module: two at once would use each other's connection."""


def read_revision(connection: Connection) -> str | None:
    """Return the store's revision; None if it is empty. Raise StoreError if it is a foreign database."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE in tables:
        revisions = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()  # noqa: S608  # a constant
        if len(revisions) == 1:
            return str(revisions[0])
        if not revisions and tables == {VERSION_TABLE}:
            return None
    if not tables:
        return None
    raise StoreError(f"it holds tables that are not Usher's ({', '.join(sorted(tables)[:5])})")


def known_revisions() -> list[str]:
    """Return every revision, the oldest first."""
    from alembic.script import ScriptDirectory  # opening a store at HEAD needs no Alembic

    return [step.revision for step in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()][::-1]


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate to `revision` in the connection's transaction; only one store at a time in a process."""
    from alembic import command  # as above
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)  # its steps need no log lines
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _MIGRATING:
        command.upgrade(config, revision)


def create_sqlite(connection: Connection) -> None:
    """Create an SQLite store in the connection's transaction.

    A process creates its first store by running all migrations, and the others from a dump of that one: migrations
    cost as much as a hundred saves, and hundreds of communities may have a store each.
    """
    global _created  # shared by the process, as the migrations are
    statements = _created
    if statements is None:
        upgrade(connection)
        made: Any = connection.connection.driver_connection
        _created = tuple(made.iterdump())[1:-1]  # without its BEGIN and COMMIT
        return
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {VERSION_TABLE}")  # empty, after an interrupted start
    for statement in statements:
        connection.exec_driver_sql(statement)


def reports_failed_read(fault: str) -> bool:
    """Tell whether SQLite's check found an unreadable page, rather than a wrong one."""
    found = re.search(r"unable to get the page\. error code=(\d+)", fault)
    is_failed = found is not None and int(found[1]) & 0xFF in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM)
    return is_failed or "failed to get page" in fault


def quick_check(connection: Connection) -> None:
    """Raise DamagedStore if an SQLite file is damaged; OSError if it could not be read."""
    try:
        faults = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
    except OperationalError:
        raise  # another program holds it
    except DatabaseError as error:
        raise DamagedStore(f"it is damaged or no SQLite file ({error.orig})") from None
    if faults != ["ok"]:
        if any(reports_failed_read(str(fault)) for fault in faults):
            raise OSError(errno.EIO, "disk I/O error")  # the disk's fault, possibly temporary, not the file's
        raise DamagedStore(f"it is damaged ({'; '.join(map(str, faults))[:200]})")

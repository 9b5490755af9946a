"""Checks the store, then opens it. A damaged, newer or foreign store is never written to."""

import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from foreign_input import ForeignInputError, open_regular
from messages import Problem
from persistence.database import backup
from persistence.database.causes import can_never_work, cause_and_cure, is_damage
from persistence.database.engine import sqlite_file, store_name, without_time_limits, writer_engine
from persistence.database.errors import BackupError, DamagedStore, FolderRefusal, StoreAway, StoreError
from persistence.database.examination import find_damage
from persistence.database.revision import (
    HEAD,
    SQLITE_MAGIC,
    create_sqlite,
    known_revisions,
    quick_check,
    read_revision,
    upgrade,
)
from persistence.database.shape import ShapeFault, check_shape
from persistence.folder_probe import check_folder

_LOG_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""The first bytes of a write-ahead log."""
_LONGEST_PATH = 490
"""Maximum length of the store's path, bytes: SQLite opens no path above 511, and that of the -journal is longer."""
_NO_LOG_YET = b"\0\0\0\0"
"""The bytes that a power cut can leave in place of _LOG_MAGIC."""


def open_writer(
    url: str,
    backups_dir: Path,
    note: Callable[[str], None] = lambda _line: None,
    *,
    is_owner: bool = False,
    copies: Sequence[Path] = (),
) -> Engine:
    """Return the writer's engine of a store at the newest revision, creating or migrating the store if needed.

    `is_owner`: as in `writer_engine`. `copies`: JSON copies beside which no new store may be created.
    Raises StoreError, naming the store, the newest good backup and the cure; StoreAway if it is locked, if its server
    does not answer, or if its folder cannot be used, which is not the store's fault. Before a migration an SQLite
    store is backed up to `backups_dir`, and `note` is called.
    """
    with translate_store_errors(url):
        file = sqlite_file(url)
        _check_file(url, file, backups_dir, copies)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        engine = writer_engine(url, is_owner=is_owner)
        try:
            _migrate(engine, url, file, backups_dir, note, copies)
        except BaseException:
            engine.dispose()
            raise
    return engine


@contextmanager
def translate_store_errors(url: str) -> Iterator[None]:
    """Turn errors of a store into StoreAway if they may be temporary, else into StoreError."""
    try:
        yield
    except (NoSuchModuleError, ImportError) as error:
        raise StoreError(
            Problem.of("store.no_driver", store=store_name(url), error=str(error)), Problem.of("cure.install_driver")
        ) from error
    except IsADirectoryError as error:
        raise StoreError(Problem.of("store.is_folder", store=store_name(url)), Problem.of("cure.name_file")) from error
    except FolderRefusal as error:
        raise StoreAway(
            Problem.of("store.unusable_now", store=store_name(url), cause=error.cause),
            Problem.of("cure.sentence", cure=error.cure),
        ) from error
    except BackupError as error:  # raised by the backup before a migration
        raise StoreAway(Problem.of("store.not_migrated", store=store_name(url), error=error.problem)) from error
    except (ArgumentError, DatabaseError, sqlite3.Error, OSError) as error:
        _refuse_share(url, error)
        cause, cure = cause_and_cure(error, None if isinstance(error, ArgumentError) else sqlite_file(url))
        cause = cause.removeprefix(f"{store_name(url)}: ")
        if can_never_work(error):
            raise StoreError(
                Problem.of("store.unusable", store=store_name(url), cause=cause), Problem.of("cure.mend_url")
            ) from error
        raise StoreAway(
            Problem.of("store.unusable_now", store=store_name(url), cause=cause),
            Problem.of("cure.sentence", cure=cure),
        ) from error


def _refuse_share(url: str, error: Exception) -> None:
    """Raise StoreAway if the folder of an SQLite store refuses an operation that a store needs.

    SQLite mistakes a refused lock for another program's lock, and refused shared memory for a full disk.
    """
    file = None if isinstance(error, ArgumentError) else sqlite_file(url)
    if file is None or not file.parent.is_dir():
        return
    try:
        check_folder(file.parent)
    except FolderRefusal as refusal:
        raise StoreAway(
            Problem.of("store.unusable_now", store=store_name(url), cause=refusal.cause),
            Problem.of("cure.sentence", cure=refusal.cure),
        ) from error


def check_store(url: str, backups_dir: Path | None = None, copies: Sequence[Path] = ()) -> bool:
    """Tell whether there is a store; raise what `open_writer` would if it cannot be used. Writes nothing."""
    with translate_store_errors(url):
        file = sqlite_file(url)
        _check_file(url, file, backups_dir, copies)
        if file is not None and not file.exists():
            return False
        engine = writer_engine(url, may_create_schema=False)
        try:
            _check_revision(engine, url, file, backups_dir)
        finally:
            engine.dispose()
    return True


def check_writable(url: str) -> None:
    """Raise StoreAway if there is an SQLite store that this user may only read.

    SQLite would open it anyway, fail at the first save, and leave a read-only -wal beside it.
    """
    with translate_store_errors(url):
        file = sqlite_file(url)
        if file is not None and file.exists() and not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, "no permission to write it", str(file))


def _check_file(url: str, file: Path | None, backups_dir: Path | None, copies: Sequence[Path]) -> None:
    if file is None:
        return
    if len(os.fsencode(os.path.realpath(file))) > _LONGEST_PATH:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(file))
    _check_beside(url, file)
    try:
        head = _read_head(file)
    except ForeignInputError as error:
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder", str(file)) from None
        raise _build_refusal(url, error.what, backups_dir) from None
    if head != SQLITE_MAGIC and head != _read_head(file):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(file))  # a read failed without an error
    if head and head != SQLITE_MAGIC:
        raise _build_refusal(url, "it is damaged or no SQLite file", backups_dir)
    if not head and backups_dir is not None and backup.find_newest_good(backups_dir) is not None:
        reason = f"it is {'empty' if file.exists() else 'gone'}, and there are backups of what was in it"
        raise _build_refusal(url, reason, backups_dir, f"To start with an empty store, move {backups_dir} away; or ")
    if not head:
        _refuse_beside(url, copies, "empty" if file.exists() else "gone")


def _read_head(file: Path) -> bytes:
    """Return the first bytes of a file; nothing if it is empty or missing."""
    try:
        with open_regular(file) as stream:
            head: bytes = stream.read(len(SQLITE_MAGIC))
    except FileNotFoundError:
        return b""
    return head


def _check_beside(url: str, file: Path) -> None:
    """Raise an error for a faulty file that SQLite keeps beside a store: SQLite's own errors name only the store."""
    for suffix in ("-wal", "-shm", "-journal"):
        beside = file.with_name(file.name + suffix)
        try:
            with open_regular(beside) as stream:
                head = stream.read(len(_NO_LOG_YET))
        except FileNotFoundError:
            continue
        except PermissionError:
            head = b""
        except ForeignInputError:
            head = b"none"
        if os.access(file, os.R_OK | os.W_OK) and not os.access(beside, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, "no permission to write it", str(beside))
        if suffix == "-wal" and len(head) == len(_NO_LOG_YET) and head not in (_NO_LOG_YET, *_LOG_MAGIC):
            raise StoreError(
                Problem.of("store.foreign_log", store=store_name(url), file=str(beside)),
                Problem.of("cure.move_log", file=str(beside)),
            )


def _refuse_beside(url: str, copies: Sequence[Path], state: str) -> None:
    """Raise StoreError if a new store would be created beside JSON copies of an old one."""
    if copies:
        folder = copies[0].parent
        raise StoreError(
            f"The store {store_name(url)} cannot be used: it is {state}, and {folder} has JSON copies of what was in "
            "it. Nothing was written to it.",
            f"Bring them in with: python run.py import {folder} (or a backup with: python run.py restore FILE). "
            f"To start with an empty store, move {', '.join(copy.name for copy in copies)} away.",
        )


def _migrate(
    engine: Engine,
    url: str,
    file: Path | None,
    backups_dir: Path,
    note: Callable[[str], None],
    copies: Sequence[Path],
) -> None:
    revision = _check_revision(engine, url, file, backups_dir)
    if revision is None and file is None:
        _refuse_beside(url, copies, "empty")
    if file is not None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    if revision == HEAD:
        return
    if revision is not None and file is not None:
        made = backup.backup(file, backups_dir / f"before-{HEAD}-{time.strftime('%Y%m%d-%H%M%S')}.db")
        note(f"Backed up the store to {made.file} before its migration from {revision} to {HEAD}.")
    with engine.begin() as connection:
        with without_time_limits(connection):
            if revision is None and file is not None:
                create_sqlite(connection)
            else:
                upgrade(connection)
        _check_shape(connection, url, file, backups_dir)


def _check_revision(engine: Engine, url: str, file: Path | None, backups_dir: Path | None) -> str | None:
    """Return the store's revision; None if it is new. Raise StoreError if it cannot be used."""
    if file is None:
        _check_encoding(engine, url)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if file is not None:
                quick_check(connection)
            revision = read_revision(connection)
    except DamagedStore as error:
        _confirm_damage(file)
        raise _build_refusal(url, str(error), backups_dir) from None
    except StoreError as error:
        raise _build_refusal(url, str(error), backups_dir) from None
    except OperationalError:
        raise  # locked, or the server does not answer: not the store's fault, worth a retry
    except DatabaseError as error:
        if file is None:
            raise
        if is_damage(error):
            _confirm_damage(file)
        raise _build_refusal(url, f"it cannot be read ({error.orig})", backups_dir) from None
    if revision == HEAD:
        with engine.connect() as connection:
            _check_shape(connection, url, file, backups_dir)
    if revision not in (None, HEAD) and revision not in known_revisions():
        reason = f"it was written by a newer Usher (revision {revision}, this one knows {HEAD})"
        raise _build_refusal(url, reason, backups_dir, "Update Usher, or ")
    return revision


def _check_shape(connection: Connection, url: str, file: Path | None, backups_dir: Path | None) -> None:
    """Raise StoreError if an SQLite store has other tables than Usher's."""
    if file is None:
        return
    try:
        check_shape(connection.connection.driver_connection, HEAD)  # type: ignore[arg-type] # SQLite's own
    except ShapeFault as error:
        raise _build_refusal(url, str(error), backups_dir) from None


def _confirm_damage(file: Path | None) -> None:
    """Read a store again that SQLite reports as damaged. Raises OSError if it is sound and only a read had failed."""
    if file is not None and not find_damage(file, reads_rows=True):
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(file))


def _check_encoding(engine: Engine, url: str) -> None:
    """Connect, and raise StoreError if a PostgreSQL database cannot store all characters.

    Such a database would open, and later refuse each watch whose title has an emoji.
    """

    def look(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            (found,) = cursor.fetchone()
        connection.rollback()
        encoding = found.decode() if isinstance(found, bytes) else str(found)
        if encoding != "UTF8":
            raise StoreError(
                Problem.of("store.encoding", store=store_name(url), encoding=encoding),
                Problem.of("cure.create_utf8_database"),
            )

    if engine.dialect.name == "postgresql":
        # Before SQLAlchemy's own first query, which fails on the bytes that SQL_ASCII returns.
        event.listen(engine, "connect", look, insert=True, once=True)
        engine.connect().close()


def _build_refusal(url: str, reason: str, backups_dir: Path | None, cure: str = "") -> StoreError:
    good = backup.find_newest_good(backups_dir) if backups_dir is not None else None
    if sqlite_file(url) is None:
        what = cure + "name another database in DATABASE_URL, or restore this one with pg_restore."
    elif good is not None:
        what = f"{cure}bring back the newest good backup with: python run.py restore {good}"
    else:
        what = cure + "name another file or folder (DATABASE_URL, DATA_DIR); no good backup was found."
    found = f"The store {store_name(url)} cannot be used: {reason}. Nothing was written to it."
    return StoreError(found, f"{what[0].upper()}{what[1:]}")

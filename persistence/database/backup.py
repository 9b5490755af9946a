"""Makes verified backups of an SQLite store while it is in use, and restores them.

It uses SQLite's backup API in one step, which sees one consistent state and does not block writers.
"""

import contextlib
import errno
import math
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import msgspec

from atomic_file import sync_folder
from messages import Problem
from persistence.database.causes import cause_and_cure, is_damage
from persistence.database.errors import BackupError, BackupUnread
from persistence.database.examination import BUSY_MS, find_damage, is_passing, open_read_only
from persistence.database.revision import HEAD, SQLITE_MAGIC, VERSION_TABLE, known_revisions, reports_failed_read
from persistence.database.shape import LONGEST_ROW, ShapeFault, check_rows, check_shape, read_all_rows

_STEPS_BETWEEN_LOOKS = 100_000
"""Steps of SQLite's virtual machine, which take some milliseconds."""
SCHEDULED = "usher-*.db"
"""Names of backups made without a file name. In older versions these were the scheduled ones."""
_KIND, _MADE = "backup:kind", "backup:made_at_s"
"""Facts in a backup: whether it was scheduled, and when it was made."""


class Backup(msgspec.Struct, frozen=True):
    """A verified backup."""

    file: Path
    size_bytes: int
    watches: int
    viewers: int
    took_ms: float


def scheduled_name(wall_s: float) -> str:
    """Return the file name of a backup made at `wall_s` (seconds since 1970, UTC)."""
    return time.strftime("usher-%Y%m%d-%H%M%S.db", time.gmtime(wall_s))


class Origin(NamedTuple):
    """Where a backup comes from, by its own content: copying changes names and times of files."""

    file: Path
    is_scheduled: bool
    made_at_s: float
    """Seconds since 1970, UTC; minus infinity if it cannot be read."""


def list_backups(folder: Path) -> list[Origin]:
    """Return the backups in a folder, the oldest first."""
    files = (file for file in folder.glob("*.db") if file.is_file() or file.is_dir())  # reading a pipe would hang
    return sorted(map(_read_origin, files), key=lambda origin: (origin.made_at_s, origin.file.name))


def find_newest_s(folder: Path, now_s: float) -> float | None:
    """Return when the newest backup was made; None if there is none. Seconds since 1970, UTC.

    A backup dated later than now is ignored: the clock was wrong.
    """
    times = [origin.made_at_s for origin in list_backups(folder) if -math.inf < origin.made_at_s <= now_s]
    return max(times, default=None)


def _read_origin(file: Path) -> Origin:
    """Return the origin stored in a backup; for one of an older Usher, what its name and its last save tell."""
    try:
        with closing(open_read_only(file)) as connection:
            facts = dict(
                connection.execute("SELECT name, value FROM facts WHERE name IN (?, ?)", (_KIND, _MADE)).fetchall()
            )
            if _MADE in facts:
                return Origin(file, facts.get(_KIND) == "scheduled", float(facts[_MADE]))
            saved = connection.execute("SELECT max(saved_at_s) FROM saves").fetchone()[0]
            return Origin(file, fnmatch(file.name, SCHEDULED), float(saved or file.stat().st_mtime))
    except (sqlite3.Error, OSError, ValueError, TypeError):
        return Origin(file, fnmatch(file.name, SCHEDULED), -math.inf)


def explain_postgresql(schema: str) -> Problem:
    """Return how to back up a PostgreSQL store: the whole database, or only a further community's schema."""
    return Problem.of("backup.postgresql_schema", schema=schema) if schema else Problem.of("backup.postgresql")


def check_target(target: Path) -> Path:
    """Return the path that somebody named for a backup. Raises BackupError if its folder does not exist."""
    if not target.parent.is_dir():
        raise BackupError(Problem.of("backup.no_folder", folder=str(target.parent)))
    return target


def _refuse_foreign(store: Path, target: Path) -> None:
    """Raise BackupError if the target is a foreign file or belongs to the store: only backups are replaced."""
    if target.resolve() in {store.with_name(store.name + suffix).resolve() for suffix in ("-wal", "-shm", "-journal")}:
        raise BackupError(Problem.of("backup.part_of_store", file=str(target)))
    if target.is_dir():
        raise BackupError(Problem.of("backup.is_folder", file=str(target)))
    if target.exists() and not target.is_file():  # a pipe or device: reading it could hang
        raise BackupError(Problem.of("backup.foreign_file", file=str(target)))
    if target.exists():
        with target.open("rb") as stream:
            head = stream.read(len(SQLITE_MAGIC))
        if head != SQLITE_MAGIC:
            raise BackupError(Problem.of("backup.foreign_file", file=str(target)))


def backup(
    store: Path,
    target: Path,
    *,
    is_scheduled: bool = False,
    now_s: float | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Backup:
    """Copy the SQLite file `store` to `target`: under a temporary name, until the copy is verified.

    `is_scheduled`: whether rotation may remove it later. `now_s`: seconds since 1970, UTC; by default the system's
    clock. `is_cancelled` is called from time to time, on the calling thread.
    """
    began = time.perf_counter()
    if not store.exists():
        raise BackupError(Problem.of("backup.no_store", store=str(store)))
    if target.resolve() == store.resolve():
        raise BackupError(Problem.of("backup.is_store", file=str(target)))
    partial = target.with_name(target.name + ".partial")
    try:
        _refuse_foreign(store, target)
        target.parent.mkdir(exist_ok=True)  # only the launcher creates the data folder itself
        partial.unlink(missing_ok=True)
        counts = _copy(store, partial)
        if verify(partial, is_cancelled) != counts:
            raise BackupError(Problem.of("backup.differs", file=str(target)))
        _write_origin(partial, is_scheduled, time.time() if now_s is None else now_s)
        with partial.open("rb+") as stream:
            os.fsync(stream.fileno())
        partial.replace(target)
        sync_folder(target.parent)
    except (OSError, sqlite3.Error) as error:
        # SQLite's error is the same whether the store was unreadable or the copy could not be written.
        cause, cure = cause_and_cure(error, store if is_damage(error) else target)
        cause = cause.removeprefix(f"{target}: ")
        raise BackupError(Problem.of("backup.failed", file=str(target), cause=cause, cure=cure)) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    took_ms = (time.perf_counter() - began) * 1000
    return Backup(target, target.stat().st_size, counts["watches"], counts["viewers"], took_ms)


def _write_origin(file: Path, is_scheduled: bool, now_s: float) -> None:
    facts = [(_KIND, "scheduled" if is_scheduled else "manual"), (_MADE, repr(now_s))]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", facts)


def _copy(store: Path, partial: Path) -> dict[str, int]:
    with closing(open_read_only(store)) as source, closing(sqlite3.connect(partial)) as copy:
        source.execute("BEGIN")  # so that counts and copy are from the same moment
        counts = _count_rows(source)
        source.backup(copy, pages=-1)
        source.rollback()
        fold_wal(copy)
    return counts


def fold_wal(connection: sqlite3.Connection) -> None:
    """Merge the -wal of a store into its main file."""
    connection.execute("PRAGMA journal_mode = DELETE")


def _count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  # from the store itself
        for (name,) in names
    }


def verify(file: Path, is_cancelled: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Return the number of rows in each table of a backup.

    Raises BackupError if it is not a sound store of this Usher: damaged, with other tables, or with unreadable rows;
    BackupUnread if reading failed, which may not be the file's fault. Rows of an older revision are read only after
    their migration.
    """
    try:
        with closing(open_read_only(file)) as connection:
            connection.set_progress_handler(is_cancelled, _STEPS_BETWEEN_LOOKS)
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ROW)
            read_all_rows(connection)
            verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if verdict != "ok":
                if reports_failed_read(verdict) or not find_damage(file, check="integrity_check"):
                    raise BackupUnread(file, os.strerror(errno.EIO), Problem.of("cure.check_disk"))
                raise BackupError(Problem.of("backup.damaged", file=str(file), verdict=verdict))
            counts = _count_rows(connection)
            if VERSION_TABLE not in counts:
                raise BackupError(Problem.of("backup.not_ushers", file=str(file)))
            revisions = connection.execute(f"SELECT version_num FROM {VERSION_TABLE} LIMIT 2").fetchall()  # noqa: S608  # a constant
            if len(revisions) != 1:  # a start could not tell its version
                raise BackupError(Problem.of("backup.not_ushers", file=str(file)))
            ((revision,),) = revisions
            if revision not in (HEAD, *known_revisions()):
                raise BackupError(Problem.of("backup.newer", file=str(file)))
            check_shape(connection, revision)
            if revision == HEAD:
                check_rows(connection)
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, OSError) or is_passing(error):
            raise BackupUnread(file, *cause_and_cure(error, file)) from None
        if is_damage(error) and not _is_damaged(file):
            raise BackupUnread(file, str(error), Problem.of("cure.read_again")) from None
        raise BackupError(Problem.of("backup.unsound", file=str(file), error=str(error))) from None
    except ShapeFault as error:
        raise BackupError(Problem.of("backup.unworkable", file=str(file), fault=error.problem)) from None
    return counts


def _is_damaged(file: Path) -> bool:
    try:
        return bool(find_damage(file))
    except (OSError, sqlite3.Error):
        return False


def find_newest_good(folder: Path) -> Path | None:
    """Return the newest sound backup in `folder`; None if there is none."""
    for origin in reversed(list_backups(folder)):
        if _is_good(origin.file):
            return origin.file
    return None


def _is_good(file: Path, *, is_last_try: bool = False) -> bool:
    try:
        verify(file)
    except BackupUnread:
        return not is_last_try and _is_good(file, is_last_try=True)
    except BackupError:
        return False
    return True


def rotate(folder: Path, keep: int, now_s: float) -> list[Path]:
    """Remove all but the newest `keep` scheduled backups; return the removed files.

    Backups dated later than `now_s` count as the oldest, so that they do not displace today's.
    """
    return _remove_oldest([origin for origin in list_backups(folder) if origin.is_scheduled], keep, now_s)


def rotate_asked_for(folder: Path, keep: int, now_s: float) -> list[Path]:
    """Remove all but the newest `keep` backups that were requested without a file name; like `rotate`."""
    found = [
        origin for origin in list_backups(folder) if not origin.is_scheduled and fnmatch(origin.file.name, SCHEDULED)
    ]
    return _remove_oldest(found, keep, now_s)


def _remove_oldest(found: list[Origin], keep: int, now_s: float) -> list[Path]:
    found.sort(key=lambda origin: origin.made_at_s if origin.made_at_s <= now_s else -math.inf)
    old = [origin.file for origin in found[: -max(1, keep)]]
    for file in old:
        file.unlink(missing_ok=True)
    return old


def restore(
    file: Path,
    store: Path,
    note: Callable[[str], None] = lambda _line: None,
    prepare: Callable[[Path], None] = lambda _arriving: None,
) -> Backup:
    """Verify a backup, and replace the store by it; the old store is kept beside it.

    `prepare` may change the copy, in a separate folder, before it replaces the store: all of that takes effect, or
    nothing. A complete store is in place at every moment. The service must not be running. If the backup is bad,
    raises BackupError with the store unchanged; also raises what `prepare` raises.
    """
    began = time.perf_counter()
    if not file.is_file():
        raise BackupError(Problem.of("restore.no_file", file=str(file)))
    if file.resolve() == store.resolve():
        raise BackupError(Problem.of("restore.is_store", file=str(file)))
    note(f"Reading {file} through...")
    verify(file)
    arriving = store.with_name(store.name + ".restoring") / store.name
    try:
        _clear(arriving.parent)
        arriving.parent.mkdir(parents=True)
        if _copy(file, arriving) != verify(arriving):
            raise BackupError(Problem.of("restore.differs", file=str(file)))
        prepare(arriving)
        counts = verify(arriving)  # at the newest revision after migration
        kept = _keep_old_store(store, arriving)
        with arriving.open("rb+") as stream:
            os.fsync(stream.fileno())
        arriving.replace(store)
        sync_folder(store.parent)
    except (OSError, sqlite3.Error) as error:
        cause, cure = cause_and_cure(error, store)
        raise BackupError(Problem.of("restore.failed", file=str(file), cause=cause, cure=cure)) from None
    finally:
        _clear(arriving.parent)
    if kept is not None:
        note(f"Kept the old store as {kept}.")
    took_ms = (time.perf_counter() - began) * 1000
    return Backup(store, store.stat().st_size, counts["watches"], counts["viewers"], took_ms)


def _clear(folder: Path) -> None:
    """Remove the leftovers of an interrupted restore; an older version left a file."""
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.unlink(missing_ok=True)


def _keep_old_store(store: Path, arriving: Path) -> Path | None:
    """Give the old store a second name, and its mode to `arriving`; return that name, None if there was no store."""
    aside = store.with_name(f"{store.name}.before-restore-{time.strftime('%Y%m%d-%H%M%S')}")
    number = 1
    while aside.exists():
        number += 1
        aside = aside.with_name(f"{aside.name.split('~')[0]}~{number}")
    if store.exists():
        shutil.copymode(store, arriving)
        _fold_old_store(store)
    for suffix in ("-wal", "-shm"):  # left by an unreadable store: they must not end up beside the new one
        with contextlib.suppress(FileNotFoundError):
            store.with_name(store.name + suffix).replace(aside.with_name(aside.name + suffix))
    if not store.exists():
        return None
    try:
        aside.hardlink_to(store)
    except OSError:  # some file systems have no hard links
        second = arriving.with_name("kept")
        shutil.copy2(store, second)
        second.replace(aside)
    return aside


def _fold_old_store(store: Path) -> None:
    """Merge the old store's -wal into its main file, unless it is damaged. Raises BackupError if it is in use."""
    try:
        with closing(sqlite3.connect(store)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            fold_wal(connection)
    except sqlite3.OperationalError as error:
        cause, cure = cause_and_cure(error, store)
        raise BackupError(Problem.of("restore.old_store_held", store=str(store), cause=cause, cure=cure)) from None
    except sqlite3.DatabaseError:
        return

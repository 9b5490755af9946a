"""This machine: the data folder, the disk, the store, the time zone, and whether the service runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import config
from launcher.doctor.findings import Finding, bad, good, note
from launcher.runfile import running_state

_LOW_BYTES = 200_000_000
_TOO_LOW_BYTES = 20_000_000


def check(settings: config.Settings) -> Iterator[Finding]:
    """A finding for each."""
    data_dir = Path(settings.data_dir).absolute()
    yield _folder(data_dir)
    yield _disk(data_dir)
    yield _store(settings)
    now = datetime.now(ZoneInfo(settings.timezone))
    yield good("Time zone", f"{settings.timezone}, where it is {now:%A %H:%M}")
    running = running_state(data_dir)
    yield good("Service", f"runs (process {running.launcher.pid})" if running else "does not run now")


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _folder(data_dir: Path) -> Finding:
    there = _existing(data_dir)
    if not there.is_dir():
        return bad("Data folder", f"{there} is in the way: it is a file", "name another folder in DATA_DIR")
    if not os.access(there, os.W_OK | os.X_OK):
        return bad(
            "Data folder",
            f"{there} may not be written by this user",
            "give it to this user (chown/chmod, or the volume's owner), or change DATA_DIR",
        )
    return good("Data folder", str(data_dir) if data_dir.exists() else f"{data_dir} (made at the first start)")


def _disk(data_dir: Path) -> Finding:
    there = _existing(data_dir)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return bad("Disk", f"{there} cannot be asked ({error.strerror})", "is the volume mounted?")
    shown = f"{free / 1e9:.1f} GB free at {there}"
    if free < _TOO_LOW_BYTES:
        return bad("Disk", shown, "free some space: nothing could be saved")
    if free < _LOW_BYTES:
        return note("Disk", shown, "free some space soon")
    return good("Disk", shown)


def _store(settings: config.Settings) -> Finding:
    from sqlalchemy.engine import make_url  # here, so that the launcher itself never loads SQLAlchemy
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(settings.store_url)
    except ArgumentError:
        return bad(
            "Store",
            "DATABASE_URL cannot be read",
            "write it like postgresql+psycopg://user:password@host/usher",
        )
    if url.get_backend_name() != "sqlite":
        return _server_store(settings, url.render_as_string(hide_password=True))
    return _file_store(Path(url.database or ""))


def _file_store(path: Path) -> Finding:
    if not path.exists():
        return good("Store", f"{path} (made at the first start)")
    # Without a write-ahead log nobody has it open, and `immutable` keeps SQLite from making one for us.
    how = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as store:
            answer = str(store.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        answer = str(error)
    if answer != "ok":
        return bad(
            "Store",
            f"{path} is damaged ({answer})",
            f"keep a copy, then 'python run.py restore FILE' with the newest of {path.parent / 'backups'}",
        )
    return good("Store", f"{path} is sound ({path.stat().st_size / 1e6:.1f} MB)")


def _server_store(settings: config.Settings, shown: str) -> Finding:
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        engine = create_engine(settings.store_url)
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        return bad(
            "Store",
            f"{shown} cannot be reached ({type(error).__name__})",
            "is the server up, the password right, the database made, psycopg installed?",
        )
    return good("Store", f"{shown} answers")

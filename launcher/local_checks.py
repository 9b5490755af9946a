"""This machine: the data folder, the disk, the store, the time zone, and whether the service runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import config
from diagnosis.findings import Finding, bad, good, note
from launcher.connection.run_state import read_running_state

_LOW_BYTES = 200_000_000
_TOO_LOW_BYTES = 20_000_000


def check(settings: config.Settings) -> Iterator[Finding]:
    """A finding for each."""
    data_dir = Path(settings.data_dir).absolute()
    yield _folder(data_dir)
    yield _disk(data_dir)
    yield _store(settings)
    yield _badges(data_dir)
    now = datetime.now(ZoneInfo(settings.timezone))
    yield good("Time zone", f"{settings.timezone}, where it is {now:%A %H:%M}")
    running = read_running_state(data_dir)
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
    from persistence.database.engine import (  # here, so that the launcher itself never loads SQLAlchemy
        sqlite_file,
        store_name,
    )
    from persistence.database.errors import StoreAway, StoreError
    from persistence.database.open_store import check_store

    data_dir = Path(settings.data_dir).absolute()
    try:
        is_there = check_store(settings.store_url, data_dir / "backups")
    except (StoreError, StoreAway) as error:
        return bad("Store", error.found, error.cure)
    name, file = store_name(settings.store_url), sqlite_file(settings.store_url)
    if file is not None and not _may_write(file, data_dir):
        return bad(
            "Store",
            f"{name} may not be written by this user",
            "give the file and its folder to this user (chown/chmod), or change DATABASE_URL",
        )
    return good("Store", f"{name} is sound" if is_there else f"{name} (made at the first start)")


def _may_write(file: Path, data_dir: Path) -> bool:
    """Of the data folder itself that is said already."""
    is_told = file.absolute().parent == data_dir
    folder = _existing(file.absolute().parent)
    return (not file.exists() or os.access(file, os.W_OK)) and (is_told or os.access(folder, os.W_OK | os.X_OK))


def _badges(data_dir: Path) -> Finding:
    from awards import BadgesError
    from persistence.badge_files import load_badges

    try:
        badges = load_badges(data_dir)
    except BadgesError as error:
        if " cannot be read (" in str(error):  # that says its cure
            found, _, cure = str(error).partition("): ")
            return bad("Badges", f"{found})", cure)
        return bad("Badges", str(error), f"mend {data_dir / 'badges.toml'}, or take it away")
    return good("Badges", f"{len(badges)} can be earned")

"""Checks this machine: the data folder, the disk, the store, the time zone, and whether the service runs."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import config
from diagnosis.findings import Finding, error, note, ok
from launcher.connection.run_state import read_running_state
from persistence.database.errors import FolderRefusal
from persistence.folder_probe import check_folder, find_write_error
from wording.file_failures import choose_cure

_LOW_BYTES = 200_000_000
_TOO_LOW_BYTES = 20_000_000
_OF_OTHER_ROWS = (errno.EACCES, errno.EPERM, errno.ENOSPC)
"""Write errors that other checks here report."""


def check_machine(settings: config.Settings) -> Iterator[Finding]:
    """Check the data folder, the disk, the store, the badges, the time zone, and whether the service runs."""
    data_dir = Path(settings.data_dir).absolute()
    yield _check_folder(data_dir)
    yield _check_disk(data_dir)
    yield from _check_env_file(Path(".env"))
    yield _check_store(settings)
    yield _check_badges(data_dir)
    now = datetime.now(ZoneInfo(settings.timezone))
    yield ok("zone", "zone.ok", zone=settings.timezone, now=f"{now:%A %H:%M}")
    running = read_running_state(data_dir)
    if running:
        yield ok("service", "service.running", pid=running.launcher.pid)
    else:
        yield ok("service", "service.stopped")


def _nearest_existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _check_folder(data_dir: Path) -> Finding:
    parent = _nearest_existing(data_dir)
    if not parent.is_dir():
        return error("folder", "folder.is_file", folder=str(parent), setting="DATA_DIR")
    failed = find_write_error(parent / "usher.db")
    if failed is not None and failed.errno not in _OF_OTHER_ROWS:
        return error("folder", "reported", text=f"{parent}: {failed.strerror}", cure=choose_cure(failed))
    if not os.access(parent, os.W_OK | os.X_OK):
        return error("folder", "folder.unwritable", folder=str(parent), setting="DATA_DIR")
    try:
        check_folder(parent)  # with the same test as the service
    except FolderRefusal as refusal:
        return error("folder", "reported", text=refusal.cause, cure=refusal.cure)
    return ok("folder", "folder.ok" if data_dir.exists() else "folder.new", folder=str(data_dir))


def _check_env_file(file: Path) -> Iterator[Finding]:
    """Report a settings file that other users of the machine can read; nothing if it does not exist."""
    if os.name == "posix" and file.is_file() and (mode := stat.S_IMODE(file.stat().st_mode)) & 0o077:
        yield note("settings", "env.readable", file=str(file.absolute()), mode=f"{mode:03o}")


def _check_disk(data_dir: Path) -> Finding:
    folder = _nearest_existing(data_dir)
    try:
        free = shutil.disk_usage(folder).free
    except OSError as failure:
        return error("disk", "disk.unknown", folder=str(folder), error=str(failure.strerror))
    free_gb = f"{free / 1e9:.1f}"
    if free < _TOO_LOW_BYTES:
        return error("disk", "disk.full", folder=str(folder), free=free_gb)
    if free < _LOW_BYTES:
        return note("disk", "disk.low", folder=str(folder), free=free_gb)
    return ok("disk", "disk.ok", folder=str(folder), free=free_gb)


def _check_store(settings: config.Settings) -> Finding:
    from persistence.database.engine import (  # here, so that the launcher itself never loads SQLAlchemy
        sqlite_file,
        store_name,
    )
    from persistence.database.errors import StoreAway, StoreError
    from persistence.database.open_store import check_store
    from persistence.json_files.files import find_own_copies

    data_dir = Path(settings.data_dir).absolute()
    try:
        exists = check_store(settings.store_url, data_dir / "backups", find_own_copies(data_dir))
    except (StoreError, StoreAway) as failure:
        return error("store", "reported", text=failure.found, cure=failure.cure)
    name, file = store_name(settings.store_url), sqlite_file(settings.store_url)
    if file is not None and file.absolute().parent != data_dir:
        try:
            check_folder(_nearest_existing(file.absolute().parent))
        except FolderRefusal as refusal:
            return error("store", "reported", text=refusal.cause, cure=refusal.cure)
    if file is not None and not _may_write(file, data_dir):
        return error("store", "store.unwritable", store=name, setting="DATABASE_URL")
    return ok("store", "store.ok" if exists else "store.new", store=name)


def _may_write(file: Path, data_dir: Path) -> bool:
    """Tell whether the store's file can be written. The data folder itself is checked elsewhere."""
    is_data_dir = file.absolute().parent == data_dir
    folder = _nearest_existing(file.absolute().parent)
    return (not file.exists() or os.access(file, os.W_OK)) and (is_data_dir or os.access(folder, os.W_OK | os.X_OK))


def _check_badges(data_dir: Path) -> Finding:
    from awards import BadgesError
    from persistence.badge_files import load_badges

    try:
        badges = load_badges(data_dir)
    except BadgesError as failure:
        if failure.cure:
            return error("badges", "reported", text=failure.problems[0], cure=failure.cure)
        return error("badges", "badges.wrong", text=str(failure), file=str(data_dir / "badges.toml"))
    return ok("badges", "badges.ok", count=len(badges))

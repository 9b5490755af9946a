"""`python run.py backup`, `restore`, `import` and `export`: what is done to the store from outside."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from config import Settings
from launcher.caller import Caller, NotReachedError
from launcher.lock import AlreadyRunningError, FolderLock
from launcher.runfile import RunFile, running_state
from launcher.runfolder import wait_for_orphans
from messages import BackedUp, BackUpNow
from persistence import backups
from persistence.engine import sqlite_file
from persistence.errors import BackupError, StoreError

_ORPHANS_WITHIN_S = 10.0
_BACKUP_WITHIN_S = 600.0

Command = Callable[[Settings, argparse.Namespace, Console], int]


def _backup(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    """Through the persistence actor where the service runs, which then sees it in its log; else directly."""
    target = arguments.file.absolute() if arguments.file else None
    data_dir = Path(settings.data_dir)
    with console.status("Copying the store and reading the copy back..."):
        if running_state(data_dir) is not None:
            with Caller(data_dir) as service:
                request = BackUpNow(file=str(target or ""))
                made = service.ask("persistence", request, BackedUp, timeout_s=_BACKUP_WITHIN_S)
        else:
            target = target or data_dir.absolute() / "backups" / backups.name_for(time.time())
            done = backups.backup(_store_file(settings), target)
            made = BackedUp(str(done.file), done.size_bytes, done.watches, done.viewers, done.took_ms)
    console.print(
        f"{made.file}: {made.size_bytes / 1e6:.1f} MB with {made.watches} watch records of {made.viewers} viewers, "
        f"read back and found whole, in {made.took_ms / 1000:.1f} s."
    )
    return 0


def _restore(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    store = _store_file(settings)
    if not arguments.file.is_file():
        raise BackupError(f"There is no file {arguments.file} to restore: 'python run.py backup' makes one.")
    with alone(settings):
        done = backups.restore(arguments.file.absolute(), store, console.print)
    console.print(
        f"{store} now holds {done.watches} watch records of {done.viewers} viewers. "
        "The three JSON files follow at the next start of the service."
    )
    return 0


def _store_file(settings: Settings) -> Path:
    file = sqlite_file(settings.store_url)
    if file is None:
        raise BackupError(backups.PG_DUMP)
    return file


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Have the data folder to oneself: no service runs on it, and none can start meanwhile.

    Raises AlreadyRunningError. The actors of a launcher that was killed are given their time to save.
    """
    data_dir = Path(settings.data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    with FolderLock(data_dir):
        left = RunFile(data_dir).read()
        if left is not None:
            wait_for_orphans(left, _ORPHANS_WITHIN_S)
        yield


def _said(command: Command) -> Command:
    """Its failures in words on stderr, with exit status 1."""

    def run(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        try:
            return command(settings, arguments, console)
        except (AlreadyRunningError, NotReachedError, BackupError, StoreError, OSError) as error:
            sys.stderr.write(f"{error}\n")
            return 1

    return run


COMMANDS: dict[str, Command] = {"backup": _said(_backup), "restore": _said(_restore)}
"""By their names on the command line."""

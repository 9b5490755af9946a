"""`python run.py backup`, `restore` and `export`: work on the store from the command line."""

from __future__ import annotations

import argparse
import contextlib
import functools
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress, TaskID
from sqlalchemy.exc import SQLAlchemyError

from awards import BadgesError
from config import Settings
from launcher.audit import record_command
from launcher.commands.community_list import export_communities
from launcher.commands.console import HarmlessConsole
from launcher.commands.stderr import write_error
from launcher.connection.lock import AlreadyRunningError, FolderLock
from launcher.connection.orphans import wait_for_orphans
from launcher.connection.run_state import RunFile, read_running_state
from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import BackUpNow, BackupReport, Problem
from persistence.badge_files import default_badges, load_badges
from persistence.database import backup
from persistence.database.causes import cause_and_cure
from persistence.database.engine import sqlite_file, sqlite_url, store_name
from persistence.database.errors import (
    BackupError,
    CopiesFailed,
    FolderRefusal,
    ImportFault,
    SaveFailed,
    StoreAway,
    StoreError,
)
from persistence.database.schema import split_schema
from persistence.database.store_owner import own_store
from persistence.json_files.sync import mark_all_outdated
from persistence.operations import legacy_import
from persistence.operations.privacy_carry_over import CarriedOver, PrivacyChoices, carry_over, read_privacy_choices
from persistence.records.viewers import KEEP_FORGOTTEN_S
from persistence.records.web_sessions import settle_restored_access
from persistence.rules import StatisticsRules
from persistence.store import Store
from wording.numbers import count_noun
from wording.problems import english

_ORPHANS_WITHIN_S = 10.0
_BACKUP_WITHIN_S = 600.0

_AUDITED = frozenset({"backup", "restore", "import"})
"""Commands that are recorded in the audit log."""
_FAILURES = (
    AlreadyRunningError,
    NotReachedError,
    BackupError,
    StoreError,
    StoreAway,
    SaveFailed,
    ImportFault,
    BadgesError,
    FolderRefusal,
    SQLAlchemyError,
    OSError,
)
"""Failures that are explained in words; anything else is a bug in Usher, and is shown with its traceback."""

Command = Callable[[Settings, argparse.Namespace, Console], int]


def _backup(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    """Back up through the persistence actor if the service runs, so that its log has the backup; else directly."""
    target = backup.check_target(arguments.file.absolute()) if arguments.file else None
    data_dir, running = Path(settings.data_dir), read_running_state(settings.installation_dir)
    with HarmlessConsole(stderr=True).status("Copying the store and reading the copy back..."):
        if running is not None:
            with ServiceClient(settings.installation_dir, settings.community) as service:
                request = BackUpNow(file=str(target or ""))
                made = service.ask(request, timeout_s=_BACKUP_WITHIN_S)
        else:
            target = target or data_dir.absolute() / "backups" / backup.scheduled_name(time.time())
            done = backup.backup(_store_file(settings), target)
            made = BackupReport(str(done.file), done.size_bytes, done.watches, done.viewers, done.took_ms)
    console.print(
        f"{made.file}: {made.size_bytes / 1e6:.1f} MB with {_count_records(made)}, "
        f"read back and found whole, in {made.took_ms / 1000:.1f} s."
    )
    return 0


def _restore(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    store = _store_file(settings)
    if not arguments.file.is_file():
        raise BackupError(Problem.of("restore.no_such_file", file=str(arguments.file)))
    rules = build_rules(settings, may_lack_badges=True)
    held, saved_s = CarriedOver(0, 0), None

    def prepare(arriving: Path) -> None:
        nonlocal held, saved_s
        held, saved_s = _carry_over_privacy(arriving, settings, rules, asked_for)

    with exclusive_access(settings), own_store(store, Path(settings.data_dir)):
        asked_for = read_privacy_choices(store)
        done = backup.restore(arguments.file.absolute(), store, console.print, prepare)
    console.print(
        f"{store} now holds {_count_records(done)}. The three JSON files follow at the next start of the service."
    )
    if asked_for is None:
        console.print(
            "There was no old store, or it could not be read. So what people have asked for since the backup was made, "
            "with /privacy and /forgetme, does not hold in it: let them know, so that they ask again."
        )
    elif held.choices or held.forgotten:
        console.print(
            "Asked for since the backup was made, and done in it too: "
            f"{count_noun(held.choices, 'choice of privacy', 'choices of privacy')}, "
            f"{count_noun(held.forgotten, 'viewer')} forgotten."
        )
    if saved_s is not None and saved_s < time.time() - KEEP_FORGOTTEN_S:
        console.print(
            f"The backup is from {datetime.fromtimestamp(saved_s, rules.zone):%d %B %Y}: whoever was forgotten after "
            f"that, and more than {KEEP_FORGOTTEN_S / 86_400:.0f} days ago, is in it again and has to ask once more."
        )
    return 0


def _carry_over_privacy(
    arriving: Path, settings: Settings, rules: StatisticsRules, asked_for: PrivacyChoices | None
) -> tuple[CarriedOver, float | None]:
    """Apply the privacy choices that were made since a backup to it, before it replaces the store.

    Also return the time of the backup's last save, seconds since 1970. Raises BackupError if they cannot be applied.
    """
    try:
        with contextlib.closing(Store(sqlite_url(arriving), arriving.parent, rules)) as restored:
            held = carry_over(restored, asked_for, time.time()) if asked_for else CarriedOver(0, 0)
            saved_s = restored.read_last_saved_s()
            with restored.transaction() as connection:
                settle_restored_access(connection, asked_for.named if asked_for else ())
                mark_all_outdated(
                    connection
                )  # the JSON copies belong to the old store: the next start writes them again
        with contextlib.closing(sqlite3.connect(arriving)) as connection:
            backup.fold_wal(connection)
    except (StoreError, StoreAway, SaveFailed, SQLAlchemyError, sqlite3.Error) as error:
        raise BackupError(
            "The store is as it was: in the backup could not be done what people have asked for since, with /privacy "
            f"and /forgetme. {_describe_failure(error, settings)}"
        ) from error
    return held, saved_s


def _export(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    """Write the JSON files into a folder; this also works while the service is running."""
    file = sqlite_file(settings.store_url)
    if file is not None and not file.exists():
        raise StoreError(f"There is no store {file} to export: set DATA_DIR to the folder of one.")
    rules = build_rules(settings, may_lack_badges=True)
    with open_store(settings, rules, keeps_summaries=False) as store, show_progress() as progress:
        written = list(legacy_import.export(store, arguments.dir.absolute(), progress))
        if not settings.community and (listed := export_communities(store, arguments.dir.absolute())) is not None:
            written.append(listed)
    for path in written:
        console.print(f"{path}: {count_noun(path.stat().st_size, 'byte')}")
    return 0


def build_rules(settings: Settings, *, may_lack_badges: bool = False) -> StatisticsRules:
    """Return the rules for the store's figures, as the service uses them.

    `may_lack_badges`: if the community's own badges cannot be read, report that and use the default ones, as the
    service does. Without it, raise BadgesError.
    """
    try:
        badges = load_badges(Path(settings.data_dir))
    except BadgesError as error:
        if not may_lack_badges:
            raise
        write_error(f"Going on without the community's own badges: {error.problems[0]}")
        badges = default_badges()
    return StatisticsRules(
        ZoneInfo(settings.timezone),
        badges,
        settings.watched_percent,
        settings.min_watch_seconds,
        settings.resume_window_hours * 3600,
        settings.position_slack_seconds,
    )


@contextlib.contextmanager
def open_store(
    settings: Settings, rules: StatisticsRules, *, is_owner: bool = False, keeps_summaries: bool = True
) -> Iterator[Store]:
    """Open the store of the data folder. `is_owner`, `keeps_summaries`: as in `Store`."""
    store = Store(
        settings.store_url,
        Path(settings.data_dir).absolute(),
        rules,
        note=logging.getLogger("store").warning,
        is_owner=is_owner,
        may_begin_beside_copies=True,
        keeps_summaries=keeps_summaries,
    )
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def show_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar for each kind of work on stderr; nothing if that is no terminal."""
    screen = HarmlessConsole(stderr=True)
    with Progress(console=screen, disable=not screen.is_terminal) as bars:
        known: dict[str, TaskID] = {}

        def tell(doing: str, done: int, of: int) -> None:
            if doing not in known:
                known[doing] = bars.add_task(doing, total=of)
            bars.update(known[doing], completed=done, total=of)

        yield tell


def _store_file(settings: Settings) -> Path:
    file = sqlite_file(settings.store_url)
    if file is None:
        raise BackupError(backup.explain_postgresql(split_schema(settings.store_url)[1]))
    return file


@contextlib.contextmanager
def exclusive_access(settings: Settings) -> Iterator[None]:
    """Hold the data folder's lock, so that no service is running on it and none can start meanwhile.

    Raises AlreadyRunningError. Waits until the actors of a killed launcher have saved.
    """
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    with FolderLock(settings.installation_dir):
        left = RunFile(settings.installation_dir).read()
        if left is not None:
            wait_for_orphans(left, _ORPHANS_WITHIN_S)
        yield


def report_failures(command: Command) -> Command:
    """Return the command in a form that writes its failures to stderr in words, with exit status 1."""

    def run(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        target = getattr(arguments, "file", None) or getattr(arguments, "dir", "")
        record = functools.partial(record_command, Path(settings.data_dir))
        try:
            status = command(settings, arguments, console)
        except _FAILURES as error:
            said = _describe_failure(error, settings)
            write_error(said)
            if arguments.command in _AUDITED:
                record(arguments.command, str(target), f"failed: {said}")
            return 1
        if arguments.command in _AUDITED:
            record(arguments.command, str(target), "done")
        return status

    return run


def _describe_failure(error: Exception, settings: Settings) -> str:
    """Return what happened, what it affects, and what to do."""
    # The text of a failed save says that the service tries again, but a command does not.
    outcome, reason = "", error
    if isinstance(error, CopiesFailed):
        outcome = " All of it is in the store; the three JSON files follow at the next start of the service."
    elif isinstance(error, SaveFailed):
        outcome = " Nothing was changed."
    while isinstance(reason, SaveFailed) and isinstance(reason.__cause__, Exception):
        reason = reason.__cause__
    if not isinstance(reason, SQLAlchemyError) and not (isinstance(reason, OSError) and reason.strerror):
        return str(error)
    cause, cure = cause_and_cure(reason, sqlite_file(settings.store_url))
    where = "" if isinstance(reason, OSError) and reason.filename else f"{store_name(settings.store_url)}: "
    return f"{where}{cause}. {english(Problem.of('cure.sentence', cure=cure))}{outcome}"


def _count_records(made: BackupReport | backup.Backup) -> str:
    return f"{count_noun(made.watches, 'watch record')} of {count_noun(made.viewers, 'viewer')}"


COMMANDS: dict[str, Command] = {
    "backup": report_failures(_backup),
    "restore": report_failures(_restore),
    "export": report_failures(_export),
}
"""The commands by their names on the command line."""

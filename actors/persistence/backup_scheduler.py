"""Makes the backups of the persistence actor: on request, and on schedule."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import msgspec

from actors.persistence.read_worker import ReadWorker
from actors.runtime import Actor
from messages import BackupEntry, BackupList, BackUpNow, BackupReport, Message, Problem
from persistence.database import backup
from persistence.database.errors import BackupError
from persistence.store import Store
from wording.file_failures import explain_os_error
from wording.numbers import count_noun
from wording.problems import english

MOST_LISTED = 20

OVERDUE = 2
"""The next backup is overdue this many intervals after the newest one."""
RETRY_S = 900.0
"""Pause after a scheduled backup that failed (service time)."""

LONGEST_WAIT_S = 600.0
"""Longest wait of a scheduled backup for another community's, which may hang (real seconds)."""
LOOK_S = 0.5
"""How often that wait checks whether this actor stops (real seconds)."""
_TURN = threading.Lock()
"""Held while a scheduled backup is made: the backups of hundreds of communities may be due at one moment."""


class BackupDue(msgspec.Struct, frozen=True):
    """The actor to itself: check whether a scheduled backup is due."""


class BackupScheduler:
    """Copies the store in a thread of its own: neither saves nor questions wait for it. Used on the actor's thread."""

    def __init__(
        self,
        actor: Actor,
        store: Store,
        folder: Path,
        last_saved_s: Callable[[], float | None],
    ) -> None:
        self._actor = actor
        self._store = store
        self._folder = folder
        self._worker = ReadWorker("persistence-backup")
        self._last_saved_s = last_saved_s
        self._interval_s = actor.context.settings.backup_interval_hours * 3600
        self._is_stopping = False
        self._began_s = self._now_s()
        self._newest_s: float | None = None
        """When the newest backup was made, as of the last check; seconds since 1970, UTC."""
        self.fault: Problem | None = None
        """Why the scheduled backups cannot be made, or None if they can."""

    def back_up_now(self, asked: BackUpNow) -> Future[Message | None]:
        """Back up to the path that the question names, or into the folder of backups.

        In that folder a further community, whose administrators are not the operator, keeps BACKUP_KEEP such backups.
        """
        target = self._target()

        def back_up() -> BackupReport:
            made = self._back_up(backup.check_target(Path(asked.file)) if asked.file else target)
            if self._actor.context.settings.community and not asked.file:
                self._rotate(backup.rotate_asked_for)
            return made

        return self._worker.submit(back_up)

    def schedule_next(self) -> None:
        """Schedule the next backup, if backups are scheduled: at once if there is none yet."""
        if not self._interval_s or self._store.file is None:
            return
        now_s = self._now_s()
        newest_s = self._newest_s = backup.find_newest_s(self._folder, now_s)
        wait_s = 0.0 if newest_s is None else newest_s + self._interval_s - now_s
        self._actor.send_to_self_after(min(max(wait_s, 0.0), self._interval_s), BackupDue())

    def back_up_if_due(self) -> None:
        """Back up if anything was saved since the newest backup, and remove the oldest ones."""
        now_s, saved_s = self._now_s(), self._last_saved_s()
        newest_s = self._newest_s = backup.find_newest_s(self._folder, now_s)
        if saved_s is None:  # a new store: look again soon
            self._actor.send_to_self_after(min(self._interval_s, RETRY_S), BackupDue())
            return
        if newest_s is not None and saved_s <= newest_s:
            self._actor.send_to_self_after(self._interval_s, BackupDue())
            return
        target = self._target()
        done = self._worker.submit(lambda: self._back_up_and_rotate(target))
        done.add_done_callback(lambda _done: self._actor.endpoint.submit(self._schedule_after(done)))

    def check_age(self) -> None:
        """Show in health if the newest backup is much too old: a backup may hang, or be blocked."""
        now_s, saved_s = self._now_s(), self._last_saved_s()
        if not self._interval_s or self._store.file is None or saved_s is None or self.fault is not None:
            return
        newest_s = self._newest_s
        since_s = self._began_s if newest_s is None else max(newest_s, self._began_s)
        if now_s - since_s <= OVERDUE * self._interval_s + RETRY_S or (newest_s is not None and saved_s <= newest_s):
            return
        hours, interval = round((now_s - (since_s if newest_s is None else newest_s)) / 3600), self._interval_s / 3600
        code = Problem.of("backup.overdue", hours=hours, interval=interval)
        self.fault = code if newest_s is not None else Problem.of("backup.never_made", hours=hours, interval=interval)
        self._actor.log.error("%s", english(self.fault))
        self._actor.report_degraded(self.fault)

    def close(self) -> None:
        """Cancel a running backup: a stop does not wait until a large store is verified."""
        self._is_stopping = True
        self._worker.close()

    def _now_s(self) -> float:
        return self._actor.context.clock.now().wall_s

    def _target(self) -> Path:
        return self._folder / backup.scheduled_name(self._now_s())

    def _back_up(self, target: Path, *, is_scheduled: bool = False) -> BackupReport:
        if self._store.file is None:
            raise BackupError(backup.explain_postgresql(self._store.schema))
        made = backup.backup(
            self._store.file,
            target,
            is_scheduled=is_scheduled,
            now_s=self._now_s(),
            is_cancelled=lambda: self._is_stopping,
        )
        self._actor.log.info(
            "Backed up the store to %s (%s, %s)",
            made.file, count_noun(made.watches, "watch", "watches"), count_noun(made.viewers, "viewer"),
        )  # fmt: skip
        return BackupReport(str(made.file), made.size_bytes, made.watches, made.viewers, made.took_ms)

    def _explain(self, error: BackupError) -> Problem:
        newest_s = backup.find_newest_s(self._folder, self._now_s())
        if newest_s is None:
            return Problem.of("backup.scheduled_failed", error=error.problem)
        hours = round((self._now_s() - newest_s) / 3600)
        return Problem.of("backup.scheduled_failed_since", hours=hours, error=error.problem)

    def _back_up_and_rotate(self, target: Path) -> bool:
        try:
            with self._wait_for_turn():
                if self._is_stopping:  # the next start makes it
                    return False
                self._back_up(target, is_scheduled=True)
        except BackupError as error:
            if self._is_stopping:  # broken off; the next start makes it
                return False
            self._actor.log.error("The scheduled backup failed: %s", error)
            self.fault = self._explain(error)
            self._actor.report_degraded(self.fault)
            return False
        self.fault = None
        self._newest_s = self._now_s()
        self._rotate(backup.rotate)
        return True

    @contextlib.contextmanager
    def _wait_for_turn(self) -> Iterator[None]:
        """Wait until this process makes no other scheduled backup, at most LONGEST_WAIT_S, or until the actor stops."""
        until_s, is_ours = time.monotonic() + LONGEST_WAIT_S, False
        while not is_ours and not self._is_stopping and time.monotonic() < until_s:
            is_ours = _TURN.acquire(timeout=LOOK_S)
        try:
            yield
        finally:
            if is_ours:
                _TURN.release()

    def _rotate(self, rotate: Callable[[Path, int, float], list[Path]]) -> None:
        try:
            rotate(self._folder, self._actor.context.settings.backup_keep, self._now_s())
        except OSError as error:
            self._actor.log.warning("An old backup in %s cannot be removed: %s", self._folder, explain_os_error(error))

    def _schedule_after(self, done: Future[bool]) -> Callable[[], None]:
        def plan() -> None:
            fault = None if done.cancelled() else done.exception()
            if fault is not None:  # a fault of ours
                self._actor.log.error("The scheduled backup failed", exc_info=fault)
            worked = not done.cancelled() and fault is None and done.result()
            self._actor.send_to_self_after(self._interval_s if worked else min(self._interval_s, RETRY_S), BackupDue())

        return plan


def read_backup_list(folder: Path) -> BackupList:
    """Return the newest backups in a folder."""
    newest = sorted(backup.list_backups(folder), key=lambda origin: -origin.made_at_s)[:MOST_LISTED]
    sizes = ((origin, _read_size(origin.file)) for origin in newest)
    return BackupList(tuple(BackupEntry(origin.file.name, origin.made_at_s, size) for origin, size in sizes))


def _read_size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # it was deleted just now
        return 0

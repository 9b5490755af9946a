"""Handles what members ask for themselves: links, privacy, export of their data, erasure."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from actors.persistence.read_worker import ReadWorker
from actors.runtime import Actor
from messages import (
    DropViewerWatches,
    EraseViewer,
    GetMyData,
    LinkAccount,
    LinkedAccount,
    Message,
    MyData,
    Privacy,
    Problem,
    Question,
    SetPrivacy,
    StoreChanged,
    UnlinkAccount,
    ViewerAccount,
    ViewerDirectoryChanged,
    ViewerErased,
)
from messages.base import storable
from persistence.database.backup import list_backups
from persistence.database.errors import CopiesFailed, SaveFailed
from persistence.operations.erase import ErasedViewer, erase_viewer
from persistence.operations.link import CannotLink, link, unlink
from persistence.queries.data_export import build_export
from persistence.records import viewers
from persistence.records.checkpoint import JUST_THEN_S, RunningWatch
from persistence.records.links import read_links
from persistence.store import Store
from viewers.directory import ViewerDirectory
from wording.numbers import count_noun

PART_BYTES = 4 << 20
"""Bytes of an export that go into one message."""

MAX_EXPORTS = 4
"""Exports that are kept while they are fetched in parts; the oldest is dropped, and made again if asked for."""

Answer = Message | None


class ViewerRequests:
    """Links, privacy, erasure and export; changes run on the actor's thread, reads on another."""

    def __init__(
        self,
        actor: Actor,
        store: Store,
        backups_dir: Path,
        read_worker: ReadWorker,
        running: Callable[[], list[RunningWatch] | None],
        drop_viewers: Callable[[Set[str]], None],
    ) -> None:
        self._actor = actor
        self._store = store
        self._backups_dir = backups_dir
        self._read_worker = read_worker
        self._running = running
        self._drop_viewers = drop_viewers
        self._tracker = actor.ref("tracker")
        self._log = actor.log
        self._exports: dict[str, tuple[bytes, int]] = {}
        """Exports that are being fetched, with their number of watches, by viewer; used by the read worker's thread."""
        self._sent = ViewerDirectory()
        """What was last sent to the tracker."""
        self._last_erasure_s = -math.inf
        """When a viewer was last erased; seconds since 1970, UTC."""

    def read_directory(self) -> tuple[tuple[LinkedAccount, ...], tuple[tuple[str, Privacy], ...]]:
        """Return every link, and every privacy choice other than open."""
        with self._store.reader.connect() as connection:
            return read_links(connection), viewers.read_choices(connection)

    def send_directory(self) -> None:
        """Send the tracker all links and privacy choices, at the start."""
        links, privacy = self.read_directory()
        self._sent = ViewerDirectory.from_message(links, privacy)
        self._tracker.tell(ViewerDirectoryChanged(links, privacy))
        self._notify_page()

    def send_changes(self) -> None:
        """Send the tracker the changes of links and privacy choices, and notify the web page."""
        self._send_directory_changes()
        self._notify_page()

    def send_changed_names(self) -> None:
        """Send the tracker the new names of a save, and notify the web page."""
        with contextlib.suppress(SQLAlchemyError):  # the save itself succeeded; the next one looks again
            if self._send_directory_changes():
                self._notify_page()

    def _send_directory_changes(self) -> bool:
        """Send the tracker what changed; return whether anything did."""
        now = ViewerDirectory.from_message(*self.read_directory())
        changes = now.find_changes(self._sent)
        self._sent = now
        if any(changes):
            changed = ViewerDirectoryChanged(changes.links, changes.choices, is_change=True, unlinked=changes.unlinked)
            self._tracker.tell(changed)
        return any(changes)

    def _notify_page(self) -> None:
        if self._actor.context.settings.web_port:
            self._actor.ref("web").tell(StoreChanged())

    def send_erasures(self) -> None:
        """Send the tracker the erasures again: the last process may have ended before it sent them.

        Otherwise a watch that the tracker continues would be refused at its end, and be lost.
        """
        with self._store.reader.connect() as connection:
            forgotten = viewers.read_erasures(connection)
        now_s = self._now_s()
        self._last_erasure_s = max(forgotten.values(), default=-math.inf)
        self.correct_erasure_times()
        by_time: dict[float, list[str]] = {}
        for viewer_id, at_s in sorted(forgotten.items()):
            by_time.setdefault(min(at_s, now_s), []).append(viewer_id)
        for at_s, viewer_ids in by_time.items():
            self._tracker.tell(DropViewerWatches(tuple(viewer_ids), at_s - JUST_THEN_S))

    def correct_erasure_times(self) -> None:
        """Move erasure times in the future (the clock was set back) to now; called at each tick.

        Otherwise watches that begin from now on would count as older than the erasure, and be dropped silently.
        """
        # One gap stays: a film that began between the clock change and this tick counts as older than the erasure.
        # To store it would be worse: somebody may have asked to have it erased.
        now_s = self._now_s()
        if self._last_erasure_s <= now_s:
            return
        with contextlib.suppress(SaveFailed):  # the next tick tries again
            with self._store.transaction() as connection:
                viewers.correct_erasure_times(connection, now_s)
            self._last_erasure_s = now_s

    def _read_account(self, viewer_id: str, problem: Problem | None = None) -> ViewerAccount:
        with self._store.reader.connect() as connection:
            return viewers.read_account(connection, viewer_id, problem)

    def _now_s(self) -> float:
        return self._actor.context.clock.now().wall_s

    def set_privacy(self, asked: SetPrivacy) -> ViewerAccount:
        """Store a member's choice."""
        at_s = self._now_s()
        asked = replace(asked, username=storable(asked.username))
        try:
            with self._store.change(at_s, self._running() or ()) as change:
                viewers.set_privacy(change, asked, at_s)
        except CopiesFailed as error:
            self._log.error("The choice holds, but the JSON copies are behind until the next save: %s", error)
        self._log.info("Viewer %s is %s from now on", asked.viewer_id, asked.privacy)
        self.send_changes()
        return self._read_account(asked.viewer_id)

    def link_account(self, asked: LinkAccount) -> ViewerAccount:
        """Make a Plex account and a member one viewer."""
        at_s = self._now_s()
        asked = replace(asked, plex_name=storable(asked.plex_name), username=storable(asked.username))
        try:
            with self._store.change(at_s, self._running() or ()) as change:
                moved = link(change, asked, at_s)
        except CannotLink as error:
            return self._read_account(asked.viewer_id, error.problem)
        except CopiesFailed as error:
            self._log.error("Linked, but the JSON copies are behind until the next save: %s", error)
        self._log.info(
            "Linked %s to viewer %s (confirmed by %s): %s",
            asked.plex_id, asked.viewer_id, asked.confirmed_by, count_noun(moved, "watch", "watches"),
        )  # fmt: skip
        self.send_changes()
        return self._read_account(asked.viewer_id)

    def unlink_account(self, asked: UnlinkAccount) -> ViewerAccount:
        """Make a Plex account and a member two viewers again."""
        at_s = self._now_s()
        try:
            with self._store.change(at_s, self._running() or ()) as change:
                moved = unlink(change, asked)
        except CannotLink as error:
            return self._read_account(asked.viewer_id, error.problem)
        except CopiesFailed as error:
            self._log.error("Unlinked, but the JSON copies are behind until the next save: %s", error)
        self._log.info(
            "Unlinked %s from viewer %s (asked by %s): %s",
            asked.plex_id, asked.viewer_id, asked.requested_by, count_noun(moved, "watch", "watches"),
        )  # fmt: skip
        self.send_changes()
        return self._read_account(asked.viewer_id)

    def erase(self, asked: EraseViewer) -> ViewerErased:
        """Remove all data of a viewer from the store and from memory."""
        at_s = self._now_s()
        began = time.perf_counter()
        try:
            with self._store.change(at_s) as change:
                gone = erase_viewer(change, asked.viewer_id, at_s)
        except CopiesFailed as error:
            # The store no longer has the data, and the next save writes the files: the erasure did not fail.
            self._log.error("The JSON copies still have what was stored of viewer %s: %s", asked.viewer_id, error)
        self._last_erasure_s = max(self._last_erasure_s, at_s)
        ids = (*gone.ids, *(link.plex_id for link in gone.separated))
        self._drop_viewers(set(ids))
        # After the read worker's current task, which may be making that export.
        self._read_worker.submit(lambda: self._exports.pop(asked.viewer_id, None))
        self._tracker.tell(DropViewerWatches(ids))
        self.send_changes()
        self._log.info(
            "Forgot viewer %s: %s and %s, in %.1f s",
            asked.viewer_id, count_noun(gone.watches, "watch", "watches"), count_noun(gone.badges, "badge"),
            time.perf_counter() - began,
        )  # fmt: skip
        return self._build_erased(gone)

    def _build_erased(self, gone: ErasedViewer) -> ViewerErased:
        made = [each.made_at_s for each in list_backups(self._backups_dir) if math.isfinite(each.made_at_s)]
        return ViewerErased(
            gone.watches,
            gone.badges,
            backups=len(made),
            oldest_backup_s=made[0] if made else None,
            newest_backup_s=made[-1] if made else None,
            backup_interval_hours=self._actor.context.settings.backup_interval_hours,
            backup_keep=self._actor.context.settings.backup_keep,
            kept_accounts=tuple(link.plex_name for link in gone.separated),
        )

    def export(self, asked: GetMyData) -> Future[MyData]:
        """Return a part of an export, which is made for the first part and dropped after the last."""
        at_s, running = self._now_s(), self._running() or ()
        return self._read_worker.submit(lambda: self._read_export(asked, running, at_s))

    def _read_export(self, asked: GetMyData, running: Sequence[RunningWatch], at_s: float) -> MyData:
        if asked.offset == 0 or asked.viewer_id not in self._exports:
            self._exports.pop(asked.viewer_id, None)
            self._exports[asked.viewer_id] = self._build_data_file(asked.viewer_id, running, at_s)
            while len(self._exports) > MAX_EXPORTS:
                del self._exports[next(iter(self._exports))]
        content, watches = self._exports[asked.viewer_id]
        part = content[asked.offset : asked.offset + PART_BYTES]
        if asked.offset + len(part) >= len(content):
            del self._exports[asked.viewer_id]
        return MyData(part, len(content), watches)

    def _build_data_file(self, viewer_id: str, running: Sequence[RunningWatch], at_s: float) -> tuple[bytes, int]:
        with self._store.snapshot(running, at_s) as store:
            document, watches = build_export(store, viewer_id)
        if not document:
            return b"", 0
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n", watches


VIEWER_REQUESTS: Mapping[type[Question[Any]], Callable[[ViewerRequests, Any], Answer | Future[Any]]] = {
    SetPrivacy: ViewerRequests.set_privacy,
    LinkAccount: ViewerRequests.link_account,
    UnlinkAccount: ViewerRequests.unlink_account,
    EraseViewer: ViewerRequests.erase,
    GetMyData: ViewerRequests.export,
}
"""Which method handles which question."""

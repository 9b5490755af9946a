"""What the persistence actor does for people about themselves: links, privacy, one's own data, being forgotten."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Set
from concurrent.futures import Future
from pathlib import Path

import msgspec
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from actors.persistence.read_worker import ReadWorker
from actors.runtime import Actor
from messages import (
    DropViewerWatches,
    EraseViewer,
    FindAccounts,
    GetMyData,
    GetViewerAccount,
    LinkAccount,
    LinkedAccount,
    Message,
    MyData,
    Privacy,
    SetPrivacy,
    UnlinkAccount,
    ViewerAccount,
    ViewerDirectoryChanged,
    ViewerErased,
)
from messages.texts import storable
from persistence.database.backup import list_backup_times
from persistence.database.errors import CopiesFailed, SaveFailed
from persistence.operations.erase import erase_viewer
from persistence.operations.link import CannotLink, link, unlink
from persistence.queries.data_export import build_export
from persistence.records import viewers
from persistence.records.checkpoint import JUST_THEN_S, RunningWatch
from persistence.store import Store
from wording.plural import count_noun

PART_BYTES = 4 << 20
"""How much of somebody's data goes into one message."""

QUESTIONS = (GetViewerAccount, FindAccounts, GetMyData, SetPrivacy, EraseViewer, LinkAccount, UnlinkAccount)

Answer = Message | None


class ViewerRequests:
    """Hears what concerns people. What changes something is done on the actor's thread, what reads on another."""

    def __init__(
        self,
        actor: Actor,
        store: Store,
        backups_dir: Path,
        helper: ReadWorker,
        running: Callable[[], list[RunningWatch] | None],
        let_go: Callable[[Set[str]], None],
    ) -> None:
        self._actor = actor
        self._store = store
        self._backups_dir = backups_dir
        self._helper = helper
        self._running = running
        self._let_go = let_go
        self._tracker = actor.ref("tracker")
        self._log = actor.log
        self._files: dict[str, tuple[bytes, int]] = {}
        self._told: ViewerDirectoryChanged | None = None
        self._forgotten_s = -math.inf
        """When somebody was forgotten last; seconds since 1970, UTC."""

    def answer(self, asked: Message) -> Answer | Future[Answer]:
        """Answer one of `QUESTIONS`."""
        at_s = self._actor.context.clock.now().wall_s
        match asked:
            case GetViewerAccount():
                return self._helper.submit(lambda: self._read_person(asked.viewer_id))
            case FindAccounts():
                return self._helper.submit(lambda: self._find_accounts(asked))
            case GetMyData():
                return self._helper.submit(lambda: self._read_data_part(asked, at_s))
            case SetPrivacy():
                return self._set_privacy(replace(asked, username=storable(asked.username)), at_s)
            case EraseViewer():
                return self._erase(asked, at_s)
            case LinkAccount():
                names = storable(asked.plex_name), storable(asked.username)
                return self._link(replace(asked, plex_name=names[0], username=names[1]), at_s)
            case UnlinkAccount():
                return self._unlink(asked, at_s)
        raise TypeError(f"{type(asked).__name__} does not concern people")

    def read_directory(self) -> tuple[tuple[LinkedAccount, ...], tuple[tuple[str, Privacy], ...]]:
        """Return every link, and every choice of who is not open."""
        with self._store.reader.connect() as connection:
            return viewers.read_links(connection), viewers.read_choices(connection)

    def send_directory(self) -> None:
        """Tell the tracker who is who, and who wants what."""
        self._told = ViewerDirectoryChanged(*self.read_directory())
        self._tracker.tell(self._told)

    def send_directory_if_changed(self) -> None:
        """Tell the tracker where a save found that somebody is called otherwise by now."""
        with contextlib.suppress(SQLAlchemyError):  # what was saved is saved; after the next save it is looked again
            if ViewerDirectoryChanged(*self.read_directory()) != self._told:
                self.send_directory()

    def send_erasures(self) -> None:
        """Tell the tracker again who was forgotten: the last life may have ended before it could.

        What the tracker went on with would be refused at its end, and nothing of the film be kept.
        """
        with self._store.reader.connect() as connection:
            forgotten = viewers.read_erasures(connection)
        now_s = self._actor.context.clock.now().wall_s
        self._forgotten_s = max(forgotten.values(), default=-math.inf)
        self.correct_erasure_times()
        by_time: dict[float, list[str]] = {}
        for viewer_id, at_s in sorted(forgotten.items()):
            by_time.setdefault(min(at_s, now_s), []).append(viewer_id)
        for at_s, viewer_ids in by_time.items():
            self._tracker.tell(DropViewerWatches(tuple(viewer_ids), at_s - JUST_THEN_S))

    def correct_erasure_times(self) -> None:
        """Have nobody forgotten later than now, where the clock was set back since; at each tick.

        It was wrong then, or is now: what begins from now on is new all the same, and was let go of without a word.
        """
        # What is left: a film that began after the clock was set and before this tick is taken for one from before
        # the forgetting. To store that would be worse, for it might be what somebody asked to have forgotten.
        now_s = self._actor.context.clock.now().wall_s
        if self._forgotten_s <= now_s:
            return
        with contextlib.suppress(SaveFailed):  # the next tick tries again
            with self._store.transaction() as connection:
                viewers.correct_erasure_times(connection, now_s)
            self._forgotten_s = now_s

    def _read_person(self, viewer_id: str, problem: str = "") -> ViewerAccount:
        with self._store.reader.connect() as connection:
            return viewers.read_person(connection, viewer_id, problem)

    def _find_accounts(self, asked: FindAccounts) -> Answer:
        with self._store.reader.connect() as connection:
            return viewers.find_accounts(connection, asked)

    def _set_privacy(self, asked: SetPrivacy, at_s: float) -> ViewerAccount:
        try:
            with self._store.change(at_s, self._running() or ()) as change:
                viewers.set_privacy(change, asked, at_s)
        except CopiesFailed as error:
            self._log.error("The choice holds, but the JSON copies are behind until the next save: %s", error)
        self._log.info("Viewer %s is %s from now on", asked.viewer_id, asked.privacy)
        self.send_directory()
        return self._read_person(asked.viewer_id)

    def _link(self, asked: LinkAccount, at_s: float) -> ViewerAccount:
        """Make a Plex account and a member one viewer."""
        try:
            with self._store.change(at_s, self._running() or ()) as change:
                moved = link(change, asked, at_s)
        except CannotLink as error:
            return self._read_person(asked.viewer_id, str(error))
        except CopiesFailed as error:
            self._log.error("Linked, but the JSON copies are behind until the next save: %s", error)
        self._log.info(
            "Linked %s to viewer %s (confirmed by %s): %s",
            asked.plex_id, asked.viewer_id, asked.confirmed_by, count_noun(moved, "watch", "watches"),
        )  # fmt: skip
        self.send_directory()
        return self._read_person(asked.viewer_id)

    def _unlink(self, asked: UnlinkAccount, at_s: float) -> ViewerAccount:
        """Make them two viewers again."""
        try:
            with self._store.change(at_s, self._running() or ()) as change:
                moved = unlink(change, asked)
        except CannotLink as error:
            return self._read_person(asked.viewer_id, str(error))
        except CopiesFailed as error:
            self._log.error("Unlinked, but the JSON copies are behind until the next save: %s", error)
        self._log.info(
            "Unlinked %s from viewer %s (asked by %s): %s",
            asked.plex_id, asked.viewer_id, asked.requested_by, count_noun(moved, "watch", "watches"),
        )  # fmt: skip
        self.send_directory()
        return self._read_person(asked.viewer_id)

    def _erase(self, asked: EraseViewer, at_s: float) -> ViewerErased:
        began = time.perf_counter()
        try:
            with self._store.change(at_s) as change:
                gone = erase_viewer(change, asked.viewer_id, at_s)
        except CopiesFailed as error:
            # It is gone from the store; the files follow with the next save. Not to be said as a failure to forget.
            self._log.error("The JSON copies still have what was stored of viewer %s: %s", asked.viewer_id, error)
        self._forgotten_s = max(self._forgotten_s, at_s)
        self._let_go(set(gone.ids))
        self._tracker.tell(DropViewerWatches(gone.ids))
        self.send_directory()
        self._log.info(
            "Forgot viewer %s: %s and %s, in %.1f s",
            asked.viewer_id, count_noun(gone.watches, "watch", "watches"), count_noun(gone.badges, "badge"),
            time.perf_counter() - began,
        )  # fmt: skip
        return self._build_erased(gone.watches, gone.badges)

    def _build_erased(self, watches: int, badges: int) -> ViewerErased:
        made = list_backup_times(self._backups_dir)
        return ViewerErased(
            watches,
            badges,
            backups=len(made),
            oldest_backup_s=made[0] if made else None,
            newest_backup_s=made[-1] if made else None,
            backup_interval_hours=self._actor.context.settings.backup_interval_hours,
            backup_keep=self._actor.context.settings.backup_keep,
        )

    def _read_data_part(self, asked: GetMyData, at_s: float) -> MyData:
        """A part of the file; it is made at the first and let go at the last."""
        if asked.offset == 0 or asked.viewer_id not in self._files:
            self._files[asked.viewer_id] = self._build_data_file(asked.viewer_id, at_s)
        content, watches = self._files[asked.viewer_id]
        part = content[asked.offset : asked.offset + PART_BYTES]
        if asked.offset + len(part) >= len(content):
            del self._files[asked.viewer_id]
        return MyData(part, len(content), watches)

    def _build_data_file(self, viewer_id: str, at_s: float) -> tuple[bytes, int]:
        with self._store.snapshot(self._running() or ()) as (connection, now):
            found, watches = build_export(connection, viewer_id, now.of(viewer_id).records, at_s)
        if not found:
            return b"", 0
        return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n", watches

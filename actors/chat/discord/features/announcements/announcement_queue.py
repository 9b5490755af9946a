"""The queue of announcements: bounded, kept over outages of Discord, each posted once."""

import asyncio
import concurrent.futures
import contextlib
import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable

import discord
import msgspec

from actors.chat.discord.core.api_errors import API_ERRORS, RetryDecision, classify
from actors.chat.discord.core.degraded_reasons import DegradedReasons
from actors.chat.discord.features.announcements import announcement_embeds
from actors.chat.discord.features.announcements.announcement_embeds import Announcement
from actors.chat.discord.features.announcements.posted_announcements import PostedAnnouncements
from actors.chat.discord.features.announcements.redactor import Redactor
from actors.chat.discord.features.live_card import LiveCards
from actors.chat.discord.ui import embeds
from messages import BadgesAwarded, Problem, ScreeningEnded, ScreeningStarted

MOST_WAITING = 200
OLDEST_S = 6 * 3600.0
GATHER_S = 0.15
"""How long the first announcement waits for others, so that many at once become one message (real seconds)."""
QUIET_S = 1.0
"""After so long without a post, a film's start is posted at once; others that follow come in the next message."""
REUNITE_S = 5.0
"""How long a post that a restart interrupted waits until all its announcements are delivered again (real seconds)."""
LONGEST_PAUSE_S = 60.0
SAVED_S = 2.0
"""How long a post waits until the store has noted that it is about to be sent (real seconds)."""
MOST_APART = 3
"""Films that start together and are posted one by one, so that each has its card; Discord accepts five in 5 s."""
RARE = frozenset({"rare", "epic", "legendary"})
"""Badges that are announced at once; the others of a film come together after its end."""
HELD_LOOK_S = 60.0
"""How often to check whether a film whose badges wait has ended."""
_DEGRADED = "announcements"


class QueuedAnnouncement(msgspec.Struct, eq=False):
    """An announcement in the queue; `done` acknowledges it to its sender."""

    message_id: str
    announcement: Announcement
    done: "concurrent.futures.Future[None]"
    since_s: float = msgspec.field(default_factory=time.monotonic)

    def acknowledge(self) -> None:
        """Let the sender forget the announcement: it was posted, or dropped."""
        if not self.done.done():
            self.done.set_result(None)


class AnnouncementQueue:
    """Posts announcements into the announce channel. Runs on the loop, from start to stop."""

    def __init__(
        self,
        channel_id: int,
        channel: Callable[[], discord.PartialMessageable | None],
        posted: PostedAnnouncements,
        degraded: DegradedReasons,
        log: logging.Logger,
        cards: LiveCards | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._cards = cards
        self._redactor = redactor
        self._channel_id = channel_id
        self._channel = channel
        self._posted = posted
        self._degraded = degraded
        self._log = log
        self._queue: deque[QueuedAnnouncement] = deque()
        self._some = asyncio.Event()
        self._online = asyncio.Event()
        self._tries = 0
        self._posted_s = -QUIET_S

    @property
    def waiting(self) -> int:
        """How many announcements wait."""
        return len(self._queue)

    def put(self, waiting: QueuedAnnouncement) -> None:
        """Queue an announcement, unless it waits already or was posted."""
        if not self._channel_id or self._posted.was_posted(waiting.message_id):
            waiting.acknowledge()
            return
        for other in self._queue:
            if other.message_id == waiting.message_id:
                other.done.add_done_callback(lambda _: waiting.acknowledge())
                return
        if not self._remove_hidden(waiting) or self._is_covered_by_card(waiting.announcement):
            waiting.acknowledge()
            return
        self._queue.append(waiting)
        while len(self._queue) > MOST_WAITING:
            self._drop(self._queue[0], f"more than {MOST_WAITING} announcements wait for Discord")
        self._some.set()

    def _is_covered_by_card(self, notice: Announcement) -> bool:
        """Tell whether a film that several accounts now play together has a card: the first account's.

        That card replaces the waiting announcements of the others.
        """
        if isinstance(notice, BadgesAwarded) or not notice.screening.merged or self._cards is None:
            return False
        self._cards.merge_cards(notice.screening)
        for waiting in list(self._queue):
            other = waiting.announcement
            if isinstance(other, ScreeningStarted) and other.screening.screening_id in notice.screening.merged:
                self._remove_announcement(waiting)
        return isinstance(notice, ScreeningStarted) and self._cards.has_card(notice.screening.screening_id)

    def drop_hidden(self) -> None:
        """Remove viewers who are hidden now from waiting announcements; drop announcements that are empty then."""
        for waiting in list(self._queue):
            if not self._remove_hidden(waiting):
                self._remove_announcement(waiting)

    def _remove_hidden(self, waiting: QueuedAnnouncement) -> bool:
        """Remove hidden viewers from an announcement; return False if it is empty then."""
        notice = waiting.announcement if self._redactor is None else self._redactor.redact(waiting.announcement)
        if notice is None:
            self._log.info("An announcement is dropped, for it names somebody who is not to be seen any more")
            return False
        waiting.announcement = notice
        return True

    def retry_now(self) -> None:
        """Try again at once, because Discord can be reached again."""
        self._tries = 0
        self._online.set()

    async def run(self) -> None:
        """Post the queued announcements, for ever."""
        while True:
            await self._wait_for_some()
            await asyncio.sleep(self._gather_s())
            await self._await_parts()
            self._drop_old()
            if not self._list_due():
                self._some.clear()
                continue
            if (channel := self._channel()) is None:
                await self._pause(LONGEST_PAUSE_S)
                continue
            batch, nonce, shown = self._next_batch()
            verdict = await self._end_card(batch) if self._ends_card(batch[0]) else None
            if batch[0] in self._queue and verdict is None:
                verdict = await self._post(channel, batch, nonce, shown)
            if verdict is not None:
                await self._after_failure(verdict, batch)

    async def _wait_for_some(self) -> None:
        """Wait for an announcement, or so long that badges may be due whose film's end was never reported."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HELD_LOOK_S if self._queue else None):
                await self._some.wait()

    def _list_due(self) -> list[QueuedAnnouncement]:
        """Return the announcements that may be posted now: a running film's badges wait for its end, unless rare."""
        return [waiting for waiting in self._queue if not self._is_held(waiting.announcement)]

    def _is_held(self, notice: Announcement) -> bool:
        if not isinstance(notice, BadgesAwarded) or self._cards is None or not notice.screening_id:
            return False
        if any(badge.rarity in RARE for badge in notice.badges):
            return False
        return self._cards.is_running(notice.screening_id)

    def _gather_s(self) -> float:
        """Return how long an announcement waits for others, real seconds. A film's end always waits for its badges."""
        quiet = time.monotonic() - self._posted_s >= QUIET_S
        starts = all(isinstance(waiting.announcement, ScreeningStarted) for waiting in self._queue)
        return 0.0 if quiet and starts else GATHER_S

    def _next_batch(self) -> tuple[list[QueuedAnnouncement], str, list[discord.Embed]]:
        begun = self._posted.pending
        if begun is not None:
            again = [waiting for waiting in self._queue if waiting.message_id in begun.ids]
            if again:
                shown, covered = announcement_embeds.build_embeds([waiting.announcement for waiting in again])
                return again[:covered], begun.nonce, shown
            self._posted.give_up()
        batch = self._choose_batch()
        shown, covered = announcement_embeds.build_embeds([waiting.announcement for waiting in batch])
        batch = batch[:covered]
        joined = "\n".join(waiting.message_id for waiting in batch)
        return batch, hashlib.blake2s(joined.encode(), digest_size=12).hexdigest(), shown

    def _choose_batch(self) -> list[QueuedAnnouncement]:
        """Return the announcements for one message: all up to the first that has or gets a card of its own."""
        starts = [waiting for waiting in self._queue if self._gets_card(waiting)]
        apart = starts if len(starts) <= MOST_APART else []
        batch: list[QueuedAnnouncement] = []
        for waiting in self._list_due():
            alone = waiting in apart or self._ends_card(waiting)
            if alone and batch:
                break
            batch.append(waiting)
            if alone:
                break
        return batch

    def _gets_card(self, waiting: QueuedAnnouncement) -> bool:
        notice = waiting.announcement
        return (
            self._cards is not None
            and isinstance(notice, ScreeningStarted)
            and self._cards.wants_card(notice.screening)
        )

    def _ends_card(self, waiting: QueuedAnnouncement) -> bool:
        notice = waiting.announcement
        return (
            self._cards is not None
            and isinstance(notice, ScreeningEnded)
            and self._cards.has_card(notice.screening.screening_id)
        )

    async def _end_card(self, batch: list[QueuedAnnouncement]) -> RetryDecision | None:
        """Show the end on the film's card. If the card's message was deleted, the end stays queued, to be posted."""
        (waiting,) = batch
        assert self._cards is not None and isinstance(waiting.announcement, ScreeningEnded)  # noqa: S101 - checked before
        try:
            edited = await self._cards.close_card(waiting.announcement)
        except API_ERRORS as error:
            self._tries += 1
            return classify(
                error, self._tries, Problem.of("discord.edit_announced_card", channel=str(self._channel_id))
            )
        if edited:
            self._tries = 0
            self._posted.finish([waiting.message_id])
            self._degraded.remove(_DEGRADED)
            self._remove_announcement(waiting)
        return None

    async def _post(
        self,
        channel: discord.PartialMessageable,
        batch: list[QueuedAnnouncement],
        nonce: str,
        shown: list[discord.Embed],
    ) -> RetryDecision | None:
        ids = [waiting.message_id for waiting in batch]
        await self._note_begun(nonce, ids)
        try:
            message = await channel.send(embeds=shown, nonce=nonce, allowed_mentions=embeds.NOBODY)
        except API_ERRORS as error:
            self._tries += 1
            return classify(error, self._tries, Problem.of("discord.post", channel=str(self._channel_id)))
        self._tries = 0
        self._posted_s = time.monotonic()
        self._posted.finish(ids)
        self._degraded.remove(_DEGRADED)
        self._update_cards(batch, message.id)
        for waiting in batch:
            self._remove_announcement(waiting)
        return None

    async def _note_begun(self, nonce: str, ids: list[str]) -> None:
        """Store that a post is about to be sent, so that after a kill the next process knows of it.

        If the store does not answer soon, the post is sent anyway.
        """
        saved = asyncio.wrap_future(self._posted.begin(nonce, ids))
        await asyncio.wait({saved}, timeout=SAVED_S)

    def _update_cards(self, batch: list[QueuedAnnouncement], message_id: int) -> None:
        """Open the card of a film that was posted alone, and add badges to their film's record."""
        if self._cards is None:
            return
        for waiting in batch:
            if isinstance(waiting.announcement, BadgesAwarded):
                self._cards.add_badges(waiting.announcement)
        first = batch[0]
        if len(batch) == 1 and isinstance(first.announcement, ScreeningStarted) and self._gets_card(first):
            self._cards.open_card(first.announcement, message_id)

    async def _after_failure(self, verdict: RetryDecision, batch: list[QueuedAnnouncement]) -> None:
        if not verdict.refused:
            problem = Problem.of("discord.announcements_wait", reason=verdict.problem, count=len(self._queue))
            self._degraded.add(_DEGRADED, problem)
            await self._pause(verdict.wait_s)
            return
        self._posted.give_up()
        if len(batch) == 1:
            self._drop(batch[0], verdict.reason)
            return
        self._log.error("%s; posting its %d announcements one by one", verdict.reason, len(batch))
        for waiting in batch:
            if waiting in self._queue:
                await self._post_alone(waiting)

    async def _post_alone(self, waiting: QueuedAnnouncement) -> None:
        """Post one announcement of a batch that Discord refused; drop it if Discord refuses it too."""
        channel = self._channel()
        if channel is None:
            return
        nonce = hashlib.blake2s(waiting.message_id.encode(), digest_size=12).hexdigest()
        verdict = await self._post(channel, [waiting], nonce, [announcement_embeds.build_embed(waiting.announcement)])
        if verdict is None:
            return
        if verdict.refused:
            self._drop(waiting, verdict.reason)
        else:
            await self._pause(verdict.wait_s)

    async def _await_parts(self) -> None:
        """Wait until all announcements of an interrupted post are back, so that Discord recognises it by its nonce."""
        begun = self._posted.pending
        deadline = time.monotonic() + REUNITE_S
        while begun is not None and self._tries == 0 and time.monotonic() < deadline:
            if {waiting.message_id for waiting in self._queue} >= set(begun.ids):
                return
            await asyncio.sleep(0.05)

    async def _pause(self, wait_s: float) -> None:
        """Wait, at most until Discord can be reached again."""
        self._online.clear()
        try:
            async with asyncio.timeout(min(wait_s, LONGEST_PAUSE_S)):
                await self._online.wait()
        except TimeoutError:
            return

    def _drop_old(self) -> None:
        oldest = time.monotonic() - OLDEST_S
        while self._queue and self._queue[0].since_s < oldest:
            self._drop(self._queue[0], f"it waited more than {OLDEST_S / 3600:.0f} hours")

    def _drop(self, waiting: QueuedAnnouncement, reason: str) -> None:
        self._log.error("Announcement dropped (%s): %s", reason, announcement_embeds.build_line(waiting.announcement))
        self._remove_announcement(waiting)

    def _remove_announcement(self, waiting: QueuedAnnouncement) -> None:
        """Remove an announcement; a full queue may have dropped it while it was being posted."""
        if waiting in self._queue:
            self._queue.remove(waiting)
        waiting.acknowledge()

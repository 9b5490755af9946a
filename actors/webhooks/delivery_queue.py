"""The events that wait for one receiver: in order, bounded, each tried until it is taken or no longer useful."""

import asyncio
import collections
import logging
import random
from collections.abc import Awaitable, Callable

import msgspec

from actors.runtime import Clock
from actors.webhooks.http_post import PostResult
from actors.webhooks.payload import WebhookEvent
from messages import Problem
from wording.problems import english

MOST_WAITING = 1000
"""Events that may wait for one receiver; if there are more, the oldest is dropped."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 600.0
"""Pause between two tries, real seconds; it doubles with each try, and varies at random so that tries spread out."""
USEFUL_S = {"film_started": 600.0}
"""How long after an event it is still sent, service seconds, if not `LONGEST_USEFUL_S`: lights that go down an hour
late are worse than none."""
LONGEST_USEFUL_S = 86_400.0


class WaitingEvent(msgspec.Struct, eq=False):
    """An event for one receiver."""

    event: WebhookEvent
    done: list[Callable[[], None]]
    """Called when the event was taken or dropped; one for each time that the event came."""


class DeliveryQueue:
    """The events of one receiver. Everything runs on the actor's loop."""

    def __init__(
        self,
        name: str,
        deliver: Callable[[WebhookEvent], Awaitable[PostResult]],
        clock: Clock,
        log: logging.Logger,
        on_change: Callable[[], None],
    ) -> None:
        """Name the receiver `name` in the log, deliver with `deliver`, and call `on_change` when `failure` changes."""
        self.name = name
        self.failure: Problem | None = None
        """Why the first waiting event was not taken; None if no try failed."""
        self._deliver = deliver
        self._clock = clock
        self._log = log
        self._on_change = on_change
        self._waiting: collections.deque[WaitingEvent] = collections.deque()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting)

    def list_events(self) -> list[WebhookEvent]:
        """Return the waiting events, in order."""
        return [waiting.event for waiting in self._waiting]

    def put(self, event: WebhookEvent, done: Callable[[], None]) -> None:
        """Add an event after those that wait; one that waits already is not added twice."""
        for waiting in self._waiting:
            if waiting.event.event_id == event.event_id:
                waiting.done.append(done)
                return
        if len(self._waiting) >= MOST_WAITING:
            self._drop(self._waiting[0], Problem.of("webhooks.too_many", count=MOST_WAITING))
        self._waiting.append(WaitingEvent(event, [done]))
        self._arrived.set()
        if self.failure is None:
            self._idle.clear()

    async def wait_idle(self) -> None:
        """Wait until no event is left that can be delivered at once."""
        await self._idle.wait()

    async def run(self) -> None:
        """Deliver events, for ever."""
        tries = 0
        while True:
            await self._arrived.wait()
            if not self._waiting:
                self._arrived.clear()
                self._idle.set()
                continue
            first = self._waiting[0]
            if self._clock.now().wall_s - first.event.at_s > USEFUL_S.get(first.event.name, LONGEST_USEFUL_S):
                self._drop(first, self.failure or Problem.of("webhooks.too_old"))
                continue
            result = await self._deliver(first.event)
            if result.failure is None:
                tries = 0
                self._remove_event(first)
                self._note_failure(None)
            elif result.is_final:
                tries = 0
                self._drop(first, result.failure)
            else:
                tries += 1
                self._note_failure(result.failure)
                await asyncio.sleep(self._clock.to_real_s(max(result.wait_s, _choose_pause_s(tries))))

    def _note_failure(self, failure: Problem | None) -> None:
        if failure == self.failure:
            return
        self.failure = failure
        if failure is not None:
            self._idle.set()
            self._log.warning("The webhook at %s does not take events: %s; they wait", self.name, english(failure))
        else:
            self._log.info("The webhook at %s takes events again", self.name)
        self._on_change()

    def _drop(self, waiting: WaitingEvent, reason: Problem) -> None:
        name = waiting.event.name
        self._log.error("Event %s for the webhook at %s is dropped: %s", name, self.name, english(reason))
        self._remove_event(waiting)

    def _remove_event(self, waiting: WaitingEvent) -> None:
        """Remove an event from the queue, if a full queue has not dropped it during its delivery."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)
            for done in waiting.done:
                done()


def _choose_pause_s(tries: int) -> float:
    pause_s = min(FIRST_PAUSE_S * 2.0 ** min(tries - 1, 20), LONGEST_PAUSE_S)
    return float(pause_s * (0.8 + 0.4 * random.random()))  # noqa: S311  # no secret

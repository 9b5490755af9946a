"""What waits for a receiver: order, bounds, pauses, and how long it is of use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import cast

import pytest
from msgspec.structs import replace

from actors.runtime import Clock
from actors.webhooks import delivery_queue
from actors.webhooks.delivery_queue import DeliveryQueue
from actors.webhooks.http_post import PostResult
from actors.webhooks.payload import WebhookEvent, make_event
from messages import Moment, Problem
from tests.unit.webhooks.notices import ENDED, OVER, STARTED

FAILED = PostResult(Problem.of("webhooks.status", status=503))
LOG = logging.getLogger("webhooks")


class SetClock:
    """A clock that the test sets; pauses take no time."""

    def __init__(self) -> None:
        self.now_s = ENDED
        self.pauses: list[float] = []

    def now(self) -> Moment:
        """Return the time that is set."""
        return Moment(self.now_s, 0.0)

    def to_real_s(self, seconds: float) -> float:
        """Note a pause, and let it pass at once."""
        self.pauses.append(seconds)
        self.now_s += seconds
        return 0.0


class Receiver:
    """Answers as it is told, in order; then takes everything."""

    def __init__(self, *answers: PostResult) -> None:
        self.answers = list(answers)
        self.taken: list[str] = []

    async def deliver(self, event: WebhookEvent) -> PostResult:
        """Try once."""
        result = self.answers.pop(0) if self.answers else PostResult()
        if result.failure is None:
            self.taken.append(event.event_id)
        return result


def make_end(number: int) -> WebhookEvent:
    """Return one of many events."""
    return make_event(replace(OVER, at=Moment(ENDED + number / 1000, 0.0)))


async def run_until(queue: DeliveryQueue, is_done: Callable[[], bool]) -> None:
    """Let a queue work until something is so."""
    task = asyncio.ensure_future(queue.run())
    async with asyncio.timeout(5):
        while not is_done():  # noqa: ASYNC110  # every step of the loop is looked at
            await asyncio.sleep(0)
    task.cancel()


def make_queue(receiver: Receiver, clock: SetClock) -> DeliveryQueue:
    """Return the queue of a receiver."""
    return DeliveryQueue("ha.local:8123", receiver.deliver, cast(Clock, clock), LOG, lambda: None)


async def test_a_receiver_that_is_away_gets_everything_in_order_when_it_is_back() -> None:
    """Pauses double up to ten minutes, and nothing overtakes what waits."""
    clock, receiver = SetClock(), Receiver(*[FAILED] * 14)
    queue = make_queue(receiver, clock)
    events = [make_end(number) for number in range(3)]
    done: list[str] = []
    for event in events:
        queue.put(event, lambda event=event: done.append(event.event_id))  # type: ignore[misc]
    await run_until(queue, lambda: len(done) == 3)
    assert receiver.taken == done == [event.event_id for event in events]
    assert len(clock.pauses) == 14
    for tries, pause in enumerate(clock.pauses):
        wanted = min(2.0**tries, 600.0)
        assert 0.8 * wanted <= pause <= 1.2 * wanted
    assert queue.failure is None


async def test_what_a_receiver_asks_for_is_kept() -> None:
    """Retry-After is longer than the own pause."""
    clock, receiver = SetClock(), Receiver(PostResult(FAILED.failure, False, 120.0))
    queue = make_queue(receiver, clock)
    done: list[int] = []
    queue.put(make_end(1), lambda: done.append(1))
    await run_until(queue, lambda: bool(done))
    assert clock.pauses == [120.0]


async def test_what_is_never_taken_is_dropped_and_the_next_one_told(caplog: pytest.LogCaptureFixture) -> None:
    """One event that a receiver cannot read holds up no other."""
    clock, receiver = SetClock(), Receiver(PostResult(Problem.of("webhooks.status", status=422), True))
    queue = make_queue(receiver, clock)
    done: list[int] = []
    queue.put(make_end(1), lambda: done.append(1))
    queue.put(make_end(2), lambda: done.append(2))
    await run_until(queue, lambda: len(done) == 2)
    assert receiver.taken == [make_end(2).event_id]
    assert "is dropped: it answers HTTP 422" in caplog.text


async def test_a_start_is_told_for_ten_minutes_and_an_end_for_a_day() -> None:
    """Lights must not go down in the middle of the night."""
    clock, receiver = SetClock(), Receiver()
    queue = make_queue(receiver, clock)
    clock.now_s = ENDED + 3600
    done: list[str] = []
    queue.put(make_event(STARTED), lambda: done.append("started"))
    queue.put(make_event(OVER), lambda: done.append("ended"))
    await run_until(queue, lambda: len(done) == 2)
    assert receiver.taken == [make_event(OVER).event_id]
    clock.now_s = ENDED + 86_401
    queue.put(make_event(OVER), lambda: done.append("ended"))
    await run_until(queue, lambda: len(done) == 3)
    assert len(receiver.taken) == 1


async def test_a_queue_is_bounded_and_lets_go_of_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it is told: it is acknowledged, and not sent for ever."""
    monkeypatch.setattr(delivery_queue, "MOST_WAITING", 3)
    queue = make_queue(Receiver(), SetClock())
    done: list[int] = []
    for number in range(5):
        queue.put(make_end(number), lambda number=number: done.append(number))  # type: ignore[misc]
    assert len(queue) == 3
    assert done == [0, 1]


async def test_idle_is_a_queue_with_nothing_that_can_be_delivered_at_once() -> None:
    """A stop waits for that: not for a receiver that is away."""
    clock, receiver = SetClock(), Receiver()
    queue = make_queue(receiver, clock)
    queue.put(make_end(1), lambda: None)
    task = asyncio.ensure_future(queue.run())
    await asyncio.wait_for(queue.wait_idle(), 5)
    assert receiver.taken == [make_end(1).event_id]
    receiver.answers = [FAILED] * 10_000
    queue.put(make_end(2), lambda: None)
    await asyncio.wait_for(queue.wait_idle(), 5)
    task.cancel()
    assert len(queue) == 1

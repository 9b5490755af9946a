"""At-least-once messages of one class that wait together are handled at once, and none costs another anything."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.runtime import Reject, RetryLater
from actors.runtime.middleware.dispatcher import BATCH_ID, BATCH_LIMIT, Dispatcher, Outcome
from actors.runtime.middleware.health import HealthState
from actors.runtime.middleware.poison_guard import PoisonGuard
from messages import WatchFinished
from tests.unit.runtime.endpoint_pair import Pair, make_finished, watch_id


class Stand:
    """Ann tells, bob's dispatcher handles what waits; `answers` is what a message is said to have become, by its id."""

    def __init__(self, folder: Path, poison_ids: tuple[str, ...] = (), **answers: Any) -> None:
        self.pair = Pair(folder)
        self.batches: list[list[str]] = []
        self.done: list[str] = []
        self._answers = answers
        handlers: dict[Any, Any] = {WatchFinished: self._handle_one}
        batches: dict[Any, Any] = {WatchFinished: self._handle_batch}
        self.dispatcher = Dispatcher(
            self.pair.bob, handlers, PoisonGuard(poison_ids), HealthState(), logging.getLogger("bob"), batches
        )

    def tell(self, *names: str) -> None:
        """Send finished watches."""
        for name in names:
            self.pair.ann.tell("bob", make_finished(name), functools.partial(self.done.append, name))
        self.pair.deliver_all()

    def handle(self) -> None:
        """Handle what waits first."""
        received = self.pair.bob.mailbox.get()
        assert received is not None
        self.dispatcher.handle(received)
        self.pair.deliver_all()

    def _handle_one(self, message: WatchFinished) -> None:
        (outcome,) = self._handle_batch([(message, "")])
        if outcome is not None:
            raise outcome

    def _handle_batch(self, batch: Sequence[tuple[WatchFinished, str]]) -> list[Outcome]:
        names = [watch_id(message) for message, _ in batch]
        self.batches.append(names)
        return [self._answers.pop(name, None) for name in names]


def test_waiting_messages_are_handled_as_one_batch(tmp_path: Path) -> None:
    """In order, in one call; each is acknowledged."""
    stand = Stand(tmp_path)
    stand.tell("a", "b", "c")
    stand.handle()
    assert (stand.batches, stand.done) == ([["a", "b", "c"]], ["a", "b", "c"])


def test_only_the_rejected_message_of_a_batch_is_set_aside(tmp_path: Path) -> None:
    """Those behind it are handled again: the handler knows what is done."""
    stand = Stand(tmp_path, b=Reject("it cannot be stored"))
    stand.tell("a", "b", "c")
    stand.handle()
    stand.handle()
    assert stand.batches == [["a", "b", "c"], ["c"]]
    assert stand.done == ["a", "b", "c"], "what is set aside is not waited for either"


def test_a_delayed_message_of_a_batch_comes_again_in_its_place(tmp_path: Path) -> None:
    """Neither it nor those behind it are acknowledged before."""
    stand = Stand(tmp_path, b=RetryLater("the disk is full"))
    stand.tell("a", "b", "c")
    stand.handle()
    assert stand.done == ["a"]
    stand.pair.pass_time(5.0)
    while len(stand.pair.bob.mailbox):
        stand.handle()
    assert stand.done == ["a", "b", "c"]


def test_a_batch_is_limited(tmp_path: Path) -> None:
    """Pings are answered between two of them."""
    stand = Stand(tmp_path)
    names = [f"w{number}" for number in range(BATCH_LIMIT + 1)]
    stand.tell(*names)
    stand.handle()
    stand.handle()
    assert [len(batch) for batch in stand.batches] == [BATCH_LIMIT, 1]


def test_after_two_deaths_in_a_batch_each_is_handled_by_itself(tmp_path: Path) -> None:
    """So the one that kills is found; one that is known to be poison is never part of a batch."""
    stand = Stand(tmp_path, (BATCH_ID,))
    stand.tell("a", "b")
    stand.handle()
    stand.handle()
    assert stand.batches == [["a"], ["b"]]

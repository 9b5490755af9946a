"""Two endpoints on the in-memory transport, with a clock that stands still until it is moved."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actors.runtime import Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.transport.memory import MemoryNetwork
from messages import Message, WatchFinished
from tests.golden.write import example


class Hands:
    """A clock."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now_s


class Pair:
    """`ann` asks and tells, `bob` hears. Dead letters of both are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.network = MemoryNetwork()
        self.clock = Hands()
        self.folder = folder
        self.ann = self.endpoint("ann")
        self.bob = self.endpoint("bob")

    def endpoint(self, name: str) -> Endpoint:
        """A new life under a name; the older one's line is cut, as by a kill."""
        letters = DeadLetters(self.folder / f"{name}.jsonl", name)
        return Endpoint(name, self.network.transport(name), letters, now=self.clock)

    def deliver_all(self) -> None:
        """Let both take in all that is on the way."""
        for _ in range(6):
            self.bob.pump(0.0)
            self.ann.pump(0.0)

    def pass_time(self, seconds: float) -> None:
        """Move the clock in small steps, both looking up at each."""
        end = self.clock.now_s + seconds
        while self.clock.now_s < end:
            self.clock.now_s += 0.1
            self.deliver_all()

    def take_heard(self) -> list[ReceivedMessage]:
        """What waits for bob, taken out."""
        self.deliver_all()
        found = []
        while (incoming := self.bob.mailbox.get()) is not None:
            found.append(incoming)
        return found

    def letters(self, name: str) -> list[dict[str, Any]]:
        """Somebody's dead letters."""
        file = self.folder / f"{name}.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def make_finished(name: str) -> WatchFinished:
    """A kept message that can be told from others by its watch id."""
    found = example(WatchFinished)
    assert isinstance(found, WatchFinished)
    return replace(found, record=replace(found.record, watch_id=name))


def watch_id(message: Message) -> str:
    """Which one it is."""
    assert isinstance(message, WatchFinished)
    return message.record.watch_id


def in_a_thread(act: object) -> None:
    """Run it to its end on another thread."""
    thread = threading.Thread(target=act)  # type: ignore[arg-type]  # any callable without arguments
    thread.start()
    thread.join(5)
    assert not thread.is_alive()

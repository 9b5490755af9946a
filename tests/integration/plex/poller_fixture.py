"""A Plex poller on a thread of this process, and a tracker that only listens."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from actors.address import join_address, split_address
from actors.media.plex import PlexPoller
from actors.media.plex.http import BoundedSession
from actors.runtime import Clock, Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.memory import MemoryNetwork
from config import Settings
from messages import Message, PlaybackSnapshot, PollFailed
from tests.deadlines import WITHIN_S

M = TypeVar("M", bound=Message)


class HastySession(BoundedSession):
    """Has short time-outs, so that tests of slow servers are fast."""

    def __init__(self, url: str) -> None:
        super().__init__(url, total_s=0.8, read_s=0.4)


class HastyPoller(PlexPoller):
    """The poller with short time-outs."""

    http = HastySession


def until(condition: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
    """Wait for the condition, or fail saying what did not happen."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.005)


@dataclasses.dataclass
class Rig:
    """Start it with `running`, or in a `with`. `heard` is all that the tracker was told."""

    settings: Settings
    data_dir: Path
    name: str = "plex"
    poller: type[PlexPoller] = HastyPoller
    heard: list[Message] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        network = MemoryNetwork()
        self.node = Endpoint(self.name, network.transport(self.name), DeadLetters(None, self.name))
        tracker = join_address("tracker", split_address(self.name)[1])
        self.tracker = Endpoint(tracker, network.transport(tracker), DeadLetters(None, tracker))

    def __enter__(self) -> "Rig":
        context = Context(self.node, self.settings, Clock(), self.data_dir)
        self.ref = self.poller.start(context)
        return self

    def __exit__(self, *_: object) -> None:
        if self.ref.is_alive():
            self.ref.stop()
        self.node.close()
        self.tracker.close()

    def listen(self, for_s: float) -> None:
        """Take in what the poller says, for so many seconds."""
        deadline = time.monotonic() + for_s
        while (left_s := deadline - time.monotonic()) > 0:
            self._take(left_s)

    def hear(self, kind: type[M], such_that: Callable[[M], object] = lambda _: True, within_s: float = WITHIN_S) -> M:
        """Return the next message of this kind that fulfils the condition; earlier ones stay in `heard`."""
        deadline = time.monotonic() + within_s
        seen = len(self.heard)
        while time.monotonic() < deadline:
            self._take(0.05)
            while seen < len(self.heard):
                message = self.heard[seen]
                seen += 1
                if isinstance(message, kind) and such_that(message):
                    return message
        raise AssertionError(f"no such {kind.__name__} within {within_s} s; heard {self.heard[-3:]}")

    def snapshot(self, such_that: Callable[[PlaybackSnapshot], object] = lambda _: True) -> PlaybackSnapshot:
        """Return the next snapshot that fulfils the condition."""
        return self.hear(PlaybackSnapshot, such_that)

    def failure(self, kind: str = "") -> PollFailed:
        """Return the next failed poll of this kind."""
        return self.hear(PollFailed, lambda failed: not kind or failed.kind == kind)

    @property
    def degraded(self) -> str:
        """Return the error in the health table."""
        pulse = self.node.heartbeat
        return pulse().degraded if pulse else ""

    def _take(self, wait_s: float) -> None:
        self.tracker.pump(min(wait_s, 0.02))
        while (incoming := self.tracker.mailbox.get()) is not None:
            self.heard.append(incoming.message)

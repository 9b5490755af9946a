"""Simulated time: what is to happen when, and the clocks that show it."""

from __future__ import annotations

import contextlib
import heapq
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from actors.runtime import Clock
from messages import Moment

BOOTED_S = 50_000.0
"""What the steady clock shows at time 0."""


class Killed(BaseException):
    """A process was killed: whatever it was doing ends here. No handler of the service catches it."""


class Timeline:
    """Time passes from event to event, in seconds from the evening's begin."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._waiting: list[str] = []
        self.has_overlap = False
        """Whether one process waited for an answer while another did: the first then goes on late."""

    @contextlib.contextmanager
    def wait_as(self, name: str) -> Iterator[None]:
        """Note who waits for an answer in the middle of a step, while time passes."""
        self.has_overlap = self.has_overlap or bool(self._waiting)
        self._waiting.append(name)
        try:
            yield
        finally:
            self._waiting.pop()

    def at(self, at_s: float, act: Callable[[], None]) -> None:
        """Do it then, after what was planned for the same moment before."""
        heapq.heappush(self._events, (max(at_s, self.now_s), next(self._numbers), act))

    def call_after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do it so many seconds from now."""
        self.at(self.now_s + delay_s, act)

    def run(self, until_s: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until then, or until `stop` says so after an event."""
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, act = heapq.heappop(self._events)
            act()
            if stop():
                return
        self.now_s = max(self.now_s, until_s)


class FakeClock(Clock):
    """The host's clocks: the wall clock can be set, the steady one begins anew with the host."""

    def __init__(self, timeline: Timeline, evening_s: float) -> None:
        super().__init__()
        self._timeline = timeline
        self.wall_s = evening_s
        """What the wall clock shows at time 0, as it is set now."""
        self.steady_s = BOOTED_S
        """Likewise the steady clock."""

    def now(self) -> Moment:
        """This moment on both clocks."""
        return Moment(self.wall_s + self._timeline.now_s, self.steady_s + self._timeline.now_s)

    def real_s(self, service_s: float) -> float:
        """Simulated seconds are both."""
        return service_s

    def reboot(self) -> None:
        """The steady clock begins anew."""
        self.steady_s = 20.0 - self._timeline.now_s


def memory_folder() -> Path | None:
    """A folder that is memory, where there is one: nights then wait for no disk."""
    folder = Path("/dev/shm")  # noqa: S108  # a fresh folder is made in it
    return folder if folder.is_dir() else None

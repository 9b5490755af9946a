"""When an actor that crashed is started again: exponential back-off, jitter, and a limit in a window."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

import msgspec


class RestartTimings(msgspec.Struct, frozen=True):
    """Pauses and limits of restarts. Times are real seconds: they do not follow a simulated clock."""

    first_retry_s: float = 0.2
    """Pause before the first restart; it doubles with each further crash."""
    longest_retry_s: float = 10.0
    """The longest such pause."""
    jitter: float = 0.25
    """Share by which a pause may be longer, at random, so that actors do not crash at the same moments."""
    crash_limit: int = 5
    """Crashes within `crash_window_s` after which an actor is `failed`."""
    crash_window_s: float = 60.0
    """The window in which crashes are counted."""
    failed_pause_s: float = 300.0
    """Pause before a failed actor is started once more: the cause may have gone meanwhile."""
    longest_wait_s: float = 30.0
    """The longest pause between two starts of an actor whose dependency is unreachable."""


class RestartDecision(msgspec.Struct, frozen=True):
    """What to do about a crash."""

    after_s: float
    """Pause before the next start, real seconds."""
    failed: bool
    """Whether the limit is reached: the actor is `failed`, and an administrator is told."""


class RestartPolicy:
    """The crashes of one actor, and when it is started again. Pure but for the random jitter.

    The back-off counts the crashes within the window, so that an actor that ran well since then gets the short
    pause again. After the limit, each further crash within the window means the long pause at once: a failed actor
    gets one try at a time.
    """

    def __init__(self, timings: RestartTimings, chance: Callable[[], float] | None = None) -> None:
        self._timings = timings
        self._chance = chance or random.random
        self._crashes: deque[float] = deque()
        self._failed = False
        self._waits = 0
        self.count = 0
        """How often the actor was started again since the launcher started."""

    def on_crash(self, now_s: float, *, hopeless: bool = False) -> RestartDecision:
        """Note a crash at `now_s` (seconds of a steady clock). `hopeless`: starting again soon cannot help."""
        while self._crashes and now_s - self._crashes[0] > self._timings.crash_window_s:
            self._crashes.popleft()
        self._crashes.append(now_s)
        if hopeless or self._failed or len(self._crashes) > self._timings.crash_limit:
            self._failed = True
            return RestartDecision(self._timings.failed_pause_s, failed=True)
        pause = self._timings.first_retry_s * 2.0 ** (len(self._crashes) - 1)
        pause = min(pause, self._timings.longest_retry_s)
        return RestartDecision(pause * (1 + self._timings.jitter * self._chance()), failed=False)

    def on_dependency_unavailable(self) -> RestartDecision:
        """Note that a dependency is unavailable: that is no crash, and the start is repeated without limit."""
        self._waits += 1
        doubled = self._timings.first_retry_s * 2.0 ** min(self._waits, 30)
        pause = min(doubled, self._timings.longest_wait_s)
        return RestartDecision(pause * (1 + self._timings.jitter * self._chance()), failed=False)

    def on_started(self) -> None:
        """Note that the actor answered: its dependency is available."""
        self._waits = 0

    def on_steady(self, now_s: float) -> None:
        """Forget the crashes if the actor has been running for longer than the crash window."""
        if self._crashes and now_s - self._crashes[-1] > self._timings.crash_window_s:
            self._crashes.clear()
            self._failed = False

    @property
    def last_crash_s(self) -> float | None:
        """When the actor last crashed, seconds of a steady clock; None if it never did or the crash is forgotten."""
        return self._crashes[-1] if self._crashes else None

"""The work of one thread: what is due by the clock, and what other threads hand over."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable

from actors.runtime.timers import Timer, Timers


class OwnerLoop:
    """Belongs to the thread that pumps it. Other threads hand their work over with `submit`, which wakes it."""

    def __init__(self, now: Callable[[], float], wake: Callable[[], None]) -> None:
        self.now = now
        """Real seconds of a steady clock: deadlines, pauses and timers keep to it. Tests give their own."""
        self.on_internal_failure: Callable[[Exception], None] | None = None
        """Takes what timers, submitted work and callbacks raise; without it the loop raises it."""
        self.closed = False
        self._wake = wake
        self._owner: int | None = None
        self._submitting = threading.RLock()  # reentrant: a signal may come while its own thread submits
        self._work: collections.deque[Callable[[], None]] = collections.deque()
        self._timers = Timers()

    @property
    def is_owner_thread(self) -> bool:
        """Whether this thread is the one that pumps. The first that asks is."""
        if self._owner is None:
            self._owner = threading.get_ident()
        return self._owner == threading.get_ident()

    def bind_thread(self) -> None:
        """Have this thread pump from now on."""
        self._owner = threading.get_ident()

    def submit(self, act: Callable[[], None]) -> bool:
        """Have the owner's thread do it; from any thread. False where it never will: the loop is closed."""
        with self._submitting:
            if self.closed:
                return False
            self._work.append(act)
        self._wake()
        return True

    def call_at(self, at_s: float, act: Callable[[], None]) -> Timer:
        """Do it at that time of the clock. Owner's thread only."""
        return self._timers.schedule(at_s, act)

    def run_submitted(self) -> None:
        """Do what other threads handed over until now."""
        for _ in range(len(self._work)):
            self.run_callback(self._work.popleft())

    def run_due(self, now_s: float) -> None:
        """Do what is due by the clock."""
        while (act := self._timers.pop_due(now_s)) is not None:
            self.run_callback(act)

    def run_callback(self, act: Callable[[], None]) -> None:
        """Run somebody's callback: what it raises is its actor's end, and not that of whoever pumps just now."""
        try:
            act()
        except Exception as error:
            if self.on_internal_failure is None:
                raise
            self.on_internal_failure(error)

    def wait_limit_s(self, timeout_s: float, next_s: float | None) -> float:
        """Return how long the thread may wait: not beyond the next timer, nor `next_s` where that is earlier."""
        if self._work:
            return 0.0
        now_s = self.now()
        ends = (now_s + timeout_s, self._timers.next_at(), next_s)
        return max(0.0, min(end for end in ends if end is not None) - now_s)

    def close_submissions(self) -> bool:
        """Take no more work; what was handed over is done yet. False where it was closed before."""
        with self._submitting:
            if self.closed:
                return False
            self.closed = True
            return True

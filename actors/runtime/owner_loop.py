"""The work of one thread: due timers, and work that other threads submit."""

from __future__ import annotations

import collections
import heapq
import itertools
import threading
from collections.abc import Callable

import msgspec

_SWEPT_FROM = 64


class Timer(msgspec.Struct):
    """A function to be called later, unless the timer is cancelled."""

    act: Callable[[], None] | None

    def cancel(self) -> None:
        """Do not call the function."""
        self.act = None


class Timers:
    """Timers by their time, then in the order in which they were set. Times are real seconds of a steady clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        """Each timer with its time, and a number that orders timers of the same time."""
        self._numbers = itertools.count()
        self._sweep_at = _SWEPT_FROM

    def __len__(self) -> int:
        return len(self._heap)

    def schedule(self, at_s: float, act: Callable[[], None]) -> Timer:
        """Call `act` at that time."""
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        timer = Timer(act)
        heapq.heappush(self._heap, (at_s, next(self._numbers), timer))
        return timer

    def next_at(self) -> float | None:
        """Return when the next timer is due, or None if there is none."""
        heap = self._heap
        while heap and heap[0][2].act is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now_s: float) -> Callable[[], None] | None:
        """Remove a due timer and return its function, or None if none is due."""
        at_s = self.next_at()
        return None if at_s is None or at_s > now_s else heapq.heappop(self._heap)[2].act

    def _sweep(self) -> None:
        # An answered ask leaves its timer here until its deadline: thousands a second under load.
        self._heap = [entry for entry in self._heap if entry[2].act is not None]
        heapq.heapify(self._heap)
        self._sweep_at = max(_SWEPT_FROM, 2 * len(self._heap))


class OwnerLoop:
    """Belongs to the thread that pumps it. Other threads give it work with `submit`, which wakes it."""

    def __init__(self, now: Callable[[], float], wake: Callable[[], None]) -> None:
        self.now = now
        """Real seconds of a steady clock: deadlines, pauses and timers keep to it. Tests give their own."""
        self.on_internal_failure: Callable[[Exception], None] | None = None
        """Called with errors of timers, submitted work and callbacks; without it the loop raises them."""
        self.closed = False
        self._wake = wake
        self._owner: int | None = None
        self._submitting = threading.RLock()  # reentrant: a signal may come while its own thread submits
        self._work: collections.deque[Callable[[], None]] = collections.deque()
        self._timers = Timers()

    @property
    def is_owner_thread(self) -> bool:
        """Whether this thread is the one that pumps; the first thread that asks becomes it."""
        if self._owner is None:
            self._owner = threading.get_ident()
        return self._owner == threading.get_ident()

    def bind_thread(self) -> None:
        """Make this thread the one that pumps."""
        self._owner = threading.get_ident()

    def submit(self, act: Callable[[], None]) -> bool:
        """Run `act` on the owner's thread; from any thread. False if the loop is closed."""
        with self._submitting:
            if self.closed:
                return False
            self._work.append(act)
        self._wake()
        return True

    def call_at(self, at_s: float, act: Callable[[], None]) -> Timer:
        """Run `act` at that time of the clock. Owner's thread only."""
        return self._timers.schedule(at_s, act)

    def run_submitted(self) -> None:
        """Run the work that other threads submitted until now."""
        for _ in range(len(self._work)):
            self.run_callback(self._work.popleft())

    def run_due(self, now_s: float) -> None:
        """Run the timers that are due at `now_s`."""
        while (act := self._timers.pop_due(now_s)) is not None:
            self.run_callback(act)

    def run_callback(self, act: Callable[[], None]) -> None:
        """Run a callback; pass its error to `on_internal_failure`, which ends the actor instead of the caller."""
        try:
            act()
        except Exception as error:
            if self.on_internal_failure is None:
                raise
            self.on_internal_failure(error)

    def wait_limit_s(self, timeout_s: float, next_s: float | None) -> float:
        """Return how long the thread may wait: at most `timeout_s`, until the next timer, and until `next_s`."""
        if self._work:
            return 0.0
        now_s = self.now()
        end_s, timer_s = now_s + timeout_s, self._timers.next_at()
        if timer_s is not None and timer_s < end_s:
            end_s = timer_s
        if next_s is not None and next_s < end_s:
            end_s = next_s
        return max(0.0, end_s - now_s)

    def close_submissions(self) -> bool:
        """Accept no more work, and run what was submitted. Return False if the loop was closed before."""
        with self._submitting:
            if self.closed:
                return False
            self.closed = True
            return True

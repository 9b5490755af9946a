"""What is to be done later: a heap of timers that forgets the cancelled ones."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Callable

_SWEPT_FROM = 64


@dataclasses.dataclass(order=True, slots=True)
class Timer:
    """Something to do later. `cancel` it and it is not done."""

    at_s: float
    number: int
    act: Callable[[], None] | None = dataclasses.field(compare=False)

    def cancel(self) -> None:
        """Forget it."""
        self.act = None


class Timers:
    """Timers by their time, then in the order in which they were set. Times are real seconds of a steady clock."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._numbers = itertools.count()
        self._sweep_at = _SWEPT_FROM

    def __len__(self) -> int:
        return len(self._heap)

    def schedule(self, at_s: float, act: Callable[[], None]) -> Timer:
        """Have it done then."""
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        timer = Timer(at_s, next(self._numbers), act)
        heapq.heappush(self._heap, timer)
        return timer

    def next_at(self) -> float | None:
        """When the next is due; None where there is none."""
        while self._heap and self._heap[0].act is None:
            heapq.heappop(self._heap)
        return self._heap[0].at_s if self._heap else None

    def pop_due(self, now_s: float) -> Callable[[], None] | None:
        """Take one that is due; None where none is."""
        at_s = self.next_at()
        return heapq.heappop(self._heap).act if at_s is not None and at_s <= now_s else None

    def _sweep(self) -> None:
        # An ask that was answered leaves its timer behind until its deadline: thousands a second, where many ask.
        self._heap = [timer for timer in self._heap if timer.act is not None]
        heapq.heapify(self._heap)
        self._sweep_at = max(_SWEPT_FROM, 2 * len(self._heap))

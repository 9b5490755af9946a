"""Measures how long the machine kept this process waiting: a delay of that length is not the process's own."""

import asyncio
import collections
import math
import time
from typing import NamedTuple

LOOK_EVERY_S = 0.05
KEPT = 10_000
"""Number of stalls that are kept: more than the busiest machine has in some minutes."""


class Stall(NamedTuple):
    """A time in which the process was ready to run and did not; seconds of the steady clock."""

    ended_s: float
    lasted_s: float


class StallWatch:
    """Measures at a regular interval how late it runs itself, without the time in which the process computed."""

    def __init__(self) -> None:
        self._stalls: collections.deque[Stall] = collections.deque(maxlen=KEPT)
        self._due_s = math.inf
        self._computed_s = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        self.begin(time.monotonic(), time.process_time())
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.look(time.monotonic(), time.process_time())

    def look(self, now_s: float, computed_s: float) -> None:
        """Note how late this call is, if it is due. `computed_s`: processor time of the process so far, seconds."""
        if now_s < self._due_s:
            return
        late_s = now_s - self._due_s - (computed_s - self._computed_s)
        if late_s > 0.0:
            self._stalls.append(Stall(now_s, late_s))
        self.begin(now_s, computed_s)

    def sum_stalls(self, since_s: float, until_s: float) -> float:
        """Return how many seconds between two times of the steady clock were stalls."""
        overlaps = (min(until_s, each.ended_s) - max(since_s, each.ended_s - each.lasted_s) for each in self._stalls)
        return sum(overlap for overlap in overlaps if overlap > 0.0)

    def begin(self, now_s: float, computed_s: float) -> None:
        """Expect the next call of `look` LOOK_EVERY_S after now."""
        self._due_s, self._computed_s = now_s + LOOK_EVERY_S, computed_s

"""How long the machine kept this process waiting: by that much nothing is late through its own fault."""

import asyncio
import collections
import math
import time
from typing import NamedTuple

LOOK_EVERY_S = 0.05
KEPT = 10_000
"""Stalls that are remembered: more than the last minutes of the busiest machine."""


class Stall(NamedTuple):
    """A stretch of steady time in which the process wanted to run and did not."""

    ended_s: float
    lasted_s: float


class StallWatch:
    """Looks again and again how late it comes itself. What the process computed meanwhile is no stall."""

    def __init__(self) -> None:
        self._stalls: collections.deque[Stall] = collections.deque(maxlen=KEPT)
        self._due_s = math.inf
        self._computed_s = 0.0

    async def run(self) -> None:
        """Look for ever."""
        self.begin(time.monotonic(), time.process_time())
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.look(time.monotonic(), time.process_time())

    def look(self, now_s: float, computed_s: float) -> None:
        """Note by how much this comes late, if it is due. `computed_s`: processor time of the process so far."""
        if now_s < self._due_s:
            return
        late_s = now_s - self._due_s - (computed_s - self._computed_s)
        if late_s > 0.0:
            self._stalls.append(Stall(now_s, late_s))
        self.begin(now_s, computed_s)

    def sum_stalls(self, since_s: float, until_s: float) -> float:
        """Return how many seconds of a stretch of steady time were stalls."""
        overlaps = (min(until_s, each.ended_s) - max(since_s, each.ended_s - each.lasted_s) for each in self._stalls)
        return sum(overlap for overlap in overlaps if overlap > 0.0)

    def begin(self, now_s: float, computed_s: float) -> None:
        """Expect the next look from now on."""
        self._due_s, self._computed_s = now_s + LOOK_EVERY_S, computed_s

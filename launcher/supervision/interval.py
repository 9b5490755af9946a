"""An interval at which something is due."""

from __future__ import annotations


class Interval:
    """Falls due every `every_s` seconds of the clock that `now_s` comes from.

    After a suspension (a closed laptop) only one tick is due, not all those missed.
    """

    def __init__(self, every_s: float, now_s: float, *, at_once: bool = False) -> None:
        self.every_s = every_s
        self._next_s = now_s if at_once else now_s + every_s

    def is_due(self, now_s: float) -> bool:
        """Tell whether it fell due since the last call; if so, set the next time."""
        if now_s < self._next_s:
            return False
        missed = (now_s - self._next_s) // self.every_s
        self._next_s += (missed + 1) * self.every_s
        return True

    def remaining_s(self, now_s: float) -> float:
        """Return the seconds until it is due; never below 0."""
        return max(0.0, self._next_s - now_s)

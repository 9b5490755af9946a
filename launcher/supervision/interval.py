"""Something due at a regular interval."""

from __future__ import annotations


class Interval:
    """Falls due every `every_s` seconds of whatever clock `now_s` is read from.

    A launcher that was suspended (a closed laptop) finds one tick due, not all that it slept through.
    """

    def __init__(self, every_s: float, now_s: float, *, at_once: bool = False) -> None:
        self.every_s = every_s
        self._next_s = now_s if at_once else now_s + every_s

    def is_due(self, now_s: float) -> bool:
        """Tell whether it fell due since the last call, and set the next one."""
        if now_s < self._next_s:
            return False
        missed = (now_s - self._next_s) // self.every_s
        self._next_s += (missed + 1) * self.every_s
        return True

    def remaining_s(self, now_s: float) -> float:
        """Return the seconds to the next one; never below 0."""
        return max(0.0, self._next_s - now_s)

"""Spreads edits that only move a position over time, for the cards of all Discord servers together."""

import time
from collections.abc import Callable

EDITS_PER_S = 20
"""Such edits in a second at most: Discord accepts 50 requests a second from a bot, for all servers together, and
answers and announcements come first."""


class EditPace:
    """Shared by all cards of a process. With few cards it delays nothing. Runs on the loop."""

    def __init__(self, per_s: float = EDITS_PER_S, now_s: Callable[[], float] = time.monotonic) -> None:
        """Allow `per_s` edits a second; `now_s` returns the time of a steady clock."""
        self._each_s = 1 / per_s
        self._now_s = now_s
        self._taken_until_s = 0.0

    def reserve(self) -> float:
        """Reserve the next slot for an edit; return the delay in seconds that other cards cause."""
        now_s = self._now_s()
        delay_s = max(0.0, self._taken_until_s - now_s)
        self._taken_until_s = now_s + delay_s + self._each_s
        return delay_s

"""Spreads the edits that only move a position over time, for the cards of all servers together."""

import time
from collections.abc import Callable

EDITS_PER_S = 20
"""Most such edits a second: Discord takes 50 requests a second from a bot, on all servers together, and answers and
announcements come first."""


class EditPace:
    """Shared by the cards of a process. With few cards it delays nothing. Lives on the loop."""

    def __init__(self, per_s: float = EDITS_PER_S, now_s: Callable[[], float] = time.monotonic) -> None:
        """`now_s`: the steady clock."""
        self._each_s = 1 / per_s
        self._now_s = now_s
        self._taken_until_s = 0.0

    def reserve(self) -> float:
        """Reserve the next slot for an edit; return the delay in seconds that other cards cause."""
        now_s = self._now_s()
        delay_s = max(0.0, self._taken_until_s - now_s)
        self._taken_until_s = now_s + delay_s + self._each_s
        return delay_s

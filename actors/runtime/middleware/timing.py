"""Measures how long handlers take."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable
from typing import Any

_REMEMBERED = 1000
"""How many durations the percentiles are taken from."""


class HandlerTiming:
    """Counts handled messages and measures them."""

    def __init__(self) -> None:
        self.handled = 0
        """Messages that were handled, with or without success."""
        self._durations_ms: collections.deque[float] = collections.deque(maxlen=_REMEMBERED)

    def run(self, handler: Callable[[Any], Any], message: Any) -> Any:
        """Call the handler; return what it returns, and raise what it raises."""
        began = time.perf_counter()
        try:
            return handler(message)
        finally:
            self._durations_ms.append((time.perf_counter() - began) * 1000)
            self.handled += 1

    def percentiles_ms(self) -> tuple[float, float]:
        """Return the median and the 99th percentile, milliseconds; 0 if nothing was handled."""
        durations = sorted(self._durations_ms)
        if not durations:
            return 0.0, 0.0
        return durations[len(durations) // 2], durations[int(len(durations) * 0.99)]

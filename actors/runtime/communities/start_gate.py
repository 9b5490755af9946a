"""Lets the actors of a process start a few at a time: their starts (a store is opened) share one interpreter."""

from __future__ import annotations

import collections
from collections.abc import Callable


class StartGate:
    """Calls whoever may start next; whoever has started, or failed to, calls `leave`. For one thread."""

    def __init__(self, most: int) -> None:
        """`most`: how many actors may start at one time."""
        self._most = most
        self._starting: set[str] = set()
        self._is_closed = False
        self._waiting: collections.OrderedDict[str, Callable[[], None]] = collections.OrderedDict()

    def enter(self, address: str, start: Callable[[], None]) -> None:
        """Call `start` as soon as it is the actor's turn: now or later."""
        self._waiting[address] = start
        self._let_in()

    def leave(self, address: str) -> None:
        """Let the next one in: an actor's start is over, or it waits no longer. Idempotent."""
        self._waiting.pop(address, None)
        self._starting.discard(address)
        self._let_in()

    def close(self) -> None:
        """Let nobody in any more; from any thread."""
        self._is_closed = True

    def _let_in(self) -> None:
        while self._waiting and not self._is_closed and len(self._starting) < self._most:
            address, start = self._waiting.popitem(last=False)
            self._starting.add(address)
            start()

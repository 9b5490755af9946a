"""Lets the actors of a process start a few at a time: their starts (a store is opened) share one interpreter."""

from __future__ import annotations

import collections
from collections.abc import Callable


class StartGate:
    """Starts actors as others finish their starts, which `leave` reports. For one thread."""

    def __init__(self, most: int) -> None:
        """Let at most `most` actors start at one time."""
        self._most = most
        self._starting: set[str] = set()
        self._is_closed = False
        self._waiting: collections.OrderedDict[str, Callable[[], None]] = collections.OrderedDict()

    def enter(self, address: str, start: Callable[[], None]) -> None:
        """Call `start` as soon as it is the actor's turn: now or later."""
        self._waiting[address] = start
        self._let_in()

    def leave(self, address: str) -> None:
        """Start the next actor: this one's start is over, or it no longer waits. Idempotent."""
        self._waiting.pop(address, None)
        self._starting.discard(address)
        self._let_in()

    def close(self) -> None:
        """Start no more actors; from any thread."""
        self._is_closed = True

    def _let_in(self) -> None:
        while self._waiting and not self._is_closed and len(self._starting) < self._most:
            address, start = self._waiting.popitem(last=False)
            self._starting.add(address)
            start()

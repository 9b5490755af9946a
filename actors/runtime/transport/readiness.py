"""Waits until descriptors can be read."""

from __future__ import annotations

import select
import selectors
from typing import Protocol


class Readiness(Protocol):
    """Waits for descriptors."""

    def register(self, descriptor: int) -> None:
        """Wait for a descriptor from now on."""

    def wait(self, timeout_s: float) -> list[int]:
        """Return the descriptors that can be read, waiting up to `timeout_s` for the first."""

    def close(self) -> None:
        """Release all resources."""


class PollReadiness:
    """Waits with poll(): a selector would run as much Python code for a frame as everything else together."""

    def __init__(self) -> None:
        self._poll = select.poll()

    def register(self, descriptor: int) -> None:
        """See Readiness."""
        self._poll.register(descriptor, select.POLLIN)

    def wait(self, timeout_s: float) -> list[int]:
        """See Readiness."""
        return [descriptor for descriptor, _ in self._poll.poll(timeout_s * 1000)]

    def close(self) -> None:
        """See Readiness."""


class SelectorReadiness:
    """Waits with a selector, on systems without poll(), such as Windows."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def register(self, descriptor: int) -> None:
        """See Readiness."""
        self._selector.register(descriptor, selectors.EVENT_READ)

    def wait(self, timeout_s: float) -> list[int]:
        """See Readiness."""
        return [key.fd for key, _ in self._selector.select(timeout_s)]

    def close(self) -> None:
        """See Readiness."""
        self._selector.close()


def make_readiness() -> Readiness:
    """Return the fastest implementation for this system."""
    return PollReadiness() if hasattr(select, "poll") else SelectorReadiness()

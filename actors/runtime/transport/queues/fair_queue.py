"""The queue of an endpoint that many communities share: it serves them in turn, and limits what waits for each."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from actors.runtime.transport.base import QUEUE_FRAMES

TOTAL_BYTES: Final = 64 << 20
"""Bytes that may wait for all communities together; each may exceed this with ALWAYS_BYTES."""
EACH_BYTES: Final = 16 << 20
"""Bytes that may wait for one community."""
ALWAYS_BYTES: Final = 1 << 20
"""Bytes that may always wait for one community, however much waits for the others."""
Item = TypeVar("Item")


class _Waiting(Generic[Item]):
    """The waiting items of one community, in order."""

    def __init__(self) -> None:
        self.items: collections.deque[tuple[Item, int]] = collections.deque()
        self.size = 0


class FairQueue(Generic[Item]):
    """Any thread adds items, one thread takes them. The order within a community is kept."""

    def __init__(
        self,
        total_bytes: int = TOTAL_BYTES,
        each_bytes: int = EACH_BYTES,
        always_bytes: int = ALWAYS_BYTES,
        each_items: int = QUEUE_FRAMES,
    ) -> None:
        self._total_bytes, self._each_bytes, self._always_bytes = total_bytes, each_bytes, always_bytes
        self._each_items = each_items
        self._size = 0
        self._count = 0
        self._communities: collections.OrderedDict[str, _Waiting[Item]] = collections.OrderedDict()
        """The communities with waiting items, in the order of their turns."""
        self._changing = threading.Lock()

    def put(self, community: str, item: Item, size: int) -> bool:
        """Add an item of `size` bytes; False if too much waits."""
        with self._changing:
            waiting = self._communities.get(community)
            own = waiting.size if waiting is not None else 0
            is_full = own >= self._each_bytes or (self._size >= self._total_bytes and own >= self._always_bytes)
            if is_full or (waiting is not None and len(waiting.items) >= self._each_items):
                return False
            if waiting is None:
                waiting = self._communities[community] = _Waiting()
            waiting.items.append((item, size))
            waiting.size += size
            self._size += size
            self._count += 1
            return True

    def send_all(self, send: Callable[[Item], bool]) -> bool:
        """Send the items, one of each community in turn, until one is not taken; return whether none is left.

        Items that are added meanwhile wait for the next call, so that a flood does not hold up the thread.
        """
        with self._changing:
            left = self._count
        while left:
            left -= 1
            with self._changing:
                community, waiting = next(iter(self._communities.items()))
                item, size = waiting.items[0]
            if not send(item):
                return False
            with self._changing:
                waiting.items.popleft()
                waiting.size -= size
                self._size -= size
                self._count -= 1
                self._communities.move_to_end(community)
                if not waiting.items:
                    del self._communities[community]
        return not self._communities

"""Frames that wait in memory for one endpoint's thread."""

from __future__ import annotations

import collections
import threading

from actors.runtime.transport.base import QUEUE_FRAMES, Origin


class FrameBox:
    """A bounded queue: any thread adds frames, one thread takes them."""

    def __init__(self, limit_bytes: int | None = None) -> None:
        """Let at most `limit_bytes` bytes and QUEUE_FRAMES frames wait; None sets no limit of bytes."""
        self._limit_bytes = limit_bytes
        self._frames: collections.deque[tuple[Origin | None, bytes]] = collections.deque()
        self._size = 0
        self._arrived = threading.Condition()
        self._woken = False
        self.closed = False

    def put(self, origin: Origin | None, frame: bytes) -> bool:
        """Add a frame; return False if the queue is full or closed."""
        with self._arrived:
            is_full = self._limit_bytes is not None and self._size >= self._limit_bytes
            if self.closed or is_full or len(self._frames) >= QUEUE_FRAMES:
                return False
            self._frames.append((origin, frame))
            self._size += len(frame)
            self._arrived.notify()
            return True

    def take_all(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """Return all frames, waiting up to `timeout_s` for the first or for `wake`."""
        with self._arrived:
            if not self._frames and not self._woken and timeout_s > 0:
                self._arrived.wait(timeout_s)
            self._woken = False
            frames = list(self._frames)
            self._frames.clear()
            self._size = 0
            return frames

    def wake(self) -> None:
        """End a waiting `take_all`; from any thread."""
        with self._arrived:
            self._woken = True
            self._arrived.notify()

    def close(self) -> None:
        """Refuse further frames."""
        with self._arrived:
            self.closed = True
            self._arrived.notify()

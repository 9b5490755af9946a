"""Keeps at-least-once messages until they are acknowledged, and sends them again until then, in order.

Every message has a number in its sender's order for that peer. The receiver takes messages in that order alone (a
frame lost with a killed process leaves a gap, and the messages after the gap are sent again too), so that no message
overtakes another.
"""

from __future__ import annotations

import collections
from collections.abc import Callable

import msgspec

from actors.runtime.errors import OutboxFull
from messages import Message

LIMIT = 10_000
"""Messages that wait for one peer at most."""
LIMIT_BYTES = 64 << 20
"""Encoded bytes that wait for one peer at most."""
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 2.0
WINDOW = 500
"""Messages that are on their way at one time at most; the others wait."""


class PendingDelivery(msgspec.Struct):
    """One message that waits for its acknowledgement."""

    id: str
    number: int
    message: Message
    done: Callable[[], None] | None
    size: int = 0
    """Encoded bytes."""


class PeerOutbox:
    """The messages that one peer has yet to acknowledge. Times are real seconds of a steady clock, given by the caller.

    If the oldest stays unacknowledged for a pause, it alone is sent again, to see whether the peer is alive: a dead
    peer's queue must not fill with copies. After its acknowledgement, or when the peer is a new incarnation, all are
    sent again.
    """

    def __init__(self, peer: str, incarnation: str) -> None:
        self.peer = peer
        self._incarnation = incarnation
        self._peer_incarnation = ""
        self._waiting: collections.OrderedDict[str, PendingDelivery] = collections.OrderedDict()
        self._unsent: collections.deque[PendingDelivery] = collections.deque()
        self._count = 0
        self._sent = 0
        self._retry_at = 0.0
        self._pause_s = FIRST_RETRY_S
        self._probing = False
        self._resend_all = False
        self.size = 0
        """Encoded bytes of all messages that wait."""
        self.refused_s: float | None = None
        """When a message was last refused, real seconds of a steady clock; None for never."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> int:
        """Number of the oldest message that waits; the next message's number if none waits."""
        return next(iter(self._waiting.values())).number if self._waiting else self._count + 1

    def add(
        self, message: Message, done: Callable[[], None] | None = None, size: int = 0, now_s: float = 0.0
    ) -> PendingDelivery:
        """Add a message of `size` bytes; the caller calls `done` when it is acknowledged. Raises OutboxFull."""
        if len(self._waiting) >= LIMIT or (self._waiting and self.size + size > LIMIT_BYTES):
            self.refused_s = now_s
            waiting = f"{len(self._waiting)} messages wait for {self.peer} ({self.size / 1e6:.0f} MB)"
            raise OutboxFull(f"{waiting}; is it down? See the health log")
        self.size += size
        self._count += 1
        known_by = message.dedup_id()
        if not known_by or known_by in self._waiting:
            known_by = f"{self._incarnation}-{self._count}"
        delivery = PendingDelivery(known_by, self._count, message, done, size)
        self._waiting[delivery.id] = delivery
        self._unsent.append(delivery)
        return delivery

    def take_due(self, now_s: float) -> list[PendingDelivery]:
        """Return the messages that should be sent now."""
        batch: list[PendingDelivery] = []
        on_the_way = bool(self._waiting) and self.oldest <= self._sent
        if on_the_way and self._resend_all:
            batch = [delivery for delivery in self._waiting.values() if delivery.number <= self._sent]
        elif on_the_way and now_s >= self._retry_at:
            batch = [next(iter(self._waiting.values()))]
            self._pause_s = min(self._pause_s * 2, LAST_RETRY_S)
            self._probing = True
        self._resend_all = False
        if batch or not on_the_way:
            self._retry_at = now_s + self._pause_s
        while self._unsent and self._unsent[0].number < self.oldest + WINDOW:
            batch.append(self._unsent.popleft())
            self._sent = batch[-1].number
        return batch

    def next_at(self) -> float | None:
        """Return when `take_due` will have something to send again, or None if nothing waits."""
        if not self._waiting:
            return None
        return 0.0 if self._resend_all else self._retry_at

    def acknowledge(self, message_id: str, now_s: float) -> PendingDelivery | None:
        """Remove a message and return it; None if it was removed before."""
        delivery = self._waiting.get(message_id)
        if delivery is None:
            return None
        if delivery.number == self.oldest:
            # Only this counts as progress: acknowledgements of others must not delay a lost one.
            if self._probing:
                self._resend_all, self._probing = True, False
            self._pause_s = FIRST_RETRY_S
            self._retry_at = now_s + self._pause_s
        self.size -= delivery.size
        return self._waiting.pop(message_id)

    def on_peer_seen(self, peer_incarnation: str) -> None:
        """Note that the peer is alive: what an earlier incarnation may have lost is sent again at once."""
        if self._peer_incarnation not in ("", peer_incarnation):
            self._resend_all, self._probing = True, False
            self._pause_s = FIRST_RETRY_S
        self._peer_incarnation = peer_incarnation

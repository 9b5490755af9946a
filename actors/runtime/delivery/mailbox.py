"""Messages that wait for an actor: bounded in number and in bytes; each class declares how it is delivered."""

from __future__ import annotations

import collections
from collections.abc import Sequence

import msgspec

from actors.runtime.transport.base import Origin
from messages import Delivery, Message

LIMIT = 1000
"""Messages that wait at most. State reports are not counted: they replace one another, so there are few of them."""
LIMIT_BYTES = 64 << 20
"""Encoded bytes that wait at most, reports included; decoded they take a few times as much memory."""


class ReceivedMessage(msgspec.Struct):
    """A message on its way to the handler, with what is needed to answer it."""

    message: Message
    sender: str
    arrived_s: float
    """Real seconds of a steady clock."""
    origin: Origin | None = None
    ask_id: str = ""
    delivery_id: str = ""
    incarnation: str = ""
    """The incarnation of the sender."""
    number: int = 0
    """An at-least-once message's place in its sender's order."""
    size: int = 0
    """Encoded bytes."""

    @property
    def is_report(self) -> bool:
        """Whether this is a state report, which a newer one of the same sender and class replaces."""
        return self.message.delivery is Delivery.CONFLATED and not self.ask_id


class Mailbox:
    """First in, first out; a state report takes the place of an older one of its sender and kind."""

    def __init__(self, limit: int = LIMIT, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self.size = 0
        """Encoded bytes of all messages that wait."""
        self.refused_s: float | None = None
        """When a message was last refused, real seconds of a steady clock; None for never."""
        self._waiting: collections.deque[ReceivedMessage] = collections.deque()
        self._latest: dict[tuple[type[Message], str, str], ReceivedMessage] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether only state reports are taken."""
        return len(self._waiting) - len(self._latest) >= self._limit or self.size >= self._limit_bytes

    def put(self, incoming: ReceivedMessage) -> bool:
        """Add a message; return False if the mailbox is full."""
        if incoming.is_report:
            return self._put_report(incoming)
        if self.is_full:
            self.refused_s = incoming.arrived_s
            return False
        self._waiting.append(incoming)
        self.size += incoming.size
        return True

    def _put_report(self, incoming: ReceivedMessage) -> bool:
        key = _key(incoming)
        older = self._latest.get(key)
        if older is not None:
            self.size += incoming.size - older.size
            older.message, older.size = incoming.message, incoming.size
            return True
        if self.size >= self._limit_bytes:
            self.refused_s = incoming.arrived_s
            return False
        self._latest[key] = incoming
        self._waiting.append(incoming)
        self.size += incoming.size
        return True

    def get(self) -> ReceivedMessage | None:
        """Remove and return the oldest message, or None if the mailbox is empty."""
        if not self._waiting:
            return None
        incoming = self._waiting.popleft()
        self.size -= incoming.size
        if self._latest and incoming.is_report:
            self._latest.pop(_key(incoming), None)
        return incoming

    def take_alike(self, first: ReceivedMessage, limit: int) -> list[ReceivedMessage]:
        """Remove and return the at-least-once messages of the same class that wait next, at most `limit`."""
        alike: list[ReceivedMessage] = []
        while self._waiting and len(alike) < limit:
            if type(self._waiting[0].message) is not type(first.message) or not self._waiting[0].delivery_id:
                break
            alike.append(self._waiting.popleft())
        return alike

    def put_back(self, messages: Sequence[ReceivedMessage]) -> None:
        """Put messages that `take_alike` returned back, before all others."""
        self._waiting.extendleft(reversed(messages))

    def withdraw(self, sender: str, incarnation: str) -> list[int]:
        """Drop an incarnation's waiting at-least-once messages, which its sender sends again; return their numbers."""
        dropped = [
            one for one in self._waiting if one.delivery_id and (one.sender, one.incarnation) == (sender, incarnation)
        ]
        if dropped:
            gone = {id(one) for one in dropped}
            self.size -= sum(one.size for one in dropped)
            self._waiting = collections.deque(one for one in self._waiting if id(one) not in gone)
        return [one.number for one in dropped]

    def oldest_ms(self, now_s: float) -> float:
        """Return the age of the oldest waiting message, milliseconds; 0 if none waits."""
        return (now_s - self._waiting[0].arrived_s) * 1000 if self._waiting else 0.0


def _key(incoming: ReceivedMessage) -> tuple[type[Message], str, str]:
    return type(incoming.message), incoming.sender, incoming.message.conflation_key()

"""Messages that wait for an actor: bounded, each class by its declared policy."""

from __future__ import annotations

import collections
import dataclasses

from actors.runtime.transport.base import Origin
from messages import Delivery, Message

LIMIT = 1000
"""Messages that wait at most."""


@dataclasses.dataclass(slots=True)
class ReceivedMessage:
    """A message on its way to the handler, with what is needed to answer it."""

    message: Message
    sender: str
    arrived_s: float
    """Real seconds of a steady clock."""
    origin: Origin | None = None
    ask_id: str = ""
    delivery_id: str = ""
    incarnation: str = ""
    """Which incarnation of the sender sent it."""
    number: int = 0
    """A kept message's place in its sender's order."""


class Mailbox:
    """First in, first out; a state report takes the place of an older one of its sender and kind."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._waiting: collections.deque[ReceivedMessage] = collections.deque()
        self._latest: dict[tuple[type[Message], str, str], ReceivedMessage] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Nothing more is taken but state reports that replace an older one."""
        return len(self._waiting) >= self._limit

    def put(self, incoming: ReceivedMessage) -> bool:
        """Take a message in; False where the mailbox is full."""
        report = incoming.message.delivery is Delivery.CONFLATED and not incoming.ask_id
        if report:
            older = self._latest.get(_key(incoming))
            if older is not None:
                older.message = incoming.message
                return True
        if self.is_full:
            return False
        if report:
            self._latest[_key(incoming)] = incoming
        self._waiting.append(incoming)
        return True

    def get(self) -> ReceivedMessage | None:
        """The oldest, or None."""
        if not self._waiting:
            return None
        incoming = self._waiting.popleft()
        if incoming.message.delivery is Delivery.CONFLATED and not incoming.ask_id:
            self._latest.pop(_key(incoming), None)
        return incoming

    def withdraw(self, sender: str, incarnation: str) -> list[int]:
        """Drop what waits of an incarnation's at-least-once messages, which come again; return their numbers."""
        dropped = [
            one for one in self._waiting if one.delivery_id and (one.sender, one.incarnation) == (sender, incarnation)
        ]
        if dropped:
            gone = {id(one) for one in dropped}
            self._waiting = collections.deque(one for one in self._waiting if id(one) not in gone)
        return [one.number for one in dropped]

    def oldest_ms(self, now_s: float) -> float:
        """Age of the oldest waiting message, milliseconds."""
        return (now_s - self._waiting[0].arrived_s) * 1000 if self._waiting else 0.0


def _key(incoming: ReceivedMessage) -> tuple[type[Message], str, str]:
    return type(incoming.message), incoming.sender, incoming.message.conflation_key()

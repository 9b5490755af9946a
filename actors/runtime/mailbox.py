"""Messages that wait for an actor: bounded, each class by its declared policy."""

from __future__ import annotations

import collections
import dataclasses

from actors.runtime.transport import Origin
from messages import Delivery, Message

LIMIT = 1000
"""Messages that wait at most."""


@dataclasses.dataclass(slots=True)
class Incoming:
    """A message on its way to the handler, with what is needed to answer it."""

    message: Message
    sender: str
    arrived_s: float
    """Real seconds of a steady clock."""
    origin: Origin | None = None
    ask_id: str = ""
    kept_id: str = ""


class Mailbox:
    """First in, first out; a state report takes the place of an older one of its kind."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._waiting: collections.deque[Incoming] = collections.deque()
        self._latest: dict[tuple[type[Message], str], Incoming] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Nothing more is taken but state reports that replace an older one."""
        return len(self._waiting) >= self._limit

    def put(self, incoming: Incoming) -> bool:
        """Take a message in; False where the mailbox is full."""
        message = incoming.message
        if message.delivery is Delivery.LATEST and not incoming.ask_id:
            key = (type(message), message.latest_key())
            older = self._latest.get(key)
            if older is not None:
                older.message = message
                return True
            if not self.full:
                self._latest[key] = incoming
        if self.full:
            return False
        self._waiting.append(incoming)
        return True

    def get(self) -> Incoming | None:
        """The oldest, or None."""
        if not self._waiting:
            return None
        incoming = self._waiting.popleft()
        if incoming.message.delivery is Delivery.LATEST:
            self._latest.pop((type(incoming.message), incoming.message.latest_key()), None)
        return incoming

    def oldest_ms(self, now_s: float) -> float:
        """Age of the oldest waiting message, milliseconds."""
        return (now_s - self._waiting[0].arrived_s) * 1000 if self._waiting else 0.0

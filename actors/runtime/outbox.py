"""What must not be lost: kept by its sender until it is acknowledged, sent again until then, in order.

Every kept message has a number in its sender's order for that peer. The receiver takes them in that order alone
(a frame lost with a killed process leaves a gap, and what comes after the gap is sent again too), so that two
messages about one thing never overtake one another.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable

from actors.runtime.errors import OutboxFull
from messages import Message

LIMIT = 10_000
"""Messages that wait at most for one peer."""
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 5.0
WINDOW = 500
"""Messages on the way at most at one time; the rest waits its turn."""


@dataclasses.dataclass(slots=True)
class Kept:
    """One message that waits for its acknowledgement."""

    id: str
    number: int
    message: Message
    done: Callable[[], None] | None


class PeerOutbox:
    """What one peer has yet to acknowledge. Times are real seconds of a steady clock, given by the caller."""

    def __init__(self, peer: str, life: str) -> None:
        self.peer = peer
        self._life = life
        self._waiting: collections.OrderedDict[str, Kept] = collections.OrderedDict()
        self._unsent: collections.deque[Kept] = collections.deque()
        self._count = 0
        self._sent = 0
        self._retry_at = 0.0
        self._pause_s = FIRST_RETRY_S

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> int:
        """Number of the oldest that waits."""
        return next(iter(self._waiting.values())).number if self._waiting else self._count + 1

    def keep(self, message: Message, done: Callable[[], None] | None = None) -> Kept:
        """Take a message in; `done` is called when it is acknowledged."""
        if len(self._waiting) >= LIMIT:
            raise OutboxFull(f"{LIMIT} messages wait for {self.peer}; is it down? See the health log")
        self._count += 1
        known_by = message.kept_id()
        if not known_by or known_by in self._waiting:
            known_by = f"{self._life}-{self._count}"
        kept = Kept(known_by, self._count, message, done)
        self._waiting[kept.id] = kept
        self._unsent.append(kept)
        return kept

    def due(self, now_s: float) -> list[Kept]:
        """What should be sent now: what never was, and after a pause everything on the way once more."""
        batch: list[Kept] = []
        if self._on_the_way and now_s >= self._retry_at:
            batch = [kept for kept in self._waiting.values() if kept.number <= self._sent]
            self._pause_s = min(self._pause_s * 2, LAST_RETRY_S)
        while self._unsent and self._unsent[0].number < self.oldest + WINDOW:
            batch.append(self._unsent.popleft())
        if batch:
            self._retry_at = now_s + self._pause_s
            self._sent = max(self._sent, batch[-1].number)
        return batch

    @property
    def _on_the_way(self) -> bool:
        return bool(self._waiting) and self.oldest <= self._sent

    def next_at(self) -> float | None:
        """When `due` will have something to send again."""
        return self._retry_at if self._waiting else None

    def acknowledge(self, message_id: str) -> Kept | None:
        """Let go of a message; None where it was let go before."""
        kept = self._waiting.pop(message_id, None)
        if kept is not None:
            self._pause_s = FIRST_RETRY_S
            if kept.done is not None:
                kept.done()
        return kept

    def hurry(self) -> None:
        """The peer has a new life: send everything again at once."""
        self._retry_at = 0.0
        self._pause_s = FIRST_RETRY_S


class Sequence:
    """The receiver's side for one life of one sender: which number is next, and which ids are done."""

    def __init__(self, oldest: int) -> None:
        self._next = oldest
        self._open: set[str] = set()
        self._failed: set[str] = set()

    def accept(self, number: int, message_id: str, oldest: int = 0) -> bool | None:
        """True: handle it. False: done before, acknowledge it again. None: being handled, or out of turn.

        `oldest` is what the sender still keeps. It may have let go of more since this life of the receiver
        began: the last acknowledgements of the life before can arrive late.
        """
        self._next = max(self._next, oldest)
        if message_id in self._failed:
            self._failed.discard(message_id)
            self._open.add(message_id)
            return True
        if message_id in self._open:
            return None
        if number < self._next:
            return False
        if number > self._next:
            return None
        self._next += 1
        self._open.add(message_id)
        return True

    def finished(self, message_id: str) -> None:
        """It was handled and acknowledged."""
        self._open.discard(message_id)

    def failed(self, message_id: str) -> None:
        """It could not be handled now: take it when it comes again."""
        if message_id in self._open:
            self._open.discard(message_id)
            self._failed.add(message_id)

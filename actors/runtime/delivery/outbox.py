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
LAST_RETRY_S = 2.0
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
    """What one peer has yet to acknowledge. Times are real seconds of a steady clock, given by the caller.

    When the oldest stays unacknowledged for a pause, it alone is sent again, to see whether the peer is there: a dead
    one's queue must not fill with copies. Its acknowledgement, or a new life of the peer, sends the others again too.
    """

    def __init__(self, peer: str, life: str) -> None:
        self.peer = peer
        self._life = life
        self._peer_life = ""
        self._waiting: collections.OrderedDict[str, Kept] = collections.OrderedDict()
        self._unsent: collections.deque[Kept] = collections.deque()
        self._count = 0
        self._sent = 0
        self._retry_at = 0.0
        self._pause_s = FIRST_RETRY_S
        self._knocked = False
        self._all_again = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def oldest(self) -> int:
        """Number of the oldest that waits."""
        return next(iter(self._waiting.values())).number if self._waiting else self._count + 1

    def keep(self, message: Message, done: Callable[[], None] | None = None) -> Kept:
        """Take a message in; `done` is for the caller to call when it is acknowledged. OutboxFull."""
        if len(self._waiting) >= LIMIT:
            raise OutboxFull(f"{LIMIT} messages wait for {self.peer}; is it down? See the health log")
        self._count += 1
        known_by = message.dedup_id()
        if not known_by or known_by in self._waiting:
            known_by = f"{self._life}-{self._count}"
        kept = Kept(known_by, self._count, message, done)
        self._waiting[kept.id] = kept
        self._unsent.append(kept)
        return kept

    def due(self, now_s: float) -> list[Kept]:
        """What should be sent now."""
        batch: list[Kept] = []
        on_the_way = bool(self._waiting) and self.oldest <= self._sent
        if on_the_way and self._all_again:
            batch = [kept for kept in self._waiting.values() if kept.number <= self._sent]
        elif on_the_way and now_s >= self._retry_at:
            batch = [next(iter(self._waiting.values()))]
            self._pause_s = min(self._pause_s * 2, LAST_RETRY_S)
            self._knocked = True
        self._all_again = False
        if batch or not on_the_way:
            self._retry_at = now_s + self._pause_s
        while self._unsent and self._unsent[0].number < self.oldest + WINDOW:
            batch.append(self._unsent.popleft())
            self._sent = batch[-1].number
        return batch

    def next_at(self) -> float | None:
        """When `due` will have something to send again."""
        if not self._waiting:
            return None
        return 0.0 if self._all_again else self._retry_at

    def acknowledge(self, message_id: str, now_s: float) -> Kept | None:
        """Let go of a message; None where it was let go before."""
        kept = self._waiting.get(message_id)
        if kept is None:
            return None
        if kept.number == self.oldest:
            # Only this counts as progress: others that go on must not put off the one that was lost.
            if self._knocked:
                self._all_again, self._knocked = True, False
            self._pause_s = FIRST_RETRY_S
            self._retry_at = now_s + self._pause_s
        return self._waiting.pop(message_id)

    def heard(self, peer_life: str) -> None:
        """The peer said something: where it has a new life, what the old one may have lost is sent again at once."""
        if self._peer_life not in ("", peer_life):
            self._all_again, self._knocked = True, False
            self._pause_s = FIRST_RETRY_S
        self._peer_life = peer_life

"""The receiver's side of at-least-once delivery: each message is handled once, in its sender's order."""

from __future__ import annotations

import collections
import enum

REMEMBERED = 64
"""Incarnations of senders that are remembered; the one that has been silent longest is forgotten first."""


class DedupDecision(enum.Enum):
    """What to do with a message that arrived."""

    HANDLE = "handle"
    """It is this message's turn."""
    ACKNOWLEDGE = "acknowledge"
    """It was handled before, and the acknowledgement was lost."""
    IGNORE = "ignore"
    """It is being handled now, or came out of order and will come again."""


class SenderSequence:
    """For one incarnation of one sender: which number is next, which are being handled, which are done."""

    def __init__(self, oldest: int) -> None:
        self._next = oldest
        self._open: dict[int, bool] = {}
        """Messages that are being handled, or wait to be; True for one that came again, out of order."""
        self._again: set[int] = set()
        self._done_ahead: set[int] = set()

    def classify(self, number: int, oldest: int) -> DedupDecision:
        """Decide about a message by its number.

        `oldest` is the smallest number that the sender still keeps: all messages before it were acknowledged, perhaps
        by an earlier incarnation of this receiver, and never come again.
        """
        self._next = max(self._next, oldest)
        while self._next in self._open or self._next in self._done_ahead:
            self._next += 1
        if self._done_ahead:
            self._done_ahead = {done for done in self._done_ahead if done >= self._next}
        if number in self._open:
            return DedupDecision.IGNORE
        came_again = number in self._again
        if came_again:
            self._again.discard(number)
        elif number < self._next or number in self._done_ahead:
            return DedupDecision.ACKNOWLEDGE
        elif number > self._next:
            return DedupDecision.IGNORE
        else:
            self._next += 1
        self._open[number] = came_again
        return DedupDecision.HANDLE

    def mark_finished(self, number: int) -> None:
        """Note that a message was handled, or set aside."""
        self._open.pop(number, None)
        if number >= self._next:  # after a rewind: its handling had begun before
            self._done_ahead.add(number)

    def accept_again(self, number: int) -> None:
        """Accept a message that could not be handled, out of order, when it comes again: later ones may be done."""
        if self._open.pop(number, None) is not None:
            self._again.add(number)

    def rewind(self, number: int, untouched: list[int]) -> None:
        """Go back to a message that could not be handled: it and the `untouched` ones after it come again, in order."""
        for one in (number, *untouched):
            if self._open.pop(one, False):
                self._again.add(one)  # messages around it are done: a rewind would repeat them
            else:
                self._next = min(self._next, one)


class SenderSequences:
    """The sequence of each incarnation of each sender."""

    def __init__(self) -> None:
        self._by_incarnation: collections.OrderedDict[tuple[str, str], SenderSequence] = collections.OrderedDict()

    def get_or_create(self, sender: str, incarnation: str, oldest: int) -> SenderSequence:
        """Return an incarnation's sequence; a new one begins at `oldest`, the smallest number that the sender keeps."""
        key = (sender, incarnation)
        sequence = self._by_incarnation.get(key)
        if sequence is None:
            sequence = self._by_incarnation[key] = SenderSequence(oldest)
            if len(self._by_incarnation) > REMEMBERED:
                self._by_incarnation.popitem(last=False)
        else:
            self._by_incarnation.move_to_end(key)
        return sequence

    def get(self, sender: str, incarnation: str) -> SenderSequence | None:
        """Return an incarnation's sequence, or None if it was forgotten."""
        return self._by_incarnation.get((sender, incarnation))

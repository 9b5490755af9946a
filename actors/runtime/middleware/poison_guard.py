"""Keeps a message that killed its actor twice from killing it again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class MessageNotes(Protocol):
    """Where the message in hand is noted: the exit report of a process, or what starts an actor again."""

    def note_message(self, message_id: str) -> None:
        """Note the message in hand."""

    def clear(self) -> None:
        """Note nothing."""


class PoisonGuard:
    """Notes which at-least-once message is in hand, where the parent reads it after a death; knows the poisonous ones.

    The parent counts the deaths (`actors.runtime.restarts.poison_record`) and hands over the ids at the next start.
    """

    def __init__(self, poison_ids: Iterable[str] = (), report: MessageNotes | None = None) -> None:
        """Note messages in `report`; nowhere without one (tests)."""
        self._poison_ids = frozenset(poison_ids)
        self._report = report

    def is_poison(self, message_id: str) -> bool:
        """Return whether this message killed its actor too often."""
        return message_id in self._poison_ids

    def begin(self, message_id: str) -> None:
        """Note that the message is in hand from now on."""
        if self._report is not None:
            self._report.note_message(message_id)

    def end(self) -> None:
        """Note that nothing is in hand. A handler that raised must not come here: its message stays noted."""
        if self._report is not None:
            self._report.clear()

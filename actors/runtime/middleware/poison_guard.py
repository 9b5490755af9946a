"""Keeps a message that killed its actor twice from killing it again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class MessageNotes(Protocol):
    """Holds the id of the message that is being handled: a process's exit report, or what restarts a hosted actor."""

    def note_message(self, message_id: str) -> None:
        """Note which message is being handled."""

    def clear(self) -> None:
        """Remove the note."""


class PoisonGuard:
    """Notes which at-least-once message is being handled, for the parent to read after a death; knows which are poison.

    The parent counts the deaths (`actors.runtime.restarts.poison_record`) and passes the ids at the next start.
    """

    def __init__(self, poison_ids: Iterable[str] = (), report: MessageNotes | None = None) -> None:
        """Note messages in `report`, if one is given (tests give none)."""
        self._poison_ids = frozenset(poison_ids)
        self._report = report

    def is_poison(self, message_id: str) -> bool:
        """Tell whether this message killed its actor too often."""
        return message_id in self._poison_ids

    def begin(self, message_id: str) -> None:
        """Note that the message is being handled from now on."""
        if self._report is not None:
            self._report.note_message(message_id)

    def end(self) -> None:
        """Note that no message is being handled. Not called after a handler raised: its message stays noted."""
        if self._report is not None:
            self._report.clear()

"""Keeps the questions that are asked before a night is planned, so that their buttons work after a restart."""

import uuid
from collections.abc import Sequence

import msgspec

from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from messages import Item

MOST_STORED = 100
"""Questions whose buttons still work."""


class NightChoice(msgspec.Struct, frozen=True):
    """What one button plans."""

    film: Item
    start_s: float
    """When it begins; seconds since 1970, UTC."""


class NightQuestion(msgspec.Struct, frozen=True):
    """A film and a time of which either may be one of several."""

    asker: str
    """Discord id, as digits, of the member who plans."""
    choices: tuple[NightChoice, ...]
    """One for each button."""


class NightQuestions:
    """Remembers the questions that wait for an answer."""

    def __init__(self, state: FeatureState[NightQuestion]) -> None:
        self._state = state

    def ask(self, asker: str, choices: Sequence[NightChoice]) -> str:
        """Remember a question; return the key that its buttons carry. The oldest beyond the limit are forgotten."""
        key = uuid.uuid4().hex[:16]
        too_many = len(self._state.records) + 1 - MOST_STORED
        self._state.update(
            {key: NightQuestion(asker, tuple(choices))}, removed=list(self._state.records)[: max(0, too_many)]
        )
        return key

    def take(self, key: str) -> NightQuestion | None:
        """Return a question and mark it as answered; None if it was answered before, or is not known."""
        question = self._state.records.get(key)
        if question is not None:
            self._state.remove(key)
        return question

    def put_back(self, key: str, question: NightQuestion) -> None:
        """Put a question back whose answer could not be carried out."""
        self._state.update({key: question})

    def forget(self, viewer: ViewerIdentity) -> None:
        """Forget what a member was asked."""
        self._state.remove(*(key for key, question in self._state.records.items() if question.asker in viewer.ids))

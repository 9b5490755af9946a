"""Keeps the questions that are asked before a night is planned, so that their buttons work after a restart."""

import uuid
from collections.abc import Sequence

import msgspec

from actors.chat.discord.core.state import FeatureState, ViewerIdentity
from messages import Item

MOST_STORED = 100
"""Questions that are kept; the buttons of older ones no longer work."""


class NightChoice(msgspec.Struct, frozen=True):
    """The night that one button plans."""

    film: Item
    start_s: float
    """When the night begins; seconds since 1970, UTC."""


class NightQuestion(msgspec.Struct, frozen=True):
    """A question which of several films or times is meant."""

    asker: str
    """Discord id, as digits, of the member who plans."""
    choices: tuple[NightChoice, ...]
    """The choices, one for each button."""


class NightQuestions:
    """Remembers the questions that wait for an answer."""

    def __init__(self, state: FeatureState[NightQuestion]) -> None:
        self._state = state

    def ask(self, asker: str, choices: Sequence[NightChoice]) -> str:
        """Remember a question; return the key for its buttons. If there are too many, the oldest are forgotten."""
        key = uuid.uuid4().hex[:16]
        too_many = len(self._state.records) + 1 - MOST_STORED
        self._state.update(
            {key: NightQuestion(asker, tuple(choices))}, removed=list(self._state.records)[: max(0, too_many)]
        )
        return key

    def take(self, key: str) -> NightQuestion | None:
        """Remove and return a question, or return None if it was answered before or is not known."""
        question = self._state.records.get(key)
        if question is not None:
            self._state.remove(key)
        return question

    def put_back(self, key: str, question: NightQuestion) -> None:
        """Put back a question whose answer failed."""
        self._state.update({key: question})

    def forget(self, viewer: ViewerIdentity) -> None:
        """Forget the questions to a member."""
        self._state.remove(*(key for key, question in self._state.records.items() if question.asker in viewer.ids))

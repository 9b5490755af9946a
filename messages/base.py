"""Base classes of all messages: frozen, typed, one array on the wire, with a declared delivery.

`Event` and `Command` are sent with `tell`, `Question` with `ask`; `Answer` is its reply.
"""

from __future__ import annotations

import enum
from typing import Any, ClassVar, Final, Generic, NewType, TypeVar, get_args

import msgspec

__all__ = [
    "Answer",
    "Command",
    "Delivery",
    "DurationMs",
    "Event",
    "Message",
    "Moment",
    "PositionMs",
    "Question",
    "Struct",
]

DurationMs = NewType("DurationMs", int)
"""Milliseconds of film."""
PositionMs = NewType("PositionMs", int)
"""Milliseconds from the start of a film."""
YEAR_LIMIT: Final = 9999
"""Later years are refused: PostgreSQL cannot store some of them."""
_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)])
"""NUL, which PostgreSQL cannot hold; lone surrogates (half a letter), which UTF-8 has no bytes for."""


class Delivery(enum.Enum):
    """What the actor layer guarantees for a message on its way."""

    AT_MOST_ONCE = "at most once"
    """Sent once. Dropped, and noted as a dead letter, where the mailbox is full or the actor is gone."""
    CONFLATED = "conflated"
    """A report of state: a newer one with the same key replaces one that still waits."""
    AT_LEAST_ONCE = "at least once"
    """Kept by its sender until it is acknowledged, and sent again until then; its id makes it take effect once."""


class Struct(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A part of a message. Fields are only ever appended, and what is appended has a default.

    The garbage collector need not look at it: it is made of plain values and others like it, so never refers to itself.
    """


class Moment(Struct, frozen=True):
    """An instant on two clocks: wall time for records, steady time for measuring."""

    wall_s: float
    """Seconds since 1970 (UTC), as the machine's clock showed them. For records. May jump."""
    steady_s: float
    """Seconds of a clock that never jumps, shared by all processes of one host. For elapsed time."""


class Message(msgspec.Struct, frozen=True, array_like=True, tag_field="tag"):
    """What one actor sends to another. Concrete messages set `tag`, and `delivery` if not the default."""

    delivery: ClassVar[Delivery] = Delivery.AT_MOST_ONCE

    def conflation_key(self) -> str:
        """Return the key by which reports replace one another (`Delivery.CONFLATED`); by default one for the class."""
        return ""

    def dedup_id(self) -> str:
        """Return the id that stays the same when a restarted sender sends it again (`Delivery.AT_LEAST_ONCE`)."""
        return ""


class Event(Message, frozen=True):
    """Something that happened, sent to the actors that need it."""


class Command(Message, frozen=True):
    """Something that the receiver should do. It has no answer."""


class Answer(Message, frozen=True):
    """The answer to a `Question`."""


AnswerT_co = TypeVar("AnswerT_co", bound=Answer, covariant=True)


class _QuestionMeta(msgspec.StructMeta):
    """Reads a question's receiver and answer from its class line."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, to: str = "", **config: Any
    ) -> Any:
        kind: Any = super().__new__(mcs, name, bases, namespace, **config)
        if to:
            kind.receiver = to
            (kind.answer_type,) = get_args(namespace["__orig_bases__"][0])
        return kind


class Question(Message, Generic[AnswerT_co], frozen=True, metaclass=_QuestionMeta):
    """What one actor asks another.

    `class GetHistory(Question[HistoryPage], frozen=True, tag="get_history", to="persistence")`
    """

    receiver: ClassVar[str]
    """Name of the actor that answers it; of the first of them where there are several (Plex pollers)."""
    answer_type: ClassVar[type[Answer]]
    """Class of the answer."""
    patience_s: ClassVar[float] = 5.0
    """How long people are kept waiting for the answer, seconds; then it is of no use."""


def storable(text: str) -> str:
    """Return a text without the characters that no store can hold."""
    return text if text.isprintable() else text.translate(_UNSTORABLE)

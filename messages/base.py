"""Base classes of all messages: frozen, typed, encoded as one array, with a declared delivery.

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
"""The latest year accepted: PostgreSQL cannot store some later ones."""
_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)])
"""NUL, which PostgreSQL cannot store; lone surrogates (half a character), which UTF-8 cannot encode."""


class Delivery(enum.Enum):
    """What the actor layer guarantees for the delivery of a message."""

    AT_MOST_ONCE = "at most once"
    """Sent once. Dropped, and written to the dead letters, if the mailbox is full or the actor does not run."""
    CONFLATED = "conflated"
    """A report of state: a newer one replaces a waiting one with the same key."""
    AT_LEAST_ONCE = "at least once"
    """Kept and resent by its sender until it is acknowledged; the receiver drops repeats by its id."""


class Struct(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A part of a message. New fields are only ever appended, and have a default.

    The garbage collector skips it: it contains only plain values and other structs, and so never refers to itself.
    """


class Moment(Struct, frozen=True):
    """An instant on two clocks: wall time for records, steady time for measuring."""

    wall_s: float
    """Seconds since 1970 (UTC) by the machine's clock, which may jump. For records."""
    steady_s: float
    """Seconds by a clock that never jumps, shared by all processes of one host. For elapsed time."""


class Message(msgspec.Struct, frozen=True, array_like=True, tag_field="tag"):
    """A message from one actor to another. Concrete messages set `tag`, and `delivery` if not the default."""

    delivery: ClassVar[Delivery] = Delivery.AT_MOST_ONCE

    def conflation_key(self) -> str:
        """Return the key under which a newer report replaces an older one (`CONFLATED`); one per class by default."""
        return ""

    def dedup_id(self) -> str:
        """Return an id that is the same when a restarted sender sends the message again (`Delivery.AT_LEAST_ONCE`)."""
        return ""


class Event(Message, frozen=True):
    """Something that happened, sent to the actors that need it."""


class Command(Message, frozen=True):
    """An instruction to the receiver, without an answer."""


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
    """A question from one actor to another, which has an answer.

    `class GetHistory(Question[HistoryPage], frozen=True, tag="get_history", to="persistence")`
    """

    receiver: ClassVar[str]
    """Name of the actor that answers it; if there are several (Plex pollers), of the first one."""
    answer_type: ClassVar[type[Answer]]
    """Class of the answer."""
    patience_s: ClassVar[float] = 5.0
    """How long people wait for the answer, seconds; a later answer is useless."""


def storable(text: str) -> str:
    """Return a text without the characters that a store cannot hold."""
    return text if text.isprintable() else text.translate(_UNSTORABLE)

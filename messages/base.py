"""What every message is: frozen, typed, one array on the wire, with a declared way of delivery."""

from __future__ import annotations

import enum
from typing import ClassVar, NewType

import msgspec

DurationMs = NewType("DurationMs", int)
"""Milliseconds of film."""
PositionMs = NewType("PositionMs", int)
"""Milliseconds from the start of a film."""


class Delivery(enum.Enum):
    """What the actor layer owes a message on its way."""

    PLAIN = "plain"
    """Sent once. Dropped, and noted as a dead letter, where the mailbox is full or the actor is gone."""
    LATEST = "latest"
    """A report of state: a newer one with the same key takes the place of one still waiting."""
    KEPT = "kept"
    """Kept by its sender until it is acknowledged, and done once, known by its id."""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A part of a message. Fields are only ever appended, and what is appended has a default."""


class Moment(Record, frozen=True, array_like=True):
    """An instant on two clocks: one to write down, one to measure with."""

    wall_s: float
    """Seconds since 1970 (UTC), as the machine's clock showed them. For records. May jump."""
    steady_s: float
    """Seconds of a clock that never jumps, shared by all processes of one host. For elapsed time."""


class Message(msgspec.Struct, frozen=True, array_like=True, tag_field="tag"):
    """One thing that an actor says to another. Concrete messages set `tag` and `delivery`."""

    delivery: ClassVar[Delivery] = Delivery.PLAIN

    def latest_key(self) -> str:
        """Which reports replace one another (for `Delivery.LATEST`): by default all of one class."""
        return ""

    def kept_id(self) -> str:
        """What it is known by (for `Delivery.KEPT`) where a sender that was restarted tells it again; else empty."""
        return ""

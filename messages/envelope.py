"""The envelope that every message travels in: who sent it, what answer it awaits, and by which id it is known."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from messages.problems import Problem

Kind = Literal["tell", "ask", "answer", "error", "kept", "done", "set_aside", "ping", "pong", "stop"]


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """What one frame holds. Fields are only ever appended."""

    kind: Kind
    """tell, ask, kept: a message. answer, error: to an ask. done, set_aside: to a kept one. Others: launcher."""
    id: str
    """Of an ask and its answer; of a kept message and its acknowledgement. Empty for a tell."""
    sender: str
    """Name of the sending actor."""
    incarnation: str
    """Which incarnation of the sender this is: a new one after each restart."""
    body: Any = None
    """The message as an array that begins with its tag; for an error [type, text] or [type, text, Problem];
    for a pong a Heartbeat."""
    number: int = 0
    """A kept message's place in its sender's order, from 1."""
    oldest: int = 0
    """The oldest number that the sender still keeps for this receiver."""


class Heartbeat(msgspec.Struct, frozen=True, array_like=True):
    """What an actor says of itself when it is pinged."""

    pid: int
    """Process id."""
    ready: bool
    """Its start is over."""
    degraded: str
    """Why it is not all right; empty where it is."""
    last_error: str
    """The last thing that went wrong; empty where nothing did."""
    mailbox_depth: int
    """Messages waiting."""
    oldest_ms: float
    """Age of the oldest waiting message, milliseconds."""
    handled: int
    """Messages handled since the start."""
    handle_ms_p50: float
    """Median time to handle one, milliseconds, of the last 1,000."""
    handle_ms_p99: float
    """99th percentile, likewise."""
    dead_letters: int
    """Messages dropped since the start."""
    problems: tuple[Problem, ...] = ()
    """What `degraded` says, or else `last_error`, to be worded in another language; empty where that has no code."""

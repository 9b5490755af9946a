"""The envelope of every message: its kind, its id and its sender."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from messages.problems import Problem

Kind = Literal["tell", "ask", "answer", "error", "kept", "done", "set_aside", "ping", "pong", "stop"]


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """The content of one frame. New fields are only ever appended."""

    kind: Kind
    """tell, ask, kept: a message. answer, error: reply to ask. done, set_aside: reply to kept. Others: launcher."""
    id: str
    """Shared by an ask and its answer, and by a kept message and its acknowledgement. Empty for a tell."""
    sender: str
    """Name of the sending actor."""
    incarnation: str
    """Id of the sender's incarnation, which changes with each restart."""
    body: Any = None
    """The message as an array that begins with its tag; for an error [type, text] or [type, text, Problem];
    for a pong a Heartbeat."""
    number: int = 0
    """Sequence number of a kept message, from 1."""
    oldest: int = 0
    """The lowest sequence number that the sender still keeps for this receiver."""


class Heartbeat(msgspec.Struct, frozen=True, array_like=True):
    """An actor's report of its health, in answer to a ping."""

    pid: int
    """Process id."""
    ready: bool
    """Whether it has started."""
    degraded: str
    """Why it is degraded; empty if it is not."""
    last_error: str
    """The last error; empty if there was none."""
    mailbox_depth: int
    """Messages waiting."""
    oldest_ms: float
    """Age of the oldest waiting message, milliseconds."""
    handled: int
    """Messages handled since the start."""
    handle_ms_p50: float
    """Median handling time of the last 1,000 messages, milliseconds."""
    handle_ms_p99: float
    """99th percentile of the same times, milliseconds."""
    dead_letters: int
    """Messages dropped since the start."""
    problems: tuple[Problem, ...] = ()
    """`degraded`, or else `last_error`, as problems for wording in another language; empty if it has no code."""


NO_HEARTBEAT = Heartbeat(
    pid=0,
    ready=False,
    degraded="",
    last_error="",
    mailbox_depth=0,
    oldest_ms=0.0,
    handled=0,
    handle_ms_p50=0.0,
    handle_ms_p99=0.0,
    dead_letters=0,
)
"""The heartbeat of an actor that has not answered a ping yet."""

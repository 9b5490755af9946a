"""How a pykka actor lives in a process of its own and talks to the others."""

from actors.runtime.actor import Actor, Context, Ref, RefusesToStart, WaitsToStart
from actors.runtime.clock import Clock, Pace
from actors.runtime.endpoint import Node, Timer
from actors.runtime.errors import (
    ActorError,
    ActorUnavailable,
    AskTimeout,
    MailboxFull,
    Never,
    NotNow,
    OutboxFull,
    Refused,
    RemoteError,
)

__all__ = [
    "Actor",
    "ActorError",
    "ActorUnavailable",
    "AskTimeout",
    "Clock",
    "Context",
    "MailboxFull",
    "Never",
    "Node",
    "NotNow",
    "OutboxFull",
    "Pace",
    "Ref",
    "Refused",
    "RefusesToStart",
    "RemoteError",
    "Timer",
    "WaitsToStart",
]

"""How a pykka actor lives in a process of its own and talks to the others."""

from actors.runtime.actor import Actor, Context, DependencyUnavailable, FatalStartupError, Ref
from actors.runtime.clock import Clock, Pace
from actors.runtime.endpoint import Endpoint, Timer
from actors.runtime.errors import (
    ActorError,
    ActorUnavailable,
    AskTimeout,
    Declined,
    MailboxFull,
    OutboxFull,
    Reject,
    RemoteError,
    RetryLater,
    UnexpectedAnswer,
    UnsendableMessage,
)

__all__ = [
    "Actor",
    "ActorError",
    "ActorUnavailable",
    "AskTimeout",
    "Clock",
    "Context",
    "Declined",
    "DependencyUnavailable",
    "Endpoint",
    "FatalStartupError",
    "MailboxFull",
    "OutboxFull",
    "Pace",
    "Ref",
    "Reject",
    "RemoteError",
    "RetryLater",
    "Timer",
    "UnexpectedAnswer",
    "UnsendableMessage",
]

"""Errors between actors."""

from __future__ import annotations

from collections.abc import Callable

from messages import Problem
from wording.problems import ProblemError


class ActorError(Exception):
    """A message could not be delivered or answered."""


class AskTimeout(ActorError):
    """No answer within the deadline."""


class ActorUnavailable(ActorError):
    """The actor is not known, is stopping, or its queue is full."""


class MailboxFull(ActorError):
    """Too many messages wait for the actor; this one was not taken."""


class OutboxFull(ActorError):
    """Too many messages wait for acknowledgement; this one was not taken."""


class UnsendableMessage(ActorError):
    """The message cannot be sent as it is: it is longer than a frame, or holds a value that cannot be encoded."""


class UnexpectedAnswer(ActorError):
    """The answer is not of the question's answer class: the other process runs another version."""


class RemoteError(ActorError):
    """The other actor's handler raised; that actor continues."""

    def __init__(self, actor: str, kind: str, text: str, problem: Problem | None = None) -> None:
        super().__init__(f"{actor}: {text}" if text else f"{actor}: {kind}")
        self.actor = actor
        self.kind = kind
        """Name of the exception's class in the other process."""
        self.text = text
        self.problem = problem
        """The handler's problem, for people; None for a fault of the program, or if there is no code for it."""


class Declined(ProblemError):
    """Raised by the handler of a question that cannot be answered now; its problem says why, and what to do.

    The asker gets the problem, and the log one line. It is no fault of the program, so there is no traceback.
    """


class RetryLater(ProblemError):
    """Raised by the handler of an at-least-once message that cannot be handled now (a full disk, say).

    The actor continues, the message is not acknowledged, and its sender sends it again after a pause.
    """


class Reject(Exception):
    """Raised by the handler of a message that can never be handled; its text says why.

    The actor continues with later messages. This one goes to the dead letters. An at-least-once message is
    written whole; if the dead letters cannot be written, it comes again, as with RetryLater.
    """

    def __init__(self, text: str, then: Callable[[], None] | None = None) -> None:
        """Call `then` on the actor's thread once the message is in the dead letters, to release what it held."""
        super().__init__(text)
        self.then = then

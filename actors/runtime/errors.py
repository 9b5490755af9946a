"""What can go wrong between actors."""

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
    """The actor has too much to do; the message was not taken."""


class OutboxFull(ActorError):
    """Too many messages wait for acknowledgement; this one was not taken."""


class UnexpectedAnswer(ActorError):
    """The answer is of another class than the question's: the other process runs another version."""


class RemoteError(ActorError):
    """The other actor's handler raised; it lives on."""

    def __init__(self, actor: str, kind: str, text: str, problem: Problem | None = None) -> None:
        super().__init__(f"{actor}: {text}" if text else f"{actor}: {kind}")
        self.actor = actor
        self.kind = kind
        """Name of the exception's class over there."""
        self.text = text
        self.problem = problem
        """What the handler said to people; None for a fault of the program, or where it has no code."""


class Declined(ProblemError):
    """Raised by the handler of a question that cannot be answered as things are, with the problem: why, what to do.

    Told to whoever asked, and to the log in one line. It is no fault of the program: nobody needs to see where it was.
    """


class RetryLater(ProblemError):
    """Raised by the handler of a kept message: it could not be done (a full disk, say) and must come again.

    The actor lives on, the message is not acknowledged, and its sender sends it again after a pause.
    """


class Reject(Exception):
    """Raised by the handler of a message that cannot be done, however often it comes: its text says why.

    The actor lives on. The message goes to the dead letters, whole where it is a kept one, and those behind it go on.
    Where the dead letters cannot be written, a kept one comes again, as with RetryLater: it must not be nowhere.
    """

    def __init__(self, text: str, then: Callable[[], None] | None = None) -> None:
        """`then` is done once the message is in the dead letters, on the actor's thread: to let go of what it was."""
        super().__init__(text)
        self.then = then

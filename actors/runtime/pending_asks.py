"""Asks that wait for their answer, each with its deadline."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from actors.runtime.errors import ActorError, ActorUnavailable, MailboxFull, RemoteError, UnexpectedAnswer
from actors.runtime.owner_loop import Timer
from messages import Message, Problem
from messages.codec import DecodeError, decode_body
from messages.envelope import Envelope

Reply = concurrent.futures.Future[Message]
"""What a handler returns to answer later."""

_OUR_OWN: dict[str, Callable[[str], ActorError]] = {"MailboxFull": MailboxFull, "ActorUnavailable": ActorUnavailable}
"""Errors that come from the other actor's runtime, not from its handler."""


class Awaited(Protocol):
    """Receives an ask's answer or error: a Future, or a `LocalReply`."""

    def set_running_or_notify_cancel(self) -> bool: ...
    def set_result(self, result: Any, /) -> None: ...
    def set_exception(self, exception: BaseException | None, /) -> None: ...


class LocalReply:
    """A reply that the owner's thread itself waits for: like a Future, without its locks."""

    __slots__ = ("_error", "_result", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self._result: Any = None
        self._error: BaseException | None = None

    def set_running_or_notify_cancel(self) -> bool:
        """Return True: the waiting thread cannot cancel it."""
        return True

    def set_result(self, result: Any, /) -> None:
        """Set the answer."""
        self._result, self.is_done = result, True

    def set_exception(self, exception: BaseException | None, /) -> None:
        """Set the error."""
        self._error, self.is_done = exception, True

    def take(self) -> Any:
        """Return the answer, or raise its error."""
        if self._error is not None:
            raise self._error
        return self._result


class _Pending(msgspec.Struct):
    reply: Awaited
    peer: str
    answer_type: type[Message]
    deadline: Timer


class PendingAsks:
    """Asks that wait for their answer, by id."""

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, ask_id: str, peer: str, answer_type: type[Message], reply: Awaited, deadline: Timer) -> None:
        """Wait for an answer of this class; `deadline` is cancelled when it comes."""
        self._pending[ask_id] = _Pending(reply, peer, answer_type, deadline)

    def resolve(self, envelope: Envelope) -> None:
        """Deliver an answer or an error to its ask. One that comes after the deadline is ignored."""
        pending = self._take(envelope.id)
        if pending is None:
            return
        try:
            if envelope.kind == "error":
                kind, text, *more = envelope.body
                problem = msgspec.convert(more[0], Problem) if more else None
                ours = _OUR_OWN.get(kind)
                pending.reply.set_exception(ours(text) if ours else RemoteError(pending.peer, kind, text, problem))
            elif isinstance(answer := decode_body(envelope.body), pending.answer_type):
                pending.reply.set_result(answer)
            else:
                kind, expected = type(answer).__name__, pending.answer_type.__name__
                pending.reply.set_exception(
                    UnexpectedAnswer(f"{pending.peer} answered with a {kind}, not a {expected}: is it another version?")
                )
        except (DecodeError, TypeError, ValueError) as error:
            pending.reply.set_exception(RemoteError(pending.peer, type(error).__name__, f"unreadable answer: {error}"))

    def fail(self, ask_id: str, error: Exception) -> None:
        """End an ask with an error."""
        pending = self._take(ask_id)
        if pending is not None:
            pending.reply.set_exception(error)

    def fail_all(self, error: Exception) -> None:
        """End all asks with an error."""
        for ask_id in list(self._pending):
            self.fail(ask_id, error)

    def _take(self, ask_id: str) -> _Pending | None:
        pending = self._pending.pop(ask_id, None)
        if pending is None:
            return None
        pending.deadline.cancel()
        return pending if pending.reply.set_running_or_notify_cancel() else None  # its asker gave up

"""Timers and asks that wait: what is due, what was cancelled, and that neither is kept for ever."""

from __future__ import annotations

import pytest

from actors.runtime.errors import ActorUnavailable, AskTimeout, MailboxFull, RemoteError, UnexpectedAnswer
from actors.runtime.owner_loop import Timer, Timers
from actors.runtime.pending_asks import PendingAsks, Reply
from messages import Message, SaveNow, SaveStatus
from messages.envelope import Envelope


def nothing() -> None:
    """Be done."""


def count_due(timers: Timers, now_s: float) -> int:
    """How many are due, taking them."""
    count = 0
    while timers.pop_due(now_s) is not None:
        count += 1
    return count


def test_in_the_order_of_their_times() -> None:
    """Then in the order in which they were set."""
    done: list[str] = []
    timers = Timers()
    for at_s, what in ((2.0, "c"), (1.0, "a"), (1.0, "b"), (3.0, "d")):
        timers.schedule(at_s, lambda what=what: done.append(what))  # type: ignore[misc]  # mypy cannot infer the default
    while (act := timers.pop_due(2.0)) is not None:
        act()
    assert done == ["a", "b", "c"]
    assert timers.next_at() == 3.0


def test_a_cancelled_timer_does_not_run() -> None:
    """Nor is it waited for."""
    timers = Timers()
    timers.schedule(1.0, nothing).cancel()
    timers.schedule(2.0, nothing)
    assert timers.next_at() == 2.0
    assert count_due(timers, 1.5) == 0
    assert count_due(timers, 2.0) == 1
    assert timers.next_at() is None


def test_cancelled_timers_are_removed() -> None:
    """The deadline of an answered ask is not kept until its time: there are thousands a second."""
    timers = Timers()
    for _ in range(10_000):
        timers.schedule(60.0, nothing).cancel()
    assert len(timers) < 200


def pending(asks: PendingAsks, ask_id: str = "1", answer_type: type[Message] = Message) -> tuple[Reply, Timer]:
    """An ask that waits."""
    reply, deadline = Reply(), Timer(nothing)
    asks.add(ask_id, "persistence", answer_type, reply, deadline)
    return reply, deadline


def reply_with(kind: str, body: object, ask_id: str = "1") -> Envelope:
    """What the other side sends."""
    return Envelope(kind, ask_id, "persistence", "life", body)  # type: ignore[arg-type]  # the kind is one of them


def test_an_answer_of_another_class_is_refused() -> None:
    """The other process runs another version: the asker is told, and does not meet it as a crash."""
    asks = PendingAsks()
    reply, _ = pending(asks, answer_type=SaveStatus)
    asks.resolve(reply_with("answer", ["save_now", "7"]))
    with pytest.raises(UnexpectedAnswer, match="persistence answered with a SaveNow, not a SaveStatus"):
        reply.result(0)


def test_an_answer_ends_the_wait() -> None:
    """And its deadline."""
    asks = PendingAsks()
    reply, deadline = pending(asks)
    asks.resolve(reply_with("answer", ["save_now", "7"]))
    assert reply.result(0) == SaveNow("7")
    assert deadline.act is None
    assert len(asks) == 0


@pytest.mark.parametrize(
    ("kind", "error"),
    [("MailboxFull", MailboxFull), ("ActorUnavailable", ActorUnavailable), ("ValueError", RemoteError)],
)
def test_an_error_comes_back_as_one(kind: str, error: type[Exception]) -> None:
    """The runtime's own as what they are, a handler's as RemoteError."""
    asks = PendingAsks()
    reply, _ = pending(asks)
    asks.resolve(reply_with("error", [kind, "too much to do"]))
    with pytest.raises(error, match="too much to do"):
        reply.result(0)


def test_a_remote_error_names_the_actor_and_the_cause() -> None:
    """For people and for code."""
    error = RemoteError("persistence", "DiskFull", "")
    assert str(error) == "persistence: DiskFull"
    assert (error.actor, error.kind, error.text) == ("persistence", "DiskFull", "")


@pytest.mark.parametrize("body", [None, ["just one"], ["no_such_message", 1], 17, ["save_now", 5]])
@pytest.mark.parametrize("kind", ["answer", "error"])
def test_an_unreadable_answer_is_an_error(kind: str, body: object) -> None:
    """It ends the wait: nobody waits for his deadline because of it."""
    asks = PendingAsks()
    reply, _ = pending(asks)
    asks.resolve(reply_with(kind, body))
    assert isinstance(reply.exception(0), RemoteError)


def test_an_answer_after_the_deadline_is_passed_over() -> None:
    """The asker was told already."""
    asks = PendingAsks()
    reply, _ = pending(asks)
    asks.fail("1", AskTimeout("late"))
    asks.resolve(reply_with("answer", ["save_now", "7"]))
    with pytest.raises(AskTimeout, match="late"):
        reply.result(0)


def test_an_asker_may_give_up() -> None:
    """A command whose person went away: the answer finds a cancelled future, and that is all."""
    asks = PendingAsks()
    reply, _ = pending(asks)
    assert reply.cancel()
    asks.resolve(reply_with("answer", ["save_now", "7"]))
    assert reply.cancelled()
    assert len(asks) == 0


def test_all_fail_at_the_end() -> None:
    """Nobody waits for an endpoint that is gone."""
    asks = PendingAsks()
    replies = [pending(asks, str(number))[0] for number in range(3)]
    asks.fail_all(ActorUnavailable("stopping"))
    assert all(isinstance(reply.exception(0), ActorUnavailable) for reply in replies)

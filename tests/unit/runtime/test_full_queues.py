"""What an endpoint says of queues that were full, so that the health table can show it."""

from __future__ import annotations

import pytest

from actors.runtime import OutboxFull
from actors.runtime.delivery import outbox
from actors.runtime.endpoint import FULL_SHOWN_S
from messages import Problem, SaveNow, ServersReported
from messages.base import Moment
from tests.unit.runtime.endpoint_pair import Pair, make_finished


def codes(pair: Pair, name: str) -> list[str]:
    """Codes of what an endpoint says of its queues."""
    endpoint = pair.bob if name == "bob" else pair.ann
    return [problem.code for problem in endpoint.find_queue_problems()]


def test_a_mailbox_full_by_bytes_delays_kept_messages(pair: Pair) -> None:
    """A few large messages wait: the kept one comes when there is room. Health shows it for a while."""
    pair.bob.mailbox._limit_bytes = 1000
    pair.ann.tell("bob", SaveNow("x" * 2000))
    pair.deliver_all()
    assert codes(pair, "bob") == []
    pair.ann.tell("bob", make_finished("w1"))
    pair.ann.tell("bob", ServersReported(Moment(0.0, 0.0), ("one",)))
    pair.deliver_all()
    assert codes(pair, "bob") == ["queue.mailbox_full"]
    assert len(pair.take_heard()) == 1
    pair.pass_time(3.0)
    assert [incoming.delivery_id != "" for incoming in pair.take_heard()] == [True]
    pair.pass_time(FULL_SHOWN_S)
    assert codes(pair, "bob") == []


def test_an_outbox_that_is_full_of_bytes_is_named_with_its_peer(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message that it did not take stays with who told it; those that it has are all delivered."""
    monkeypatch.setattr(outbox, "LIMIT_BYTES", 1500)
    pair.ann.tell("bob", make_finished("w1"))
    with pytest.raises(OutboxFull):
        for number in range(2, 20):
            pair.ann.tell("bob", make_finished(f"w{number}"))
    waiting = pair.ann.count_unacknowledged()
    [problem] = pair.ann.find_queue_problems()
    assert problem == Problem.of("queue.outbox_full", peer="bob", count=waiting)
    pair.deliver_all()
    assert len(pair.take_heard()) == waiting

"""Messages that must not be lost: kept until acknowledged, in order, done once."""

from __future__ import annotations

import pytest

from actors.runtime import OutboxFull
from actors.runtime.delivery import outbox as outbox_module
from messages import SaveStatus
from messages.codec import encode
from messages.envelope import Envelope
from tests.unit.runtime.endpoint_pair import Pair, in_a_thread, make_finished, watch_id

STATUS = SaveStatus(1.0, 5.0)


def test_a_kept_message_waits_until_it_is_acknowledged(pair: Pair) -> None:
    """Only then `done` is called."""
    done: list[bool] = []
    pair.ann.tell("bob", make_finished("w1"), lambda: done.append(True))
    [incoming] = pair.take_heard()
    assert (pair.ann.count_unacknowledged(), done) == (1, [])
    pair.bob.acknowledge(incoming)
    pair.deliver_all()
    assert (pair.ann.count_unacknowledged(), done) == (0, [True])


def test_lost_frames_come_again_in_order(pair: Pair) -> None:
    """Everything sent while nobody hears, as at a kill -9, arrives afterwards, once."""
    pair.network.unreachable.add("bob")
    for number in range(20):
        pair.ann.tell("bob", make_finished(f"w{number}"))
    pair.deliver_all()
    pair.network.unreachable.clear()
    seen = []
    for _ in range(40):
        pair.pass_time(0.2)
        for incoming in pair.take_heard():
            seen.append(watch_id(incoming.message))
            pair.bob.acknowledge(incoming)
    assert seen == [f"w{number}" for number in range(20)]
    assert pair.ann.count_unacknowledged() == 0


def test_a_lost_acknowledgement_does_nothing_twice(pair: Pair) -> None:
    """The message comes again, and is only acknowledged again."""
    pair.ann.tell("bob", make_finished("w1"))
    [incoming] = pair.take_heard()
    pair.network.unreachable.add("ann")
    pair.bob.acknowledge(incoming)
    pair.network.unreachable.clear()
    pair.deliver_all()
    assert pair.ann.count_unacknowledged() == 1
    pair.pass_time(1.0)
    assert pair.take_heard() == []
    assert pair.ann.count_unacknowledged() == 0


def test_steady_traffic_does_not_delay_lost_messages(pair: Pair) -> None:
    """A receiver restarts while a message comes every 0.2 s: retries must not wait for a quiet moment."""
    pair.ann.tell("bob", make_finished("w0"))
    pair.deliver_all()
    pair.bob = pair.endpoint("bob")
    seen: list[str] = []
    for number in range(1, 20):
        pair.ann.tell("bob", make_finished(f"w{number}"))
        pair.pass_time(0.2)
        for incoming in pair.take_heard():
            seen.append(watch_id(incoming.message))
            pair.bob.acknowledge(incoming)
    pair.deliver_all()
    assert seen[:15] == [f"w{number}" for number in range(15)]


def test_a_receiver_that_died_after_its_acknowledgement_leaves_no_gap(pair: Pair) -> None:
    """Its next life hears of number 2 first, sent when 1 still waited: it must not wait for 1 for ever."""
    pair.ann.tell("bob", make_finished("w1"))
    [incoming] = pair.take_heard()
    second = pair.endpoint("bob")
    pair.ann.tell("bob", make_finished("w2"))  # says that 1 is the oldest that waits
    pair.network.transports["ann"]._box.put(
        None, encode(Envelope("done", incoming.delivery_id, "bob", pair.bob.incarnation))
    )
    pair.bob = second
    pair.pass_time(3.0)
    assert [watch_id(incoming.message) for incoming in pair.take_heard()] == ["w2"]


def test_a_restarted_receiver_recognises_handled_messages(pair: Pair) -> None:
    """`already_done` decides, and the message is acknowledged without being handled."""
    pair.ann.tell("bob", make_finished("w1"))
    [incoming] = pair.take_heard()
    pair.bob = pair.endpoint("bob")
    pair.bob.was_handled_before = {incoming.delivery_id}.__contains__
    pair.pass_time(2.0)
    assert pair.take_heard() == []
    assert pair.ann.count_unacknowledged() == 0


def test_a_restarted_sender_counts_from_one_again(pair: Pair) -> None:
    """Its messages are handled, and are not taken for those of its earlier process."""
    pair.ann.tell("bob", make_finished("w1"))
    for incoming in pair.take_heard():
        pair.bob.acknowledge(incoming)
    pair.ann = pair.endpoint("ann")
    pair.ann.tell("bob", make_finished("w2"))
    assert [watch_id(incoming.message) for incoming in pair.take_heard()] == ["w2"]


def test_a_delayed_message_keeps_its_place(pair: Pair) -> None:
    """w1 cannot be handled now, w2 and w3 wait behind it: all come again, in order."""
    for name in ("w1", "w2", "w3"):
        pair.ann.tell("bob", make_finished(name))
    pair.deliver_all()
    first = pair.bob.mailbox.get()
    assert first is not None
    pair.bob.requeue(first)
    assert pair.take_heard() == []
    seen = []
    for _ in range(20):
        pair.pass_time(0.2)
        for incoming in pair.take_heard():
            seen.append(watch_id(incoming.message))
            pair.bob.acknowledge(incoming)
    assert seen == ["w1", "w2", "w3"]


def test_a_full_outbox_is_reported_to_the_caller(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another thread it is logged, and the whole message becomes a dead letter."""
    monkeypatch.setattr(outbox_module, "LIMIT", 2)
    pair.ann.bind_thread()
    pair.network.unreachable.add("bob")
    for name in ("w1", "w2"):
        pair.ann.tell("bob", make_finished(name))
    with pytest.raises(OutboxFull, match="2 messages wait for bob"):
        pair.ann.tell("bob", make_finished("w3"))
    in_a_thread(lambda: pair.ann.tell("bob", make_finished("w4")))
    pair.ann.pump(0.0)
    [letter] = pair.letters("ann")
    assert "OutboxFull" in letter["reason"]
    assert letter["body"]["record"][0] == "w4"

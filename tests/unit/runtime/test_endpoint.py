"""Endpoints on the in-memory transport: delivery, answers, lost frames, other threads, the end."""

from __future__ import annotations

import concurrent.futures

import msgpack
import pytest

from actors.runtime import ActorUnavailable, AskTimeout, MailboxFull, RemoteError
from actors.runtime.delivery.mailbox import LIMIT
from actors.runtime.endpoint import PINGS_EACH
from messages import AutoSaveTick, GetSaveStatus, Message, Moment, SaveNow, SaveStatus, SuggestTitles
from messages.codec import MAX_FRAME_BYTES, OversizedFrame, encode
from messages.envelope import Envelope, Heartbeat
from tests.unit.runtime.endpoint_pair import Pair, in_a_thread, make_finished, watch_id

STATUS = SaveStatus(1.0, 5.0)


def raw(pair: Pair, *envelope: object) -> None:
    """Put something into Bob's line as it is."""
    pair.network.transports["bob"]._box.put(b"ann", msgpack.packb(list(envelope)))


# -- tell and ask ----------------------------------------------------------------------------------------------


def test_a_told_message_arrives(pair: Pair) -> None:
    """With its sender, and without anything to answer."""
    pair.ann.tell("bob", SaveNow("x"))
    [incoming] = pair.take_heard()
    assert (incoming.message, incoming.sender, incoming.ask_id, incoming.delivery_id) == (SaveNow("x"), "ann", "", "")


def test_a_question_is_answered(pair: Pair) -> None:
    """And its deadline leaves nothing behind."""
    reply = pair.ann.ask_future("bob", GetSaveStatus())
    [incoming] = pair.take_heard()
    pair.bob.answer(incoming, STATUS)
    pair.deliver_all()
    assert reply.result(0) == STATUS
    assert len(pair.ann._pending_asks) == 0


def test_an_error_comes_back_as_an_error(pair: Pair) -> None:
    """With its class and text and who raised it."""
    reply = pair.ann.ask_future("bob", GetSaveStatus())
    [incoming] = pair.take_heard()
    pair.bob.answer_error(incoming, ValueError("the store is locked"))
    pair.deliver_all()
    with pytest.raises(RemoteError, match="bob: the store is locked") as caught:
        reply.result(0)
    assert (caught.value.actor, caught.value.kind) == ("bob", "ValueError")


def test_a_question_without_an_answer_fails_at_its_deadline(pair: Pair) -> None:
    """Also where the other was killed; an answer after the deadline is passed over."""
    reply = pair.ann.ask_future("bob", GetSaveStatus(), timeout_s=2.0)
    [incoming] = pair.take_heard()
    pair.pass_time(1.9)
    assert not reply.done()
    pair.pass_time(0.2)
    with pytest.raises(AskTimeout, match=r"bob did not answer get_save_status within 2 s"):
        reply.result(0)
    pair.bob.answer(incoming, STATUS)
    pair.deliver_all()
    with pytest.raises(AskTimeout):
        reply.result(0)


def test_a_message_to_an_absent_actor_fails_at_once(pair: Pair) -> None:
    """An ask gets an error; a tell becomes a dead letter that can be read."""
    with pytest.raises(ActorUnavailable, match="nobody cannot be reached"):
        pair.ann.ask("nobody", GetSaveStatus())
    pair.ann.tell("nobody", SaveNow("x"))
    [letter] = pair.letters("ann")
    assert letter["reason"].startswith("not sent to nobody")
    assert (letter["tag"], letter["body"]) == ("save_now", {"requested_by": "x"})


def test_an_unreadable_answer_is_an_error(pair: Pair) -> None:
    """Not a wait until the deadline, and no crash."""
    for kind, body in (("answer", ["no_such", 1]), ("error", 7), ("error", ["one"]), ("answer", None)):
        reply = pair.ann.ask_future("bob", GetSaveStatus())
        [incoming] = pair.take_heard()
        frame = encode(Envelope(kind, incoming.ask_id, "bob", "life", body))  # type: ignore[arg-type]  # two Kinds
        pair.network.transports["ann"]._box.put(None, frame)
        pair.deliver_all()
        with pytest.raises(RemoteError, match="unreadable answer"):
            reply.result(0)


def test_an_asker_who_gave_up_is_not_answered(pair: Pair) -> None:
    """asyncio cancels a future for which nobody waits any more."""
    reply = pair.ann.ask_future("bob", GetSaveStatus())
    [incoming] = pair.take_heard()
    assert reply.cancel()
    pair.bob.answer(incoming, STATUS)
    pair.deliver_all()
    assert reply.cancelled()


# -- bounds ------------------------------------------------------------------------------------------------------


def test_messages_beyond_the_mailbox_limit_are_dropped_and_counted(pair: Pair) -> None:
    """1,000 wait; the others are dead letters, the question is refused, a kept message stays with its sender."""
    for number in range(LIMIT + 25):
        pair.ann.tell("bob", SaveNow(str(number)))
        pair.bob.pump(0.0)
    assert len(pair.bob.mailbox) == LIMIT
    assert pair.bob.dead_letters.count == 25
    assert {letter["reason"] for letter in pair.letters("bob")} == {"the mailbox is full"}
    reply = pair.ann.ask_future("bob", GetSaveStatus())
    pair.ann.tell("bob", make_finished("w1"))
    pair.deliver_all()
    with pytest.raises(MailboxFull, match="bob has 1000 messages waiting"):
        reply.result(0)
    assert pair.ann.count_unacknowledged() == 1
    assert len(pair.take_heard()) == LIMIT
    pair.pass_time(2.0)
    assert [watch_id(incoming.message) for incoming in pair.take_heard()] == ["w1"]


def test_a_full_queue_between_is_a_dead_letter_of_the_sender(pair: Pair) -> None:
    """Bob hangs: after as many frames as the transport holds, Ann notes what she cannot send."""
    for number in range(1010):
        pair.ann.tell("bob", SaveNow(str(number)))
    assert pair.ann.dead_letters.count == 10


def test_a_message_over_the_limit_is_a_dead_letter_or_an_error(pair: Pair) -> None:
    """Told: dropped and noted. Asked: said. Kept: set aside, and those after it go on. Answered: an error."""
    huge = SaveNow("x" * MAX_FRAME_BYTES)
    pair.ann.tell("bob", huge)
    assert "OversizedFrame" in pair.letters("ann")[0]["reason"]
    with pytest.raises(OversizedFrame):
        pair.ann.ask("bob", huge)
    aside: list[Message] = []
    pair.ann.on_dead_lettered = aside.append
    pair.ann.tell("bob", make_finished("x" * MAX_FRAME_BYTES))
    pair.ann.tell("bob", make_finished("w2"))
    assert [watch_id(incoming.message) for incoming in pair.take_heard()] == ["w2"]
    assert len(aside) == 1
    reply = pair.ann.ask_future("bob", GetSaveStatus())
    [incoming] = pair.take_heard()
    pair.bob.answer(incoming, huge)
    pair.deliver_all()
    with pytest.raises(RemoteError) as caught:
        reply.result(0)
    assert caught.value.kind == "OversizedFrame"


def test_a_value_that_cannot_be_encoded_does_not_end_the_sender(pair: Pair) -> None:
    """A number beyond 64 bits."""
    pair.ann.tell("bob", SuggestTitles("a", 2**64))
    assert "Unwritable" in pair.letters("ann")[0]["reason"]


def test_unknown_senders_take_no_memory(pair: Pair) -> None:
    """Ten thousand senders, one message each: only the last lives of at-least-once senders are remembered."""
    for number in range(10_000):
        raw(pair, "kept", f"id{number}", f"stranger{number}", "life", ["no_such"], 1, 1)
        pair.bob.pump(0.0)
    assert len(pair.bob._reliable_delivery._sequences._by_incarnation) == 64
    assert not pair.bob._reliable_delivery._outboxes


def test_a_question_never_takes_the_place_of_a_report(pair: Pair) -> None:
    """Nor is it replaced; and when it is taken out, the report that waits is still the one that newer ones replace."""
    tick = [AutoSaveTick(Moment(float(number), 0.0)) for number in range(4)]
    pair.ann.ask_future("bob", tick[0])  # type: ignore[arg-type]  # a report that is asked
    pair.ann.tell("bob", tick[1])
    pair.deliver_all()
    asked = pair.bob.mailbox.get()
    assert asked is not None
    assert (asked.message, bool(asked.ask_id)) == (tick[0], True)
    pair.ann.tell("bob", tick[2])
    pair.ann.ask_future("bob", tick[3])  # type: ignore[arg-type]  # likewise
    assert [incoming.message for incoming in pair.take_heard()] == [tick[2], tick[3]]


# -- what is kept -------------------------------------------------------------------------------------------------


def test_an_unreadable_kept_message_is_set_aside(pair: Pair) -> None:
    """It can never be handled: its sender must not send it for ever, and what follows goes on."""
    raw(pair, "kept", "x-1", "ann", "x", ["no_such", "important"], 1, 1)
    raw(pair, "kept", "x-2", "ann", "x", encode_body(make_finished("w2")), 2, 1)
    assert [watch_id(incoming.message) for incoming in pair.take_heard()] == ["w2"]
    [letter] = pair.letters("bob")
    assert letter["reason"].startswith("UnknownTag")
    assert letter["body"] == ["no_such", "important"]


def encode_body(message: Message) -> object:
    """The body as it is on the wire."""
    return msgpack.unpackb(encode(Envelope("tell", "", "", "", message)))[4]


# -- other threads, timers, the end ----------------------------------------------------------------------------


def test_other_threads_hand_their_work_over(pair: Pair) -> None:
    """tell and ask from anywhere; the owner sends."""
    pair.ann.bind_thread()
    replies: list[concurrent.futures.Future[SaveStatus]] = []
    in_a_thread(lambda: pair.ann.tell("bob", SaveNow("x")))
    in_a_thread(lambda: replies.append(pair.ann.ask_future("bob", GetSaveStatus())))
    pair.ann.pump(0.0)
    told, asked = pair.take_heard()
    assert told.message == SaveNow("x")
    pair.bob.answer(asked, STATUS)
    pair.deliver_all()
    assert replies[0].result(0) == STATUS


def test_a_callback_that_fails_is_its_owners_fault_alone(pair: Pair) -> None:
    """`on_broken` hears of it; whoever pumps just now does not."""
    broken: list[Exception] = []
    pair.ann.on_internal_failure = broken.append

    def fail() -> None:
        raise ValueError("mine")

    done: list[bool] = []
    pair.ann.call_at(0.0, fail)
    pair.ann.submit(fail)
    pair.ann.submit(lambda: done.append(True))
    pair.ann.tell("bob", make_finished("w1"), fail)
    for incoming in pair.take_heard():
        pair.bob.acknowledge(incoming)
    pair.deliver_all()
    assert [str(error) for error in broken] == ["mine"] * 3
    assert done == [True]
    pair.ann.on_internal_failure = None
    pair.ann.submit(fail)
    with pytest.raises(ValueError, match="mine"):
        pair.ann.pump(0.0)


def test_closing_an_endpoint_leaves_no_message_unanswered(pair: Pair) -> None:
    """Asks get an error, told messages become dead letters, kept messages stay with their sender."""
    waiting = pair.ann.ask_future("bob", GetSaveStatus())
    pair.ann.tell("bob", SaveNow("in the mailbox"))
    pair.ann.tell("bob", make_finished("w1"))
    pair.ann.tell("bob", AutoSaveTick(Moment(1.0, 1.0)))
    pair.bob.pump(0.0)
    late = pair.ann.ask_future("bob", GetSaveStatus())
    pair.ann.tell("bob", SaveNow("in the socket"))
    own = pair.bob.ask_future("ann", GetSaveStatus())
    pair.bob.close()
    pair.ann.pump(0.0)
    for reply in (waiting, late):
        with pytest.raises(ActorUnavailable, match="bob is stopping"):
            reply.result(0)
    with pytest.raises(ActorUnavailable, match="bob is stopping"):
        own.result(0)
    assert [letter["body"] for letter in pair.letters("bob")] == [
        {"requested_by": "in the mailbox"},
        {"requested_by": "in the socket"},
    ]
    assert pair.ann.count_unacknowledged() == 1
    pair.bob.close()


def test_after_the_end_nothing_hangs(pair: Pair) -> None:
    """Asks from any thread fail at once; what is told is a dead letter; what must be kept is refused."""
    pair.ann.bind_thread()
    pair.ann.close()
    with pytest.raises(ActorUnavailable, match="ann is stopping"):
        pair.ann.ask("bob", GetSaveStatus())
    with pytest.raises(ActorUnavailable):
        pair.ann.tell("bob", make_finished("w1"))
    replies: list[concurrent.futures.Future[SaveStatus]] = []
    in_a_thread(lambda: replies.append(pair.ann.ask_future("bob", GetSaveStatus())))
    with pytest.raises(ActorUnavailable):
        replies[0].result(0)
    in_a_thread(lambda: pair.ann.tell("bob", SaveNow("late")))
    assert pair.letters("ann")[-1]["body"] == {"requested_by": "late"}
    assert not pair.ann.submit(lambda: None)


def test_an_ask_that_was_handed_over_before_the_end_fails_too(pair: Pair) -> None:
    """It waited for the owner's thread, which ended."""
    pair.ann.bind_thread()
    replies: list[concurrent.futures.Future[SaveStatus]] = []
    in_a_thread(lambda: replies.append(pair.ann.ask_future("bob", GetSaveStatus())))
    pair.ann.close()
    with pytest.raises(ActorUnavailable):
        replies[0].result(0)


def test_a_ping_without_an_answer_is_forgotten_in_the_end(pair: Pair) -> None:
    """So many of each peer are remembered; closing cancels them."""
    futures = []
    for _ in range(PINGS_EACH + 1):
        futures.append(pair.ann.ping("bob"))
        pair.bob.pump(0.0)
    assert futures[0].cancelled()
    assert not futures[1].done()
    pair.ann.close()
    assert futures[PINGS_EACH].cancelled()


def test_a_ping_waits_for_its_answer_however_many_others_are_pinged(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of actors that have not answered yet do not make one that answers look silent."""
    pair.bob.heartbeat = lambda: Heartbeat(7, True, "", "", 0, 0.0, 0, 0.0, 0.0, 0)
    asked = pair.ann.ping("bob")
    with monkeypatch.context() as patched:
        patched.setattr(pair.network.transports["ann"], "send", lambda peer, frame: True)
        others = [pair.ann.ping(f"actor-{number}") for number in range(5000)]
    pair.deliver_all()
    assert asked.result(0).pid == 7
    assert not any(other.done() for other in others)
    assert "bob" not in pair.ann._pending_pings

"""At-least-once messages on the receiver's side: each once, in order, whatever was lost on the way."""

from __future__ import annotations

from actors.runtime.delivery.dedup import REMEMBERED, DedupDecision, SenderSequence, SenderSequences

HANDLE, ACKNOWLEDGE, IGNORE = DedupDecision


def test_in_order() -> None:
    """One after another, each once."""
    sequence = SenderSequence(1)
    assert [sequence.classify(number, 1) for number in (1, 2, 3)] == [HANDLE] * 3


def test_a_message_in_progress_is_not_accepted_again() -> None:
    """Nor acknowledged: its handler may yet fail."""
    sequence = SenderSequence(1)
    sequence.classify(1, 1)
    assert sequence.classify(1, 1) is IGNORE


def test_a_handled_message_is_acknowledged_again() -> None:
    """The first acknowledgement was lost."""
    sequence = SenderSequence(1)
    sequence.classify(1, 1)
    sequence.mark_finished(1)
    assert sequence.classify(1, 1) is ACKNOWLEDGE


def test_a_message_out_of_order_stays_with_its_sender() -> None:
    """A frame was lost: what comes after it is sent again too."""
    sequence = SenderSequence(1)
    assert sequence.classify(2, 1) is IGNORE
    assert sequence.classify(1, 1) is HANDLE
    assert sequence.classify(2, 1) is HANDLE


def test_a_new_receiver_begins_where_the_sender_is() -> None:
    """Not at 1: the first 40 were done by its earlier life."""
    sequence = SenderSequence(41)
    assert sequence.classify(42, 41) is IGNORE
    assert sequence.classify(41, 41) is HANDLE


def test_a_late_acknowledgement_of_an_earlier_life_leaves_no_gap() -> None:
    """The sender let go of 1 because the life before had done it: this one must not wait for it for ever."""
    sequence = SenderSequence(1)
    assert sequence.classify(2, 2) is HANDLE
    assert sequence.classify(1, 2) is ACKNOWLEDGE


def test_a_delayed_message_is_accepted_when_it_comes_again() -> None:
    """A late answer failed; the messages after it were handled."""
    sequence = SenderSequence(1)
    for number in (1, 2):
        sequence.classify(number, 1)
    sequence.mark_finished(2)
    sequence.accept_again(1)
    assert sequence.classify(2, 1) is ACKNOWLEDGE
    assert sequence.classify(1, 1) is HANDLE
    sequence.mark_finished(1)
    assert sequence.classify(1, 1) is ACKNOWLEDGE
    assert sequence.classify(3, 3) is HANDLE


def test_no_message_overtakes_a_delayed_one() -> None:
    """The disk is full at 1: 2 and 3, which wait behind it, come again after it."""
    sequence = SenderSequence(1)
    for number in (1, 2, 3):
        sequence.classify(number, 1)
    sequence.rewind(1, [2, 3])
    assert sequence.classify(2, 1) is IGNORE
    assert [sequence.classify(number, 1) for number in (1, 2, 3)] == [HANDLE] * 3


def test_a_message_handled_beside_a_delayed_one_is_not_repeated() -> None:
    """2 answers later, and did so while 1 was delayed."""
    sequence = SenderSequence(1)
    for number in (1, 2, 3):
        sequence.classify(number, 1)
    sequence.rewind(1, [3])
    sequence.mark_finished(2)
    assert sequence.classify(1, 1) is HANDLE
    assert sequence.classify(2, 1) is ACKNOWLEDGE
    assert sequence.classify(3, 1) is HANDLE


def test_an_open_message_beside_a_delayed_one_is_not_accepted_twice() -> None:
    """As above, but 2 has not answered yet."""
    sequence = SenderSequence(1)
    for number in (1, 2, 3):
        sequence.classify(number, 1)
    sequence.rewind(1, [3])
    assert sequence.classify(1, 1) is HANDLE
    assert sequence.classify(2, 1) is IGNORE
    assert sequence.classify(3, 1) is HANDLE


def test_a_message_delayed_twice_is_not_lost() -> None:
    """1 answered later, and failed; it came again and waits behind 2, for which the disk is full."""
    sequence = SenderSequence(1)
    for number in (1, 2):
        sequence.classify(number, 1)
    sequence.accept_again(1)
    assert sequence.classify(1, 1) is HANDLE
    sequence.rewind(2, [1])
    assert sequence.classify(1, 1) is HANDLE
    assert sequence.classify(2, 1) is HANDLE


def test_a_message_handled_between_two_delays_is_not_repeated() -> None:
    """1 is delayed a second time; 2 was handled in between, and its acknowledgement was lost."""
    sequence = SenderSequence(1)
    for number in (1, 2):
        sequence.classify(number, 1)
    sequence.accept_again(1)
    sequence.mark_finished(2)
    sequence.classify(1, 1)
    sequence.rewind(1, [])
    assert sequence.classify(1, 1) is HANDLE
    assert sequence.classify(2, 1) is ACKNOWLEDGE


def test_a_restarted_sender_is_a_new_sender() -> None:
    """It counts from 1 again."""
    sequences = SenderSequences()
    assert sequences.get_or_create("tracker", "a", 1).classify(1, 1) is HANDLE
    assert sequences.get_or_create("tracker", "b", 1).classify(1, 1) is HANDLE
    assert sequences.get_or_create("tracker", "a", 1).classify(2, 1) is HANDLE


def test_the_number_of_remembered_senders_is_limited() -> None:
    """The one that was silent for longest is forgotten."""
    sequences = SenderSequences()
    first, second = sequences.get_or_create("tracker", "0", 1), sequences.get_or_create("tracker", "1", 1)
    for life in range(2, REMEMBERED):
        sequences.get_or_create("tracker", str(life), 1)
    assert sequences.get_or_create("tracker", "0", 1) is first
    sequences.get_or_create("tracker", "one more", 1)
    assert sequences.get("tracker", "0") is first
    assert second is not None
    assert sequences.get("tracker", "1") is None

"""The mailbox: bounded, in order, and newest reports in the place of older ones."""

from __future__ import annotations

from actors.runtime.delivery.mailbox import LIMIT, Mailbox, ReceivedMessage
from messages import AutoSaveTick, Message, Moment, SaveNow


def told(
    message: Message, sender: str = "launcher", kept_id: str = "", ask_id: str = "", number: int = 0
) -> ReceivedMessage:
    """A message as it arrives."""
    return ReceivedMessage(message, sender, 1.0, None, ask_id, kept_id, "life" if kept_id else "", number)


def tick(at_s: float) -> AutoSaveTick:
    """A state report."""
    return AutoSaveTick(Moment(at_s, at_s))


def drained(mailbox: Mailbox) -> list[Message]:
    """All that waits, in its order."""
    return [incoming.message for incoming in iter(mailbox.get, None)]


def test_first_in_first_out() -> None:
    """And None where nothing waits."""
    mailbox = Mailbox()
    for who in "abc":
        assert mailbox.put(told(SaveNow(who)))
    assert drained(mailbox) == [SaveNow("a"), SaveNow("b"), SaveNow("c")]
    assert mailbox.get() is None


def test_a_full_mailbox_takes_nothing_more() -> None:
    """And loses nothing that it has."""
    mailbox = Mailbox(limit=2)
    assert [mailbox.put(told(SaveNow(who))) for who in "abc"] == [True, True, False]
    assert mailbox.is_full
    assert drained(mailbox) == [SaveNow("a"), SaveNow("b")]
    assert mailbox.put(told(SaveNow("d")))
    assert LIMIT == 1000


def test_a_newer_report_takes_the_place_of_an_older_one() -> None:
    """In the older one's place, so that a flood of reports never starves its own kind."""
    mailbox = Mailbox()
    mailbox.put(told(tick(1)))
    mailbox.put(told(SaveNow("a")))
    mailbox.put(told(tick(2)))
    assert drained(mailbox) == [tick(2), SaveNow("a")]


def test_a_report_is_taken_by_a_full_mailbox_where_it_replaces_one() -> None:
    """Only there."""
    mailbox = Mailbox(limit=1)
    mailbox.put(told(tick(1)))
    assert mailbox.put(told(tick(2)))
    assert not mailbox.put(told(tick(3), sender="another"))
    assert drained(mailbox) == [tick(2)]


def test_reports_of_several_senders_are_apart() -> None:
    """What one poller sees says nothing of another's server."""
    mailbox = Mailbox()
    mailbox.put(told(tick(1), sender="plex"))
    mailbox.put(told(tick(2), sender="plex-2"))
    assert drained(mailbox) == [tick(1), tick(2)]


def test_a_report_that_is_in_hand_is_not_replaced() -> None:
    """The newer one waits for itself."""
    mailbox = Mailbox()
    mailbox.put(told(tick(1)))
    assert mailbox.get() is not None
    mailbox.put(told(tick(2)))
    assert drained(mailbox) == [tick(2)]


def test_a_report_that_is_asked_is_not_replaced() -> None:
    """Somebody waits for its answer."""
    mailbox = Mailbox()
    mailbox.put(told(tick(1), ask_id="1"))
    mailbox.put(told(tick(2)))
    mailbox.put(told(tick(3), ask_id="2"))
    assert drained(mailbox) == [tick(1), tick(2), tick(3)]


def test_taking_back_what_comes_again() -> None:
    """Kept messages of one life of one sender; all else stays, in its order."""
    mailbox = Mailbox()
    mailbox.put(told(SaveNow("kept 1"), "tracker", kept_id="life-1", number=1))
    mailbox.put(told(SaveNow("plain"), "tracker"))
    mailbox.put(told(SaveNow("another's"), "discord", kept_id="other-1", number=1))
    mailbox.put(told(SaveNow("kept 2"), "tracker", kept_id="life-2", number=2))
    assert mailbox.withdraw("tracker", "life") == [1, 2]
    assert drained(mailbox) == [SaveNow("plain"), SaveNow("another's")]
    assert mailbox.withdraw("tracker", "life") == []


def test_age_of_the_oldest() -> None:
    """Milliseconds; zero where nothing waits."""
    mailbox = Mailbox()
    assert mailbox.oldest_ms(5.0) == 0.0
    mailbox.put(told(SaveNow("a")))
    assert mailbox.oldest_ms(3.5) == 2500.0

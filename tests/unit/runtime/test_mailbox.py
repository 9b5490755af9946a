"""The mailbox: bounded, in order; a newer report replaces an older one."""

from __future__ import annotations

from actors.runtime.delivery.mailbox import LIMIT, Mailbox, ReceivedMessage
from messages import AutoSaveTick, Message, Moment, SaveNow


def receive(
    message: Message, sender: str = "launcher", kept_id: str = "", ask_id: str = "", number: int = 0
) -> ReceivedMessage:
    """A message as it arrives."""
    return ReceivedMessage(message, sender, 1.0, None, ask_id, kept_id, "life" if kept_id else "", number)


def tick(at_s: float) -> AutoSaveTick:
    """A state report."""
    return AutoSaveTick(Moment(at_s, at_s))


def drain(mailbox: Mailbox) -> list[Message]:
    """All that waits, in its order."""
    return [incoming.message for incoming in iter(mailbox.get, None)]


def test_first_in_first_out() -> None:
    """And None where nothing waits."""
    mailbox = Mailbox()
    for who in "abc":
        assert mailbox.put(receive(SaveNow(who)))
    assert drain(mailbox) == [SaveNow("a"), SaveNow("b"), SaveNow("c")]
    assert mailbox.get() is None


def test_a_full_mailbox_takes_nothing_more() -> None:
    """And loses nothing that it has."""
    mailbox = Mailbox(limit=2)
    assert [mailbox.put(receive(SaveNow(who))) for who in "abc"] == [True, True, False]
    assert mailbox.is_full
    assert drain(mailbox) == [SaveNow("a"), SaveNow("b")]
    assert mailbox.put(receive(SaveNow("d")))
    assert LIMIT == 1000


def test_a_newer_report_takes_the_place_of_an_older_one() -> None:
    """In the older one's place, so that a flood of reports never starves its own kind."""
    mailbox = Mailbox()
    mailbox.put(receive(tick(1)))
    mailbox.put(receive(SaveNow("a")))
    mailbox.put(receive(tick(2)))
    assert drain(mailbox) == [tick(2), SaveNow("a")]


def test_reports_are_not_counted() -> None:
    """There is one of each key: a thousand Plex servers must not keep a question out, nor the questions a report."""
    mailbox = Mailbox(limit=1)
    assert mailbox.put(receive(tick(1)))
    assert mailbox.put(receive(tick(2)))
    assert mailbox.put(receive(tick(3), sender="another"))
    assert mailbox.put(receive(SaveNow("a")))
    assert mailbox.is_full
    assert not mailbox.put(receive(SaveNow("b")))
    assert mailbox.put(receive(tick(4), sender="a third"))
    assert drain(mailbox) == [tick(2), tick(3), SaveNow("a"), tick(4)]


def test_a_mailbox_is_full_by_its_bytes_too() -> None:
    """Whatever they are of; a newer report counts instead of the older one, and what is taken out no more."""
    mailbox = Mailbox(limit_bytes=100)
    assert mailbox.put(receive_sized(tick(1), 60))
    assert mailbox.put(receive_sized(tick(2), 30))
    assert mailbox.put(receive_sized(SaveNow("a"), 90)), "one message always finds room"
    assert (mailbox.size, mailbox.is_full, mailbox.refused_s) == (120, True, None)
    assert not mailbox.put(receive_sized(SaveNow("b"), 1))
    assert not mailbox.put(receive_sized(tick(1), 1, "another"))
    assert mailbox.refused_s == 1.0
    assert drain(mailbox) == [tick(2), SaveNow("a")]
    assert mailbox.size == 0
    mailbox.put(receive_sized(SaveNow("a"), 90, kept_id="k"))
    assert mailbox.withdraw("launcher", "life") == [0]
    assert mailbox.size == 0


def receive_sized(message: Message, size: int, sender: str = "launcher", kept_id: str = "") -> ReceivedMessage:
    """A message of some bytes."""
    incoming = receive(message, sender, kept_id)
    incoming.size = size
    return incoming


def test_reports_of_several_senders_are_apart() -> None:
    """What one poller sees says nothing of another's server."""
    mailbox = Mailbox()
    mailbox.put(receive(tick(1), sender="plex"))
    mailbox.put(receive(tick(2), sender="plex-2"))
    assert drain(mailbox) == [tick(1), tick(2)]


def test_a_report_that_is_in_hand_is_not_replaced() -> None:
    """The newer one waits for itself."""
    mailbox = Mailbox()
    mailbox.put(receive(tick(1)))
    assert mailbox.get() is not None
    mailbox.put(receive(tick(2)))
    assert drain(mailbox) == [tick(2)]


def test_a_report_that_is_asked_is_not_replaced() -> None:
    """Somebody waits for its answer."""
    mailbox = Mailbox()
    mailbox.put(receive(tick(1), ask_id="1"))
    mailbox.put(receive(tick(2)))
    mailbox.put(receive(tick(3), ask_id="2"))
    assert drain(mailbox) == [tick(1), tick(2), tick(3)]


def test_returned_messages_are_those_of_one_sender() -> None:
    """Kept messages of one life of one sender; all others stay, in order."""
    mailbox = Mailbox()
    mailbox.put(receive(SaveNow("kept 1"), "tracker", kept_id="life-1", number=1))
    mailbox.put(receive(SaveNow("plain"), "tracker"))
    mailbox.put(receive(SaveNow("another's"), "discord", kept_id="other-1", number=1))
    mailbox.put(receive(SaveNow("kept 2"), "tracker", kept_id="life-2", number=2))
    assert mailbox.withdraw("tracker", "life") == [1, 2]
    assert drain(mailbox) == [SaveNow("plain"), SaveNow("another's")]
    assert mailbox.withdraw("tracker", "life") == []


def test_age_of_the_oldest() -> None:
    """Milliseconds; zero where nothing waits."""
    mailbox = Mailbox()
    assert mailbox.oldest_ms(5.0) == 0.0
    mailbox.put(receive(SaveNow("a")))
    assert mailbox.oldest_ms(3.5) == 2500.0

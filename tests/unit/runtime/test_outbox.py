"""At-least-once messages on the sender's side: in order, bounded, sent again until they are acknowledged."""

from __future__ import annotations

import pytest

from actors.runtime.delivery import outbox as outbox_module
from actors.runtime.delivery.outbox import FIRST_RETRY_S, LAST_RETRY_S, LIMIT, WINDOW, PeerOutbox, PendingDelivery
from actors.runtime.errors import OutboxFull
from messages import BadgesAwarded, EarnedBadge, SaveNow

MESSAGE = SaveNow("1")


def make_outbox(count: int = 0) -> PeerOutbox:
    """An outbox in which `count` messages wait."""
    outbox = PeerOutbox("tracker", "life")
    for _ in range(count):
        outbox.add(MESSAGE)
    return outbox


def numbers(batch: list[PendingDelivery]) -> list[int]:
    """What a batch holds."""
    return [kept.number for kept in batch]


def test_a_message_is_sent_once_within_a_pause() -> None:
    """The outbox then waits for its acknowledgement."""
    outbox = make_outbox(3)
    assert numbers(outbox.take_due(0.0)) == [1, 2, 3]
    assert outbox.take_due(FIRST_RETRY_S / 2) == []
    assert outbox.next_at() == FIRST_RETRY_S


def test_an_empty_outbox_has_nothing_to_do() -> None:
    """No timer runs for a peer to whom all was told."""
    outbox = make_outbox(1)
    [kept] = outbox.take_due(0.0)
    assert outbox.acknowledge(kept.id, 0.1) is kept
    assert outbox.next_at() is None
    assert len(outbox) == 0
    assert outbox.oldest == 2


def test_an_acknowledgement_counts_once() -> None:
    """The second one, of a copy, finds nothing."""
    outbox = make_outbox(1)
    [kept] = outbox.take_due(0.0)
    outbox.acknowledge(kept.id, 0.1)
    assert outbox.acknowledge(kept.id, 0.2) is None
    assert outbox.acknowledge("never-sent", 0.2) is None


def test_only_the_oldest_message_is_retried_at_a_silent_peer() -> None:
    """Its queue must not fill with copies; when it answers, the rest is sent again at once."""
    outbox = make_outbox(3)
    first = outbox.take_due(0.0)[0]
    assert numbers(outbox.take_due(FIRST_RETRY_S)) == [1]
    outbox.acknowledge(first.id, 1.0)
    assert outbox.next_at() == 0.0
    assert numbers(outbox.take_due(1.0)) == [2, 3]


def test_pauses_grow_to_a_limit() -> None:
    """A peer that is down for long is not flooded, and is found within LAST_RETRY_S of its return."""
    outbox = make_outbox(1)
    outbox.take_due(0.0)
    pauses, at = [], 0.0
    for _ in range(6):
        again = outbox.next_at()
        assert again is not None
        pauses.append(again - at)
        at = again
        assert numbers(outbox.take_due(at)) == [1]
    assert pauses[0] == FIRST_RETRY_S
    assert pauses == sorted(pauses)
    assert pauses[-1] == LAST_RETRY_S


def test_progress_of_others_does_not_put_off_a_lost_one() -> None:
    """Number 1 is lost; that later ones are acknowledged must not move its retry."""
    outbox = make_outbox(3)
    batch = outbox.take_due(0.0)
    before = outbox.next_at()
    outbox.acknowledge(batch[1].id, FIRST_RETRY_S - 0.01)
    assert outbox.next_at() == before
    assert numbers(outbox.take_due(FIRST_RETRY_S)) == [1]


def test_new_messages_do_not_put_off_a_lost_one() -> None:
    """Steady traffic once put off every retry for ever."""
    outbox = make_outbox(1)
    outbox.take_due(0.0)
    for tenth in range(1, 5):
        outbox.add(MESSAGE)
        outbox.take_due(tenth * 0.1)
    assert outbox.next_at() == FIRST_RETRY_S
    assert numbers(outbox.take_due(FIRST_RETRY_S))[0] == 1


def test_a_new_life_of_the_peer_gets_all_again_at_once() -> None:
    """What its killed life had in its sockets is lost."""
    outbox = make_outbox(3)
    outbox.take_due(0.0)
    outbox.on_peer_seen("first life")
    assert outbox.take_due(0.1) == []
    outbox.on_peer_seen("second life")
    assert outbox.next_at() == 0.0
    assert numbers(outbox.take_due(0.1)) == [1, 2, 3]
    outbox.on_peer_seen("second life")
    assert outbox.take_due(0.2) == []


def test_the_number_of_unacknowledged_messages_is_limited() -> None:
    """The rest waits, so that no queue in between overflows."""
    outbox = make_outbox(WINDOW + 10)
    first = outbox.take_due(0.0)
    assert len(first) == WINDOW
    outbox.acknowledge(first[0].id, 0.1)
    assert numbers(outbox.take_due(0.1)) == [WINDOW + 1]


def test_a_new_life_does_not_widen_the_window() -> None:
    """Never-sent ones are not sent because others come again."""
    outbox = make_outbox(WINDOW + 10)
    outbox.take_due(0.0)
    outbox.on_peer_seen("a")
    outbox.on_peer_seen("b")
    assert len(outbox.take_due(0.1)) == WINDOW


def test_a_full_outbox_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller gets an error with the peer's name, and nothing that waits is lost."""
    monkeypatch.setattr(outbox_module, "LIMIT", 3)
    outbox = make_outbox(3)
    with pytest.raises(OutboxFull, match="tracker"):
        outbox.add(MESSAGE)
    assert len(outbox) == 3
    assert LIMIT == 10_000


def test_a_message_is_known_by_its_own_id_where_it_has_one() -> None:
    """So a receiver knows it again when its sender, restarted, tells it anew."""
    badge = EarnedBadge("first_reel", "First Reel", "🎬", "common", "One film", 0.0, 1.0)
    awarded = BadgesAwarded("7", "Ana", (badge,))
    first, second = PeerOutbox("discord", "life-1"), PeerOutbox("discord", "life-2")
    assert first.add(awarded).id == second.add(awarded).id == awarded.dedup_id()


def test_equal_messages_have_different_ids() -> None:
    """An id stands for one waiting message at a time: acknowledging one must not lose the other."""
    awarded = BadgesAwarded("7", "Ana", ())
    outbox = PeerOutbox("discord", "life")
    first, second = outbox.add(awarded), outbox.add(awarded)
    assert first.id != second.id
    outbox.acknowledge(first.id, 0.0)
    assert len(outbox) == 1


def test_an_outbox_is_full_by_its_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message always finds room; what was acknowledged counts no more, and nothing that waits is dropped."""
    monkeypatch.setattr(outbox_module, "LIMIT_BYTES", 100)
    outbox = PeerOutbox("tracker", "life")
    first = outbox.add(MESSAGE, size=120)
    with pytest.raises(OutboxFull, match=r"1 messages wait for tracker \(0 MB\)"):
        outbox.add(MESSAGE, size=1, now_s=7.0)
    assert (len(outbox), outbox.size, outbox.refused_s) == (1, 120, 7.0)
    outbox.take_due(7.0)
    outbox.acknowledge(first.id, 7.0)
    assert outbox.size == 0
    outbox.add(MESSAGE, size=60)
    outbox.add(MESSAGE, size=40)
    with pytest.raises(OutboxFull):
        outbox.add(MESSAGE, size=1)

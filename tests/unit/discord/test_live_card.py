"""When a card may be edited."""

import time

import pytest

from actors.chat.discord.features.live_card import CardRecord, live_card, live_card_embeds
from actors.chat.discord.features.live_card.edit_pace import EditPace
from actors.chat.discord.features.live_card.live_card import LiveCard
from messages import Moment, ScreeningEnded
from tests.unit.discord import samples


@pytest.mark.parametrize(
    ("age_s", "soon_s", "moves_s"), [(0.0, 2.0, 15.0), (7_200.0, live_card.OLD_SOON_S, live_card.OLD_EVERY_S)]
)
def test_an_old_message_is_edited_rarely_whatever_changes(age_s: float, soon_s: float, moves_s: float) -> None:
    """Beyond an hour Discord counts edits: people who come and go all the time make three a minute at most."""
    edited_s = time.monotonic()
    card = LiveCard(CardRecord("s", 1, 0.0), samples.screening(), edited_s=edited_s, posted_s=edited_s - age_s)
    assert card.due_s() == pytest.approx(edited_s + moves_s)
    card.mark_changed()
    assert card.due_s() == pytest.approx(edited_s + soon_s, abs=0.5)


def test_the_cards_of_all_servers_share_the_rate_limit() -> None:
    """A few are edited each 15 s; of 1,500 on 300 servers as many a second as possible, changes at once."""
    now_s = [1000.0]
    pace = EditPace(per_s=20, now_s=lambda: now_s[0])
    assert [pace.reserve() for _ in range(3)] == pytest.approx([0.0, 0.05, 0.1])
    now_s[0] += 1.0
    began_s = time.monotonic()
    shown = samples.screening()
    cards = [LiveCard(CardRecord(str(n), n, 0.0), shown, edited_s=began_s, pace=pace) for n in range(1500)]
    due = [(card.due_s() or 0.0) - began_s for card in cards]
    assert due[0] == pytest.approx(live_card.POSITION_EVERY_S)
    assert max(due) == pytest.approx(live_card.POSITION_EVERY_S + 1499 / 20)
    busiest = max(sum(start <= each < start + 1 for each in due) for start in range(100))
    assert busiest <= 20 + 1
    cards[-1].mark_changed()
    assert (cards[-1].due_s() or 0.0) <= time.monotonic() + live_card.SETTLE_S


def test_a_change_after_a_long_silence_is_seen_soon_on_an_old_message() -> None:
    """The pause is between edits, not before the first."""
    now_s = time.monotonic()
    card = LiveCard(
        CardRecord("s", 1, 0.0), samples.screening(state="paused"), edited_s=now_s - 600, posted_s=now_s - 7_200
    )
    card.mark_changed()
    assert card.due_s() == pytest.approx(now_s + live_card.SETTLE_S, abs=0.5)


def test_a_picture_does_not_wait_on_an_old_message() -> None:
    """It comes once or twice in a card's life."""
    now_s = time.monotonic()
    card = LiveCard(CardRecord("s", 1, 0.0), samples.screening(), edited_s=now_s, posted_s=now_s - 7_200)
    card.attach("chart.png", b"png")
    due_s = card.due_s()
    assert due_s is not None and due_s <= time.monotonic()


def test_a_resumed_film_is_shown_soon_after_its_end() -> None:
    """Even if nobody came or left: its message still says that it has ended."""
    now_s = time.monotonic()
    shown = samples.screening()
    card = LiveCard(CardRecord("s", 1, 0.0), shown, live_card_embeds.signature(shown), edited_s=now_s)
    card.record.ended = ScreeningEnded(Moment(shown.seen.wall_s - 60, 0.0), shown)
    assert card.note_film_running(shown)
    assert card.due_s() == pytest.approx(now_s + live_card.SETTLE_S, abs=0.5)


def test_the_record_is_sorted_by_share_seen() -> None:
    """Then by time; 99 % and more is all of it, and viewers without a known share come last."""
    shares = {"Ana": 37.5, "Ben": 99.2, "Cem": None, "Dana": 100.0, "Eva": 37.5}
    seats = tuple(
        samples.seat(name, viewer_id=name, present=False, completion_percent=percent, playing_s=float(600 + at))
        for at, (name, percent) in enumerate(shares.items())
    )
    shown = samples.screening(1, "Metropolis", seats=seats)
    text = live_card_embeds.build_record(ScreeningEnded(samples.NOW, shown)).description or ""
    assert [line.split("**")[1] for line in text.splitlines() if "**" in line] == ["Dana", "Ben", "Eva", "Ana", "Cem"]
    assert text.count("saw all of it") == 2 and text.count("saw 38 %") == 2


def test_two_members_of_one_name_are_two() -> None:
    """One left, and stands below Left, though another of that name is still here; one who came back does not."""
    seats = (
        samples.seat("Ana", viewer_id="1"),
        samples.seat("Ana", viewer_id="2", present=False),
        samples.seat("Ben", viewer_id="3", present=False),
        samples.seat("Ben", viewer_id="3"),
    )
    card = live_card_embeds.build_playing(samples.screening(seats=seats), samples.NOW)
    here, left = card.fields
    assert here.value is not None and here.value.count("Ana") == 1 and "Ben" in here.value
    assert left.value == "Ana"


def test_the_emoji_of_a_server_in_a_badge_is_shown() -> None:
    """In the night's record too: only the name is escaped."""
    ended = ScreeningEnded(samples.NOW, samples.screening())
    record = live_card_embeds.build_record(ended, [("1", "Ana", "<:gold_reel:123> First *Reel*")])
    assert record.fields[0].value == "**Ana** · <:gold_reel:123> First \\*Reel\\*"

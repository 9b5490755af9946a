"""Accounts that play a film at the same time have one card, against a simulated Discord."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.runtime import Clock
from messages import Moment, NowPlaying, Screening, ScreeningEnded, ScreeningStarted
from simulator.discord.faults import RestFault
from simulator.discord.model.messages import ChannelMessage
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage, until
from tests.unit.discord import samples

ANA, BEN = samples.seat("Ana", viewer_id="1"), samples.seat("Ben", viewer_id="2")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the other actors."""
    with open_stage(tmp_path) as made:
        yield made


def now() -> Moment:
    """The service's own time."""
    return Clock().now()


def make_lone_screening(number: int) -> Screening:
    """One account's screening."""
    return samples.screening(number, party=False, seen=now(), seats=((ANA, BEN)[number - 1],), host="anaplex")


def both() -> Screening:
    """The screening that both have become part of."""
    return samples.screening(
        3, party=False, seen=now(), seats=(ANA, BEN), merged=("screening-1", "screening-2"), host="anaplex"
    )


def list_posts(stage: Stage) -> list[ChannelMessage]:
    """What stands in the channel."""
    return stage.discord.messages("film-club", by_bot=True)


def start_both(stage: Stage) -> tuple[ChannelMessage, ChannelMessage]:
    """Both begin, each with a card."""
    for number in (1, 2):
        assert stage.tracker.tell(ScreeningStarted(now(), make_lone_screening(number))).wait(WITHIN_S)
    first, second = list_posts(stage)
    return first, second


def test_two_cards_become_one(stage: Stage) -> None:
    """Without a new post: the first card shows both, the second is deleted; at the end it is the one record."""
    with stage.acting():
        first, _ = start_both(stage)
        assert stage.tracker.tell(ScreeningStarted(now(), both())).wait(WITHIN_S)
        stage.tracker.tell(NowPlaying(now(), (both(),)))
        until(lambda: list_posts(stage) == [first], "the second card is deleted")
        until(lambda: "Watching together · 2" in first.text, "the first shows both")
        assert "watched together" in first.text and "anaplex" not in first.text
        assert stage.tracker.tell(ScreeningEnded(now(), both())).wait(WITHIN_S)
        assert list_posts(stage) == [first]
        assert "🏁" in first.text and "2 viewers together" in first.text
    assert stage.discord.recorder.count("POST", "/messages") == 2
    (record,) = stage.read_state("live_card").values()
    assert record["screening_id"] == "screening-3"


def test_cards_become_one_after_a_missed_start(stage: Stage) -> None:
    """The process was away when the joint screening started, and learns of it from what is playing."""
    with stage.acting():
        first, _ = start_both(stage)
    with stage.acting():
        stage.tracker.tell(NowPlaying(now(), (both(),)))
        until(lambda: list_posts(stage) == [first], "the second card is deleted")


def test_a_card_is_deleted_as_soon_as_discord_allows_it(stage: Stage) -> None:
    """While Discord is away the deletion is tried again, also after a restart."""
    with stage.acting():
        first, second = start_both(stage)
        fault = stage.discord.faults.add(RestFault(503, "/messages", "DELETE"))
        stage.tracker.tell(NowPlaying(now(), (both(),)))
        until(lambda: stage.discord.recorder.count("DELETE", "/messages"), "a try")
        assert list_posts(stage) == [first, second]
    stage.discord.faults.heal(fault)
    with stage.acting():
        until(lambda: list_posts(stage) == [first], "the second card is deleted")


def test_without_any_card_they_get_one(stage: Stage) -> None:
    """Many films had started at once, announced in one message that cannot become a card."""
    with stage.acting():
        assert stage.tracker.tell(ScreeningStarted(now(), both())).wait(WITHIN_S)
        (card,) = list_posts(stage)
        assert "Watching together · 2" in card.text
        assert stage.tracker.tell(ScreeningEnded(now(), both())).wait(WITHIN_S)
        assert list_posts(stage) == [card] and "🏁" in card.text


def test_a_viewer_who_falls_behind_gets_a_card_again(stage: Stage) -> None:
    """Ben's film is announced again; its card goes when he has caught up."""
    with stage.acting():
        first, _ = start_both(stage)
        stage.tracker.tell(NowPlaying(now(), (both(),)))
        until(lambda: list_posts(stage) == [first], "the second card is deleted")
        assert stage.tracker.tell(ScreeningStarted(now(), make_lone_screening(2))).wait(WITHIN_S)
        assert len(list_posts(stage)) == 2
        stage.tracker.tell(NowPlaying(now(), (both(),)))
        until(lambda: list_posts(stage) == [first], "it is deleted again")

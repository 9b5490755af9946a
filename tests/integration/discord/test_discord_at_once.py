"""Two members press the same button, or give the same command, at once: it is done once, and both are told."""

import concurrent.futures
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from messages import GetSuggestions, StartTracking, SuggestionsPage, TrackingPlan
from simulator.discord.model.messages import ChannelMessage
from tests.integration.discord.discord_stage import Stage, answer, until
from tests.integration.discord.planned_night import events, knowing_a_film
from tests.integration.discord.test_discord_vote import make_suggestion, result, start

BOTH = ("Iris", "Rosa")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord in which both may manage events, a Plex with a film, and three films on the list."""
    with knowing_a_film(tmp_path) as made:
        made.tracker.answers[StartTracking] = TrackingPlan((), (), "", ())
        films = tuple(make_suggestion(number, title) for number, title in enumerate(("Metropolis", "Brazil", "Alien")))
        made.persistence.answers[GetSuggestions] = SuggestionsPage(films, len(films))
        made.discord.guild.members[made.discord.member("Rosa").id].roles = list(made.discord.member("Iris").roles)
        yield made


def do_at_once(what: Callable[[str], Any]) -> list[Any]:
    """Let both do something at once; return both results."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(what, BOTH))


def polls(stage: Stage) -> list[ChannelMessage]:
    """The polls that were asked."""
    return [message for message in stage.discord.messages() if message.poll is not None]


def test_two_votes_at_once_are_one(stage: Stage) -> None:
    """The second member is told where the vote is."""
    stage.discord.faults.delay_requests(0.3, "/messages", times=1)
    with stage.acting():
        said = do_at_once(lambda who: stage.discord.slash(who, "vote").wait_reply(15).text)
        assert len(polls(stage)) == 1
        assert sum("A vote is running already" in text for text in said) == 1


def test_a_vote_that_two_end_at_once_ends_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The result is posted once, and nobody is told of an error."""
    with stage.acting():
        poll, card = start(stage)
        stage.discord.vote("Chiara", poll, 1)
        stage.discord.faults.delay_requests(0.3, "/expire")
        do_at_once(lambda who: stage.discord.click(who, card, "End the vote now").wait_ack())
        result(stage)
        until(lambda: stage.discord.recorder.count("PATCH", "/messages/@original") >= 2, "both are done")
        until(lambda: not card.controls, "the button goes")
    assert sum("won the vote" in message.text for message in stage.discord.messages()) == 1
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


def test_a_film_chosen_twice_for_an_open_night_is_added_once(stage: Stage) -> None:
    """Two members press at once; the second is told that the night has its film."""
    with stage.acting():
        answer(stage, "Iris", "!night every friday 20:30")
        until(lambda: events(stage), "an open night")
        poll, card = start(stage)
        stage.discord.vote("Chiara", poll, 1)
        stage.discord.click("Iris", card, "End the vote now")
        won = result(stage)
        asked = do_at_once(lambda who: stage.discord.click(who, won, "Plan the night").wait_reply())
        stage.discord.faults.delay_requests(0.3, "/scheduled-events/")

        def press(who: str) -> str:
            shown = asked[BOTH.index(who)]
            button = next(each for each in shown.controls if "open-night" in each["custom_id"])
            return stage.discord.click(who, shown, button["custom_id"]).wait_reply(15).text

        said = do_at_once(press)
        assert sum("already has a film" in text for text in said) == 1, said
        assert events(stage)[0]["name"] == "🎬 Metropolis (1927)"

"""A vote on Discord: the poll that is asked, how its end is noticed, and the night that follows."""

import datetime
import functools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from messages import (
    FilmsFound,
    FindFilms,
    GetSuggestions,
    GetWhoSaw,
    RecordVotes,
    StartTracking,
    SuggestedFilm,
    SuggestionsPage,
    TitleCount,
    TrackingPlan,
    WhoSaw,
)
from simulator.discord.model.messages import ChannelMessage
from simulator.discord.model.permissions import READ_HISTORY, SEND_POLLS
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, answer, until
from tests.integration.discord.planned_night import PICTURE, events, in_minutes, knowing_a_film, read_nights
from tests.unit.discord import samples

TITLES = ("Metropolis", "Brazil", "Alien")


def make_suggestion(number: int, title: str, suggested_by: str = "", **changes: Any) -> SuggestedFilm:
    """A film on the list."""
    item = samples.item(title, thumb="/thumb")
    plain: dict[str, Any] = {
        "suggestion_id": f"{number:016x}", "title": title, "year": 1927, "item": item, "suggested_by": suggested_by,
        "suggested_at_s": 1.0, "wanted": 3 - number, "names": (), "is_mine": False, "seen": 0, "asked_of": 4,
    }  # fmt: skip
    return SuggestedFilm(**{**plain, **changes})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, a Plex with a film, and three films on the list."""
    with knowing_a_film(tmp_path) as made:
        made.tracker.answers[StartTracking] = TrackingPlan((), (), "", ())
        suggest(made, *(make_suggestion(number, title) for number, title in enumerate(TITLES)))
        yield made


def suggest(stage: Stage, *films: SuggestedFilm) -> None:
    """Have these films on the list."""
    stage.persistence.answers[GetSuggestions] = SuggestionsPage(films, len(films))


def start(stage: Stage, text: str = "!vote") -> tuple[ChannelMessage, ChannelMessage]:
    """Iris starts a vote: the poll, and the card with the button."""
    card = answer(stage, "Iris", text)
    poll = until(lambda: [m for m in stage.discord.messages() if m.poll is not None and not m.poll.is_final], "a poll")
    return poll[-1], card


def result(stage: Stage, text: str = "won the vote") -> ChannelMessage:
    """The message that says what won."""
    return stage.discord.wait_for(lambda message: text in message.text, WITHIN_S)


def votes_told(stage: Stage) -> list[RecordVotes]:
    """What the store was told of votes."""
    return stage.persistence.list_heard(RecordVotes)


def test_a_vote_ends_at_a_button_and_its_film_becomes_a_night(stage: Stage) -> None:
    """Asked in a poll of a day; who voted is told to the store once; the night is planned where the time is given."""
    with stage.acting():
        poll, card = start(stage)
        asked = poll.poll
        assert asked is not None and asked.is_multiple
        assert [media["text"] for media in asked.answers] == [f"{title} (1927)" for title in TITLES]
        assert 23.9 < (asked.ends_s - time.time()) / 3600 < 24.1
        assert "nobody here has seen it" in card.text
        assert "A vote is running" in answer(stage, "Iris", "!vote").text
        for who, title in (("Chiara", "Brazil"), ("Björn", "Brazil"), ("Björn", "Alien"), ("Rosa", "Metropolis")):
            stage.discord.vote(who, poll, f"{title} (1927)")
        denied = stage.discord.click("Chiara", card, "End the vote now").wait_reply()
        assert "Manage Events" in denied.text and denied.is_ephemeral and not asked.is_final
        stage.discord.click("Iris", card, "End the vote now")
        won = result(stage)
        assert "🏆 Brazil (1927)" in won.text and "2 votes" in won.text and "3 members voted" in won.text
        assert [file.content for file in won.attachments] == [PICTURE]
        until(lambda: not card.controls, "the button goes")
        assert "Voting has ended." in card.text and "To the poll" not in card.text and "Brazil (1927)" in card.text
        (told,) = votes_told(stage)
        voted = {vote.username: vote.films for vote in told.votes}
        assert voted == {"Chiara": ("Brazil",), "Björn": ("Brazil", "Alien"), "Rosa": ("Metropolis",)}

        refused = stage.discord.click("Chiara", won, "Plan the night").wait_reply()
        assert "Manage Events" in refused.text
        form = stage.discord.click("Iris", won, "Plan the night")
        form.wait_ack()
        vague = stage.discord.submit(form, {field_of(form): "someday"}).wait_reply()
        assert "I didn't understand that time." in vague.text and not events(stage)
        form = stage.discord.click("Iris", won, "Plan the night")
        form.wait_ack()
        planned = stage.discord.submit(form, {field_of(form): in_minutes(stage, 45)}).wait_reply()
        assert planned.embeds[0]["title"].startswith("📅")
        (made,) = events(stage)
        assert made["name"] == "🎬 Brazil (1927)"
        (night,) = until(lambda: read_nights(stage), "it is remembered")
        assert night["title"] == "Brazil"


def field_of(form: Any) -> str:
    """The custom_id of a form's one field."""
    (row,) = form.modal["components"]
    inner = row["components"][0] if "components" in row else row["component"]
    return str(inner["custom_id"])


def test_a_vote_that_ended_while_usher_was_away_is_announced(stage: Stage) -> None:
    """The next process fetches the poll, and posts the result once, however often it starts."""
    with stage.acting():
        poll, _card = start(stage, "!vote Alien; Brazil 48h")
        until(lambda: stage.read_state("film_vote"), "it is remembered")
    assert poll.poll is not None and [media["text"] for media in poll.poll.answers] == ["Alien (1927)", "Brazil (1927)"]
    stage.discord.vote("Chiara", poll, 1)
    stage.discord.end_poll(poll)
    assert not votes_told(stage)
    with stage.acting():
        assert "🏆 Alien (1927)" in result(stage).text
        until(lambda: stage.read_state("film_vote")[str(poll.id)]["is_over"], "it is over")
    with stage.acting():
        assert "No film night is planned" in answer(stage, "Chiara", "!night").text
    assert sum("won the vote" in message.text for message in stage.discord.messages()) == 1
    assert len(votes_told(stage)) == 1


def test_the_end_of_a_poll_is_reported_by_discord(stage: Stage) -> None:
    """Before its time by the clock: Discord's message says so. Nobody voted, nothing is planned."""
    with stage.acting():
        poll, _card = start(stage)
        stage.discord.end_poll(poll)
        assert not result(stage, "Nobody voted").controls
        assert start(stage)[0].id != poll.id, "the next vote may begin"


def test_a_tie_goes_to_whoever_won_longest_ago(stage: Stage) -> None:
    """First to the one who never won, then to the other; by the order of the list where neither did."""
    ana, ben = (str(stage.discord.member(name).id) for name in ("Chiara", "Björn"))
    suggest(stage, make_suggestion(0, "Metropolis", ana), make_suggestion(1, "Brazil", ben))
    with stage.acting():
        for winner in ("Metropolis", "Brazil", "Metropolis"):
            poll, _card = start(stage)
            stage.discord.vote("Chiara", poll, 1)
            stage.discord.vote("Björn", poll, 2)
            before = len(stage.discord.messages())
            stage.discord.end_poll(poll)
            said = until(functools.partial(new_result, stage, before), "what won")[0]
            assert f"🏆 {winner} (1927) won the vote" in said.text and "Tied with" in said.text
            until(lambda: not [v for v in stage.read_state("film_vote").values() if not v["is_over"]], "it is over")
            time_passes(stage)
    assert set(stage.read_state("film_vote_turns")) == {ana, ben}


def new_result(stage: Stage, before: int) -> list[ChannelMessage]:
    """The messages after so many that say what won."""
    return [message for message in stage.discord.messages()[before:] if "won the vote" in message.text]


def time_passes(stage: Stage) -> None:
    """Wait until the clock shows another moment than that of the last win."""
    last_s = max(stage.read_state("film_vote_turns").values())
    until(lambda: time.time() > last_s, "a moment later")


def test_the_vote_shows_who_has_seen_films_not_on_the_list(stage: Stage) -> None:
    """As for those on the list; another film that fits the title does not count."""
    stage.plex.answers[FindFilms] = FilmsFound((samples.item("Greed"),))
    greed = TitleCount("Greed", samples.item("Greed").year, 1, 1, 60.0)
    stage.persistence.answers[GetWhoSaw] = WhoSaw(greed, (), (), 2, 1, 1)
    with stage.acting():
        _poll, card = start(stage, "!vote Greed; Brazil")
        assert "Greed (1927)** · 1 of 4 here have seen it" in card.text, card.text
    assert stage.persistence.list_heard(GetWhoSaw)[0].title == "Greed (1927)"


def test_a_refused_vote_says_why(stage: Stage) -> None:
    """Too few films, an unknown one, a duration that Discord refuses, no permission: there is no poll."""
    stage.plex.answers[FindFilms] = FilmsFound()
    with stage.acting():
        assert "Manage Events" in answer(stage, "Chiara", "!vote").text
        assert "neither on the list nor on Plex" in answer(stage, "Iris", "!vote Metropolis; Greed").text
        assert "to 168 hours" in answer(stage, "Iris", "!vote 8d").text
        suggest(stage, make_suggestion(0, "Metropolis"))
        assert "two films or more" in answer(stage, "Iris", "!vote").text
        stage.discord.deny_permissions("film-club", SEND_POLLS)
        until(lambda: "create polls" in answer(stage, "Rosa", "!vote").text, "it says which permission lacks")
    assert not [message for message in stage.discord.messages() if message.poll is not None]


def test_a_poll_that_was_deleted_is_forgotten(stage: Stage) -> None:
    """Then the next vote may begin."""
    with stage.acting():
        poll, _card = start(stage)
        until(lambda: stage.read_state("film_vote"), "it is remembered")
        stage.discord.world.delete(poll)
    with stage.acting():
        until(lambda: not stage.read_state("film_vote"), "it is forgotten")
        assert start(stage)


def test_requests_are_as_discord_describes_them(stage: Stage) -> None:
    """The poll's request: whole hours, texts within the limits."""
    long = "The Amazing and Entirely True Story of a Projectionist Who Would Not Go Home until the Last Reel Was Over"
    suggest(stage, *(make_suggestion(number, f"{long} {number}") for number in range(10)))
    with stage.acting():
        poll, card = start(stage, "!vote 7d")
        assert card.embeds
    bodies = [each["body"] for each in stage.discord.recorder.requests if isinstance(each["body"], dict)]
    (sent,) = [body["poll"] for body in bodies if body.get("poll")]
    assert sent["duration"] == 168 and len(sent["answers"]) == 10
    assert all(len(each["poll_media"]["text"]) <= 55 for each in sent["answers"])
    assert poll.poll is not None
    until_s = datetime.datetime.fromtimestamp(poll.poll.ends_s, datetime.UTC) - datetime.datetime.now(datetime.UTC)
    assert until_s > datetime.timedelta(days=6, hours=23)


def test_a_poll_that_may_not_be_read_is_a_cause_in_health(stage: Stage) -> None:
    """Until it may; then its end is told all the same."""
    with stage.acting():
        poll, _card = start(stage)
        until(lambda: stage.read_state("film_vote"), "it is remembered")
    stage.discord.deny_permissions("film-club", READ_HISTORY)
    with stage.acting():
        stage.until_health("read the poll of the vote")
        stage.discord.vote("Chiara", poll, 1)
        stage.discord.deny_permissions("film-club")
        stage.discord.end_poll(poll)
        assert "🏆 Metropolis (1927)" in result(stage).text
        stage.until_well()

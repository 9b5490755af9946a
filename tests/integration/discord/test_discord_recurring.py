"""Repeated film nights, their reminders and the role, against the simulated Discord."""

import datetime
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from messages import GetSuggestions, StartTracking, SuggestionsPage, TrackingPlan
from simulator.discord.model.guild import Role
from simulator.discord.model.ids import snowflake
from simulator.discord.model.permissions import BOT_CAN, MANAGE_ROLES
from tests.integration.discord.discord_stage import Stage, answer, until
from tests.integration.discord.planned_night import (
    ends,
    events,
    in_minutes,
    knowing_a_film,
    plays,
    read_nights,
    screening,
)
from tests.integration.discord.test_discord_vote import make_suggestion
from tests.integration.discord.test_discord_vote import start as start_vote
from tests.unit.discord import samples

WEEK_S = 7 * 86_400.0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and a Plex that knows one film."""
    with knowing_a_film(tmp_path) as made:
        yield made


def in_a_while(stage: Stage, minutes: float) -> str:
    """Weekday and clock of a moment to come, as people write them."""
    return f"{stage.shift_now(minutes):%A %H:%M}"


def start_s(event: dict[str, Any]) -> float:
    """When an event begins."""
    return datetime.datetime.fromisoformat(event["scheduled_start_time"]).timestamp()


def open_nights(stage: Stage) -> list[dict[str, Any]]:
    """The events of nights that are to come."""
    return [event for event in events(stage) if event["status"] == 1]


def test_the_next_night_is_planned_when_one_is_over(stage: Stage) -> None:
    """Its film is whichever is playing then, and its event says so; a week later, at the same time."""
    with stage.acting():
        said = answer(stage, "Iris", f"!night every {in_a_while(stage, 20)}")
        assert "🔁 every" in said.text and "Film night" in said.text
        (first,) = events(stage)
        assert first["name"] == "🎬 Film night"
        assert until(lambda: read_nights(stage), "it is remembered")[0]["is_open"]
        shown = screening(stage)
        plays(stage, shown)
        until(lambda: first["status"] == 2, "the event begins with the film")
        until(lambda: first["name"] == "🎬 Metropolis (1927)", "and is called after it")
        ends(stage, shown)
        until(lambda: first["status"] == 3, "and ends with it")
    moment = stage.read_state("recurring_nights")[first["id"]]
    stage.remember("recurring_nights", first["id"], {**moment, "start_s": moment["start_s"] - 3600})
    with stage.acting():
        (second,) = until(lambda: open_nights(stage), "the next one is planned")
        assert start_s(second) == start_s(first) - 3600 + WEEK_S
        assert second["name"] == "🎬 Film night"
        listed = answer(stage, "Chiara", "!night")
        assert "🔁 every" in listed.text
        label = next(control["label"] for control in listed.controls)
        refused = stage.discord.click("Chiara", listed, label).wait_reply()
        assert "Manage Events" in refused.text
        stopped = stage.discord.click("Iris", listed, label).wait_reply()
        assert "No longer repeated" in stopped.text
        until(lambda: not stage.read_state("recurring_nights"), "it is stopped")
    assert len(open_nights(stage)) == 1, "what is planned stays"


def test_a_night_without_a_film_is_cancelled(stage: Stage) -> None:
    """The next one is planned all the same."""
    with stage.acting():
        answer(stage, "Iris", f"!night every second {in_a_while(stage, 20)}")
        (first,) = until(lambda: events(stage), "the first")
        until(lambda: read_nights(stage), "it is remembered")
    for feature, field in (("recurring_nights", "start_s"), ("film_night", "starts_s")):
        record = stage.read_state(feature)[first["id"]]
        stage.remember(feature, first["id"], {**record, field: record[field] - 8 * 3600})
    with stage.acting():
        (second,) = until(lambda: open_nights(stage) if first["status"] != 1 else [], "the next one")
        assert first["status"] == 4, "called off"
        assert start_s(second) == start_s(first) - 8 * 3600 + 2 * WEEK_S


def test_unclear_repeated_nights_are_refused(stage: Stage) -> None:
    """No time, half a day, an unknown film; and no more than five repeated nights."""
    with stage.acting():
        for text in ("every friday", "every friday at 8"):
            assert "I didn't understand that time." in answer(stage, "Iris", f"!night {text}").text
        assert "no single film called" in answer(stage, "Iris", "!night dune every friday 20:30").text
        assert "Manage Events" in answer(stage, "Chiara", "!night every friday 20:30").text
        assert not events(stage)
        said = answer(stage, "Iris", "!night Metropolis every friday 20:30")
        assert "Metropolis (1927)" in said.text and "🔁 every Friday 20:30" in said.text


def test_the_winner_of_a_vote_becomes_the_film_of_an_open_night(stage: Stage) -> None:
    """It is offered, beside another time; then the event is called after it."""
    stage.tracker.answers[StartTracking] = TrackingPlan((), (), "", ())
    films = make_suggestion(0, "Metropolis"), make_suggestion(1, "Brazil")
    stage.persistence.answers[GetSuggestions] = SuggestionsPage(films, 2)
    with stage.acting():
        answer(stage, "Iris", "!night every friday 20:30")
        (event,) = until(lambda: events(stage), "an open night")
        poll, card = start_vote(stage)
        stage.discord.vote("Chiara", poll, 2)
        stage.discord.click("Iris", card, "End the vote now")
        won = stage.discord.wait_for(lambda message: "won the vote" in message.text)
        offered = stage.discord.click("Iris", won, "Plan the night").wait_reply()
        labels = [control["label"] for control in offered.controls]
        assert labels[1] == "Another time…" and labels[0].startswith("Fri") and offered.is_ephemeral
        planned = stage.discord.click("Iris", offered, labels[0]).wait_reply()
        assert "Brazil (1927)" in planned.text
        assert event["name"] == "🎬 Brazil (1927)"
        until(lambda: [night["title"] for night in read_nights(stage)] == ["Brazil"], "it is remembered")
        form = stage.discord.click("Iris", won, "Plan the night")
        form.wait_ack()
        assert form.modal is not None, "no night is open any more"


def test_a_reminder_mentions_the_role_that_members_take(stage: Stage) -> None:
    """Half an hour before, once, also over a restart; the role is taken and given back at a button."""
    role = Role(snowflake(), "Film night", 0, 0)
    stage.discord.guild.roles[role.id] = role
    stage.discord.allow_bot(BOT_CAN | MANAGE_ROLES)
    stage.changes["film_night_role_id"] = role.id
    with stage.acting():
        planned = answer(stage, "Iris", f"!night Metropolis {in_minutes(stage, 40)}")
        assert [control["label"] for control in planned.controls] == ["Remind me"]
        for wants in (True, False, True):
            said = stage.discord.click("Chiara", planned, "Remind me").wait_reply()
            assert ("You have Film night now" in said.text) == wants and said.is_ephemeral
            assert (role.id in stage.discord.member("Chiara").roles) == wants
        until(lambda: read_nights(stage), "it is remembered")
        assert not read_nights(stage)[0]["is_reminded"]
    (event,) = events(stage)
    moved = time.time() + 25 * 60
    event["scheduled_start_time"] = datetime.datetime.fromtimestamp(moved, datetime.UTC).isoformat()
    stage.remember("film_night", event["id"], {**read_nights(stage)[0], "starts_s": moved})
    for _life in range(2):
        with stage.acting():
            until(lambda: read_nights(stage)[0]["is_reminded"], "it was posted")
    reminders = [message for message in stage.discord.messages() if "starts soon" in message.text]
    assert [message.pings for message in reminders] == [(f"<@&{role.id}>",)]
    assert "Metropolis (1927) starts soon" in reminders[0].text


def test_without_a_role_nobody_is_mentioned(stage: Stage) -> None:
    """Nor is there a reminder for a night planned within the half hour, or cancelled or moved."""
    with stage.acting():
        answer(stage, "Iris", f"!night Metropolis {in_a_while(stage, 40)}")
        until(lambda: read_nights(stage), "it is remembered")
    (event,) = events(stage)
    stage.remember("film_night", event["id"], {**read_nights(stage)[0], "starts_s": time.time() + 600})
    with stage.acting():
        until(lambda: read_nights(stage)[0]["starts_s"] == start_s(event), "Discord has another time for it")
    assert not [message for message in stage.discord.messages() if "starts soon" in message.text]
    moved = time.time() + 20 * 60
    event["scheduled_start_time"] = datetime.datetime.fromtimestamp(moved, datetime.UTC).isoformat()
    stage.remember("film_night", event["id"], {**read_nights(stage)[0], "starts_s": moved})
    with stage.acting():
        reminder = stage.discord.wait_for(lambda message: "starts soon" in message.text)
    assert not reminder.pings and not reminder.controls
    assert samples.screening().item.title in reminder.text

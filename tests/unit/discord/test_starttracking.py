"""`starttracking` in a simulated Discord: what it asks, does and tells, and to whom."""

from typing import Any

import pytest

from messages import StartTracking, TrackingOutcome, TrackingPlan, VoiceMember
from tests.unit.discord import samples

fails = pytest.mark.simcord(check_errors=False)
"""A test in which a command is refused: simcord would take the refusal for a bug."""


def ids(message: Any) -> list[str]:
    """custom_ids of a message's buttons."""
    return [item.custom_id for row in message.components for item in row.children]


async def test_starttracking_says_what_it_did_for_whom(room: Any, actors: Any) -> None:
    """The position is read, and each person's outcome told."""
    outcomes = (TrackingOutcome("1", "Ana", "started"), TrackingOutcome("2", "Ben", "already_watching"))
    actors.answers[StartTracking] = TrackingPlan((samples.session(),), (), "7", outcomes)
    await room.boss.send(room.channel, "!starttracking 42:10")
    asked = actors.questions(StartTracking)[-1]
    assert (asked.session_key, asked.position_ms, asked.simulate) == ("", 2_530_000, False)
    assert "Tracking started for 1 person" in room.text()
    assert "**Ben** was being tracked already" in room.text()


@pytest.mark.parametrize("outcome", ["not_tracked", "started"])
async def test_starttracking_tells_the_channel_of_nobodys_private_choice(room: Any, actors: Any, outcome: Any) -> None:
    """Neither who is private nor who is not tracked, and not which of the two; only that there is somebody."""
    outcomes = (TrackingOutcome("1", "Ana", "started"), TrackingOutcome("2", "Ben", outcome, hidden=True))
    actors.answers[StartTracking] = TrackingPlan((samples.session(),), (), "7", outcomes)
    await room.boss.send(room.channel, "!starttracking")
    assert "**Ana** ▶️ started" in room.text()
    assert "Tracking started for 1 person" in room.text()
    assert "🙈 1 person here keeps what they watch private" in room.text()
    assert "Ben" not in room.text()
    assert "not to be tracked" not in room.text()


async def test_starttracking_tells_an_untracked_asker_alone(room: Any, actors: Any) -> None:
    """Below a / command for nobody else's eyes; with what to do. Who pressed the menu is told so, too."""
    outcomes = (TrackingOutcome(str(room.boss.id), "Boss", "not_tracked", hidden=True),)
    actors.answers[StartTracking] = TrackingPlan((samples.session(),), (), "7", outcomes)
    result = await room.boss.slash(room.channel, "starttracking")
    assert not result.response.ephemeral
    assert "Boss" not in result.response.embeds[0].description
    (own,) = result.followups
    assert own.ephemeral
    assert "**Boss** chose not to be tracked" in own.embeds[0].description
    assert "`/privacy`" in own.embeds[0].description
    two = (samples.session("7", "Metropolis"), samples.session("8", "Nosferatu", "ben"))
    actors.answers[StartTracking] = lambda asked: TrackingPlan(
        two, (), asked.session_key, outcomes if asked.session_key else ()
    )
    await room.boss.send(room.channel, "!starttracking")
    menu = room.channel.last_message
    pressed = await room.boss.select(menu, custom_id=ids(menu)[0], values=["8"])
    assert pressed.followups[-1].ephemeral and "**Boss**" in pressed.followups[-1].embeds[0].description


async def test_starttracking_asks_which(room: Any, actors: Any) -> None:
    """Several sessions: a menu whose choice starts that one, from the position asked for."""
    two = (samples.session("7", "Metropolis"), samples.session("8", "Nosferatu", "ben"))

    def answer(question: StartTracking) -> TrackingPlan:
        chosen = question.session_key if not question.simulate else ""
        done = (TrackingOutcome("1", "Ana", "started"),) if chosen else ()
        return TrackingPlan(two, (VoiceMember("1", "Ana"),), chosen, done, "" if chosen else "Several play.")

    actors.answers[StartTracking] = answer
    await room.boss.send(room.channel, "!starttracking 42:10")
    menu = room.channel.last_message
    assert "Which session?" in room.text()
    await room.boss.select(menu, custom_id=ids(menu)[0], values=["8"])
    asked = actors.questions(StartTracking)[-1]
    assert (asked.session_key, asked.position_ms, asked.simulate) == ("8", 2_530_000, False)
    assert "Nosferatu" in room.text()


async def test_starttracking_by_title(room: Any, actors: Any) -> None:
    """Part of a title of several words is enough."""
    two = (samples.session("7", "The Big Sleep"), samples.session("8", "Nosferatu"))
    actors.answers[StartTracking] = TrackingPlan(two, (), "7", (TrackingOutcome("1", "Ana", "started"),))
    await room.boss.send(room.channel, "!starttracking big sleep 1:02:03")
    asked = actors.questions(StartTracking)[-1]
    assert (asked.session_key, asked.position_ms) == ("7", 3_723_000)


@fails
@pytest.mark.parametrize("said", ['"rash" 99:99', "rash 1:99:00", "99:99"])
async def test_a_position_that_can_be_none_is_no_part_of_a_title(room: Any, actors: Any, said: str) -> None:
    """It is the position that is wrong: no film is looked for."""
    await room.boss.send(room.channel, f"!starttracking {said}")
    assert f"{said.split()[-1]} isn't a position." in room.text()
    assert not actors.questions(StartTracking)


@fails
async def test_a_bad_position_is_explained(room: Any, actors: Any) -> None:
    """What is wrong and how to write it."""
    result = await room.boss.slash(room.channel, "starttracking", position="soon")
    assert result.ephemeral
    assert "soon isn't a position." in result.response.embeds[0].description
    assert "42:10" in result.response.embeds[0].description

"""`diagnose` in the simulated Discord: each thing that is missing, with its cure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import ActiveWatches, GetHealth, GetSaveStatus, HealthReport, ListActiveWatches, SaveStatus
from simulator.discord.model.permissions import (
    BOT_CAN,
    CONNECT,
    CREATE_EVENTS,
    EMBED_LINKS,
    MANAGE_CHANNELS,
    MOVE_MEMBERS,
    MUTE_MEMBERS,
    VIEW_CHANNEL,
)
from tests.integration.discord.discord_stage import Stage, answer, open_stage
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return a Discord where everything is right."""
    with open_stage(tmp_path) as made:
        actors = tuple(samples.health(name) for name in ("persistence", "tracker", "discord", "plex"))
        made.launcher.answers[GetHealth] = HealthReport(samples.NOW, actors, 99)
        made.tracker.answers[ListActiveWatches] = ActiveWatches(samples.NOW, (), ())
        made.persistence.answers[GetSaveStatus] = SaveStatus(samples.NOW.wall_s, 5.0)
        yield made


def diagnose(stage: Stage, who: str = "Iris", where: str = "off-topic") -> str:
    """What is answered, title and text."""
    reply = stage.discord.slash(who, "diagnose", where=where).wait_reply(15)
    return f"{reply.embeds[0]['title']}\n{reply.embeds[0].get('description', '')}"


def test_it_says_if_everything_is_right(stage: Stage) -> None:
    """Intent, both channels with who is seen there, Plex, the last save; the same with `!`."""
    with stage.acting():
        stage.discord.join_voice("Björn", "Cinema")
        said = diagnose(stage)
        for part in (
            "All good",
            "Message Content is on",
            "film-club",
            "Cinema",
            "Plex is reached",
            "last save",
        ):
            assert part in said, said
        assert "❌" not in said
        assert answer(stage, "Iris", "!diagnose").embeds[0]["title"] == "🔎 All good"


def test_only_administrators_may_ask(stage: Stage) -> None:
    """Others are refused."""
    with stage.acting():
        assert "Only administrators" in answer(stage, "Chiara", "!diagnose").embeds[0]["description"]


def test_permissions_for_nights_and_roles_are_checked(stage: Stage) -> None:
    """On the server; for the role only if one is set."""
    stage.discord.allow_bot(BOT_CAN & ~CREATE_EVENTS)
    with stage.acting():
        said = diagnose(stage)
        assert "Film nights: /night cannot plan them: in the server the bot lacks: Create Events" in said
        assert "Manage Roles" not in said
    stage.changes = {"top_watchers_role_id": 5}
    with stage.acting():
        assert "❌ Top watchers: in the server the bot lacks: Manage Roles" in diagnose(stage)


def test_permissions_for_nights_in_their_channel_are_checked(stage: Stage) -> None:
    """Connect, and on a stage more; allowing it in the channel is enough. The simulated Discord refuses the same."""
    stage.discord.deny_permissions("Cinema", CONNECT)
    with stage.acting():
        assert "Film nights: /night cannot plan them in #Cinema: the bot lacks: Connect\n" in diagnose(stage)
    stage.changes["watch_party_voice_channel_id"] = stage.discord.channel("Premieres").id
    with stage.acting():
        said = diagnose(stage)
        assert "cannot plan them in #Premieres: the bot lacks: Manage Channels, Mute Members, Move Members\n" in said
        stage.discord.allow_bot(BOT_CAN | MANAGE_CHANNELS | MUTE_MEMBERS | MOVE_MEMBERS)
        stage.discord.deny_permissions("Premieres", MOVE_MEMBERS)
        stage.discord.wait_until(lambda: "lacks: Move Members\n" in diagnose(stage), 10)
        stage.discord.deny_permissions("Premieres")
        stage.discord.wait_until(lambda: "the bot can plan them" in diagnose(stage), 10)


def test_missing_permissions_are_named(stage: Stage) -> None:
    """In the announcement channel and in the voice channel, each with where to allow it."""
    stage.discord.deny_permissions("film-club", EMBED_LINKS)
    stage.discord.deny_permissions("Cinema", VIEW_CHANNEL)
    with stage.acting():
        said = diagnose(stage)
    assert "2 problems found" in said
    assert "in #film-club the bot lacks: Embed Links" in said
    assert "Cinema" in said and "lacks: View Channel" in said and "Permissions" in said


def test_wrong_and_missing_channels_have_different_findings(stage: Stage) -> None:
    """No such channel; a text channel for the voice channel; if none is set, that is only a note."""
    stage.changes["discord_announce_channel_id"] = 4242
    stage.changes["watch_party_voice_channel_id"] = stage.discord.channel("off-topic").id
    with stage.acting():
        said = diagnose(stage)
    assert (
        "no channel 4242" in said
        and "DISCORD_ANNOUNCE_CHANNEL_ID" in said
        and "#off-topic is not a voice or stage channel" in said
    )
    del stage.changes["discord_announce_channel_id"]
    stage.changes["watch_party_voice_channel_id"] = 0
    with stage.acting():
        said = diagnose(stage)
    assert "All good" in said and "WATCH_PARTY_VOICE_CHANNEL_ID" in said


def test_roles_to_ignore_that_are_not_there_are_named(stage: Stage) -> None:
    """The one that is there is not."""
    there = next(iter(stage.discord.guild.roles))
    stage.changes["ignored_role_ids"] = (there, 4242)
    with stage.acting():
        said = diagnose(stage)
    assert "no role with the id 4242" in said and "IGNORED_ROLE_IDS" in said and "1 problem found" in said


def test_it_answers_in_time_while_other_parts_fail(stage: Stage) -> None:
    """Plex refuses the token, the last save failed, the tracker is dead: all three are named."""
    ill = samples.health("plex", state="degraded", last_error="Plex refuses the token")
    stage.launcher.answers[GetHealth] = HealthReport(samples.NOW, (samples.health("tracker"), ill), 99)
    stage.persistence.answers[GetSaveStatus] = SaveStatus(None, 5.0, "disk full")
    stage.tracker.dead = True
    with stage.acting():
        said = diagnose(stage)
    assert "3 problems found" in said
    for part in (
        "Plex is degraded: Plex refuses the token",
        "the last save failed: disk full",
        "The tracker did not answer within",
    ):
        assert part in said, said


def test_message_content_that_is_off_is_named(stage: Stage) -> None:
    """`/diagnose` still works, and says where the switch is."""
    stage.discord.allow_message_content(False)
    with stage.acting(wait=False):
        stage.discord.wait_connected(20)
        stage.discord.wait_until(lambda: "diagnose" in str(stage.discord.command_names), 10)
        said = diagnose(stage)
    assert "Message Content is off" in said and "Developer Portal" in said

"""BOT_LANGUAGE=de: the whole actor speaks German with a Discord, and English again when it is told so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import ActiveWatches, ListActiveWatches, ScreeningStarted
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until
from tests.unit.discord import samples
from wording.translation import set_language


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and an actor that is to speak German."""
    with open_stage(tmp_path) as made:
        made.changes = {"bot_language": "de"}
        made.tracker.answers[ListActiveWatches] = ActiveWatches(samples.NOW, (), ())
        yield made
    set_language("en")


def describe_command(stage: Stage) -> str:
    """What Discord was told of /nowplaying."""
    told = stage.discord.world.commands.get(stage.discord.guild.id, [])
    return next((str(one["description"]) for one in told if one["name"] == "nowplaying"), "")


def test_a_setting_makes_it_speak_german(stage: Stage) -> None:
    """Commands as Discord lists them, an announcement, an answer; another start in English changes all of it."""
    with stage.acting():
        until(lambda: describe_command(stage) == "Was gerade läuft", "the commands are described in German")
        stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening()))
        until(lambda: "von 2:00:00" in stage.read_posts(), "the announcement")
        assert "Gerade läuft nichts." in answer(stage, "Iris", "!nowplaying").text
    stage.changes = {}
    with stage.acting():
        until(lambda: describe_command(stage) == "What's playing right now", "the commands are described in English")
        assert "Nothing is playing right now." in answer(stage, "Iris", "!nowplaying").text

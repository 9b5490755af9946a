"""Buttons, forms and commands of earlier versions get an answer: otherwise Discord says that Usher did not respond."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from messages import ActiveWatches, GetSaveStatus, ListActiveWatches, SaveStatus
from simulator.discord.model.messages import AUTOCOMPLETE, COMMAND, MODAL, Interaction
from tests.integration.discord.discord_stage import Stage, answer, open_stage
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the other actors; nothing plays."""
    with open_stage(tmp_path) as made:
        made.tracker.answers[ListActiveWatches] = ActiveWatches(samples.NOW, (), (), "")
        made.persistence.answers[GetSaveStatus] = SaveStatus(samples.NOW.wall_s, 5.0)
        yield made


def send(stage: Stage, kind: int, data: dict[str, Any]) -> Interaction:
    """Somebody sends an interaction of which only Discord's own side still knows."""
    discord = stage.discord
    return discord._ask(discord.member("Chiara"), discord.channel("film-club"), kind, "old", data)


def test_a_button_and_a_menu_of_an_earlier_version_say_so(stage: Stage) -> None:
    """Whatever their custom id is, to whoever presses alone."""
    with stage.acting():
        message = answer(stage, "Chiara", "!activewatches")
        (button,) = message.controls
        for custom_id, kind in (
            ("usher:gone:1", 2),
            ("usher:rate:9:s", 2),
            ("somebody else's", 3),
            ("usher:page:x", 2),
        ):
            button |= {"custom_id": custom_id, "type": kind, "options": [{"label": "1", "value": "1"}]}
            pressed = stage.discord.click("Chiara", message, custom_id, values=["1"] if kind == 3 else ())
            said = pressed.wait_reply()
            assert "from an older version" in said.text and said.is_ephemeral


def test_a_form_that_was_opened_before_a_restart_says_so(stage: Stage) -> None:
    """It names no command any more: its answer says to run it again."""
    field = {"type": 4, "custom_id": "f" * 32, "value": "friday"}
    with stage.acting():
        filled = send(stage, MODAL, {"custom_id": "0" * 32, "components": [{"type": 1, "components": [field]}]})
        said = filled.wait_reply()
        assert "no longer remember" in said.text and said.is_ephemeral


def test_a_command_of_an_earlier_version_says_so_and_suggests_nothing(stage: Stage) -> None:
    """Discord's clients keep commands for a while."""
    typed = [{"name": "title", "type": 3, "value": "x", "focused": True}]
    with stage.acting():
        asked = send(stage, COMMAND, {"id": "7", "name": "oldcommand", "type": 1, "options": []})
        assert "This command is from an older version" in asked.wait_reply().text
        suggested = send(stage, AUTOCOMPLETE, {"id": "7", "name": "oldcommand", "type": 1, "options": typed})
        suggested.wait_ack()
        assert suggested.choices == []

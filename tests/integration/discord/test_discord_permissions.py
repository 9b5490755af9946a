"""Missing permissions in a channel are reported where somebody reads it, until they are granted again."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.chat.discord.core import api_errors
from actors.chat.discord.features.live_card import live_card
from actors.runtime import Clock
from messages import NowPlaying, ScreeningStarted
from simulator.discord.model.permissions import EMBED_LINKS
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage, until
from tests.integration.discord.test_discord_actor_faults import newer
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A Discord, the other actors, and what is tried again is so within tenths of a second."""
    monkeypatch.setattr(api_errors, "LONGEST_S", 0.2)
    monkeypatch.setattr("actors.chat.discord.features.live_card.live_card.SETTLE_S", 0.1)
    monkeypatch.setattr(live_card, "SETTLE_S", 0.1)
    with open_stage(tmp_path) as made:
        yield made


@pytest.mark.parametrize("command", ["!help", "!savedata", "!stats nobody"])
def test_without_embed_links_the_answer_is_plain_text(stage: Stage, command: str) -> None:
    """It says what is missing, and so does health until an answer gets through."""
    with stage.acting():
        stage.discord.deny_permissions("film-club", EMBED_LINKS)
        asked = stage.discord.say("Chiara", "film-club", command).id
        said = until(functools.partial(newer, stage, asked), f"an answer to {command}")[0]
        assert not said.embeds
        assert said.content == (
            f"The bot may not answer in <#{stage.discord.channel('film-club').id}>: it lacks Embed Links. "
            "In the channel's settings > Permissions, allow that to the bot's role."
        )
        stage.until_health("Embed Links")
        stage.discord.deny_permissions("film-club")
        assert stage.discord.wait_reply(stage.discord.say("Chiara", "film-club", "!help"), WITHIN_S).embeds
        stage.until_well()


def test_a_card_that_cannot_be_edited_is_shown_in_health(stage: Stage) -> None:
    """With cause and cure; when the bot may edit again, the card is right and health is clear."""
    with stage.acting():
        shown = samples.screening(1, seen=Clock().now(), state="paused")
        assert stage.tracker.tell(ScreeningStarted(Clock().now(), shown)).wait(WITHIN_S)
        (card,) = stage.discord.messages("film-club", by_bot=True)
        stage.discord.deny_permissions("film-club", EMBED_LINKS)
        dora = samples.seat("Dora", viewer_id="9")
        shown = samples.screening(1, seen=Clock().now(), state="paused", seats=(samples.seat(), dora))
        stage.tracker.tell(NowPlaying(Clock().now(), (shown,)))
        assert "Embed Links" in stage.until_health("forbids to edit the card of a film")
        stage.discord.deny_permissions("film-club")
        stage.until_well()
        assert "Dora" in str(card.embeds)

"""What the features of the Discord actor remember: loaded from the store, carried over from a file, kept over kills."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import NowPlaying, ScreeningEnded, ScreeningStarted
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage, until
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and the peers."""
    with open_stage(tmp_path) as made:
        yield made


def test_a_bot_connects_while_the_store_is_away_and_announces_when_it_is_back(stage: Stage) -> None:
    """Nothing that came meanwhile is lost, and none of it is posted on a guess."""
    stage.persistence.dead = True
    with stage.acting(wait=False):
        stage.discord.wait_connected()
        told = stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening(title="Metropolis")))
        stage.tracker.tell(NowPlaying(samples.NOW, (samples.screening(title="Metropolis"),)))
        assert not told.wait(1.0) and "Metropolis" not in stage.read_posts()
        stage.persistence.dead = False
        assert told.wait(20)
        assert "Metropolis" in stage.read_posts()
        until(lambda: stage.read_state("live_card"), "the card is remembered")


def test_the_state_file_of_an_earlier_version_is_imported(stage: Stage) -> None:
    """Its card is edited, its post is not repeated, and the file is gone; the next start logs nothing."""
    with stage.acting():
        started = ScreeningStarted(samples.NOW, samples.screening(title="Metropolis"))
        assert stage.tracker.tell(started).wait(WITHIN_S)
        (card,) = until(lambda: list(stage.read_state("live_card").values()), "the card")
        (posted,) = [key.removeprefix("posted:") for key in stage.read_state("announcements")]
    old = {"commands": "", "posted": [posted], "cards": [card], "nights": [], "digest_s": 0.0, "roles": {"1": [5]}}
    (stage.folder / "discord.json").write_text(json.dumps(old))
    stage.persistence.state.clear()
    with stage.acting():
        until(lambda: not (stage.folder / "discord.json").exists(), "the file is gone")
        assert stage.read_state("top_roles") == {"1": [5]}
        assert stage.tracker.tell(ScreeningEnded(samples.NOW, samples.screening(title="Metropolis"))).wait(WITHIN_S)
        message = stage.discord.messages("film-club", by_bot=True)[-1]
        assert message.embeds[0]["title"].startswith("🏁"), "the card of before became the record"
        assert len(stage.discord.messages("film-club", by_bot=True)) == 1
    with stage.acting():
        assert stage.read_state("top_roles") == {"1": [5]}


def test_a_stop_between_post_and_save_posts_once(stage: Stage) -> None:
    """The store knew beforehand that the post was begun: it is posted again with the same nonce."""
    with stage.acting():
        fault = stage.discord.faults.lose_responses("/messages", method="POST")
        told = stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening(title="Metropolis")))
        until(lambda: "Metropolis" in stage.read_posts(), "Discord has it; its answer is lost")
        assert "pending" in stage.read_state("announcements") and not told.is_set()
    stage.discord.faults.heal(fault)
    with stage.acting():
        assert told.wait(20)
        until(lambda: "pending" not in stage.read_state("announcements"), "the post is known")
    assert stage.read_posts().count("Metropolis") == 1


def test_a_file_that_cannot_be_read_is_left_as_it_is(stage: Stage) -> None:
    """It may be of use to somebody; the bot goes on without it."""
    (stage.folder / "discord.json").write_text("{half")
    with stage.acting():
        assert stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening(title="Metropolis"))).wait(WITHIN_S)
    assert (stage.folder / "discord.json").read_text() == "{half"

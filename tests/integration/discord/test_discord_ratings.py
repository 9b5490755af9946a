"""The rating buttons below a night's record, against the simulated Discord."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import FilmRated, Moment, NowPlaying, RateFilm, Screening, ScreeningStarted
from simulator.discord.model.messages import ChannelMessage
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage, until
from tests.integration.discord.planned_night import ends, plays, screening
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the other actors."""
    with open_stage(tmp_path) as made:
        yield made


def show_record(stage: Stage, shown: Screening) -> ChannelMessage:
    """A film begins and ends; its record."""
    assert stage.tracker.tell(ScreeningStarted(samples.NOW, shown)).wait(WITHIN_S)
    plays(stage, shown)
    card = stage.discord.wait_for(lambda message: "🎬" in message.text)
    assert not card.controls, "while it runs there is nothing to rate"
    ends(stage, shown)
    until(lambda: "🏁" in card.text, "the record")
    return card


def test_viewers_of_the_night_rate_and_can_change_it(stage: Stage) -> None:
    """By one of five buttons, also after a restart; only whoever presses sees the answer."""
    stage.persistence.answers[RateFilm] = lambda asked: FilmRated("rated", "Metropolis", 0)
    shown = screening(stage)
    with stage.acting():
        card = show_record(stage, shown)
        assert [control["label"] for control in card.controls] == ["1", "2", "3", "4", "5"]
        thanks = stage.discord.click("Chiara", card, "4").wait_reply()
        assert thanks.is_ephemeral and "⭐⭐⭐⭐ Metropolis" in thanks.text and "Thanks!" in thanks.text
    (asked,) = stage.persistence.list_heard(RateFilm)
    assert asked == RateFilm(shown.screening_id, str(stage.discord.member("Chiara").id), 4)
    stage.persistence.answers[RateFilm] = FilmRated("rated", "Metropolis", 4)
    with stage.acting():
        assert "Changed from 4 to 5." in stage.discord.click("Chiara", card, "5").wait_reply().text
        stage.persistence.answers[RateFilm] = FilmRated("not_there")
        assert "Only those who were there" in stage.discord.click("Björn", card, "1").wait_reply().text
        stage.persistence.answers[RateFilm] = FilmRated("untracked")
        assert "!privacy open" in stage.discord.click("Björn", card, "1").wait_reply().text


def test_only_watch_parties_have_rating_buttons(stage: Stage) -> None:
    """A record that is live again, because somebody continued the film, loses them until its end."""
    with stage.acting():
        assert not show_record(stage, screening(stage, session_key="7", screening_id="alone", party=False)).controls
        card = show_record(stage, screening(stage, session_key="8", screening_id="party"))
        assert len(card.controls) == 5
        later = Moment(time.time() + 60, time.monotonic() + 60)
        again = screening(stage, session_key="8", screening_id="party", seen=later)
        stage.tracker.tell(NowPlaying(later, (again,)))
        until(lambda: "🏁" not in card.text, "it lives again")
        assert not card.controls

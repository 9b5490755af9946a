"""What Discord refuses: cosmetic things are left out, causes are logged in one line, and there is no retry storm."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.chat.discord.gateway import connection
from messages import (
    ActiveWatches,
    GetSaveStatus,
    ListActiveWatches,
    NowPlaying,
    SaveStatus,
    SuggestTitles,
    TitlesSuggested,
)
from simulator.discord.faults import DiscordFaults
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until
from tests.integration.discord.planned_night import PICTURE, events, knowing_a_film
from tests.unit.discord import samples


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the other actors."""
    with open_stage(tmp_path) as made:
        yield made


def show(stage: Stage, title: str) -> None:
    """The tracker says that a film plays."""
    stage.tracker.tell(NowPlaying(samples.NOW, (samples.screening(title=title),)))


def test_an_activity_that_the_gateway_refuses_is_left_out(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The connection is closed at it twice; then the bot stays connected, and shows the next film."""
    stage.discord.faults.closes_at_activity = 4002
    with stage.acting():
        show(stage, "Metropolis")
        until(lambda: "activity “Metropolis (1927)”" in caplog.text, "it is left out", 30)
        stage.until_well(30)
        until(lambda: stage.discord.gateway.connects == 3, "the connection after the second close", 30)
        answer(stage, "Chiara", "!help")  # whatever is sent after a connection has been sent by now
        assert stage.discord.gateway.connects == 3
        assert stage.discord.gateway.identifies == 1
        stage.discord.faults.closes_at_activity = 0
        show(stage, "Nosferatu")
        until(lambda: stage.discord.activity_name == "Nosferatu (1927)", "the next film is shown")


def test_commands_of_an_earlier_bot_are_removed(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The same application had registered them for all servers: they would be listed twice, or not work."""
    caplog.set_level(logging.INFO)
    about = {"type": 1, "application_id": str(stage.discord.world.app_id), "description": "old", "version": "1"}
    stale = [{**about, "id": str(number), "name": name} for number, name in enumerate(("oldcommand", "stats"), 1)]
    stage.discord.world.commands[None] = stale
    with stage.acting():
        until(lambda: not stage.discord.world.commands[None], "they are gone")
        until(lambda: "/oldcommand, /stats" in caplog.text, "the log says which")
        assert stage.discord.command_names.count("stats") == 1


def press(stage: Stage) -> None:
    """Let somebody turn the page of a list that was shown before."""
    (listed,) = [message for message in stage.discord.messages("film-club", by_bot=True) if message.controls]
    stage.discord.click("Chiara", listed, "▶️")


def suggest(stage: Stage) -> None:
    """Let somebody type into a / command; no choices come."""
    with contextlib.suppress(TimeoutError):
        stage.discord.autocomplete("Chiara", "whosaw", "title", "dune", timeout=0.5)


ASKED: dict[str, Callable[[Stage], object]] = {
    "command": lambda stage: stage.discord.slash("Chiara", "help"),
    "button": press,
    "suggestions": suggest,
}
REFUSED: dict[str, Callable[[DiscordFaults], object]] = {
    "another bot use the same token": lambda faults: faults.refuse_requests(
        40060, "Interaction has already been acknowledged.", 400, "/callback"
    ),
    "too late": lambda faults: faults.refuse_requests(10062, "Unknown interaction", 404, "/callback"),
    "429 Too Many": lambda faults: faults.rate_limit("/callback", retry_after_s=0.05),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("cause", REFUSED)
def test_a_refused_answer_is_one_line_with_its_cause(
    stage: Stage, caplog: pytest.LogCaptureFixture, asked: str, cause: str
) -> None:
    """Two instances on one token, and a storm of 429: no traceback, because nothing is wrong in Usher."""
    watches = tuple(samples.active(f"Viewer {number}") for number in range(60))
    stage.tracker.answers[ListActiveWatches] = ActiveWatches(samples.NOW, watches, (), "")
    stage.persistence.answers[GetSaveStatus] = SaveStatus(samples.NOW.wall_s, 5.0)
    stage.persistence.answers[SuggestTitles] = TitlesSuggested(("Dune",))
    with stage.acting():
        answer(stage, "Chiara", "!activewatches")
        REFUSED[cause](stage.discord.faults)
        ASKED[asked](stage)
        until(lambda: cause in caplog.text, "the cause is logged")
        said = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert [record.getMessage() for record in said if record.exc_info] == []
        assert len([record for record in said if cause in record.getMessage()]) == 1


def test_retry_after_at_the_log_in_is_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour: one log-in, whatever the back-off would be."""
    monkeypatch.setattr(connection, "backoff", lambda tries, longest_s: 0.01)
    stage.discord.faults.rate_limit("/users/@me", retry_after_s=3600)
    with stage.acting(wait=False):
        stage.until_health("limits the rate of log-ins")
        time.sleep(0.3)  # thirty times what the back-off alone would wait
        assert stage.discord.recorder.count("GET", "/users/@me") == 1


@pytest.mark.parametrize("status", [400, 413])
def test_a_night_is_planned_without_a_refused_cover(tmp_path: Path, status: int) -> None:
    """Discord refuses the picture, not the event."""
    with knowing_a_film(tmp_path) as stage, stage.acting():
        stage.discord.faults.refuse_requests(50035, "Invalid Form Body", status, "/scheduled-events", times=1)
        said = answer(stage, "Iris", "!night Metropolis tomorrow 20:30")
        assert said.embeds[0]["title"].startswith("📅")
        assert len(events(stage)) == 1 and not events(stage)[0].get("image")
        assert said.attachments[0].content == PICTURE

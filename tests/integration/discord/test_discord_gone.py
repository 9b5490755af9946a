"""The message, channel, server, permission or member disappears while an answer is being made."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from messages import GetMovieStats, GetViewerStats, MovieStats, ViewerProfile
from simulator.discord.model.messages import ChannelMessage
from simulator.discord.model.permissions import EMBED_LINKS, READ_HISTORY, SEND_MESSAGES, VIEW_CHANNEL
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until
from tests.unit.discord import samples

STATS = MovieStats(1, 1, 1, 1, 60.0, (), (), (), (), ())


class Gate:
    """Holds back the store's answer until the test lets it go."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def answer(self, _asked: GetMovieStats) -> MovieStats:
        """Answer when the gate is open."""
        self.is_asked.set()
        assert self.may_answer.wait(WITHIN_S)
        return STATS


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the other actors."""
    with open_stage(tmp_path) as made:
        made.persistence.answers[GetViewerStats] = ViewerProfile(samples.viewer(), (), ())
        yield made


def deny(*bits: int) -> Callable[[Stage, ChannelMessage], None]:
    """The bot loses permissions."""
    return lambda stage, asked: stage.discord.deny_permissions(asked.channel_id, *bits)


GOES: dict[str, Callable[[Stage, ChannelMessage], object]] = {
    "message": lambda stage, asked: stage.discord.world.delete(asked),
    "channel": lambda stage, asked: stage.discord.remove_channel(asked.channel_id),
    "member": lambda stage, _asked: stage.discord.remove_member("Chiara"),
    "right to send": deny(SEND_MESSAGES),
    "right to embed": deny(EMBED_LINKS),
    "right to see": deny(VIEW_CHANNEL, SEND_MESSAGES, READ_HISTORY),
    "server": lambda stage, _asked: stage.discord.take_server_away(),
}


@pytest.mark.parametrize("what", GOES)
def test_whatever_disappears_during_an_answer_is_one_log_line(
    stage: Stage, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At most, without a traceback; the next command is answered as always."""
    gate = Gate()
    stage.persistence.answers[GetMovieStats] = gate.answer
    channel = stage.discord.add_channel("elsewhere")
    with stage.acting():
        asked = stage.discord.say("Chiara", channel, "!moviestats")
        assert gate.is_asked.wait(WITHIN_S)
        GOES[what](stage, asked)
        before = len(stage.discord.recorder.requests)
        gate.may_answer.set()
        until(lambda: len(stage.discord.recorder.requests) > before or caplog.records, "it tries to answer")
        if what == "server":
            stage.discord.bring_server_back()
        assert answer(stage, "Iris", "!stats").embeds
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("what", ["message", "channel"])
def test_a_message_deleted_while_its_button_works_is_no_error(
    stage: Stage, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord answers that it does not know the message any more."""
    gate = Gate()
    gate.may_answer.set()
    stage.persistence.answers[GetMovieStats] = gate.answer
    channel = stage.discord.add_channel("elsewhere")
    with stage.acting():
        said = stage.discord.say("Chiara", channel, "!moviestats")
        shown = stage.discord.wait_reply(said, WITHIN_S)
        shown.components = [{"type": 1, "components": [{
            "type": 2, "style": 2, "label": "again", "custom_id": "usher:page:=:moviestats:0:",
        }]}]  # fmt: skip
        gate.is_asked.clear()
        gate.may_answer.clear()
        pressed = stage.discord.click("Chiara", shown, "again")
        assert gate.is_asked.wait(WITHIN_S)
        GOES[what](stage, shown)
        gate.may_answer.set()
        assert pressed.acked_s is not None
        assert answer(stage, "Iris", "!stats").embeds
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []

"""Every fault of Discord: named with its cure, survived, and nothing that was to be announced is lost."""

import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.chat.discord.core import api_errors
from actors.chat.discord.features.announcements import announcement_queue
from actors.chat.discord.gateway import bot, connection
from messages import NowPlaying, ScreeningStarted, VoicePresence
from simulator.discord.model.messages import ChannelMessage as Posted
from simulator.discord.model.permissions import READ_HISTORY, SEND_MESSAGES
from simulator.discord.model.world import FLAG_MESSAGE_CONTENT, MESSAGE_CONTENT
from tests.integration.discord.discord_stage import Stage, answer, open_stage, until
from tests.unit.discord import samples

HEARTBEAT_S = bot.HEARTBEAT_S


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A Discord, the other actors, and back-off in tenths of a second."""
    monkeypatch.setattr(api_errors, "LONGEST_S", 0.2)
    monkeypatch.setattr(announcement_queue, "LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr(connection, "backoff", lambda tries, longest_s: 0.1)
    monkeypatch.setattr(connection, "REFUSED_S", 0.2)
    monkeypatch.setattr(connection, "SETTLE_S", 0.1)
    monkeypatch.setattr(connection, "INTENT_RECHECK_S", 0.2)
    monkeypatch.setattr("actors.chat.discord.gateway.bot.HEARTBEAT_S", 1.0)
    with open_stage(tmp_path) as made:
        yield made


def announce_film(stage: Stage, number: int = 1) -> None:
    """A film is announced, however long it takes, and once only."""
    done = stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening(number, f"Film {number}.")))
    assert done.wait(20)
    assert stage.read_posts().count(f"Film {number}.") == 1


def is_connected(stage: Stage) -> bool | None:
    """Whether the tracker was last told that the gateway is there."""
    heard = stage.tracker.list_heard(VoicePresence)
    return heard[-1].connected if heard else None


def test_a_refused_token_is_named(stage: Stage) -> None:
    """Health shows it with its cure; when the token is right again, the actor is healthy."""
    stage.discord.faults.refuse_token = True
    with stage.acting(wait=False):
        assert "DISCORD_TOKEN" in stage.until_health("refused the token")
        stage.discord.faults.refuse_token = False
        stage.until_well()
        announce_film(stage)


def test_without_the_message_intent_slash_commands_still_work(tmp_path: Path, stage: Stage) -> None:
    """Announcements too; health says what to switch on, and once granted the intent is used."""
    stage.discord.world.app_flags = 0
    with stage.acting():
        assert "Message Content Intent" in stage.until_health("commands with !")
        announce_film(stage)
        assert stage.discord.slash("Chiara", "help").wait_reply().embeds
        stage.discord.world.app_flags = FLAG_MESSAGE_CONTENT
        sessions = stage.discord.gateway.connections
        until(
            lambda: any(each.session and each.session.intents & MESSAGE_CONTENT for each in list(sessions)),
            "connected with the intent",
        )
        stage.until_well()
        assert answer(stage, "Chiara", "!help").embeds


def test_discord_may_be_away_at_the_first_connection(stage: Stage) -> None:
    """discord.py would give up: Usher connects when Discord is there."""
    stage.discord.stop()
    with stage.acting(wait=False):
        stage.until_health("cannot be reached")
        until(lambda: is_connected(stage) is False, "the tracker hears that it is away")
        waiting = stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening()))
        stage.discord.start()
        assert waiting.wait(20)
        stage.until_well()
        until(lambda: is_connected(stage), "the tracker hears that it is there")


def test_the_gateway_may_be_away_at_the_first_connection(stage: Stage) -> None:
    """REST answers, the websocket does not."""
    stage.discord.faults.gateway_refused = True
    with stage.acting(wait=False):
        stage.until_health("connecting again")
        stage.discord.faults.gateway_refused = False
        stage.until_well()
        announce_film(stage)


LOSSES: dict[str, Callable[[Stage], None]] = {
    "op 7": lambda stage: stage.discord.faults.request_reconnect(),
    "op 9": lambda stage: stage.discord.faults.invalidate_sessions(resumable=False),
    "op 9, resumable": lambda stage: stage.discord.faults.invalidate_sessions(resumable=True),
    "cut": lambda stage: stage.discord.faults.drop_connections(),
    "closed 1000": lambda stage: stage.discord.faults.close_connections(1000),
    "closed 4000": lambda stage: stage.discord.faults.close_connections(4000),
    "closed 4009": lambda stage: stage.discord.faults.close_connections(4009),
    "not JSON": lambda stage: stage.discord.faults.send_raw("{half"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_it_reconnects_after_every_loss(stage: Stage, loss: str) -> None:
    """It then receives, answers and announces as before."""
    with stage.acting():
        until(lambda: is_connected(stage), "connected")
        told = len(stage.tracker.list_heard(VoicePresence))
        LOSSES[loss](stage)
        stage.discord.join_voice("Chiara")
        until(lambda: stage.discord.is_connected and is_connected(stage), "connected again")
        until(
            lambda: any(not report.connected for report in stage.tracker.list_heard(VoicePresence)[told:]),
            "the tracker is told that it was away",
        )
        until(
            lambda: [member.name for member in stage.tracker.list_heard(VoicePresence)[-1].members] == ["Chiara"],
            "who came meanwhile is there",
        )
        announce_film(stage)
        stage.until_well()


def test_a_malformed_event_is_dropped(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It is counted and logged in one line; the connection stays."""
    with stage.acting():
        until(lambda: is_connected(stage), "connected")
        connects = stage.discord.gateway.connects
        stage.discord.faults.send_malformed()
        until(lambda: "could not be read and is dropped (MESSAGE_CREATE)" in caplog.text, "it is said")
        announce_film(stage)
        assert stage.discord.gateway.connects == connects


@pytest.mark.parametrize("loss", ["op 7", "op 9"])
def test_the_presence_is_right_after_a_lost_connection(
    stage: Stage, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed around the loss is shown when the gateway is back."""
    monkeypatch.setattr("actors.chat.discord.gateway.bot.HEARTBEAT_S", HEARTBEAT_S)  # no loss but this one
    with stage.acting():
        stage.tracker.tell(NowPlaying(samples.NOW, (samples.screening(),)))
        until(lambda: stage.discord.activity_name == "Metropolis (1927)", "the film is shown")
        before = stage.discord.gateway.connects
        LOSSES[loss](stage)
        until(lambda: stage.discord.gateway.connects > before, "the gateway was away")
        stage.tracker.tell(NowPlaying(samples.NOW, (samples.screening(title="Nosferatu"),)))
        until(lambda: stage.discord.activity_name == "Nosferatu (1927)", "the new film is shown", 30)


def test_a_gateway_that_acknowledges_no_heartbeat_is_left(stage: Stage) -> None:
    """The connection is half open, and is opened again."""
    with stage.acting():
        until(lambda: is_connected(stage), "connected")
        before = len(stage.tracker.list_heard(VoicePresence))

        def list_told() -> list[bool]:
            return [presence.connected for presence in stage.tracker.list_heard(VoicePresence)[before:]]

        stage.discord.faults.mute_connections()
        until(lambda: False in list_told(), "the tracker hears that it is away")
        until(lambda: True in list_told()[list_told().index(False) :], "connected again", 30)


def test_an_outage_of_discord_is_reported_and_announcements_wait(stage: Stage) -> None:
    """The tracker is told at once; everything is posted in order when Discord is back."""
    with stage.acting():
        until(lambda: is_connected(stage), "connected")
        stage.discord.stop()
        until(lambda: is_connected(stage) is False, "the tracker hears that it is away")
        stage.until_health("connecting again")
        waiting = [
            stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening(number, f"Film {number}.")))
            for number in range(3)
        ]
        stage.discord.start()
        assert all(event.wait(20) for event in waiting)
        said = stage.read_posts()
        assert said.index("Film 0.") < said.index("Film 1.") < said.index("Film 2.")
        stage.until_well()


def test_a_missing_permission_is_named(stage: Stage) -> None:
    """With the channel; when it is granted again, waiting announcements are posted."""
    with stage.acting():
        stage.discord.deny_permissions("film-club", SEND_MESSAGES)
        waiting = stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening()))
        assert "Send Messages" in stage.until_health("announce channel")
        assert not waiting.is_set()
        stage.discord.deny_permissions("film-club")
        assert waiting.wait(20)
        stage.until_well()


def test_a_storm_of_429_is_waited_out(stage: Stage) -> None:
    """Longer than discord.py's own five attempts."""
    with stage.acting():
        stage.discord.faults.rate_limit("/messages", times=8, retry_after_s=0.05)
        announce_film(stage)
        stage.until_well()


def test_server_errors_are_waited_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Health names them while they last."""
    with stage.acting():
        stage.discord.faults.fail_requests(503, "/messages")
        waiting = stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening()))
        until(lambda: "HTTP 503" in stage.health(), "health names it", 60)
        stage.discord.faults.heal()
        assert waiting.wait(30)
        stage.until_well()


def test_a_slow_discord_delays_no_report(stage: Stage) -> None:
    """While each request takes seconds, the tracker hears of the voice channel at once."""
    with stage.acting():
        until(lambda: is_connected(stage), "connected")
        stage.discord.faults.delay_requests(20.0)
        stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening()))
        began = time.monotonic()
        stage.discord.join_voice("Chiara")
        until(lambda: stage.tracker.list_heard(VoicePresence)[-1].members, "the tracker is told")
        assert time.monotonic() - began < 15.0
        stage.discord.faults.heal()


def test_a_connection_that_closes_without_an_answer_is_survived(stage: Stage) -> None:
    """discord.py raises aiohttp's own error; the announcement is tried again, and the actor lives on."""
    with stage.acting():
        ours = stage.network.transports["discord"]
        stage.discord.faults.cut_requests("/messages", times=3)
        announce_film(stage)
        stage.until_well()
        assert stage.network.transports["discord"] is ours


def test_it_answers_without_a_reply_if_it_may_not_read_the_history(stage: Stage) -> None:
    """Discord refuses replies then; a denied command is answered in this way too."""
    with stage.acting():
        assert answer(stage, "Chiara", "!help").embeds  # found by what it refers to
        stage.discord.deny_permissions("film-club", READ_HISTORY)
        for command, title in (("!help", "Usher"), ("!savedata", "Only administrators")):
            asked = stage.discord.say("Chiara", "film-club", command).id
            said = until(functools.partial(newer, stage, asked), f"an answer to {command}")[0]
            assert title in said.text and said.reply_to is None


def newer(stage: Stage, than: int) -> list[Posted]:
    """What the bot has posted after a message."""
    return [message for message in stage.discord.messages("film-club", by_bot=True) if message.id > than]

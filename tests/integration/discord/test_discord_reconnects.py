"""The gateway gets few connections: none on a quiet line, a limit in every loop, and a stop that works at once."""

import gc
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import discord
import pytest
from discord.gateway import KeepAliveHandler

from actors.chat.discord.core.api_errors import retry_after_s
from actors.chat.discord.gateway import bot, connection
from tests.integration.discord.discord_stage import Stage, open_stage, until

HEARTBEAT_INTERVAL_S = 41.25
"""What Discord's HELLO asks for."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord, and the peers; every time-out as it is."""
    with open_stage(tmp_path) as made:
        yield made
    with warnings.catch_warnings():  # discord.py leaves a websocket without IDENTIFY to its session, which closes it
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_a_quiet_connection_is_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes but one acknowledgement per interval; the proportion is that of real life, at another speed."""
    assert bot.HEARTBEAT_S > HEARTBEAT_INTERVAL_S
    stage.discord.gateway.heartbeat_s = HEARTBEAT_INTERVAL_S / 40
    monkeypatch.setattr(bot, "HEARTBEAT_S", bot.HEARTBEAT_S / 40)
    with stage.acting():
        until(lambda: stage.discord.gateway.heartbeats >= 5, "five intervals")
        assert (stage.discord.gateway.identifies, stage.discord.gateway.resumes) == (1, 0)


def test_a_gateway_that_closes_at_once_gets_few_connections(stage: Stage) -> None:
    """After a session too, where discord.py's loop has no pause; a stop works, and the bot recovers with it."""
    with stage.acting():
        stage.discord.faults.closes_before_hello = 1011
        before = stage.discord.gateway.connects
        stage.discord.faults.drop_connections()
        stage.until_health("closes every connection at once")
        began_s = time.monotonic()
        counted = stage.discord.gateway.connects - before
        until(lambda: stage.discord.gateway.connects - before >= counted + 2, "two more connections", 30)
        assert counted <= 5 and time.monotonic() - began_s > 1.0
        stage.discord.faults.closes_before_hello = 0
        stage.until_well(30)
    with stage.acting():
        stage.discord.faults.closes_before_hello = 4000
        stage.discord.faults.drop_connections()
        stage.until_health("closes every connection at once")
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 8.0


def test_never_more_than_half_of_the_day_s_sessions_are_started(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord is asked before each; health says what is waited for."""
    monkeypatch.setattr(connection, "LONGEST_REST_S", 0.5)
    stage.discord.world.sessions_used = 500
    with stage.acting(wait=False):
        assert "500 of the 1000" in stage.until_health("connections that Discord allows")
        assert stage.discord.gateway.identifies == 0
        stage.discord.world.sessions_used = 0
        stage.until_well()
        assert stage.discord.gateway.identifies == 1


@pytest.mark.parametrize(
    ("headers", "wait_s"), [({"Retry-After": "3600"}, 3600.0), ({}, 0.0), ({"Retry-After": "x"}, 0.0)]
)
def test_retry_after_is_kept_at_the_log_in(headers: dict[str, str], wait_s: float) -> None:
    """Cloudflare says an hour, and asking earlier makes it longer."""
    response = SimpleNamespace(status=429, reason="Too Many Requests", headers=headers)
    assert retry_after_s(discord.HTTPException(response, None)) == wait_s  # type: ignore[arg-type]  # all it reads
    assert retry_after_s(discord.RateLimited(90.0)) == 90.0
    assert retry_after_s(None) == retry_after_s(OSError()) == 0.0


def test_a_stop_in_the_middle_of_a_connection_leaves_no_heartbeat_behind(stage: Stage) -> None:
    """The gateway has said HELLO, and what Discord is asked before IDENTIFY is not answered yet."""
    stage.discord.faults.rate_limit("/gateway/bot", retry_after_s=60)

    def beating() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if isinstance(thread, KeepAliveHandler)]

    with stage.acting(wait=False):
        until(lambda: stage.discord.gateway.connects == 1 and beating(), "a heartbeat")
        assert stage.discord.gateway.identifies == 0
    assert beating() == []

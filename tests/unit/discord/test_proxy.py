"""The way to Discord through a proxy: the same for the bot and for `check`."""

from __future__ import annotations

from collections.abc import Callable

import discord
import pytest

from actors.chat.discord.core.proxy import environment_proxy
from actors.chat.discord.gateway.bot import UsherBot
from config import Settings
from diagnosis.findings import render
from launcher.doctor.discord_rest import DiscordApi, check_discord_by_rest

PROXY = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a proxy on which nobody listens, and the real Discord, whatever a test before has set."""
    monkeypatch.setattr(discord.http.Route, "BASE", "https://discord.com/api/v10")
    for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", PROXY)


def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """By scheme; not where NO_PROXY lists the host, and never for the own machine."""
    assert environment_proxy("https://discord.com/api/v10") == PROXY
    assert environment_proxy("http://discord.com/api/v10") is None
    monkeypatch.setenv("ALL_PROXY", "http://other:8080")
    assert environment_proxy("http://discord.com/api/v10") == "http://other:8080"
    assert environment_proxy("http://127.0.0.1:4000/api/v10") is None
    assert environment_proxy("http://localhost:4000/api/v10") is None
    monkeypatch.setenv("NO_PROXY", "discord.com")
    assert environment_proxy("https://discord.com/api/v10") is None


async def test_bot_and_doctor_go_through_the_same_proxy(make_bot: Callable[[], UsherBot]) -> None:
    """What `check` finds holds for the service."""
    bot = make_bot()
    assert bot.http.proxy == DiscordApi(Settings(discord_token="x")).proxy == PROXY


def test_a_proxy_that_is_away_is_named() -> None:
    """The message says that the proxy is away, not that Discord is."""
    findings = list(check_discord_by_rest(Settings(discord_token="x")))
    assert [finding.code for finding in findings] == ["discord.proxy"]
    assert "127.0.0.1:1 does not let it through" in render(findings[0]).text

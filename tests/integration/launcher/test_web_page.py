"""`setup` and `check` about the web page: asked for, tried, and every fault with its cure."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from config import Settings, load_settings
from diagnosis.findings import render
from launcher.doctor.web_page import check_web_page
from simulator.discord import SimulatedDiscord
from tests.integration.launcher.test_setup import REST, Desk, desk

__all__ = ["desk"]
NEWCOMER = REST[:-1]


def say(settings: Settings) -> list[str]:
    """Return what `check` says of the page: severity, text and cure."""
    return [
        f"{finding.severity}: {render(finding).text} → {render(finding).cure}" for finding in check_web_page(settings)
    ]


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port at which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


@pytest.fixture
def free() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_no_page_is_nothing_to_check() -> None:
    """And nothing is said of it."""
    assert say(Settings()) == []


def test_the_port_is_tried(busy_port: int, free: int, tmp_path: Path) -> None:
    """One that another program has is an error with its cure."""
    assert say(Settings(web_port=free, data_dir=str(tmp_path)))[0].startswith("ok: can listen on 127.0.0.1")
    (line,) = say(Settings(web_port=busy_port, data_dir=str(tmp_path)))
    assert line.startswith("error: cannot listen on") and "WEB_PORT" in line


def test_the_page_address_is_tried(free: int, tmp_path: Path) -> None:
    """A page that is not there yet is a note; members who sign in over http are one too."""
    settings = Settings(web_port=free, web_access="members", web_url="http://films.invalid", data_dir=str(tmp_path))
    lines = say(settings)
    assert any(line.startswith("note: does not answer at http://films.invalid") for line in lines)
    assert any("over plain http" in line and "https address" in line for line in lines)
    lines = say(
        Settings(web_port=free, web_access="members", web_url=f"http://127.0.0.1:{free}", data_dir=str(tmp_path))
    )
    assert not any("over plain http" in line for line in lines)


def test_the_application_is_looked_up(free: int, tmp_path: Path) -> None:
    """A client id without a secret, or of another application, is named."""
    with SimulatedDiscord() as discord:
        common = Settings(
            web_port=free,
            web_access="members",
            web_url="https://films.invalid",
            data_dir=str(tmp_path),
            discord_token=discord.token,
            discord_api_url=discord.api_url,
            discord_client_id=7,
        )
        half = say(common)
        assert any("needs both DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET" in line for line in half)
        wrong = say(replace(common, discord_client_secret="a-secret"))
        assert any(f"set it to {discord.world.app_id}" in line for line in wrong)
        right = say(replace(common, discord_client_secret="a-secret", discord_client_id=discord.world.app_id))
        assert any("https://films.invalid/sign-in/discord" in line for line in right)
        assert "a-secret" not in str(wrong) + str(right)


def read(desk: Desk) -> Settings:
    """Return what the service would run with."""
    return load_settings({}, desk.env, for_service=False)


def test_a_page_for_members_behind_a_proxy_is_set_up(desk: Desk, free: int) -> None:
    """Five answers: for whom, the port, the address, the proxy."""
    status = desk.type(
        "1", desk.discord.token, *NEWCOMER, "for members", str(free), "films.example", "https://films.example/", "yes"
    )
    assert status == 0, desk.shown
    assert "it takes an address" in desk.shown
    settings = read(desk)
    assert (settings.web_access, settings.web_port, settings.web_url) == ("members", free, "https://films.example")
    assert settings.web_bind == "127.0.0.1"
    assert settings.web_trusted_proxies == ("127.0.0.1/32", "::1/128")


def test_a_proxy_before_a_local_page_is_named(free: int) -> None:
    """Its requests are refused; the cure is a sign-in. If the proxy is trusted, nothing is said."""
    behind = Settings(web_port=free, web_url="https://films.example")
    told = [text for text in say(behind) if "WEB_ACCESS" in text]
    assert len(told) == 1
    assert "https://films.example is for others" in told[0]
    assert "WEB_ACCESS=members" in told[0]
    for settings in (replace(behind, web_url=""), replace(behind, web_trusted_proxies=("127.0.0.1/32",))):
        assert not any("WEB_ACCESS" in text for text in say(settings))


def test_a_page_for_this_machine_is_set_up(desk: Desk, busy_port: int, free: int) -> None:
    """If the port is taken, setup asks again."""
    assert desk.type("1", desk.discord.token, *NEWCOMER, "for this machine", str(busy_port), str(free)) == 0, desk.shown
    assert "cannot listen there" in desk.shown
    assert read(desk).web_port == free
    assert read(desk).web_access == "local"

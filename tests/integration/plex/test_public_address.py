"""Servers of further communities are only contacted at public internet addresses, wherever their names lead."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from actors.media import public_address
from actors.media.plex.alert_socket import AlertSocket
from actors.media.plex.errors import classify_failure
from actors.media.plex.http import BoundedSession
from actors.media.public_address import PrivateAddress, is_public
from simulator.plex import SimulatedPlex
from wording.problems import english


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server, in this machine."""
    with SimulatedPlex() as server:
        yield server


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.20", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104  # nothing listens
        "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:db8::1", "plex.example", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    """Private, loopback, link-local, shared, reserved; also within an IPv6 address."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    """All others."""
    assert is_public(address)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_private_address_is_refused_before_anything_is_sent(plex: SimulatedPlex, name: str) -> None:
    """By polls and websocket; the message names the address, and what to do."""
    url = f"http://{name}:{plex.port}"
    with BoundedSession(url, only_public=True) as session, pytest.raises(requests.ConnectionError) as refused:
        session.get(url + "/identity")
    failure = classify_failure(refused.value, url)
    assert "is in a private network (" in failure.detail and "Remote Access" in english(failure.cure)
    with pytest.raises(PrivateAddress):
        AlertSocket({}).open(f"ws://{name}:{plex.port}/:/websockets/notifications", 5.0, only_public=True)
    with BoundedSession(url) as session:
        assert session.get(url + "/identity").ok, "the environment's own servers may be anywhere"


def test_the_checked_address_is_the_one_connected_to(plex: SimulatedPlex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to a public address first and to a private one later leads nowhere else."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **named: Any) -> Any:
        if host != "plex.example":
            return real(host, port, *rest, **named)
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if len(looked_up) % 2 else "10.0.0.9", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(public_address, "is_public", lambda address: address == "127.0.0.1")
    url = f"http://plex.example:{plex.port}"
    with BoundedSession(url, only_public=True) as session:
        assert session.get(url + "/identity").ok
        assert looked_up == ["plex.example"]
        assert session.get(url + "/identity").ok, "on the same connection"
    with BoundedSession(url, only_public=True) as session, pytest.raises(requests.ConnectionError) as refused:
        session.get(url + "/identity")
    assert "(10.0.0.9)" in classify_failure(refused.value, url).detail
    alerts = AlertSocket({})
    alerts.open(
        f"ws://plex.example:{plex.port}/:/websockets/notifications?X-Plex-Token={plex.token}", 5.0, only_public=True
    )
    alerts.close_at_once()
    assert len(looked_up) == 3


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look the name up itself."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert BoundedSession("http://8.8.8.8", only_public=True).proxies == {}
    assert BoundedSession("http://8.8.8.8").proxies["http"] == "http://127.0.0.1:9"

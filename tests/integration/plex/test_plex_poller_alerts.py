"""Alerts make polls come sooner, and never more than that; every way in which a websocket dies is survived."""

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from plexapi.server import PlexServer as PlexApiServer

from actors.media.plex import PlexPoller, alerts
from actors.media.plex.alerts import ALERT_LIMIT, ALERTS_PATH, AlertBuffer, AlertConnection, PlayingAlert
from config import Settings
from messages import PollFailed
from simulator.plex import BROWSER, TELEVISION, SimulatedPlex
from tests.deadlines import WITHIN_S
from tests.integration.plex.poller_fixture import Rig, until
from tests.integration.plex.tls_relay import CA, TlsRelay

SESSIONS = "/status/sessions"
SELDOM_S = 60.0
connect: Any = PlexApiServer


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server."""
    with SimulatedPlex() as server:
        yield server


@pytest.fixture
def rig(plex: SimulatedPlex, tmp_path: Path) -> Iterator[Rig]:
    """A poller that polls by itself only once a minute, listening."""
    # Patient as in earnest: a poll given up because this machine is busy would be made again only a minute later.
    with Rig(settings_for(plex, SELDOM_S), tmp_path, poller=PlexPoller) as running:
        running.snapshot()
        until(lambda: plex.listener_count, "the websocket to open")
        yield running


def settings_for(plex: SimulatedPlex, poll_s: float, token: str = "") -> Settings:
    """Settings to poll this server."""
    return Settings(plex_url=plex.url, plex_token=token or plex.token, plex_poll_seconds=poll_s)


def polls(plex: SimulatedPlex) -> int:
    """How often the sessions were asked for."""
    return len(plex.requests_for(SESSIONS))


def test_start_pause_and_stop_are_reported_at_once(plex: SimulatedPlex, rig: Rig) -> None:
    """Within a fraction of the poll interval; the stop with its session key."""
    session = plex.play("Anton", "Metropolis", TELEVISION)
    began_s = time.monotonic()
    assert rig.snapshot(lambda told: told.playbacks).playbacks[0].state == "playing"
    plex.pause(session)
    rig.snapshot(lambda told: told.playbacks and told.playbacks[0].state == "paused")
    plex.stop_session(session, stops=3)
    stopped = rig.snapshot(lambda told: not told.playbacks)
    assert stopped.stopped_keys == (session.key,)
    assert time.monotonic() - began_s < 5
    assert polls(plex) <= 6


def test_a_false_stop_ends_nothing(plex: SimulatedPlex, rig: Rig) -> None:
    """The snapshot has the stopped key, and also the session, which continues."""
    session = plex.play("Anton", "Metropolis", TELEVISION)
    rig.snapshot(lambda told: told.playbacks)
    plex.alert(session, "stopped")
    told = rig.snapshot(lambda told: told.stopped_keys)
    assert len(told.playbacks) == 1
    plex.pause(session)
    assert rig.snapshot().stopped_keys == ()


def test_a_stop_is_kept_through_failed_polls(plex: SimulatedPlex, tmp_path: Path) -> None:
    """It is sent with the next poll that succeeds."""
    with Rig(settings_for(plex, 0.2), tmp_path) as rig:
        session = plex.play("Anton", "Metropolis", TELEVISION)
        rig.snapshot(lambda told: told.playbacks)
        until(lambda: plex.listener_count, "the websocket to open")
        plex.set_fault("status", paths=(SESSIONS,), code=500)
        plex.stop_session(session)
        rig.failure("server_error")
        until(lambda: not plex.unsent_alerts, "the alerts to be sent")
        rig.failure("server_error")
        plex.heal()
        assert rig.snapshot().stopped_keys == (session.key,)


def test_a_stop_is_repeated_with_several_polls(plex: SimulatedPlex, tmp_path: Path) -> None:
    """A busy tracker gets only the newest snapshot, so the first one alone is not enough."""
    with Rig(settings_for(plex, 0.2), tmp_path) as rig:
        session = plex.play("Anton", "Metropolis", TELEVISION)
        rig.snapshot(lambda told: told.playbacks)
        until(lambda: plex.listener_count, "the websocket to open")
        plex.stop_session(session)
        assert rig.snapshot(lambda told: told.stopped_keys and not told.playbacks).stopped_keys == (session.key,)
        assert rig.snapshot().stopped_keys == (session.key,)


def test_many_alerts_cause_few_polls(plex: SimulatedPlex, rig: Rig) -> None:
    """A hundred sessions change state again and again: at most two polls a second."""
    sessions = [plex.play("Anton", "Metropolis", BROWSER) for _ in range(100)]
    rig.snapshot(lambda told: len(told.playbacks) == 100)
    before = polls(plex)
    began_s = time.monotonic()
    states = itertools.cycle(("paused", "playing"))
    while time.monotonic() - began_s < 2.0:
        state = next(states)
        for session in sessions:
            plex.alert(session, state)
        rig.listen(0.05)
    assert polls(plex) - before <= 2 * (time.monotonic() - began_s) + 2


def test_regular_progress_alerts_cause_no_poll(plex: SimulatedPlex, rig: Rig) -> None:
    """A hundred clients report unchanged playing each second."""
    sessions = [plex.play("Anton", "Metropolis", TELEVISION) for _ in range(100)]
    rig.snapshot(lambda told: len(told.playbacks) == 100)
    for session in sessions:
        plex.alert(session, "playing")
    until(lambda: not plex.unsent_alerts, "the alerts to be sent")
    rig.listen(0.7)
    before = polls(plex)
    for session in sessions:
        plex.alert(session, "playing")
    until(lambda: not plex.unsent_alerts, "the alerts to be sent")
    rig.listen(0.7)
    assert polls(plex) == before


def test_other_alerts_cause_no_poll(plex: SimulatedPlex, rig: Rig) -> None:
    """Scans, updates and invalid alerts; the actor keeps running."""
    before = polls(plex)
    plex.send_unrelated_alerts()
    oddities: list[dict[str, Any]] = [
        {"type": "playing"},
        {"type": "playing", "PlaySessionStateNotification": "x"},
        {"type": "playing", "PlaySessionStateNotification": [1, None, {"state": 5}, {"sessionKey": []}]},
        {"type": ["playing"]},
    ]
    for odd in oddities:
        plex.send(odd)
    until(lambda: not plex.unsent_alerts, "the alerts to be sent")
    rig.listen(0.3)
    assert polls(plex) == before
    plex.play("Anton", "Metropolis", TELEVISION)
    rig.snapshot(lambda told: told.playbacks)


@pytest.mark.parametrize("fault", ["dropped", "rejected", "silent", "invalid_utf8", "garbage", "unanswered"])
def test_polling_works_without_the_websocket(
    plex: SimulatedPlex, tmp_path: Path, fault: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with it: start and end are reported, health stays clear, and it is opened again afterwards."""
    caplog.set_level(logging.DEBUG)
    for name, value in {"FIRST_WAIT_S": 0.05, "PING_S": 0.3, "PONG_WITHIN_S": 0.2, "OPEN_WITHIN_S": 0.5}.items():
        monkeypatch.setattr(alerts, name, value)
    plex.set_socket_fault(fault)
    with Rig(settings_for(plex, 0.1), tmp_path) as rig:
        session = plex.play("Anton", "Metropolis", TELEVISION)
        rig.snapshot(lambda told: told.playbacks)
        begins_again = fault != "garbage"  # which is no reason to hang up
        deadline_s = time.monotonic() + 5
        while len(plex.requests_for(ALERTS_PATH)) < 1 + begins_again and time.monotonic() < deadline_s:
            rig.listen(0.05)
            plex.send_unrelated_alerts()
        assert len(plex.requests_for(ALERTS_PATH)) >= 1 + begins_again
        plex.stop_session(session)
        rig.snapshot(lambda told: not told.playbacks)
        assert not [message for message in rig.heard if isinstance(message, PollFailed)]
        assert rig.degraded == ""
        plex.heal()
        plex.close_listeners()
        again = time.monotonic() + 15
        while not plex.listener_count and time.monotonic() < again:
            rig.listen(0.05)
        assert plex.listener_count
    assert caplog.text.count("alerts are not heard") <= 3
    assert plex.token not in caplog.text


def test_a_websocket_that_closes_is_opened_again(
    plex: SimulatedPlex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is then identified again, because it may be another one."""
    monkeypatch.setattr(alerts, "FIRST_WAIT_S", 0.05)
    with Rig(settings_for(plex, 0.1), tmp_path) as rig:
        rig.snapshot()
        until(lambda: plex.listener_count, "the websocket to open")
        asked = len(plex.requests_for("/"))
        opened = len(plex.requests_for(ALERTS_PATH))
        plex.close_listeners()
        deadline_s = time.monotonic() + 10
        while len(plex.requests_for(ALERTS_PATH)) == opened and time.monotonic() < deadline_s:
            rig.listen(0.05)
        assert len(plex.requests_for(ALERTS_PATH)) == opened + 1
        assert len(plex.requests_for("/")) == asked + 1


def test_a_token_with_http_in_it_arrives_whole(tmp_path: Path) -> None:
    """PlexAPI would make "ws" of it."""
    with SimulatedPlex(token="http-https-tok3n") as plex, Rig(settings_for(plex, SELDOM_S), tmp_path) as rig:
        rig.snapshot()
        until(lambda: plex.listener_count, "the websocket to open")


def test_a_listener_can_be_stopped_at_any_time(plex: SimulatedPlex) -> None:
    """Before its start, while it connects, and while the other end is silent: without an error and soon."""
    server = connect(plex.url, plex.token)
    never = AlertConnection(server, lambda _: None, ping_s=5, pong_within_s=2)
    never.stop()
    never.start()
    never.join(2)
    assert not never.is_alive()
    plex.set_socket_fault("silent")
    for wait in (False, True):
        listener = AlertConnection(server, lambda _: None, ping_s=5, pong_within_s=2)
        listener.start()
        if wait:
            assert listener.opened.wait(WITHIN_S)
        listener.stop()
        listener.join(6)
        assert not listener.is_alive()
    server._session.close()


def test_a_stopped_poller_leaves_no_thread(plex: SimulatedPlex, tmp_path: Path) -> None:
    """And no connection."""
    with Rig(settings_for(plex, 0.1), tmp_path) as rig:
        rig.snapshot()
        until(lambda: plex.listener_count, "the websocket to open")
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("plex-")], "its threads to end")
    until(lambda: not plex.listener_count, "the websocket to close")


def entry(key: str, state: str = "playing") -> dict[str, Any]:
    """An alert of one session, as PlexAPI hands it over."""
    return {"type": "playing", "PlaySessionStateNotification": [{"sessionKey": key, "state": state}]}


def test_the_alert_buffer_wakes_once_and_is_bounded() -> None:
    """Many alerts are one wake-up; the newest alert of a session is kept."""
    calls: list[int] = []
    box = AlertBuffer(lambda: calls.append(1))
    for number in range(ALERT_LIMIT * 2):
        box.put(entry(str(number)))
    box.put(entry("5", "stopped"))
    news = box.take()
    assert (len(calls), len(news)) == (1, ALERT_LIMIT)
    assert news[5] == PlayingAlert("5", "stopped", "", stopped=True)
    assert box.take() == ()
    box.put(entry("1"))
    assert len(calls) == 2


def test_the_websocket_trusts_a_private_authority(
    plex: SimulatedPlex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQUESTS_CA_BUNDLE applies to polls and alerts: a start is reported at once."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CA))
    with TlsRelay(urlsplit(plex.url).port or 0) as relay:
        settings = Settings(plex_url=relay.url, plex_token=plex.token, plex_poll_seconds=SELDOM_S)
        with Rig(settings, tmp_path, poller=PlexPoller) as running:
            running.snapshot()
            until(lambda: plex.listener_count, "the websocket to open")
            plex.play("Anton", "Metropolis", TELEVISION)
            assert running.snapshot(lambda told: told.playbacks).playbacks


def test_an_unknown_certificate_authority_is_named(plex: SimulatedPlex, tmp_path: Path) -> None:
    """An address with http:// that needs https:// is named as such, too, and not as an outage."""
    with TlsRelay(urlsplit(plex.url).port or 0) as relay:
        for url, cure in (
            (relay.url, "a certificate that does not fit"),
            (relay.url.replace("https", "http"), "begin PLEX_URL with https://"),
        ):
            settings = Settings(plex_url=url, plex_token=plex.token, plex_poll_seconds=SELDOM_S)
            with Rig(settings, tmp_path, poller=PlexPoller) as running:
                failed = running.failure()
                assert failed.kind == "refused"
                assert cure in failed.detail

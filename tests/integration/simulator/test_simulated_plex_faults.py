"""Each fault of the simulated Plex server, and the very exception it brings out of the real PlexAPI."""

import math
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, TypeAlias
from xml.etree.ElementTree import ParseError

import pytest
import requests
import websocket
from plexapi.alert import AlertListener
from plexapi.exceptions import BadRequest, NotFound, Unauthorized
from plexapi.server import PlexServer

from simulator.plex import MEMBER_TOKEN, OLD_MEMBER_TOKEN, SimulatedPlex

Connect: Any = PlexServer
"""PlexAPI has no types of its own, so nothing is known about its objects."""
SESSIONS = "/status/sessions"
MEGABYTE = 1 << 20


def until(condition: Callable[[], object], what: str, within_s: float = 5.0) -> None:
    """Wait for the condition, or fail saying what did not happen."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.005)


@pytest.fixture
def plex() -> Iterator[SimulatedPlex]:
    """A running server where Anton watches Alien."""
    with SimulatedPlex() as server:
        server.play("Anton", "Alien")
        yield server


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """The connections of one test."""
    with closing(requests.Session()) as session:
        yield session


@pytest.fixture
def client(plex: SimulatedPlex, http: requests.Session) -> Any:
    """PlexAPI, connected while all was well, with a short patience."""
    return Connect(plex.url, plex.token, session=http, timeout=0.5)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "refuse"}, requests.ConnectionError),
        ({"kind": "hang"}, requests.ReadTimeout),
        ({"kind": "slow", "seconds": 3}, requests.ReadTimeout),
        ({"kind": "status", "code": 401}, Unauthorized),
        ({"kind": "status", "code": 403}, BadRequest),
        ({"kind": "status", "code": 404}, NotFound),
        ({"kind": "status", "code": 500}, BadRequest),
        ({"kind": "status", "code": 502}, BadRequest),
        ({"kind": "status", "code": 503}, BadRequest),
        ({"kind": "status", "code": 520}, TypeError),
        ({"kind": "html"}, ParseError),
        ({"kind": "truncated"}, ParseError),
        ({"kind": "empty"}, AttributeError),
        ({"kind": "no_content"}, AttributeError),
        ({"kind": "huge", "size": MEGABYTE}, ParseError),
        ({"kind": "endless_redirect"}, requests.TooManyRedirects),
        ({"kind": "entity_bomb"}, ParseError),
        ({"kind": "control_entity"}, ParseError),
    ],
    ids=lambda value: f"{value['kind']}-{value.get('code', '')}" if isinstance(value, dict) else None,
)
def test_fault_brings_its_exception_and_heals(
    plex: SimulatedPlex, client: Any, fault: dict[str, Any], error: type[Exception]
) -> None:
    """Inside the fault exactly this exception, afterwards the true answer again."""
    with plex.with_fault(**fault), pytest.raises(error) as caught:
        client.sessions()
    assert caught.type is error
    assert [s.title for s in client.sessions()] == ["Alien"]


def test_tokens(plex: SimulatedPlex, http: requests.Session) -> None:
    """A wrong token is 401 at the door; a member's is 403 on newer and 401 on older servers."""
    with pytest.raises(Unauthorized):
        Connect(plex.url, "wrong", session=http, timeout=5)
    member = Connect(plex.url, MEMBER_TOKEN, session=http, timeout=5)
    with pytest.raises(BadRequest, match=r"\(403\) forbidden"):
        member.sessions()
    assert len(member.library.sections()) == 4
    with pytest.raises(Unauthorized):
        Connect(plex.url, OLD_MEMBER_TOKEN, session=http, timeout=5).sessions()
    assert http.get(f"{plex.url}/identity", timeout=5).status_code == 200
    assert plex.token not in repr(plex.requests)


def test_fault_can_be_for_some_paths_and_some_times(plex: SimulatedPlex, client: Any) -> None:
    """Only the named paths break, and only as often as asked."""
    plex.set_fault("status", paths=[SESSIONS], times=2, code=503)
    assert client.fetchItem(1005).title == "Metropolis"
    for _ in range(2):
        with pytest.raises(BadRequest):
            client.sessions()
    assert len(client.sessions()) == 1


def test_refusing_keeps_the_port(plex: SimulatedPlex, client: Any) -> None:
    """While it refuses nobody else can take the port, and open connections are cut."""
    with plex.with_fault("refuse"):
        with pytest.raises(OSError, match=f"port {plex.port} on 127.0.0.1 cannot be used"):
            SimulatedPlex(port=plex.port).start()
        with pytest.raises(requests.ConnectionError):
            client.sessions()
    assert len(client.sessions()) == 1


def test_stop_and_start_come_back_on_the_same_port(plex: SimulatedPlex, client: Any) -> None:
    """A server that was away is found where it was."""
    plex.stop()
    with pytest.raises(requests.ConnectionError):
        client.sessions()
    plex.start()
    assert len(client.sessions()) == 1


def test_flapping(plex: SimulatedPlex, client: Any) -> None:
    """It answers, refuses and answers again by itself."""

    def answers() -> bool:
        try:
            return bool(client.sessions())
        except requests.ConnectionError:
            return False

    plex.set_fault("flap", seconds=0.1)
    for wanted in (True, False, True, False):
        until(lambda: answers() is wanted, f"answers: {wanted}")  # noqa: B023 - called before the next turn
    plex.heal()
    assert answers()


def test_plain_redirect_takes_the_token_to_another_host(plex: SimulatedPlex, client: Any) -> None:
    """requests keeps X-Plex-Token across hosts: PlexAPI alone leaks it, and the simulator shows it."""
    with SimulatedPlex(token="elsewhere", machine_id="elsewhere") as other:
        with plex.with_fault("redirect", location=other.url), pytest.raises(Unauthorized):
            client.sessions()
        assert [(r.path, r.token) for r in other.requests] == [(SESSIONS, plex.token)]


def test_a_body_without_end_can_be_left(plex: SimulatedPlex, http: requests.Session) -> None:
    """A gigabyte comes in pieces, and the server lives on when the client has had enough."""
    with plex.with_fault("huge"):
        answer = http.get(plex.url, headers={"X-Plex-Token": plex.token}, stream=True, timeout=5)
        read = 0
        for block in answer.iter_content(65536):
            read += len(block)
            if read > 8 * MEGABYTE:
                break
        answer.close()
    assert read > 8 * MEGABYTE
    assert http.get(f"{plex.url}/identity", timeout=5).ok


def test_many_sessions_are_well_formed(plex: SimulatedPlex, client: Any) -> None:
    """The flood is readable XML, each session with its own key."""
    with plex.with_fault("many_sessions", size=1_001):
        found = client.sessions()
    assert len(found) == 1_001
    assert {s.sessionKey for s in found} == set(range(1, 1_002))


def test_without_charset_titles_are_mojibake(plex: SimulatedPlex, client: Any) -> None:
    """text/xml without a charset is read as Latin-1."""
    plex.play("Berta", "Amélie")
    assert client.sessions()[1].title == "Amélie"
    with plex.with_fault("no_charset"):
        assert client.sessions()[1].title == "AmÃ©lie"


def test_raw_control_characters_are_cleaned(plex: SimulatedPlex, client: Any) -> None:
    """PlexAPI takes raw control characters out and tries again."""
    with plex.with_fault("raw_control"):
        assert client.sessions()[0].title == "�Alien"


@pytest.mark.parametrize(
    ("oddity", "name"),
    [("empty_keys", "MovieSession"), ("text_keys", "MovieSession"), ("unknown_type", "Conversion")],
)
def test_odd_elements_become_odd_objects(plex: SimulatedPlex, client: Any, oddity: str, name: str) -> None:
    """Keys that are no numbers become NaN; an unknown type becomes something without a session key."""
    plex.distort(1, oddity)
    (odd,) = client.sessions()
    assert type(odd).__name__ == name
    if name == "MovieSession":
        assert math.isnan(odd.sessionKey)
        assert math.isnan(odd.ratingKey)
        assert math.isnan(odd._userId)
    else:
        assert not hasattr(odd, "sessionKey")


def test_absent_attributes(plex: SimulatedPlex, client: Any) -> None:
    """No offset is 0, no duration None, a text offset NaN; no guids is no error."""
    for oddity in ("no_offset", "no_duration", "text_offset", "no_guids"):
        plex.distort(plex.play("Anton", "Alien", at_ms=9_000), oddity)
    no_offset, no_duration, text_offset, no_guids = client.sessions()[1:]
    assert no_offset.viewOffset == 0
    assert no_duration.duration is None
    assert math.isnan(text_offset.viewOffset)
    assert (no_guids.guid, no_guids._data.findall("Guid")) == (None, [])


def test_one_element_without_user_spoils_all(plex: SimulatedPlex, client: Any) -> None:
    """Five good sessions are lost with the sixth, which is why a poller must not rely on sessions()."""
    for _ in range(4):
        plex.play("Anton", "Alien")
    broken = plex.distort(plex.play("Berta", "M"), "no_user")
    with pytest.raises(AttributeError):
        client.sessions()
    plex.distort(broken)
    assert len(client.sessions()) == 6


class Listening:
    """A real AlertListener at work, what it hears, and what goes wrong with it."""

    def __init__(self, client: Any, plex: SimulatedPlex) -> None:
        self.heard: list[dict[str, Any]] = []
        self.problems: list[Exception] = []
        # websocket-client leaves its socket open when the connection fails; one of our own can be closed.
        self.socket = socket.create_connection(("127.0.0.1", plex.port), timeout=5)
        self.thread: Any = AlertListener(client, self.heard.append, self.problems.append, self.socket)
        self.thread.start()

    @property
    def states(self) -> list[str]:
        """The states heard."""
        return [one["PlaySessionStateNotification"][0]["state"] for one in self.heard]

    def ends(self) -> bool:
        """Whether the thread ends within five seconds."""
        self.thread.join(5)
        return not self.thread.is_alive()


Listen: TypeAlias = Callable[..., Listening]
"""Begins to listen, and waits for the connection unless told not to."""


@pytest.fixture
def listen(plex: SimulatedPlex, client: Any) -> Iterator[Listen]:
    """Begins to listen; ends it after the test."""
    started: list[Listening] = []

    def begin(connected: bool = True) -> Listening:
        started.append(Listening(client, plex))
        if connected:
            until(lambda: plex.listener_count == 1, "the listener connects")
        return started[-1]

    yield begin
    plex.stop()
    for one in started:
        assert one.ends()
        one.socket.close()


@pytest.mark.parametrize("fault", ["rejected", "dropped"])
def test_listener_ends_when_it_is_not_wanted(plex: SimulatedPlex, listen: Listen, fault: Any) -> None:
    """A handshake refused or a connection closed at once ends the thread; it never comes back."""
    plex.set_socket_fault(fault)
    listening = listen(connected=False)
    assert listening.ends()
    assert listening.heard == []
    assert len(plex.requests_for("/:/websockets/notifications")) == 1


def test_listener_waits_for_a_handshake_that_never_comes(plex: SimulatedPlex, listen: Listen) -> None:
    """An unanswered handshake holds the thread until the server cuts it."""
    plex.set_socket_fault("unanswered")
    listening = listen(connected=False)
    until(lambda: plex.requests_for("/:/websockets/notifications"), "the handshake arrives")
    assert listening.thread.is_alive()
    assert plex.listener_count == 0
    plex.set_socket_fault(None)
    assert listening.ends()
    assert listening.problems


@pytest.mark.parametrize("how", ["refuse", "cut_connections", "restart", "close_listeners", "stop"])
def test_listener_ends_with_its_connection(plex: SimulatedPlex, listen: Listen, how: str) -> None:
    """Whatever ends the connection ends the listener."""
    listening = listen()
    if how == "refuse":
        plex.set_fault("refuse")
    else:
        getattr(plex, how)()
    assert listening.ends()
    until(lambda: plex.listener_count == 0, "the server forgets it")


def test_one_bad_frame_ends_the_listener(plex: SimulatedPlex, listen: Listen) -> None:
    """A text frame that is not UTF-8 is the last one heard."""
    listening = listen()
    plex.alert(1, "playing")
    until(lambda: len(listening.heard) == 1, "a good alert is heard")
    plex.set_socket_fault("invalid_utf8")
    plex.alert(1, "playing")
    assert listening.ends()
    assert len(listening.heard) == 1
    assert listening.problems


def test_garbage_is_passed_over(plex: SimulatedPlex, listen: Listen) -> None:
    """A frame that is no JSON is lost, and the next is heard."""
    listening = listen()
    plex.set_socket_fault("garbage")
    plex.alert(1, "playing")
    plex.alert(1, "paused")
    until(lambda: plex.unsent_alerts == 0, "the garbage is on its way")
    plex.set_socket_fault(None)
    plex.alert(1, "stopped")
    until(lambda: listening.heard, "the good alert is heard")
    assert listening.states == ["stopped"]


def test_half_open_silence(plex: SimulatedPlex, listen: Listen) -> None:
    """Nothing is heard, nothing closes, and pings have no answer."""
    listening = listen()
    plex.set_socket_fault("silent")
    for _ in range(3):
        plex.alert(1, "playing")
    until(lambda: plex.unsent_alerts == 0, "the alerts are swallowed")
    listening.thread._ws.sock.ping("anybody there?")
    plex.set_socket_fault(None)
    plex.alert(1, "paused")
    until(lambda: listening.heard, "the first alert after the silence")
    assert listening.states == ["paused"]
    assert (listening.thread.is_alive(), plex.listener_count, listening.problems) == (True, 1, [])


@pytest.mark.parametrize(("fault", "answered"), [(None, True), ("silent", False)])
def test_pings_are_answered_unless_silent(plex: SimulatedPlex, fault: Any, answered: bool) -> None:
    """A poller that pings can tell a quiet server from a dead connection."""
    address = f"{plex.url.replace('http', 'ws')}/:/websockets/notifications?X-Plex-Token={plex.token}"
    with closing(websocket.create_connection(address, timeout=0.5)) as connection:
        until(lambda: plex.listener_count == 1, "the connection is open")
        plex.set_socket_fault(fault)
        connection.ping("here?")
        if answered:
            assert connection.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_PONG, b"here?")
        else:
            with pytest.raises(websocket.WebSocketTimeoutException):
                connection.recv_data(control_frame=True)

"""Requests that are too large, too slow or no HTTP are refused with every header, and no other reader notices."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.web.http import connections, event_stream, posters, server
from actors.web.http.guards import SECURITY_HEADERS
from actors.web.http.posters import MOST_BYTES, PosterShelf
from messages import GetHealth, HealthReport, Item, Poster
from tests.deadlines import WITHIN_S
from tests.unit.web.page_stage import RASHOMON, PageStage, make_screening, make_seat, open_stage

SOON_S = 0.3
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageStage]:
    """The web actor with short times, where members sign in."""
    monkeypatch.setattr(server, "IDLE_S", SOON_S)
    monkeypatch.setattr(event_stream, "SEND_S", SOON_S)
    with open_stage(tmp_path, web_access="public", web_url="http://127.0.0.1") as opened:
        opened.answer_load()
        yield opened


def send(stage: PageStage, request: bytes) -> bytes:
    """Send bytes, and return what is answered until the connection is closed."""
    with socket.create_connection(("127.0.0.1", stage.port), WITHIN_S) as connection:
        connection.sendall(request)
        return connection.makefile("rb").read()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Much: " + b"x" * 9000 + b"\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: nonsense\r\n\r\n",
    ],
)
def test_an_invalid_request_is_answered_with_every_header(
    stage: PageStage, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """And fills no log."""
    answer = send(stage, request_bytes)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), answer[:100]
    for name, value in SECURITY_HEADERS.items():
        assert f"{name}: {value}".encode() in answer, name
    assert b"Traceback" not in answer
    assert not [record for record in caplog.records if "aiohttp" in record.name]


def test_an_unfinished_request_is_disconnected(stage: PageStage) -> None:
    """The head of a request has ten seconds, from the connection on."""
    begun = time.monotonic()
    assert send(stage, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") == b""
    assert send(stage, b"") == b""
    assert time.monotonic() - begun < WITHIN_S


def test_a_form_is_not_read_if_the_reader_may_not_send_it(stage: PageStage) -> None:
    """However large it is."""
    head = b"POST /sign-out HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"
    assert b" 303 " in send(stage, head + b"Content-Length: 0\r\n\r\n")
    form = b"POST /me/privacy HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"
    assert b" 401 " in send(stage, form + b"Content-Length: 70000\r\n\r\n" + b"x" * 70_000)


def test_the_number_of_connections_is_limited(stage: PageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is closed at once; the others are served."""
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    kept = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=WITHIN_S)
    kept.request("GET", "/events")
    stream = kept.getresponse()
    assert stream.status == 200
    opened = [socket.create_connection(("127.0.0.1", stage.port), WITHIN_S) for _ in range(3)]
    opened[-1].settimeout(WITHIN_S)
    with contextlib.suppress(ConnectionResetError):
        assert opened[-1].recv(10) == b""
    assert stream.readline()
    for each in opened:
        each.close()
    kept.close()


def test_the_connections_of_one_address_are_limited(stage: PageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed connections are not counted."""
    monkeypatch.setattr(connections, "MOST_FOR_NETWORK", 3)
    opened = [socket.create_connection(("127.0.0.1", stage.port), WITHIN_S) for _ in range(4)]
    with contextlib.suppress(ConnectionResetError):
        assert opened[-1].recv(10) == b""
    other = http.client.HTTPConnection("127.0.0.1", stage.port, WITHIN_S, source_address=("127.0.0.2", 0))
    other.request("GET", "/health")
    assert other.getresponse().status == 200
    other.close()
    for each in opened:
        each.close()
    end = time.monotonic() + WITHIN_S
    while not is_served_at_once(stage, 3):
        assert time.monotonic() < end


def is_served_at_once(stage: PageStage, count: int) -> bool:
    """Tell whether so many connections of one address are served while all are open."""
    with contextlib.ExitStack() as closing:
        for _ in range(count):
            kept = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=WITHIN_S)
            closing.callback(kept.close)
            try:
                kept.request("GET", "/health")
                assert kept.getresponse().read()
            except (ConnectionError, http.client.HTTPException):
                return False
    return True


def test_a_client_that_does_not_read_is_disconnected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from a plain answer: a picture that nobody reads does not hold a connection for good."""
    monkeypatch.setattr(connections, "TAKE_S", SOON_S)
    with open_stage(tmp_path) as stage:
        stage.answer_load()
        address = stage.actor._posters.find_address(RASHOMON)
        key = address.rpartition("/")[2]
        stage.actor._posters._keep(key, "image/png", PNG + bytes(MOST_BYTES - len(PNG)))
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", stage.port))
        slow.sendall(f"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 8)
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Begun: ")  # what follows tells when the other end is gone
        end = time.monotonic() + WITHIN_S
        with contextlib.suppress(ConnectionError):
            while True:
                assert time.monotonic() < end, "it is still there"
                slow.sendall(b"x")
                time.sleep(0.05)
        slow.close()
        assert stage.get_bytes(address)[0] == 200


def test_metrics_need_the_token_from_elsewhere(tmp_path: Path) -> None:
    """Through any proxy too; without it the address looks like an unknown one."""
    with open_stage(tmp_path, web_access="public", web_url="http://127.0.0.1", web_metrics_token="a-token") as stage:
        stage.answer_load()
        launcher = stage.add_neighbour("launcher")
        for headers in ({"X_Forwarded_For": "203.0.113.9"}, {"Via": "1.1 proxy"}, {"Forwarded": "for=203.0.113.9"}):
            assert stage.get("/metrics", **headers)[0] == 404
            assert stage.get("/metrics", Authorization="Bearer another", **headers)[0] == 404
        reader = threading.Thread(
            target=lambda: stage.answer(launcher, GetHealth, HealthReport(stage.clock.now(), (), 1))
        )
        reader.start()
        assert stage.get("/metrics", Authorization="Bearer a-token", X_Forwarded_For="203.0.113.9")[0] == 200
        reader.join(WITHIN_S)


def test_a_slow_stream_reader_is_disconnected_and_delays_nobody(stage: PageStage) -> None:
    """Unread updates are not kept for it; the others get theirs."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", stage.port))
    slow.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    end = time.monotonic() + WITHIN_S
    while len(stage.actor._streams) < 1:
        assert time.monotonic() < end
        time.sleep(0.01)
    number = 0
    while len(stage.actor._streams):
        assert time.monotonic() < end + WITHIN_S, "it is still there"
        number += 1
        seats = tuple(make_seat(f"{number} {seat} " + "x" * 50, (0, number % 60 + 1)) for seat in range(60))
        item = replace(RASHOMON, title=f"Film {number}")
        stage.show(make_screening(stage.clock.now(), 62, seats, item=item))
        time.sleep(0.02)
    assert stage.get("/health")[0] == 200
    slow.close()


async def test_a_missing_poster_is_rarely_requested_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of requests for it does not reach Plex; there may be one later."""
    asked: list[Item] = []

    async def fetch(item: Item) -> Poster:
        asked.append(item)
        return Poster(PNG if len(asked) > 1 else b"<html>")

    shelf = PosterShelf(fetch, b"<svg/>")
    assert [await shelf.load(RASHOMON) for _ in range(3)] == [b""] * 3
    assert len(asked) == 1
    now_s = time.monotonic() + posters.MISSING_S
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    assert await shelf.load(RASHOMON) == PNG

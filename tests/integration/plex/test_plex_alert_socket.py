"""The alert websocket against malicious servers: excessive data closes it, and memory stays small."""

import base64
import hashlib
import itertools
import re
import socket
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from actors.media.plex.alert_socket import FRAGMENT_LIMIT, MESSAGE_LIMIT, READS_PER_SECOND
from actors.media.plex.alerts import AlertConnection
from tests.integration.plex.poller_fixture import until
from tests.integration.plex.raw_server import request_of, serving

MB = 1_000_000
TEXT, CONTINUATION, PING = 1, 0, 9


def frame(content: bytes, opcode: int = TEXT, *, is_last: bool = True, length: int | None = None) -> bytes:
    """Return a frame as it goes over the wire; `length` is the length that it claims."""
    size = len(content) if length is None else length
    return struct.pack("!BBQ", (0x80 if is_last else 0) | opcode, 127, size) + content


def shake_hands(connection: socket.socket, *headers: bytes) -> None:
    """Take the other end's handshake; `headers`: further ones of the answer."""
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", request_of(connection))
    assert key is not None
    proof = hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
    accepted = base64.b64encode(proof)
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accepted + b"\r\n" + b"".join(each + b"\r\n" for each in headers) + b"\r\n"
    )


def listener_at(url: str, on_alert: Callable[[Any], None] = lambda _: None, *, ping_s: float = 20.0) -> AlertConnection:
    """A connection to this address; it is started."""
    server: Any = SimpleNamespace(url=lambda path: url + path, _token="tok3n", _session=SimpleNamespace(verify=True))
    listener = AlertConnection(server, on_alert, ping_s=ping_s, pong_within_s=min(8.0, ping_s / 2))
    listener.start()
    return listener


def after_handshake(pieces: Iterator[bytes]) -> Callable[[socket.socket, int], None]:
    """A server that shakes hands and then sends these pieces, for as long as anybody reads."""

    def script(connection: socket.socket, _: int) -> None:
        shake_hands(connection)
        for piece in pieces:
            connection.sendall(piece)

    return script


def instead_of_handshake(pieces: Iterator[bytes]) -> Callable[[socket.socket, int], None]:
    """A server that answers the handshake with these pieces."""

    def script(connection: socket.socket, _: int) -> None:
        request_of(connection)
        for piece in pieces:
            connection.sendall(piece)

    return script


BIG = b"x" * 65_536


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (after_handshake(iter([frame(b"", length=1_500 * MB), *[BIG] * 400])), "AlertsTooLarge"),
        (after_handshake(iter([frame(b"", length=2**63 - 1), *[BIG] * 400])), "AlertsTooLarge"),
        (
            after_handshake(
                itertools.chain(
                    [frame(BIG, is_last=False)], itertools.repeat(frame(BIG, CONTINUATION, is_last=False), 400)
                )
            ),
            "AlertsTooLarge",
        ),
        (
            after_handshake(
                itertools.chain(
                    [frame(b"", is_last=False)],
                    itertools.repeat(frame(b"", CONTINUATION, is_last=False), FRAGMENT_LIMIT + 1),
                )
            ),
            "AlertsTooLarge",
        ),
        (after_handshake(iter([frame(b"\xff\xfe")])), "UnicodeDecodeError"),
        (
            instead_of_handshake(itertools.chain([b"HTTP/1.1 101 OK\r\nX: "], itertools.repeat(BIG, 400))),
            "AlertsTooLarge",
        ),
        (
            instead_of_handshake(
                itertools.chain([b"HTTP/1.1 101 OK\r\n"], (b"X-%d: y\r\n" % n for n in range(100_000)))
            ),
            "AlertsTooLarge",
        ),
        (
            instead_of_handshake(
                itertools.chain([b"HTTP/1.1 500 No\r\nContent-Length: 1500000000\r\n\r\n"], [BIG] * 400)
            ),
            "AlertsTooLarge",
        ),
    ],
    ids=["long frame", "longest frame", "many fragments", "empty fragments", "no text", "header", "headers", "page"],
)
def test_excessive_data_closes_the_connection(script: Callable[[socket.socket, int], None], reason: str) -> None:
    """Neither the claimed length of a frame nor what follows it is read into memory."""
    tracemalloc.start()
    try:
        with serving(script) as url:
            listener = listener_at(url)
            listener.join(20)
            assert not listener.is_alive()
            assert listener.reason == reason
        assert tracemalloc.get_traced_memory()[1] < 20 * MB
    finally:
        tracemalloc.stop()


def test_no_redirect_is_followed() -> None:
    """The address has the token in it: it is sent to nobody else."""
    elsewhere: list[bytes] = []

    def note_request(connection: socket.socket, _: int) -> None:
        elsewhere.append(request_of(connection))

    with serving(note_request) as away:
        location = away.replace("http", "ws").encode()
        answer = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"/\r\n\r\n"
        with serving(instead_of_handshake(iter([answer]))) as url:
            listener = listener_at(url)
            listener.join(10)
            assert listener.reason == "WebSocketException"
    assert not elsewhere


def test_a_flood_is_read_slowly() -> None:
    """A server that sends without end has to wait: reading takes no whole CPU core."""
    taken: list[Any] = []
    alert = frame(b'{"NotificationContainer": {"type": "playing"}}')
    with serving(after_handshake(itertools.repeat(alert * 100))) as url:
        listener = listener_at(url, taken.append)
        until(lambda: taken, "the first alert")
        began_s = time.monotonic()
        until(lambda: len(taken) > 2 * READS_PER_SECOND / 3, "alerts")
        assert time.monotonic() - began_s > 0.5
        listener.stop()
        listener.join(5)
        assert not listener.is_alive()


def test_messages_that_are_no_alerts_are_ignored() -> None:
    """Deep nesting and numbers of thousands of digits end neither the connection nor the thread."""
    taken: list[Any] = []
    odd = [b"[" * 10_000, b'{"a": ' + b"9" * 5000 + b"}", b"[]", b"no JSON", b'{"NotificationContainer": 5}']
    good = b'{"NotificationContainer": {"type": "playing"}}'
    with serving(after_handshake(iter([frame(text) for text in (*odd, good)]))) as url:
        listener = listener_at(url, taken.append)
        until(lambda: {"type": "playing"} in taken, "the alert after the odd ones")
        listener.stop()


def test_a_frame_that_never_ends_is_given_up() -> None:
    """An occasional byte does not keep a connection: a frame must be complete when the pong is due."""

    def script(connection: socket.socket, _: int) -> None:
        shake_hands(connection)
        connection.sendall(frame(b"", length=MESSAGE_LIMIT))
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    with serving(script) as url:
        listener = listener_at(url, ping_s=0.4)
        listener.join(10)
        assert listener.reason == "WebSocketTimeoutException"


def test_a_ping_is_answered() -> None:
    """As the protocol wants it."""
    answered: list[bytes] = []

    def script(connection: socket.socket, _: int) -> None:
        shake_hands(connection)
        connection.sendall(frame(b"", PING))
        answered.append(connection.recv(64))

    with serving(script) as url:
        listener = listener_at(url)
        until(lambda: answered, "a pong")
        assert answered[0][0] == 0x8A
        listener.stop()

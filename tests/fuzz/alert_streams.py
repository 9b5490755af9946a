"""Damaged streams on the alert websocket: the connection ends by itself or is stopped, and no thread dies."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from actors.media.plex.alerts import AlertBuffer
from tests.fuzz.mutation import NASTY_VALUES, damage_bytes, damage_value
from tests.fuzz.trial import Case
from tests.integration.plex.raw_server import request_of, serving
from tests.integration.plex.test_plex_alert_socket import listener_at, shake_hands

ALERT: dict[str, Any] = {
    "NotificationContainer": {
        "type": "playing",
        "size": 1,
        "PlaySessionStateNotification": [
            {"sessionKey": "12", "ratingKey": "1005", "viewOffset": 60000, "state": "playing", "key": "/library/1005"}
        ],
    }
}
ALERT_ENTRIES: list[Any] = ALERT["NotificationContainer"]["PlaySessionStateNotification"]
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
LAST, COMPRESSED = 0x80, 0x40
PING_S: Final = 0.2
"""So that one that says nothing more is given up soon."""
CLOSE_CODES: Final = (0, 999, 1000, 1001, 1002, 1005, 1006, 1007, 1009, 1011, 1012, 1015, 3000, 4004, 4999, 65_535)
Stream = Callable[[socket.socket, random.Random], None]
"""What a server does with a connection; it may go on until the other end leaves."""


@contextmanager
def alert_streams() -> Iterator[Case]:
    """Yield the case of a seed."""
    current = [random.Random(0)]  # noqa: S311 - to be repeated by its seed
    died: list[str] = []
    before = threading.excepthook
    threading.excepthook = lambda death: died.append(f"{death.exc_type.__name__}: {death.exc_value}")

    def script(connection: socket.socket, _: int) -> None:
        dice = current[0]
        name = dice.choice(list(STREAMS)) if dice.random() < 0.5 else "mixed"
        with suppress(OSError):  # the other end has left
            STREAMS[name](connection, dice)
            connection.shutdown(socket.SHUT_WR)

    try:
        with serving(script) as url:

            def play(seed: int) -> str:
                current[0] = random.Random(seed)  # noqa: S311
                taken = AlertBuffer(lambda: None)
                listener = listener_at(url, taken.put, ping_s=PING_S)
                listener.join(10)
                if listener.is_alive():
                    listener.stop()
                    raise AssertionError("the connection does not end")
                if died:
                    raise AssertionError(died.pop())
                taken.take()
                return listener.reason

            yield play
    finally:
        threading.excepthook = before


def _build_frame(content: bytes, first: int, length: int | None = None) -> bytes:
    """Return a frame; `length` is what it says of itself."""
    return struct.pack("!BBQ", first, 127, len(content) if length is None else length) + content


def _build_any_frame(dice: random.Random) -> bytes:
    content = json.dumps(damage_value(ALERT, dice) if dice.random() < 0.5 else ALERT, default=str).encode(
        "utf-8", "replace"
    )
    if dice.random() < 0.2:
        content = damage_bytes(content, dice)
    opcode = dice.choice((*[TEXT] * 90, 0, BINARY, CLOSE, PING, PING, PONG, PONG, 3, 15))
    first = (LAST if dice.random() < 0.99 else 0) | opcode | (COMPRESSED if dice.random() < 0.01 else 0)
    length = len(content) if dice.random() < 0.98 else dice.choice((0, 1, 2**31, 2**63 - 1, len(content) + 5))
    masked = 0x80 if dice.random() < 0.1 else 0
    return struct.pack("!BBQ", first, masked | 127, length) + (b"mask" if masked else b"") + content


def _send_mixed(connection: socket.socket, dice: random.Random) -> None:
    """A handshake or damage in its place, then frames of all kinds."""
    if dice.random() < 0.1:
        request_of(connection)
        connection.sendall(damage_bytes(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", dice))
        return
    shake_hands(connection)
    stream = b"".join(_build_any_frame(dice) for _ in range(dice.randint(1, 20)))
    connection.sendall(damage_bytes(stream, dice) if dice.random() < 0.3 else stream)


def _send_fragments(connection: socket.socket, dice: random.Random) -> None:
    """A message in many fragments, with control frames, or other messages, between them; whole or not."""
    shake_hands(connection)
    whole = json.dumps(ALERT).encode() * dice.choice((1, 1, 50, 5000))
    size = max(1, len(whole) // dice.choice((1, 2, 7, 300, 1500)))
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    for number, piece in enumerate(pieces):
        is_last = number == len(pieces) - 1 and dice.random() < 0.8
        opcode = (TEXT if number == 0 else 0) if dice.random() < 0.97 else dice.choice((TEXT, BINARY, 0))
        connection.sendall(_build_frame(piece, (LAST if is_last else 0) | opcode))
        if dice.random() < 0.1:
            connection.sendall(
                _build_frame(b"x" * dice.choice((0, 125, 126, 70_000)), LAST | dice.choice((PING, PONG)))
            )


def _send_compressed(connection: socket.socket, dice: random.Random) -> None:
    """Compressed frames that nobody has asked for, small ones that unpack to much among them."""
    shake_hands(connection, *([b"Sec-WebSocket-Extensions: permessage-deflate"] if dice.random() < 0.5 else []))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(json.dumps(ALERT).encode())
    if dice.random() < 0.5:
        packed += b"".join(packer.compress(bytes(100_000)) for _ in range(1000))  # 100 MB in 100 kB
    packed += packer.flush(zlib.Z_SYNC_FLUSH)
    connection.sendall(_build_frame(packed, LAST | COMPRESSED | TEXT) * dice.randint(1, 5))


def _redirect(connection: socket.socket, dice: random.Random) -> None:
    """Another status than 101, with a place to go to, or a body."""
    request_of(connection)
    status = dice.choice((200, 301, 302, 303, 307, 308, 400, 401, 403, 404, 426, 429, 500, 503))
    location = dice.choice(
        (b"ws://127.0.0.1:9/", b"http://169.254.169.254/", b"//evil.example/", b"\r\n", b"x" * 40_000)
    )
    body = b"y" * dice.choice((0, 10, 100_000))
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {dice.choice((len(body), 10**12, -1))}\r\nLocation: ".encode()
    connection.sendall(head + location + b"\r\n\r\n" + body)


def _send_pings(connection: socket.socket, dice: random.Random) -> None:
    """Very many pings or pongs, whose answers are read or not."""
    shake_hands(connection)
    ping = _build_frame(b"p" * dice.choice((0, 4, 125, 126, 4000)), LAST | dice.choice((PING, PONG)))
    for _ in range(dice.choice((1, 20, 200))):
        connection.sendall(ping * 10)
        if dice.random() < 0.5:
            connection.settimeout(0.001)
            with suppress(TimeoutError):
                connection.recv(65_536)


def _send_half_frame(connection: socket.socket, dice: random.Random) -> None:
    """A frame that stops in the middle, while the line stays: it is given up when no pong comes."""
    shake_hands(connection)
    whole = _build_frame(json.dumps(ALERT).encode(), LAST | TEXT)
    connection.sendall(whole * dice.randint(0, 3) + whole[: dice.randrange(len(whole))])
    while connection.recv(65_536):  # until the other end leaves
        pass


def _send_close(connection: socket.socket, dice: random.Random) -> None:
    """A closing frame with any code and reason, and more after it."""
    shake_hands(connection)
    code = struct.pack("!H", dice.choice(CLOSE_CODES))
    reason = dice.choice((b"", b"bye", b"\xff\xfe", b"r" * 123, b"r" * 70_000))
    content = dice.choice((b"", code[:1], code + reason))
    connection.sendall(_build_frame(content, LAST | CLOSE) + _build_any_frame(dice) * dice.randint(0, 3))


def _send_lies(connection: socket.socket, dice: random.Random) -> None:
    """Alerts that are JSON but say what no Plex server would: wrong types of values, and very many of them."""
    shake_hands(connection)
    for _ in range(dice.randint(1, 30)):
        entry = {key: dice.choice(NASTY_VALUES) for key in ("sessionKey", "ratingKey", "state", "viewOffset", "guid")}
        if dice.random() < 0.3:
            entry |= {"state": "playing", "sessionKey": dice.choice(("1", 1, "01", "\u0661", 10**30, True))}
        several = [entry] * dice.choice((0, 1, 3)) if dice.random() < 0.8 else ALERT_ENTRIES * 3000
        listed: Any = several if dice.random() < 0.8 else dice.choice(NASTY_VALUES)
        container = {"type": dice.choice(("playing", "PLAYING", *NASTY_VALUES)), "size": dice.choice(NASTY_VALUES),
                     "PlaySessionStateNotification": listed}  # fmt: skip
        lie: Any = {"NotificationContainer": container if dice.random() < 0.9 else dice.choice(NASTY_VALUES)}
        text = json.dumps(lie, default=str)
        connection.sendall(_build_frame(text.encode("utf-8", "replace"), LAST | dice.choice((TEXT, TEXT, BINARY))))


STREAMS: Final[Mapping[str, Stream]] = {
    "mixed": _send_mixed,
    "fragments": _send_fragments,
    "compressed": _send_compressed,
    "redirect": _redirect,
    "pings": _send_pings,
    "half frame": _send_half_frame,
    "close": _send_close,
    "lies": _send_lies,
}

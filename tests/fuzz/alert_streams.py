"""Damaged streams on the alert websocket: the connection ends by itself or is stopped, and no thread dies."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from actors.media.plex.alerts import AlertBuffer
from tests.fuzz.mutation import damage_bytes, damage_value
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


@contextmanager
def alert_streams() -> Iterator[Case]:
    """Yield the case of a seed."""
    current = [random.Random(0)]  # noqa: S311 - to be repeated by its seed
    died: list[str] = []
    before = threading.excepthook
    threading.excepthook = lambda death: died.append(f"{death.exc_type.__name__}: {death.exc_value}")

    def script(connection: socket.socket, _: int) -> None:
        dice = current[0]
        if dice.random() < 0.1:
            request_of(connection)
            connection.sendall(damage_bytes(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", dice))
            connection.shutdown(socket.SHUT_WR)
            return
        shake_hands(connection)
        stream = b"".join(_frame(dice) for _ in range(dice.randint(1, 20)))
        connection.sendall(damage_bytes(stream, dice) if dice.random() < 0.3 else stream)
        connection.shutdown(socket.SHUT_WR)

    try:
        with serving(script) as url:

            def play(seed: int) -> str:
                current[0] = random.Random(seed)  # noqa: S311
                taken = AlertBuffer(lambda: None)
                listener = listener_at(url, taken.put)
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


def _frame(dice: random.Random) -> bytes:
    content = json.dumps(damage_value(ALERT, dice) if dice.random() < 0.5 else ALERT, default=str).encode(
        "utf-8", "replace"
    )
    if dice.random() < 0.2:
        content = damage_bytes(content, dice)
    opcode = dice.choice((*[1] * 90, 0, 2, 8, 9, 9, 10, 10, 3, 15))
    first = (0x80 if dice.random() < 0.99 else 0) | opcode | (0x40 if dice.random() < 0.01 else 0)
    length = len(content) if dice.random() < 0.98 else dice.choice((0, 1, 2**31, 2**63 - 1, len(content) + 5))
    masked = 0x80 if dice.random() < 0.1 else 0
    return struct.pack("!BBQ", first, masked | 127, length) + (b"mask" if masked else b"") + content

"""Damaged answers of a Plex server, over a real connection: the poller's client names what is wrong, or reads it."""

from __future__ import annotations

import gzip
import random
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.sax.saxutils import escape

import msgpack
import msgspec
import requests

from actors.media.plex.client import PlexClient
from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession
from messages import FindHistory, Moment, PlaybackSnapshot
from messages.codec import MAX_FRAME_BYTES
from simulator.plex import BROWSER, TELEVISION, SimulatedPlex
from tests.fuzz.mutation import NASTY, damage_bytes
from tests.fuzz.trial import Case
from tests.integration.plex.raw_server import request_of, serving

TYPES = (
    "text/xml;charset=utf-8",
    "text/xml",
    "application/xml",
    "text/html",
    "",
    "text/xml;charset=",
    "text/xml; charset=utf-16",
    "text/xml;charset=utf-7",
    "text/xml;charset=punycode",
    "text/xml;charset=iso-8859-1",
    'text/xml;charset="us-ascii"',
    "text/xml;charset*=utf-8''x",
    "application/json",
    "text/xml;charset=" + "x" * 5000,
)
STATUSES = ("204 No", "206 Part", "301 Moved", "302 Found", "400 Bad", "401 No", "403 No", "500 Oh", "599 ?")
_ATTRIBUTE = re.compile(rb'(?<=")[^"<>]*(?=")')


def record_answers() -> dict[str, bytes]:
    """What a sound server answers, by path."""
    with SimulatedPlex() as plex:
        for number in range(12):
            plex.play(
                ("Anton", "Berta")[number % 2], ("Metropolis", "M")[number % 2], (TELEVISION, BROWSER)[number % 2]
            )
        paths = ("/", "/status/sessions", "/status/sessions/history/all")
        headers = {"X-Plex-Token": plex.token}
        return {path: requests.get(plex.url + path, headers=headers, timeout=10).content for path in paths}


@contextmanager
def plex_answers() -> Iterator[Case]:
    """Yield the case of a seed."""
    sound = record_answers()
    current: list[random.Random | None] = [None]
    target = ["/status/sessions"]

    def script(connection: socket.socket, _: int) -> None:
        request = request_of(connection).split(b" ")[1].decode("latin-1").partition("?")[0] or "/"
        dice = current[0] if request == target[0] else None
        connection.sendall(_build_answer(sound.get(request, b""), dice))
        if dice is None or dice.random() < 0.9:
            connection.shutdown(socket.SHUT_WR)

    with serving(script) as url:

        def play(seed: int) -> str:
            current[0] = random.Random(seed) if seed >= 0 else None  # noqa: S311 - to be repeated by its seed
            if current[0] is not None:
                target[0] = current[0].choice(("/status/sessions", "/status/sessions", *sound))
            with BoundedSession(url, total_s=1.5, read_s=0.5) as http:
                client = PlexClient(url, "tok3n", http)
                try:
                    client.connect()
                    parsed = client.parse_sessions(client.fetch_sessions())
                    rows = client.read_history(FindHistory("w1", "srv", "1", "1005", 0.0))
                except (*POSSIBLE, ArithmeticError) as error:
                    return classify_failure(error, url).kind
            _check_sendable(parsed.playbacks)
            return "read" if parsed.playbacks or rows else "empty"

        yield play


def _check_sendable(playbacks: Any) -> None:
    """What was read fits into a message."""
    snapshot = PlaybackSnapshot(
        server_id="srv",
        server_name="srv",
        poller="plex",
        taken=Moment(0.0, 0.0),
        playbacks=playbacks,
        stopped_keys=(),
        unreadable=(),
    )
    assert len(msgpack.packb(msgspec.to_builtins(snapshot))) < MAX_FRAME_BYTES


def _build_answer(body: bytes, dice: random.Random | None) -> bytes:
    if dice is None:
        return _head("200 OK", TYPES[0], len(body)) + body
    roll = dice.random()
    if roll < 0.45:
        body = damage_bytes(body, dice)
    elif roll < 0.85:
        for _ in range(dice.randint(1, 4)):
            body = _damage_attribute(body, dice)
    elif roll < 0.88:
        body = body.decode("utf-8", "replace").encode(dice.choice(("utf-16", "utf-7", "utf-32", "cp037")), "replace")
    elif roll < 0.90:
        body = b"<MediaContainer>" + dice.choice((b"<Video/>", b'<Video a=""/>')) * dice.choice((10_000, 400_000))
        body += b"</MediaContainer>"
    extra, length = "", len(body)
    if dice.random() < 0.05:
        body = gzip.compress(body * dice.choice((1, 50)), 9)
        extra, length = "Content-Encoding: gzip\r\n", len(body)
    elif dice.random() < 0.01:
        body = gzip.compress(bytes(200_000_000), 9)
        extra, length = "Content-Encoding: gzip\r\n", len(body)
    if dice.random() < 0.05:
        length = dice.choice((0, 1, length + 10, 2**40))
    type_ = dice.choice(TYPES) if dice.random() < 0.2 else TYPES[0]
    answer = _head(dice.choice(STATUSES) if dice.random() < 0.1 else "200 OK", type_, length, extra) + body
    return damage_bytes(answer, dice) if dice.random() < 0.1 else answer


def _damage_attribute(body: bytes, dice: random.Random) -> bytes:
    """Put a nasty value in an attribute's place."""
    places = [match.span() for match in _ATTRIBUTE.finditer(body)]
    if not places:
        return body
    start, end = dice.choice(places)
    return body[:start] + escape(dice.choice(NASTY).decode("utf-8", "replace"), {'"': "&quot;"}).encode() + body[end:]


def _head(status: str, type_: str, length: int, extra: str = "") -> bytes:
    lines = f"HTTP/1.1 {status}\r\nContent-Type: {type_}\r\nContent-Length: {length}\r\n{extra}"
    return f"{lines}Connection: close\r\n\r\n".encode("latin-1", "replace")

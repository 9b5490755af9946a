"""Damages what a sound Plex server answers."""

from __future__ import annotations

import functools
import gzip
import random
import re
from xml.sax.saxutils import escape

import requests

from simulator.plex import BROWSER, TELEVISION, SimulatedPlex
from tests.fuzz.mutation import NASTY, damage_bytes

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


def build_sound_answer(body: bytes) -> bytes:
    """Return an answer as Plex sends it."""
    return build_head("200 OK", TYPES[0], len(body)) + body


def build_damaged_answer(body: bytes, dice: random.Random) -> bytes:
    """Return the answer that the dice make of a sound body."""
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
        body = gzip.compress(body * dice.choice((1, 50)), 1)
        extra, length = "Content-Encoding: gzip\r\n", len(body)
    elif dice.random() < 0.01:
        body = _pack_zeros()
        extra, length = "Content-Encoding: gzip\r\n", len(body)
    if dice.random() < 0.05:
        length = dice.choice((0, 1, length + 10, 2**40))
    type_ = dice.choice(TYPES) if dice.random() < 0.2 else TYPES[0]
    answer = build_head(dice.choice(STATUSES) if dice.random() < 0.1 else "200 OK", type_, length, extra) + body
    return damage_bytes(answer, dice) if dice.random() < 0.1 else answer


def _damage_attribute(body: bytes, dice: random.Random) -> bytes:
    """Put a nasty value in an attribute's place."""
    places = [match.span() for match in _ATTRIBUTE.finditer(body)]
    if not places:
        return body
    start, end = dice.choice(places)
    return body[:start] + escape(dice.choice(NASTY).decode("utf-8", "replace"), {'"': "&quot;"}).encode() + body[end:]


@functools.cache
def _pack_zeros() -> bytes:
    return gzip.compress(bytes(200_000_000), 9)


def build_head(status: str, type_: str, length: int, extra: str = "") -> bytes:
    """Return the status line and the headers."""
    lines = f"HTTP/1.1 {status}\r\nContent-Type: {type_}\r\nContent-Length: {length}\r\n{extra}"
    return f"{lines}Connection: close\r\n\r\n".encode("latin-1", "replace")

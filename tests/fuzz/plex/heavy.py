"""Answers within the limit on bytes, or compressed to be, that a careless reader makes many times as large."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from functools import partial

FULL = 12_000_000
"""Bytes of an answer that is nearly as long as it may be."""
EMOJI = "\U0001f3ac".encode()
"""Makes every character of its text four bytes long in memory."""


def _answer(body: bytes, *headers: str, charset: str = "utf-8", status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: text/xml;charset={charset}", "Connection: close", *headers]
    if not any(header.startswith("Transfer-Encoding") for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _list(content: bytes, *headers: str, charset: str = "utf-8") -> bytes:
    return _answer(b"<MediaContainer>" + content + b"</MediaContainer>", *headers, charset=charset)


def _zeros(*encodings: str, status: str = "200 OK") -> bytes:
    """Return an answer of 200 MB of zeros, packed as many times as there are encodings."""
    body = bytes(200_000_000)
    for encoding in encodings:
        body = zlib.compress(body, 9) if encoding == "deflate" else gzip.compress(body, 9)
    return _answer(body, f"Content-Encoding: {', '.join(encodings)}", status=status)


def _tiny_chunks() -> bytes:
    return _answer(b"1\r\n \r\n" * 1_500_000 + b"0\r\n\r\n", "Transfer-Encoding: chunked")


def _long_headers() -> bytes:
    return _answer(b"<MediaContainer/>", *(f"X-{number}: {'x' * 60_000}" for number in range(90)))


def _many_values(elements: int, attributes: int) -> bytes:
    names = "abcdefgh"[:attributes]
    videos = (
        "<V " + " ".join(f'{name}="{number * attributes + place:06d}"' for place, name in enumerate(names)) + "/>"
        for number in range(elements)
    )
    return _list("".join(videos).encode())


def _many_attributes() -> bytes:
    return _answer(b"<MediaContainer " + b" ".join(b"a%d=''" % number for number in range(1_000_000)) + b"/>")


def _many_names() -> bytes:
    return _list(b"".join(b"<V%d a%d='1'/>" % (number, number) for number in range(149_000)))


def _long_names() -> bytes:
    return _list(b"".join(b"<V%05d%s/>" % (number, b"x" * 60_000) for number in range(190)))


def _below_a_session() -> bytes:
    part = b"<Media><Part>" + b"<Stream a='1' b='2' c='3' d='4' e='5'/>" * 2000 + b"</Part></Media>"
    return _list((b"<Video sessionKey='1' ratingKey='1' type='movie'>" + part + b"</Video>") * 70)


def _full_house() -> bytes:
    """Return 2,000 sessions with everything that a server knows of each film: 75 elements, 4 to 6 KB."""
    streams = b"<Stream id='12' streamType='3' codec='srt' index='2' language='Deutsch' displayTitle='Deutsch'/>" * 8
    media = b"<Media id='7' duration='5400000' bitrate='9000' height='800' container='mkv' selected='%d'><Part id='8' "
    media += b"file='/films/f.mkv' size='4000000000'>" + streams + b"</Part></Media>"
    tags = b"".join(
        b"<%b id='%d' tag='Some Name' filter='a=1'/>" % (kind, 3) for kind in [b"Genre"] * 6 + [b"Role"] * 30
    )
    people = b"<Director tag='Fritz Lang'/><Writer tag='Thea von Harbou'/><User id='%d' title='Anton' thumb='/a'/>"
    player = b"<Player machineIdentifier='p%d' title='TV' product='Plex' state='playing' address='10.0.0.1' local='1'/>"
    rest = player + b"<Session id='s%d' bandwidth='9000' location='lan'/><TranscodeSession key='t' progress='5'/>"
    more = b" ".join(b"attribute%d='value of this one'" % number for number in range(20))
    video = b"<Video sessionKey='%d' ratingKey='1005' key='/library/metadata/1005' type='movie' title='Metropolis' "
    video += b"duration='5400000' viewOffset='1000' summary='" + "Стр".encode() * 100 + b"' " + more + b">"
    return _list(
        b"".join(
            video % number + media % 1 + media % 0 + tags + people % number + rest % (number, number) + b"</Video>"
            for number in range(1, 2001)
        )
    )


HEAVY: Mapping[str, Callable[[], bytes]] = {
    "gzip": partial(_zeros, "gzip"),
    "deflate": partial(_zeros, "deflate"),
    "gzip-twice": partial(_zeros, "gzip", "gzip"),
    "gzip-thrice": partial(_zeros, "gzip", "deflate", "gzip"),
    "gzip-error": partial(_zeros, "gzip", "gzip", status="500 Oh"),
    "gzip-members": lambda: _answer(gzip.compress(b"") * 200_000, "Content-Encoding: gzip"),
    "tiny-chunks": _tiny_chunks,
    "long-headers": _long_headers,
    "text": lambda: _list(b"x" * FULL),
    "text-of-emoji": lambda: _list(EMOJI * (FULL // 4)),
    "latin": lambda: _list(b"\xff" * FULL, charset="iso-8859-1"),
    "not-utf-8": lambda: _list(b"\xff" * FULL),
    "forbidden-references": lambda: _list(b"&#0;" * (FULL // 4)),
    "references": lambda: _list(b"&#65;" * (FULL // 5)),
    "elements": lambda: _list(b"<V/>" * 149_000),
    "elements-with-values": partial(_many_values, 149_000, 5),
    "empty-values": lambda: _list(b"<V a='' b='' c='' d='' e=''/>" * 149_000),
    "many-attributes": _many_attributes,
    "many-names": _many_names,
    "long-names": _long_names,
    "one-name": lambda: _list(b"<" + b"x" * FULL + b"/>"),
    "one-value": lambda: _answer(b"<MediaContainer a='" + b"x" * FULL + EMOJI + b"'/>"),
    "long-values": lambda: _list((b"<V a='" + b"x" * 65_000 + b"'/>") * 183),
    "long-values-with-emoji": lambda: _list((b"<V a='" + b"x" * 65_000 + EMOJI + b"'/>") * 183),
    "comment": lambda: _list(b"<!--" + b"x" * FULL + b"-->"),
    "full-house": _full_house,
    "below-a-session": _below_a_session,
}
"""Each by its name."""

"""What an XML answer must be before PlexAPI may parse it: in Plex's charsets, without a DTD, of a bounded size."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

import requests

ELEMENT_LIMIT: Final = 150_000
"""Elements of an answer: 2,000 sessions of 75."""
ATTRIBUTE_LIMIT: Final = 750_000
"""Attributes of an answer."""
VALUES_LIMIT: Final = 65_536
"""Characters of all attributes of one element."""
DEPTH_LIMIT: Final = 32
"""Elements in each other; Plex has eight."""
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
}
"""Those that Plex and the proxies before it use, and Python's name for each."""
_DECLARATION: Final = re.compile(rb"\s*<\?xml\b([^>]{0,300})\?>")
_ENCODING: Final = re.compile(rb"""\bencoding\s*=\s*["']([^"'>]{1,40})["']""")
_WIDE_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE, b"\0", b"<\0")
_CHARACTER: Final = re.compile(rb"&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,10});")
_FORBIDDEN: Final = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_NO_CHARACTERS: Final = ("\ufffe".encode(), "\uffff".encode())
_CHUNK: Final = 65_536


class AnswerTooLarge(requests.RequestException):
    """The answer is longer than any list of sessions can be."""


class NotPlexXml(requests.RequestException):
    """The answer is not XML of a Plex server; its text says what it is."""


def clean_xml(body: bytes, charset: str = "") -> bytes:
    """Return an XML document as UTF-8 without a declaration, and without characters that XML forbids.

    `charset`: what the answer's header says; empty where it says nothing. Raises NotPlexXml, AnswerTooLarge and
    ParseError.
    """
    if body.startswith(_WIDE_MARKS):
        raise NotPlexXml("XML in a charset that Plex does not use")
    body = body.removeprefix(codecs.BOM_UTF8)
    declaration = _DECLARATION.match(body)
    encoding = _ENCODING.search(declaration[1]) if declaration else None
    declared = encoding[1].decode("ascii", "replace") if encoding else ""
    named = (charset or declared or "utf-8").strip("\"' ").lower().replace("_", "-")
    codec = _CHARSETS.get(named)
    if codec is None:
        raise NotPlexXml(f"XML in the charset {named[:20]!r}, which Plex does not use")
    if declaration:
        body = body[declaration.end() :]
    text = _recode(body, codec)
    for forbidden in _NO_CHARACTERS:
        text = text.replace(forbidden, b"")
    if b"&#" in text:
        text = _CHARACTER.sub(_keep_allowed_character, text)
    _check(text)
    return text


def _recode(body: bytes, codec: str) -> bytes:
    """Return a text as UTF-8, what is none replaced, what is forbidden left out.

    Piece by piece: as one text it could take four times as much memory.
    """
    decoder = codecs.getincrementaldecoder(codec)("replace")
    return b"".join(
        decoder.decode(body[start : start + _CHUNK], start + _CHUNK >= len(body)).encode().translate(None, _FORBIDDEN)
        for start in range(0, len(body), _CHUNK)
    )


def _check(text: bytes) -> None:
    """Raise what is wrong with a document in UTF-8, before anything is built of it."""
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise NotPlexXml("XML with entities of its own, which Plex never sends")
    parser = expat.ParserCreate("utf-8")
    parser.ordered_attributes = True
    parser.StartElementHandler, parser.EndElementHandler = _build_counters()
    try:
        for start in range(0, len(text), _CHUNK):
            parser.Parse(text[start : start + _CHUNK], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ParseError(str(error)) from None


def _build_counters() -> tuple[Callable[[str, list[str]], None], Callable[[str], None]]:
    """Return what hears of the beginning and the end of each element, and stops the parser at the limits."""
    elements = attribute_parts = depth = 0  # closures and no class: they run for every element of every poll

    def begin(_name: str, attributes: list[str]) -> None:
        nonlocal elements, attribute_parts, depth
        elements += 1
        depth += 1
        attribute_parts += len(attributes)
        if depth > DEPTH_LIMIT:
            raise NotPlexXml(f"XML nested more than {DEPTH_LIMIT} levels deep")
        if elements > ELEMENT_LIMIT or attribute_parts > 2 * ATTRIBUTE_LIMIT:
            raise AnswerTooLarge(f"more than {ELEMENT_LIMIT} elements or {ATTRIBUTE_LIMIT} attributes")
        if len("".join(attributes)) > VALUES_LIMIT:
            raise AnswerTooLarge(f"an element with attributes of more than {VALUES_LIMIT} characters")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    return begin, end


def _keep_allowed_character(match: re.Match[bytes]) -> bytes:
    """Leave out references to characters that XML does not allow: one device name would spoil the whole list."""
    digits = match[1]
    code = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return match[0] if allowed else b""

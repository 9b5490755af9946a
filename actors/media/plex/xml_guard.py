"""Checks an XML answer before it is parsed: one of Plex's charsets, no DTD, bounded size.

No step may take many times the memory of the answer: each works piece by piece, and counts what it keeps.
"""

from __future__ import annotations

import codecs
import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers import expat

import requests

DOCUMENT_LIMIT: Final = 12 * 2**20
"""Bytes of a document, decompressed and in UTF-8: one and a half times what 2,000 sessions need."""
ELEMENT_LIMIT: Final = 150_000
"""Elements of an answer: 2,000 sessions of 75 elements."""
ATTRIBUTE_LIMIT: Final = 750_000
"""Attributes of an answer."""
VALUES_LIMIT: Final = 65_536
"""Characters of all attributes of one element."""
DEPTH_LIMIT: Final = 32
"""Levels of nested elements; Plex has eight."""
NAMES_LIMIT: Final = 65_536
"""Characters of all names of elements and attributes, each counted once; Plex has some hundred names."""
TREE_LIMIT: Final = 32 * 2**20
"""Bytes that a document's tree may take in memory: one and a half times what is kept of 2,000 sessions."""
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
}
"""The charsets that Plex and proxies before it use, with Python's name for each."""
_DECLARATION: Final = re.compile(rb"\s*<\?xml\b([^>]{0,300})\?>")
_ENCODING: Final = re.compile(rb"""\bencoding\s*=\s*["']([^"'>]{1,40})["']""")
_WIDE_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE, b"\0", b"<\0")
_CHARACTER: Final = re.compile(rb"&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,10});")
_FORBIDDEN: Final = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_NO_CHARACTERS: Final = ("\ufffe".encode(), "\uffff".encode())
_REFERENCE_SIZE: Final = 13
"""Bytes of the longest reference that `_CHARACTER` knows."""
_CHUNK: Final = 65_536
_CHUNKS_OF_A_TAG: Final = 3
"""A tag, or a text, has at most so many whole chunks: parsers keep it until it ends."""
_ELEMENT_SIZE: Final = 500
"""Bytes that an element takes in memory beside its values, roughly."""


class AnswerTooLarge(requests.RequestException):
    """The answer is longer than any list of sessions can be."""


class NotPlexXml(requests.RequestException):
    """The answer is not a Plex server's XML; the exception's text says what it is."""


def clean_xml(body: bytes, charset: str = "") -> bytes:
    """Return an XML document as UTF-8 without a declaration, and without characters that XML forbids.

    `charset`: the one in the answer's header; empty if it names none. Raises NotPlexXml, AnswerTooLarge and
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
    text = _recode(body, declaration.end() if declaration else 0, codec)
    _check(text)
    return text


def build_tree(text: bytes, kept: Mapping[str, Set[str]] | None = None, limit: int = TREE_LIMIT) -> Element:
    """Return the tree of a document that `clean_xml` returned, without its texts, which Plex does not use.

    `kept`: below the elements in the root, keep only children with these tags, and only these attributes of each;
    None keeps all. Raises AnswerTooLarge if the tree would take more than `limit` bytes, and ParseError.
    """
    parser = XMLParser(target=_BoundedTree(kept, limit))  # noqa: S314  # the document has neither DTD nor entities any more
    for start in range(0, len(text), _CHUNK):
        parser.feed(text[start : start + _CHUNK])
    root: Element = parser.close()
    return root


class _BoundedTree:
    """Builds a tree of the kept part of a document, and counts its size. The methods are XMLParser's."""

    def __init__(self, kept: Mapping[str, Set[str]] | None, limit: int) -> None:
        self._kept = kept
        self._limit = limit
        self._builder = TreeBuilder()
        self._depth = 0
        self._left_out = 0
        """How many open elements are being left out."""
        self._size = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        self._depth += 1
        if self._kept is not None and self._depth > 2:
            if self._depth > 3 or tag not in self._kept:
                self._left_out += 1
                return
            attributes = {name: attributes[name] for name in self._kept[tag] & attributes.keys()}
        # One emoji in a text makes each of its characters take four bytes, so its length would not tell its size.
        self._size += _ELEMENT_SIZE + sum(map(sys.getsizeof, attributes.values()))
        if self._size > self._limit:
            raise AnswerTooLarge(f"more than {self._limit} bytes in memory")
        self._builder.start(tag, attributes)

    def end(self, tag: str) -> None:
        """End an element."""
        self._depth -= 1
        if self._left_out:
            self._left_out -= 1
        else:
            self._builder.end(tag)

    def close(self) -> Element:
        """Return the root."""
        return self._builder.close()


def _recode(body: bytes, start: int, codec: str) -> bytes:
    """Return a text from `start` on as UTF-8; replace undecodable bytes, leave out forbidden characters.

    Works piece by piece, for the whole text could take four times as much memory. Raises AnswerTooLarge.
    """
    recoded = io.BytesIO()
    held = b""
    for piece in _decode_pieces(body, start, codec):
        piece = held + piece
        # A reference that continues in the next piece waits for it.
        begun = piece.rfind(b"&", max(0, len(piece) - _REFERENCE_SIZE + 1))
        held = b"" if begun < 0 or b";" in piece[begun:] else piece[begun:]
        piece = piece[: len(piece) - len(held)]
        recoded.write(_CHARACTER.sub(_keep_allowed_character, piece) if b"&#" in piece else piece)
        if recoded.tell() > DOCUMENT_LIMIT:
            raise AnswerTooLarge(f"more than {DOCUMENT_LIMIT} bytes")
    recoded.write(held)
    return recoded.getvalue()


def _decode_pieces(body: bytes, start: int, codec: str) -> Iterator[bytes]:
    """Yield a text piece by piece as UTF-8, without forbidden characters; no piece ends within a character."""
    decoder = codecs.getincrementaldecoder(codec)("replace")
    for begin in range(start, len(body), _CHUNK):
        piece = decoder.decode(body[begin : begin + _CHUNK], begin + _CHUNK >= len(body)).encode()
        piece = piece.translate(None, _FORBIDDEN)
        for forbidden in _NO_CHARACTERS:
            piece = piece.replace(forbidden, b"")
        yield piece


def _check(text: bytes) -> None:
    """Raise the fault of a document in UTF-8, if it has one, before anything is built from it."""
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise NotPlexXml("XML with entities of its own, which Plex never sends")
    names: dict[str, str] = {}
    parser = expat.ParserCreate("utf-8", None, names)
    parser.ordered_attributes = True
    parser.StartElementHandler, parser.EndElementHandler = _build_counters()
    without_tag = 0
    try:
        for start in range(0, len(text), _CHUNK):
            chunk = text[start : start + _CHUNK]
            without_tag = 0 if b"<" in chunk else without_tag + 1
            if without_tag > _CHUNKS_OF_A_TAG:
                raise AnswerTooLarge(f"a tag or a text of more than {_CHUNKS_OF_A_TAG * _CHUNK} bytes")
            parser.Parse(chunk)
            if sum(map(len, names)) > NAMES_LIMIT:
                raise AnswerTooLarge(f"names of more than {NAMES_LIMIT} characters")
        parser.Parse(b"", True)  # noqa: FBT003  # "isfinal"; expat takes no names
    except expat.ExpatError as error:
        raise ParseError(str(error)) from None


def _build_counters() -> tuple[Callable[[str, list[str]], None], Callable[[str], None]]:
    """Return the parser's callbacks for the start and end of each element, which stop it at the limits."""
    elements = attribute_parts = depth = 0  # closures, not a class: they run for every element of every poll

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
    """Leave out references to characters that XML forbids: one in a device's name would spoil the whole list."""
    digits = match[1]
    code = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return match[0] if allowed else b""

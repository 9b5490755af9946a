"""Decides by first bytes and size whether a picture from a foreign server may be decoded."""

import struct
from typing import NamedTuple

MOST_BYTES = 2_000_000
MOST_PIXELS = 12_000_000
"""Maximum number of pixels: a larger picture would take more than 50 MB to decode."""
_STARTS_OF_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}


class PictureSize(NamedTuple):
    """Kind and size of a picture, from its first bytes."""

    kind: str
    """png, jpeg or webp."""
    width: int
    height: int


def read_size(content: bytes) -> PictureSize | None:
    """Return kind and size of a PNG, JPEG or WebP; None for anything else, and for pictures too large to decode."""
    if len(content) > MOST_BYTES:
        return None
    try:
        found = _read_png(content) or _read_jpeg(content) or _read_webp(content)
    except (struct.error, IndexError):  # the data end too early
        return None
    if found is None or not 0 < found.width * found.height <= MOST_PIXELS:
        return None
    return found


def _read_png(content: bytes) -> PictureSize | None:
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or content[12:16] != b"IHDR":
        return None
    return PictureSize("png", *struct.unpack(">II", content[16:24]))


def _read_jpeg(content: bytes) -> PictureSize | None:
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _STARTS_OF_FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return PictureSize("jpeg", width, height)
        if marker == 0xFF:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
    return None


def _read_webp(content: bytes) -> PictureSize | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
        return PictureSize("webp", width, height)
    if kind == b"VP8L":
        bits = struct.unpack("<I", content[21:25])[0]
        return PictureSize("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        return PictureSize("webp", width & 0x3FFF, height & 0x3FFF)
    return None

"""Posters drawn with the standard library alone: a gradient in a hue that depends on the item."""

import colorsys
import struct
import zlib
from functools import lru_cache

WIDTH, HEIGHT = 160, 240
"""Pixels; like Plex posters, two wide to three high."""


@lru_cache(maxsize=256)
def draw_poster(rating_key: str) -> bytes:
    """Return a PNG for the item: light above, dark below, with a bright disc."""
    # The golden ratio spreads the hues of neighbouring keys as far as possible.
    hue = zlib.crc32(rating_key.encode()) * 0.618033988749895 % 1.0
    return _encode_png(b"".join(b"\0" + _draw_row(hue, y) for y in range(HEIGHT)))


def _draw_row(hue: float, y: int) -> bytes:
    """Return one line of pixels: the gradient's colour, whiter near the disc."""
    depth = y / HEIGHT
    turned = (hue + 0.12 * depth) % 1.0
    colour = [255 * part for part in colorsys.hsv_to_rgb(turned, 0.75, 0.9 - 0.75 * depth)]
    left = bytearray()
    for x in range(WIDTH // 2):
        away = ((x - WIDTH / 2) ** 2 + (y - HEIGHT / 3) ** 2) ** 0.5
        glow = max(0.0, 1 - away / (WIDTH * 0.6)) ** 2
        left += bytes(round(part + (255 - part) * glow) for part in colour)
    right = [left[place : place + 3] for place in range(len(left) - 3, -1, -3)]
    return bytes(left) + b"".join(right)


def _encode_png(rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )

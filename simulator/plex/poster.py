"""Posters drawn with the standard library alone: a gradient in a hue of the item's own."""

import colorsys
import struct
import zlib
from functools import lru_cache

WIDTH, HEIGHT = 160, 240
"""Pixels; Plex posters are two to three."""


@lru_cache(maxsize=256)
def poster(rating_key: str) -> bytes:
    """A PNG for the item: light above, dark below, and a bright disc like a lamp."""
    # The golden ratio spreads neighbouring keys as far round the colour wheel as can be.
    hue = zlib.crc32(rating_key.encode()) * 0.618033988749895 % 1.0
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)
        for x in range(WIDTH):
            rows += bytes(_pixel(hue, x, y))
    return _png(bytes(rows))


def _pixel(hue: float, x: int, y: int) -> tuple[int, int, int]:
    away = ((x - WIDTH / 2) ** 2 + (y - HEIGHT / 3) ** 2) ** 0.5
    glow = max(0.0, 1 - away / (WIDTH * 0.6)) ** 2
    light = min(1.0, 0.75 * (1 - y / HEIGHT) + 0.15 + 0.5 * glow)
    red, green, blue = colorsys.hsv_to_rgb((hue + 0.12 * y / HEIGHT) % 1.0, 0.75 * (1 - glow), light)
    return round(red * 255), round(green * 255), round(blue * 255)


def _png(rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )

"""Pictures of other people's servers: only small ones of three kinds are ever decoded."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from charts.drawing.posters import MOST_BYTES, read_size


def encode(kind: str, width: int = 60, height: int = 90) -> bytes:
    """A real picture."""
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (200, 90, 20)).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize(("width", "height"), [(60, 90), (1, 1), (2000, 3000)])
def test_the_size_is_read_from_the_first_bytes(kind: str, width: int, height: int) -> None:
    """Of each kind that Plex sends."""
    assert read_size(encode(kind, width, height)) == (kind, width, height)


def test_webp_without_loss_and_with_more_parts_is_read() -> None:
    """Its size stands elsewhere in each."""
    for options in ({"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}):
        stream = io.BytesIO()
        Image.new("RGB", (61, 92)).save(stream, "webp", **options)
        assert read_size(stream.getvalue()) == ("webp", 61, 92)


def _claim_size(width: int, height: int) -> bytes:
    """A small PNG that says that it is large."""
    header = struct.pack(">II", width, height) + b"\x08\x02\0\0\0"
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"GIF89a" + bytes(50), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBPVP8X",
        b"\xff\xd8" + b"\xff" * 500,
        _claim_size(100_000, 100_000), _claim_size(0, 90), _claim_size(2**31, 2**31),
        encode("png") + bytes(MOST_BYTES),
    ],
    ids=range(13),
)  # fmt: skip
def test_anything_else_is_not_decoded(content: bytes) -> None:
    """Other kinds, SVG with whatever it names, what ends too early, and what would take all memory."""
    assert read_size(content) is None


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_cut_anywhere_raises_nothing(kind: str) -> None:
    """A broken connection, or somebody's joke."""
    whole = encode(kind)
    for length in range(60):
        assert read_size(whole[:length]) in {None, (kind, 60, 90)}

"""Messages of version 1.0.0: this version reads their bytes, and says the same where it writes the same fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest

from messages.codec import decode_body

RELEASED: dict[str, str] = json.loads(
    (Path(__file__).parents[1] / "golden" / "messages-1.0.0.json").read_text(encoding="utf-8")
)


def is_extended(old: Any, new: Any) -> bool:
    """Return whether `new` is `old` with fields appended, at any depth."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) <= len(new) and all(is_extended(before, after) for before, after in zip(old, new, strict=False))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(is_extended(old[key], new[key]) for key in old)
    return bool(old == new)


@pytest.mark.parametrize("name", RELEASED)
def test_the_bytes_of_the_release_are_read(name: str) -> None:
    """Every message of 1.0.0 is decoded, and written again with nothing changed but appended fields."""
    body = msgpack.unpackb(bytes.fromhex(RELEASED[name]))
    again = msgspec.to_builtins(decode_body(body))
    assert is_extended(body, json.loads(json.dumps(again)))

"""Messages of version 1.0.0: this version reads their bytes, and says the same where it writes the same fields."""

from __future__ import annotations

import json
from pathlib import Path

import msgpack
import msgspec
import pytest

from messages.codec import decode_body
from tests.golden.write import find_changed, is_extended

RELEASED: dict[str, str] = json.loads(
    (Path(__file__).parents[1] / "golden" / "messages-1.0.0.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", RELEASED)
def test_the_bytes_of_the_release_are_read(name: str) -> None:
    """Every message of 1.0.0 is decoded, and written again with nothing changed but appended fields."""
    body = msgpack.unpackb(bytes.fromhex(RELEASED[name]))
    again = msgspec.to_builtins(decode_body(body))
    assert is_extended(body, json.loads(json.dumps(again)))


def test_a_message_may_grow_but_never_change_or_go() -> None:
    """What writes the examples anew refuses all else."""
    before = {"Kept": ["kept", 1], "Grown": ["grown", [1]], "Changed": ["changed", 1], "Gone": ["gone"]}
    now = {"Kept": ["kept", 1], "Grown": ["grown", [1, "more"], 2], "Changed": ["changed", 2], "New": ["new"]}
    packed = [{name: msgpack.packb(body).hex() for name, body in each.items()} for each in (before, now)]
    assert find_changed(*packed) == ["Changed", "Gone"]

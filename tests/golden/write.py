"""Writes tests/golden/messages.json: the wire bytes of one full example of every message.

Run it after adding a message or appending a field (`make generate` does). It refuses where the bytes of a message that
exists already would change in any other way.
"""

from __future__ import annotations

import functools
import json
import sys
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgpack
import msgspec

import messages

GOLDEN = Path(__file__).with_name("messages.json")
WriteText = Callable[[str], str]
"""What the text of a field is, by the field's name."""


def example_of(kind: Any, name: str = "", write: WriteText = str) -> Any:
    """Return a value of a field's type: never a default, different from field to field."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, typing.NewType):
        return example_of(kind.__supertype__, name, write)
    if origin in (Union, types.UnionType):
        return example_of(next(part for part in arguments if part is not type(None)), name, write)
    if origin is Literal:
        return arguments[0]
    if origin is tuple and arguments[-1] is Ellipsis:
        return (example_of(arguments[0], name, write),)
    if origin is tuple:
        return tuple(example_of(part, f"{name}{i}", write) for i, part in enumerate(arguments))
    if origin is dict:
        return {example_of(arguments[0], name, write): example_of(arguments[1], name, write)}
    if kind is messages.Problem:
        return messages.Problem.of(name, what=name)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return example(kind, write)
    number = sum(name.encode()) % 1000
    plain: dict[Any, Any] = {str: write(name), int: number, float: number + 0.5, bool: True, bytes: name.encode()}
    return plain[kind]


def example(kind: type[msgspec.Struct], write: WriteText = str) -> msgspec.Struct:
    """Return a message or record with every field set."""
    hints = read_hints(kind)
    return kind(**{name: example_of(hints[name], name, write) for name in kind.__struct_fields__})


@functools.cache
def read_hints(kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    """Return the types of the fields by name: Python evaluates each annotation anew at every call."""
    return typing.get_type_hints(kind)


def wire(message: msgspec.Struct) -> bytes:
    """Return the bytes of a message, by plain msgpack."""
    packed = msgpack.packb(msgspec.to_builtins(message))
    assert isinstance(packed, bytes)
    return packed


def is_extended(old: Any, new: Any) -> bool:
    """Tell whether `new` is `old` with fields appended, at any depth."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) <= len(new) and all(is_extended(before, after) for before, after in zip(old, new, strict=False))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(is_extended(old[key], new[key]) for key in old)
    return bool(old == new)


def find_changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the messages that are gone, or written otherwise than with fields appended."""
    return [
        name
        for name, golden in before.items()
        if name not in now
        or not is_extended(msgpack.unpackb(bytes.fromhex(golden)), msgpack.unpackb(bytes.fromhex(now[name])))
    ]


def main() -> int:
    """Write the file; return 1, with nothing written, where a message that exists would change."""
    now = {kind.__name__: wire(example(kind)).hex() for kind in messages.CATALOGUE}
    if changed := find_changed(json.loads(GOLDEN.read_text(encoding="utf-8")), now):
        sys.stderr.write(f"Messages stay, and fields are only ever appended. Changed: {', '.join(changed)}.\n")
        return 1
    GOLDEN.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

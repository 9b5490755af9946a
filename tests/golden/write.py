"""Writes tests/golden/messages.json: the wire bytes of one full example of every message.

Run it (`python -m tests.golden.write`) only after adding a message or appending a field; the test beside it
fails where the bytes of a message that exists already would change in any other way.
"""

from __future__ import annotations

import json
import types
import typing
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgpack
import msgspec

import messages

GOLDEN = Path(__file__).with_name("messages.json")


def example_of(kind: Any, name: str = "") -> Any:
    """A value of a field's type: never a default, different from field to field."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, typing.NewType):
        return example_of(kind.__supertype__, name)
    if origin in (Union, types.UnionType):
        return example_of(next(part for part in arguments if part is not type(None)), name)
    if origin is Literal:
        return arguments[0]
    if origin is tuple and arguments[-1] is Ellipsis:
        return (example_of(arguments[0], name),)
    if origin is tuple:
        return tuple(example_of(part, f"{name}{i}") for i, part in enumerate(arguments))
    if origin is dict:
        return {example_of(arguments[0], name): example_of(arguments[1], name)}
    if kind is messages.Problem:
        return messages.Problem.of(name, what=name)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return example(kind)
    number = sum(name.encode()) % 1000
    plain: dict[Any, Any] = {str: name, int: number, float: number + 0.5, bool: True, bytes: name.encode()}
    return plain[kind]


def example(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """A message or record with every field set."""
    hints = typing.get_type_hints(kind)
    return kind(**{name: example_of(hints[name], name) for name in kind.__struct_fields__})


def wire(message: msgspec.Struct) -> bytes:
    """The bytes of a message, by plain msgpack."""
    packed = msgpack.packb(msgspec.to_builtins(message))
    assert isinstance(packed, bytes)
    return packed


if __name__ == "__main__":
    found = {kind.__name__: wire(example(kind)).hex() for kind in messages.CATALOGUE}
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

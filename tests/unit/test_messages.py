"""The messages: their bytes never change, what is old stays readable, and the catalogue is whole."""

from __future__ import annotations

import functools
import inspect
import json
import operator
from typing import Any

import msgpack
import msgspec
import pytest

import messages
from docs import generate
from tests.golden.write import GOLDEN, example, wire

GOLDEN_BYTES: dict[str, str] = json.loads(GOLDEN.read_text(encoding="utf-8"))
ANY: Any = functools.reduce(operator.or_, messages.CATALOGUE)
BY_NAME = {kind.__name__: kind for kind in messages.CATALOGUE}


def test_every_message_has_golden_bytes() -> None:
    """A new message gets its example with `python -m tests.golden.write`."""
    assert sorted(GOLDEN_BYTES) == sorted(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_message_is_written_as_its_golden_bytes(name: str) -> None:
    """The same example gives the same bytes, read back by msgpack alone and as the same message."""
    message = example(BY_NAME[name])
    golden = bytes.fromhex(GOLDEN_BYTES[name])
    assert wire(message) == golden
    plain = msgpack.unpackb(golden)
    assert plain[0] == BY_NAME[name].__struct_config__.tag
    assert msgspec.convert(plain, ANY) == message


@pytest.mark.parametrize("name", BY_NAME)
def test_fields_with_defaults_can_be_missing(name: str) -> None:
    """What an older sender did not know yet has its default: fields are only ever appended."""
    kind = BY_NAME[name]
    plain = msgpack.unpackb(bytes.fromhex(GOLDEN_BYTES[name]))
    defaults = len(kind.__struct_defaults__)
    older = plain[: len(plain) - defaults] if defaults else plain
    read = msgspec.convert(older, ANY)
    for field, default in zip(
        kind.__struct_fields__[-defaults:] if defaults else (), kind.__struct_defaults__, strict=True
    ):
        assert getattr(read, field) == default


def test_a_newer_sender_may_say_more() -> None:
    """Fields that this version does not know yet are passed over."""
    tick = messages.AutoSaveTick(messages.Moment(1.0, 2.0))
    assert msgspec.convert([*msgspec.to_builtins(tick), "new"], ANY) == tick


def test_tags_are_one_to_one() -> None:
    """Two messages never share a tag."""
    tags = [kind.__struct_config__.tag for kind in messages.CATALOGUE]
    assert len(set(tags)) == len(tags)


def test_the_catalogue_is_whole() -> None:
    """Every message is an event, a command, a question or an answer, and the package offers it."""
    for kind in messages.CATALOGUE:
        roles = [role for role in generate.ROLES if issubclass(kind, role)]
        assert len(roles) == 1, kind
        assert getattr(messages, kind.__name__) is kind
    classes = [kind for kind in vars(messages).values() if isinstance(kind, type)]
    offered = {kind for kind in classes if issubclass(kind, messages.Message)}
    assert offered - {messages.Message, *generate.ROLES} == set(messages.CATALOGUE)


@pytest.mark.parametrize("kind", (*messages.CATALOGUE, *generate.records()), ids=lambda kind: kind.__name__)
def test_every_field_says_what_it_is(kind: type[msgspec.Struct]) -> None:
    """One docstring line a field."""
    assert inspect.getdoc(kind)
    assert set(generate.field_lines(kind)) >= set(kind.__struct_fields__)


def test_messages_are_frozen() -> None:
    """Nobody changes what was said."""
    message = messages.AutoSaveTick(messages.Moment(1.0, 2.0))
    with pytest.raises(AttributeError):
        message.at = messages.Moment(3.0, 4.0)  # type: ignore[misc]  # the very thing that must not work


def test_the_generated_pages_are_current() -> None:
    """docs/messages.md and .env.example say what the code says."""
    assert generate.main(["--check"]) == 0

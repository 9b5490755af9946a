"""Damage: bytes that change, go or come, and pieces that are known to hurt."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

NASTY: Final[tuple[bytes, ...]] = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\xbd", b"\xf4\x90\x80\x80", b"&#0;", b"&#xFFFF;", b"&#1114112;",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&lol;", b"<![CDATA[", b"]]>", b"<!--",
    b"<?xml version='1.0' encoding='utf-7'?>",
    b"<a>" * 500, b"[" * 3000, b"{" * 3000, b'{"a":' * 500, b"9" * 5000, b"-" + b"9" * 30, b"1e999", b"NaN",
    b"Infinity", b"inf", b"nan", b"1" * 30, b"-1", b"0", b"99999999999999999999", b"1.5", b"null", b"true", b'""',
    b"[]", b"{}",
    b"x" * 100_000, b"\xf0\x9f\x8e\xac" * 5000, b"\r\n\r\n", b"\xe2\x80\xae", b"0001-01-01T00:00:00", b"9999-12-31",
    b"a." * 2000, b"'" , b'"', b"\\u0000", b"\\ud800", b"=", b"#",
)  # fmt: skip
NASTY_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, -1, 0, 1, 2**31, 2**63, 2**64, 10**30, -(10**30), 0.5, 1e308,
    float("inf"), float("nan"), "", "x",
    "x" * 20_000, "🎬" * 3000, "\0", "\ud83c", [], {}, [[]], {"a": {}}, ["x"] * 20_000, "0001-01-01T00:00:00",
    "9" * 5000,
    "9999-12-31T23:59:59-12:00", "2026-02-30", "not a time", [None], [1, "a", {}], b"\xff\xfe", b"",
)  # fmt: skip


def damage_bytes(content: bytes, dice: random.Random) -> bytes:
    """Return content with one to eight wounds."""
    damaged = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(damaged) + 1)
        _WOUNDS[dice.randrange(len(_WOUNDS))](damaged, at, dice)
    return bytes(damaged)


def _flip(damaged: bytearray, at: int, dice: random.Random) -> None:
    if at < len(damaged):
        damaged[at] ^= 1 << dice.randrange(8)


def _cut(damaged: bytearray, at: int, dice: random.Random) -> None:
    del damaged[at : at + dice.choice((1, 2, 20, 200, len(damaged)))]


def _insert(damaged: bytearray, at: int, dice: random.Random) -> None:
    damaged[at:at] = dice.choice(NASTY)


def _overwrite(damaged: bytearray, at: int, dice: random.Random) -> None:
    nasty = dice.choice(NASTY)
    damaged[at : at + len(nasty)] = nasty


def _repeat(damaged: bytearray, at: int, dice: random.Random) -> None:
    piece = bytes(damaged[at : at + dice.choice((10, 100, 1000))])
    damaged[at:at] = piece * dice.choice((1, 2, 50))


_Wound = Callable[[bytearray, int, random.Random], None]
_WOUNDS: Final[tuple[_Wound, ...]] = (
    _flip,
    _cut,
    _insert,
    _overwrite,
    _repeat,
)


def damage_value(document: Any, dice: random.Random) -> Any:
    """Return a document in which one value, anywhere, is another, is gone or has moved."""
    if isinstance(document, dict) and document and dice.random() < 0.9:
        changed = dict(document)
        key = dice.choice(list(changed))
        roll = dice.random()
        if roll < 0.1:
            del changed[key]
        elif roll < 0.2:
            changed[str(dice.choice(NASTY_VALUES))[:100]] = changed.pop(key)
        else:
            changed[key] = damage_value(changed[key], dice)
        return changed
    if isinstance(document, list) and document and dice.random() < 0.9:
        changed_list = list(document)
        at = dice.randrange(len(changed_list))
        if dice.random() < 0.1:
            changed_list.append(changed_list[at])
        changed_list[at] = damage_value(changed_list[at], dice)
        return changed_list
    value = dice.choice(NASTY_VALUES)
    return value.decode("latin-1") if isinstance(value, bytes) else value

"""Damaged badge files."""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from awards import BadgesError, Totals, build_progress, find_newly_earned
from persistence.badge_files import DEFAULT, load_badges
from tests.fuzz.mutation import damage_bytes
from tests.fuzz.odd_files import ODD, encode_otherwise
from tests.fuzz.trial import Case

VALUES: Final = (
    b"0", b"-1", b"1e999", b"inf", b"-nan", b"9" * 5000, b"0x7fffffffffffffffffff", b"0o17", b"0b1", b"true", b"[]",
    b"{}", b'""', b"''", b'"\\u0000"', b'"\\U00110000"', b'"""' + b"x\n" * 5000 + b'"""', b'"' + b"x" * 100_000 + b'"',
    b"2026-11-30", b"99:99:99", b"9999-12-31T23:59:59Z", b"[" * 2000, b"[[1], [[2]]]", b"{a = {b = {c = 1}}}", b"1.0e5",
    b'"\xe2\x80\xae\xf0\x9f\x8e\xac"', b"1_000", b"-0.0", b"+5", b"{a.b.c.d.e.f = 1}", b"nul", b"'@everyone'",
)  # fmt: skip


@contextmanager
def badge_files() -> Iterator[Case]:
    """Yield a case: a damaged badges file is refused with every mistake named, or its badges can be earned."""
    sound = DEFAULT.read_bytes()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        own = Path(name) / "data" / "badges.toml"

        def play(seed: int) -> str:
            dice = random.Random(seed)  # noqa: S311 - to be repeated by its seed
            shutil.rmtree(own.parent, ignore_errors=True)
            own.parent.mkdir()
            if seed < 0:
                own.write_bytes(sound)
            elif dice.random() < 0.06:
                dice.choice(ODD)(own, sound, dice)
            else:
                own.write_bytes(dice.choice(_WOUNDS)(sound, dice))
            try:
                badges = load_badges(own.parent)
            except BadgesError as error:
                assert str(own) in str(error), "the file is not named"
                assert len(str(error)) < 20_000, "nobody reads that"
                return "refused"
            totals = Totals(films=10, playing_s=1e6, days={"2026-11-20": 7200.0}, genres={"Drama": 3})
            find_newly_earned(badges, totals, ())
            build_progress(badges, totals, {}, {})
            return "read"

        yield play


def _put_value(content: bytes, dice: random.Random) -> bytes:
    """Give a key another value."""
    lines = content.splitlines(keepends=True)
    at = dice.choice([number for number, line in enumerate(lines) if b" = " in line])
    lines[at] = lines[at].partition(b" = ")[0] + b" = " + dice.choice(VALUES) + b"\n"
    return b"".join(lines)


def _shuffle_lines(content: bytes, dice: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    dice.shuffle(lines)
    return b"".join(lines)


def _drop_lines(content: bytes, dice: random.Random) -> bytes:
    return b"".join(line for line in content.splitlines(keepends=True) if dice.random() < 0.9)


def _rename_tables(content: bytes, dice: random.Random) -> bytes:
    name = dice.choice((b"[badge]", b"[[badges]]", b"[[badge.x]]", b"[[]]", b"[badge.badge]", b"[[badge", b"[['a'.b]]"))
    return re.sub(rb"\[\[badge\]\]", lambda found: name if dice.random() < 0.3 else found[0], content)


def _multiply(content: bytes, dice: random.Random) -> bytes:
    """Write very many badges, each with an id of its own, or all with the same."""
    count = dice.choice((50, 1001, 4000))
    badge = content[content.index(b"[[badge]]") :].partition(b"\n\n")[0]
    is_same = dice.random() < 0.3
    return b"\n".join(badge.replace(b"films_1", b"own_%d" % (0 if is_same else number)) for number in range(count))


def _lengthen_keys(content: bytes, dice: random.Random) -> bytes:
    key = dice.choice((b"a." * 2000 + b"b = 1", b"x" * 100_000 + b" = 1", b"'" + b"y" * 3000 + b"' = 1"))
    return dice.choice((key + b"\n" + content, content + b"\n" + key))


_WOUNDS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    damage_bytes, damage_bytes, _put_value, _put_value, _put_value, _shuffle_lines, _drop_lines, _rename_tables,
    _multiply, _lengthen_keys, encode_otherwise,
)  # fmt: skip

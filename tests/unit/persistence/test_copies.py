"""The history copy: whatever is appended or replaced, it is what a rebuild would write."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.json_files import files
from persistence.json_files.crc import crc_without_tail
from persistence.json_files.files import (
    EMPTY_HISTORY,
    HISTORY,
    FileChecksum,
    JsonFiles,
    checksum_after_append,
    checksum_after_replace,
)

LINES = st.text(max_size=30).map(lambda text: json.dumps(text, ensure_ascii=False).encode())
STEPS = st.lists(st.tuples(st.booleans(), LINES, st.integers(0, 99)), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, near=st.sampled_from([0, 30, 1 << 14]))
def test_growing_and_replacing_give_the_bytes_of_a_rebuild(
    steps: list[tuple[bool, bytes, int]], near: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After each step the file is JSON, its mark is right, and a rebuild changes no byte; so too near the end of it."""
    here, there = JsonFiles(tmp_path_factory.mktemp("here")), JsonFiles(tmp_path_factory.mktemp("there"))
    lines: list[bytes] = []
    mark = here.rebuild_history(lines)
    assert mark == EMPTY_HISTORY
    for number, (is_new, text, which) in enumerate(steps):
        line = b'{"n":%d,"t":%s}' % (number, text)
        if is_new or not lines:
            assert here.append(mark, line)
            mark, lines = checksum_after_append(mark, line), [*lines, line]
        else:
            at = which % len(lines)
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(files, "_NEAR", near)
                replaced = here.replace(mark, lines[at], line)
            assert replaced is not None
            expected = checksum_after_replace(mark, lines[at], line)
            assert (replaced.size, replaced.crc, replaced.tail) == (expected.size, expected.crc, expected.tail)
            mark = replaced
            lines[at] = line
        assert here.is_whole(HISTORY, mark)
        there.rebuild_history(lines)
        content = (here.folder / HISTORY).read_bytes()
        assert content == (there.folder / HISTORY).read_bytes()
        assert [entry["n"] for entry in json.loads(content)] == [json.loads(each)["n"] for each in lines]


def test_a_line_over_the_edge_of_a_chunk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search from the end looks at every place, however the chunks fall."""
    lines = [b'{"n":%d}' % number for number in range(40)]
    for chunk in range(1, 30):
        monkeypatch.setattr("persistence.json_files.files._CHUNK", chunk)
        copies = JsonFiles(tmp_path)
        mark = copies.rebuild_history(lines)
        assert copies.replace(mark, lines[17], b'{"n":1717}')
        changed = json.loads((tmp_path / HISTORY).read_text())
        assert [entry["n"] for entry in changed] == [*range(17), 1717, *range(18, 40)]


@given(start=st.binary(max_size=300), tail=st.binary(max_size=300))
def test_the_checksum_of_a_beginning_is_known_from_the_whole(start: bytes, tail: bytes) -> None:
    """The CRC-32 of what is before an end follows from that of all and the end."""
    assert crc_without_tail(zlib.crc32(start + tail), tail) == zlib.crc32(start)


def test_a_line_near_the_end_is_replaced_in_its_place(tmp_path: Path) -> None:
    """The last lines are written over in the same file; the first of a long history take a copy of it."""
    lines = [b'{"n":%d,"more":"%s"}' % (number, b"x" * 400) for number in range(100)]
    copies = JsonFiles(tmp_path)
    mark = copies.rebuild_history(lines)
    inode = (tmp_path / HISTORY).stat().st_ino
    assert copies.is_near_end(mark, lines[90]) and not copies.is_near_end(mark, lines[10])
    shorter = copies.replace(mark, lines[90], b'{"n":90}')
    assert shorter is not None and (tmp_path / HISTORY).stat().st_ino == inode
    anew = copies.replace(shorter, lines[10], b'{"n":10}')
    assert anew is not None and copies.is_whole(HISTORY, anew)
    assert [entry["n"] for entry in json.loads((tmp_path / HISTORY).read_text())] == [*range(100)]


def test_nothing_is_written_to_a_file_that_is_not_as_it_must_be(tmp_path: Path) -> None:
    """Neither appending nor replacing nor touching changes a torn history; each says so."""
    copies = JsonFiles(tmp_path)
    mark = copies.rebuild_history([b"1", b"2"])
    (tmp_path / HISTORY).write_bytes(b"[\n1,\n2\n]")
    assert not copies.append(mark, b"3")
    assert not copies.replace(mark, b"2", b"3")
    assert not copies.write_again(HISTORY, mark)
    assert (tmp_path / HISTORY).read_bytes() == b"[\n1,\n2\n]"
    assert not copies.matches("missing.json", FileChecksum.of_content(b""))


@settings(max_examples=80, deadline=None)
@given(
    count=st.integers(1, 12), fates=st.dictionaries(st.integers(0, 11), st.booleans(), min_size=1), more=st.booleans()
)
def test_changed_lines_give_the_bytes_of_a_rebuild(
    count: int, fates: dict[int, bool], more: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Some become others, some go, wherever they are, and one may come: the file, and its mark, are as written anew."""
    here, there = JsonFiles(tmp_path_factory.mktemp("here")), JsonFiles(tmp_path_factory.mktemp("there"))
    lines = [b'{"n":%d}' % number for number in range(count)]
    mark = here.rebuild_history(lines)
    changes = {line: b'{"now":%d}' % number if fates[number] else None
               for number, line in enumerate(lines) if number in fates}  # fmt: skip
    new = [b'{"more":1}', b'{"more":2}'] if more else []
    left = [line for line in (*(changes.get(line, line) for line in lines), *new) if line is not None]
    for few in (0, 10):  # gone through as a whole, and looked for one by one
        here.rebuild_history(lines)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(files, "_FEW", few)
            assert here.change(mark, changes, new) == there.rebuild_history(left)
        assert (here.folder / HISTORY).read_bytes() == (there.folder / HISTORY).read_bytes()


def test_lines_before_a_change_are_copied_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long history is copied up to there: merging mostly changes recent lines."""
    seen: list[bytes] = []

    def count_lines(stream: BinaryIO, start: int) -> Iterator[bytes]:
        for line in every(stream, start):
            seen.append(line)
            yield line

    every = files._read_lines
    monkeypatch.setattr(files, "_read_lines", count_lines)
    lines = [b'{"n":%d}' % number for number in range(5000)]
    here = JsonFiles(tmp_path)
    mark = here.rebuild_history(lines)
    after = here.change(mark, {lines[4990]: None, lines[4995]: b'{"n":0}'}, [b'{"n":5000}'])
    assert after is not None and here.matches(HISTORY, after)
    assert seen == lines[4989:]
    found = [entry["n"] for entry in json.loads((tmp_path / HISTORY).read_text())]
    assert found == [*range(4990), *range(4991, 4995), 0, *range(4996, 5001)]

"""The three JSON copies beside the store: their content, and how it is written.

`user_stats.json` and `user_badges.json` are written anew at each save; `watch_history.json` grows by one
write over its closing bracket. Size and checksum of each are kept in the store, in the transaction that they
belong to: a file that does not match them is torn, missing or behind, and is written again from the store.
"""

import os
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from atomic_file import sync_folder, write_atomically
from foreign_input import ForeignInputError, open_regular
from persistence.json_files.crc import crc_without_tail
from persistence.json_files.entries import move_lines
from persistence.records.change_set import ViewerMove

STATS, BADGES, HISTORY = "user_stats.json", "user_badges.json", "watch_history.json"
ALL = (STATS, BADGES, HISTORY)
_PREPARED = f".{HISTORY}.prepared"
_OPEN, _NEXT, _CLOSE = b"[\n", b",\n", b"\n]\n"
_EMPTY = b"[\n]\n"
_CHUNK = 1 << 20
_HEAD = 1 << 16
"""Bytes in which a record of Usher's own must end."""
_PAGE = 1 << 12
"""Bytes at the end of a file that are written anew where its content stays the same."""
_NEAR = 1 << 14
"""Bytes at the end of a history within which a line is replaced in its place, without a copy of the whole file."""
_FEW = 10
"""So many lines are looked for one by one; for more the whole file is gone through once."""


class FileChecksum(msgspec.Struct, frozen=True, array_like=True):
    """What a copy on the disk must look like."""

    size: int
    """Bytes."""
    crc: int
    """CRC-32 of the last `tail` bytes."""
    tail: int
    """How many bytes at the end the checksum covers."""
    body: int | None = None
    """CRC-32 of a history's bytes before its closing bracket; None where that is not known."""

    @classmethod
    def of_content(cls, content: bytes) -> "FileChecksum":
        """Return the checksum of a file with this content."""
        return cls(len(content), zlib.crc32(content), len(content))


BEING_REPLACED = FileChecksum(0, 1, 0)
"""The mark of a history while a line of it is being replaced, until the next save knows how it looks: no file fits."""
EMPTY_HISTORY = FileChecksum.of_content(_EMPTY)


def checksum_after_append(mark: FileChecksum, *lines: bytes) -> FileChecksum:
    """Return the mark of a history that lines were appended to."""
    if not lines:
        return mark
    start, size, body = _NEXT, mark.size - len(_CLOSE), mark.body
    if mark == EMPTY_HISTORY:
        start, size, body = b"", len(_OPEN), zlib.crc32(_OPEN)
    more, tail = start + _NEXT.join(lines), lines[-1] + _CLOSE
    body = None if body is None else zlib.crc32(more, body)
    return FileChecksum(size + len(more) + len(_CLOSE), zlib.crc32(tail), len(tail), body)


def checksum_after_replace(mark: FileChecksum, old: bytes, new: bytes) -> FileChecksum:
    """Return the mark of a history in which the line `new` has taken the place of `old`."""
    size = mark.size - len(old) + len(new)
    if not is_last_line(mark, old):
        return FileChecksum(size, mark.crc, mark.tail)
    tail = new + _CLOSE
    return FileChecksum(size, zlib.crc32(tail), len(tail))


def is_last_line(mark: FileChecksum, line: bytes) -> bool:
    """Tell whether a history that looks as `mark` says ends with a line."""
    tail = line + _CLOSE
    return mark.tail == len(tail) and mark.crc == zlib.crc32(tail)


def find_own_copies(folder: Path) -> list[Path]:
    """Return the copies in a folder that Usher wrote and that hold something; the older bot's files have other keys."""
    own = []
    for name, key in ((STATS, b'"total_watch_time_seconds"'), (HISTORY, b'"watch_id"')):
        try:
            with open_regular(folder / name) as stream:
                if key in stream.read(_HEAD):
                    own.append(folder / name)
        except (OSError, ForeignInputError):
            continue
    return own


class JsonFiles:
    """The three files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def matches(self, name: str, mark: FileChecksum) -> bool:
        """Tell whether a file looks as its mark says: its size and its end."""
        try:
            with open_regular(self.folder / name) as stream:
                if stream.seek(0, os.SEEK_END) != mark.size:
                    return False
                stream.seek(mark.size - mark.tail)
                return zlib.crc32(stream.read(mark.tail)) == mark.crc
        except (OSError, ForeignInputError):
            return False

    def is_whole(self, name: str, mark: FileChecksum) -> bool:
        """Tell whether a file is as its mark says from its first byte to its last: it is read through."""
        if not self.matches(name, mark):
            return False
        if mark.body is None:
            return True
        with (self.folder / name).open("rb") as stream:
            body = 0
            for piece in _read_piece(stream, 0, mark.size - len(_CLOSE)):
                body = zlib.crc32(piece, body)
        return body == mark.body

    def write(self, name: str, content: bytes) -> None:
        """Write user_stats.json or user_badges.json whole."""
        write_atomically(self.folder / name, [content])

    def write_again(self, name: str, mark: FileChecksum) -> bool:
        """Write the end of a file anew with the same bytes; False, with nothing done, where it is not as it must be."""
        if not self.matches(name, mark):
            return False
        start = max(0, mark.size - _PAGE)
        with (self.folder / name).open("rb") as stream:
            stream.seek(start)
            tail = stream.read()
        self._overwrite(name, start, tail)
        return True

    def append(self, mark: FileChecksum, *lines: bytes) -> bool:
        """Append records to a history that looks as `mark` says; False, with nothing done, where it does not."""
        if not self.matches(HISTORY, mark):
            return False
        is_first = mark == EMPTY_HISTORY
        start = len(_OPEN) if is_first else mark.size - len(_CLOSE)
        self._overwrite(HISTORY, start, (b"" if is_first else _NEXT) + _NEXT.join(lines) + _CLOSE)
        return True

    def is_near_end(self, mark: FileChecksum, line: bytes) -> bool:
        """Tell whether a line is among the last of a history that looks as `mark` says: replacing it is quick then."""
        if not self.matches(HISTORY, mark):
            return False
        with (self.folder / HISTORY).open("rb") as stream:
            stream.seek(max(0, mark.size - _NEAR))
            return b"\n" + line in stream.read()

    def replace(self, mark: FileChecksum, old: bytes, new: bytes) -> FileChecksum | None:
        """Write a history with one line replaced; return its mark. None, with nothing done, where `old` lacks.

        Near the end the line and what follows are written over. Elsewhere the other lines are copied as they are: to
        make a million of them from the store takes half a minute.
        """
        if not self.matches(HISTORY, mark):
            return None
        changed = checksum_after_replace(mark, old, new)
        with (self.folder / HISTORY).open("rb") as stream:
            start = _find_backwards(stream, b"\n" + old, mark.size)
            if start is None:
                return None
            first, end = start + 1, mark.size - len(_CLOSE)
            if mark.size - first <= _NEAR:
                stream.seek(first)
                present = stream.read(end - first)
                arriving = new + present[len(old) :]
                self._overwrite(HISTORY, first, arriving + _CLOSE)
                before = None if mark.body is None else crc_without_tail(mark.body, present)
                return msgspec.structs.replace(changed, body=None if before is None else zlib.crc32(arriving, before))
            body = _CheckedPieces(
                chain(_read_piece(stream, 0, first), [new], _read_piece(stream, first + len(old), end))
            )
            write_atomically(self.folder / HISTORY, chain(body, [_CLOSE]))
        return msgspec.structs.replace(changed, body=body.crc)

    def change(
        self,
        mark: FileChecksum,
        changes: Mapping[bytes, bytes | None],
        more: Iterable[bytes] = (),
        moves: Sequence[ViewerMove] = (),
    ) -> FileChecksum | None:
        """Write the history anew with some lines changed, or left out where there is None for them; return its mark.

        `moves` are made first: `changes` are of what the lines say then. `more` are lines to append. None, with nothing
        done, where it does not look as it must.
        """
        return self._write_changed(HISTORY, mark, changes, more, moves)

    def prepare_changed(
        self,
        mark: FileChecksum,
        changes: Mapping[bytes, bytes | None],
        more: Iterable[bytes],
        moves: Sequence[ViewerMove],
        watch: Callable[[Iterable[bytes]], Iterable[bytes]],
    ) -> FileChecksum:
        """Write the history as `change` does, beside the present one. `watch` may raise in the midst of it."""
        written = self._write_changed(_PREPARED, mark, changes, more, moves, watch)
        if written is None:
            raise OSError(f"{HISTORY} is not as it was left")
        return written

    def _write_changed(
        self,
        name: str,
        mark: FileChecksum,
        changes: Mapping[bytes, bytes | None],
        more: Iterable[bytes],
        moves: Sequence[ViewerMove],
        watch: Callable[[Iterable[bytes]], Iterable[bytes]] = iter,
    ) -> FileChecksum | None:
        if not self.matches(HISTORY, mark):
            return None
        with (self.folder / HISTORY).open("rb") as stream:
            start = len(_OPEN) if moves else _line_before(stream, changes, mark.size)
            kept = (changes.get(line, line) for line in move_lines(_read_lines(stream, start), moves))
            lines = (line for line in chain(kept, more) if line is not None)
            written = _ChecksummedHistory(watch(lines), _read_piece(stream, 0, start), start)
            write_atomically(self.folder / name, written)
        return written.checksum

    def _overwrite(self, name: str, start: int, content: bytes) -> None:
        with (self.folder / name).open("r+b", buffering=0) as stream:
            stream.seek(start)
            rest = memoryview(content)
            while rest:  # one write, unless the disk is full: then the next one says so
                rest = rest[stream.write(rest) or 0 :]
            stream.truncate()  # what is written always goes to the end
            os.fsync(stream.fileno())

    def rebuild_history(self, lines: Iterable[bytes]) -> FileChecksum:
        """Write the whole history, one line at a time; return its mark."""
        written = _ChecksummedHistory(lines)
        write_atomically(self.folder / HISTORY, written)
        return written.checksum

    def prepare_history(self, lines: Iterable[bytes]) -> FileChecksum:
        """Write the whole history beside the present one, for `publish_history`; return its mark. For any thread."""
        written = _ChecksummedHistory(lines)
        write_atomically(self.folder / _PREPARED, written)
        return written.checksum

    def publish_history(self) -> None:
        """Put the history that was prepared in the place of the present one."""
        (self.folder / _PREPARED).replace(self.folder / HISTORY)
        sync_folder(self.folder)

    def drop_prepared(self) -> None:
        """Remove a history that was prepared and is not wanted any more."""
        (self.folder / _PREPARED).unlink(missing_ok=True)

    def set_aside(self, name: str, label: str) -> Path | None:
        """Move a file that Usher did not write out of the way; return where it is now, None if there is none."""
        file = self.folder / name
        if not file.exists():
            return None
        aside = file.with_name(f"{name}.{label}")
        number = 1
        while aside.exists():
            number += 1
            aside = file.with_name(f"{name}.{label}~{number}")
        file.replace(aside)
        return aside


def _read_lines(stream: BinaryIO, start: int) -> Iterator[bytes]:
    """Yield the records of a history from an offset on."""
    stream.seek(start)
    for line in stream:
        if line.startswith(b"{"):
            yield line.removesuffix(b"\n").removesuffix(b",")


def _find_backwards(stream: BinaryIO, wanted: bytes, size: int) -> int | None:
    """Return where `wanted` begins; searched from the end, for what is replaced was mostly written lately."""
    end = size
    while end > 0:
        start = max(0, end - _CHUNK)
        stream.seek(start)
        at = stream.read(end - start + len(wanted) - 1).rfind(wanted)
        if at >= 0:
            return start + at
        end = start
    return None


def _line_before(stream: BinaryIO, wanted: Collection[bytes], size: int) -> int:
    """Return where the line before the first of some lines begins: what is before it only has to be copied.

    The place of the first of all lines where there is none before, and where many are wanted.
    """
    places = [_find_backwards(stream, b"\n" + line, size) for line in wanted] if len(wanted) <= _FEW else [None]
    first = min((place or 0 for place in places), default=0)
    before = _find_backwards(stream, b"\n", first)
    return len(_OPEN) if before is None else before + 1


def _read_piece(stream: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        stream.seek(start)
        chunk = stream.read(min(_CHUNK, end - start))
        if not chunk:
            raise OSError(f"{HISTORY} became shorter while it was read")
        start += len(chunk)
        yield chunk


class _CheckedPieces:
    """Iterates over pieces of a file and knows the CRC-32 of all of them in the end."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.crc = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.crc = zlib.crc32(piece, self.crc)
            yield piece


class _ChecksummedHistory:
    """Iterates over the bytes of a history and knows its mark in the end.

    `lines` go on after `before`, which is `start` bytes long; where that holds records, there is at least one line.
    """

    def __init__(self, lines: Iterable[bytes], before: Iterable[bytes] = (_OPEN,), start: int = len(_OPEN)) -> None:
        self._lines, self._before, self._start = lines, before, start
        self.checksum = EMPTY_HISTORY

    def __iter__(self) -> Iterator[bytes]:
        body = 0
        for piece in self._before:
            body = zlib.crc32(piece, body)
            yield piece
        size, last = self._start, b""
        for line in self._lines:
            piece = _NEXT + line if last else line
            body = zlib.crc32(piece, body)
            yield piece
            size, last = size + len(piece), line
        yield _CLOSE if last else _EMPTY.removeprefix(_OPEN)
        if last:
            tail = last + _CLOSE
            self.checksum = FileChecksum(size + len(_CLOSE), zlib.crc32(tail), len(tail), body)

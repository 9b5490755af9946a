"""Reads and writes the three JSON copies beside the store.

`user_stats.json` and `user_badges.json` are rewritten at each save; `watch_history.json` grows by one write over its
closing bracket. Size and checksum of each are stored in the transaction that they belong to: a file that does not
match them is torn, missing or behind, and is rewritten from the store.
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
"""Bytes within which the first record of one of Usher's own files ends."""
_PAGE = 1 << 12
"""Bytes at the end of a file that are rewritten if its content is unchanged."""
_NEAR = 1 << 14
"""Bytes at the end of a history within which a line is replaced in place, without copying the whole file."""
_FEW = 10
"""Up to this many lines are searched one by one; for more the whole file is scanned once."""


class FileChecksum(msgspec.Struct, frozen=True, array_like=True):
    """The expected size and checksum of a copy on the disk."""

    size: int
    """Bytes."""
    crc: int
    """CRC-32 of the last `tail` bytes."""
    tail: int
    """Number of bytes at the end that the checksum covers."""
    body: int | None = None
    """CRC-32 of a history's bytes before its closing bracket; None if not known."""

    @classmethod
    def of_content(cls, content: bytes) -> "FileChecksum":
        """Return the checksum of a file with this content."""
        return cls(len(content), zlib.crc32(content), len(content))


BEING_REPLACED = FileChecksum(0, 1, 0)
"""The mark of a history while a line is being replaced, until the next save stores the new one: no file matches it."""
EMPTY_HISTORY = FileChecksum.of_content(_EMPTY)


def checksum_after_append(mark: FileChecksum, *lines: bytes) -> FileChecksum:
    """Return the mark of a history after appending lines."""
    if not lines:
        return mark
    start, size, body = _NEXT, mark.size - len(_CLOSE), mark.body
    if mark == EMPTY_HISTORY:
        start, size, body = b"", len(_OPEN), zlib.crc32(_OPEN)
    more, tail = start + _NEXT.join(lines), lines[-1] + _CLOSE
    body = None if body is None else zlib.crc32(more, body)
    return FileChecksum(size + len(more) + len(_CLOSE), zlib.crc32(tail), len(tail), body)


def checksum_after_replace(mark: FileChecksum, old: bytes, new: bytes) -> FileChecksum:
    """Return the mark of a history after replacing the line `old` by `new`."""
    size = mark.size - len(old) + len(new)
    if not is_last_line(mark, old):
        return FileChecksum(size, mark.crc, mark.tail)
    tail = new + _CLOSE
    return FileChecksum(size, zlib.crc32(tail), len(tail))


def is_last_line(mark: FileChecksum, line: bytes) -> bool:
    """Tell whether a history that matches `mark` ends with this line."""
    tail = line + _CLOSE
    return mark.tail == len(tail) and mark.crc == zlib.crc32(tail)


def find_own_copies(folder: Path) -> list[Path]:
    """Return the non-empty copies in a folder that Usher wrote; the older bot's files have other keys."""
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
        """Tell whether a file's size and end match its mark."""
        try:
            with open_regular(self.folder / name) as stream:
                if stream.seek(0, os.SEEK_END) != mark.size:
                    return False
                stream.seek(mark.size - mark.tail)
                return zlib.crc32(stream.read(mark.tail)) == mark.crc
        except (OSError, ForeignInputError):
            return False

    def is_whole(self, name: str, mark: FileChecksum) -> bool:
        """Tell whether a whole file matches its mark, by reading all of it."""
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
        """Rewrite the end of a file with the same bytes; False, with nothing done, if it does not match its mark."""
        if not self.matches(name, mark):
            return False
        start = max(0, mark.size - _PAGE)
        with (self.folder / name).open("rb") as stream:
            stream.seek(start)
            tail = stream.read()
        self._overwrite(name, start, tail)
        return True

    def append(self, mark: FileChecksum, *lines: bytes) -> bool:
        """Append records to a history; False, with nothing done, if it does not match `mark`."""
        if not self.matches(HISTORY, mark):
            return False
        is_first = mark == EMPTY_HISTORY
        start = len(_OPEN) if is_first else mark.size - len(_CLOSE)
        self._overwrite(HISTORY, start, (b"" if is_first else _NEXT) + _NEXT.join(lines) + _CLOSE)
        return True

    def is_near_end(self, mark: FileChecksum, line: bytes) -> bool:
        """Tell whether a line is near the end of a history that matches `mark`, so that replacing it is quick."""
        if not self.matches(HISTORY, mark):
            return False
        with (self.folder / HISTORY).open("rb") as stream:
            stream.seek(max(0, mark.size - _NEAR))
            return b"\n" + line in stream.read()

    def replace(self, mark: FileChecksum, old: bytes, new: bytes) -> FileChecksum | None:
        """Replace one line of a history; return the new mark. None, with nothing done, if `old` is missing.

        Near the end the line and what follows are overwritten. Elsewhere the other lines are copied unchanged, because
        building a million lines from the store takes half a minute.
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
        """Rewrite the history with some lines changed, or removed if their new line is None; return its mark.

        `moves` are applied first: `changes` refer to the lines after them. `more`: lines to append. None, with nothing
        done, if the history does not match `mark`.
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
        """Write the history as `change` does, beside the present one. `watch` may raise in between to cancel it."""
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
            start = len(_OPEN) if moves else _find_line_before(stream, changes, mark.size)
            kept = (changes.get(line, line) for line in move_lines(_read_lines(stream, start), moves))
            lines = (line for line in chain(kept, more) if line is not None)
            written = _ChecksummedHistory(watch(lines), _read_piece(stream, 0, start), start)
            write_atomically(self.folder / name, written)
        return written.checksum

    def _overwrite(self, name: str, start: int, content: bytes) -> None:
        with (self.folder / name).open("r+b", buffering=0) as stream:
            stream.seek(start)
            rest = memoryview(content)
            while rest:  # one write, unless the disk is full: then the next write raises
                rest = rest[stream.write(rest) or 0 :]
            stream.truncate()  # the written content always extends to the end
            os.fsync(stream.fileno())

    def rebuild_history(self, lines: Iterable[bytes]) -> FileChecksum:
        """Write the whole history line by line; return its mark."""
        written = _ChecksummedHistory(lines)
        write_atomically(self.folder / HISTORY, written)
        return written.checksum

    def prepare_history(self, lines: Iterable[bytes]) -> FileChecksum:
        """Write the whole history beside the present one, for `publish_history`; return its mark. On any thread."""
        written = _ChecksummedHistory(lines)
        write_atomically(self.folder / _PREPARED, written)
        return written.checksum

    def publish_history(self) -> None:
        """Replace the present history by the prepared one."""
        (self.folder / _PREPARED).replace(self.folder / HISTORY)
        sync_folder(self.folder)

    def drop_prepared(self) -> None:
        """Remove a prepared history that is no longer needed."""
        (self.folder / _PREPARED).unlink(missing_ok=True)

    def set_aside(self, name: str, label: str) -> Path | None:
        """Move aside a file that Usher did not write; return its new path, None if there is none."""
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
    """Return the offset of `wanted`, searching from the end, because a replaced line is usually a recent one."""
    end = size
    while end > 0:
        start = max(0, end - _CHUNK)
        stream.seek(start)
        at = stream.read(end - start + len(wanted) - 1).rfind(wanted)
        if at >= 0:
            return start + at
        end = start
    return None


def _find_line_before(stream: BinaryIO, wanted: Collection[bytes], size: int) -> int:
    """Return the offset of the line before the first of some lines: everything before it only has to be copied.

    If there is no line before, or many lines are wanted, it is the offset of the history's first line.
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
    """Iterates over pieces of a file, and computes the CRC-32 of all of them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.crc = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.crc = zlib.crc32(piece, self.crc)
            yield piece


class _ChecksummedHistory:
    """Iterates over the bytes of a history, and computes its mark.

    `lines` follow `before`, which is `start` bytes long; if that contains records, there is at least one line.
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

"""The three JSON copies beside the store: their content, and how it is written.

`user_stats.json` and `user_badges.json` are written anew at each save; `watch_history.json` grows by one
write over its closing bracket. Size and checksum of each are kept in the store, in the transaction that they
belong to: a file that does not match them is torn, missing or behind, and is written again from the store.
"""

import os
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from atomic_file import write_atomically
from foreign_input import ForeignInputError, open_regular
from persistence.database.rows import Row, decode_sittings

STATS, BADGES, HISTORY = "user_stats.json", "user_badges.json", "watch_history.json"
ALL = (STATS, BADGES, HISTORY)
_OPEN, _NEXT, _CLOSE = b"[\n", b",\n", b"\n]\n"
_EMPTY = b"[\n]\n"
_CHUNK = 1 << 20
_HEAD = 1 << 16
"""Bytes in which a record of Usher's own must end."""
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


EMPTY_HISTORY = FileChecksum.of_content(_EMPTY)


def iso(at_s: float) -> str:
    """Return seconds since 1970 as an ISO 8601 time with its offset (UTC)."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def stats_entry(row: Row) -> dict[str, Any]:
    """Return one viewer of user_stats.json from a row of `viewer_stats` joined with `viewers`."""
    return {
        "user_id": row["viewer_id"],
        "username": row["username"],
        "total_movies": row["total_movies"],
        "total_watch_time_minutes": round(row["total_watch_time_s"] / 60, 2),
        "completed_movies": row["completed_movies"],
        "current_streak_days": row["current_streak_days"],
        "longest_streak_days": row["longest_streak_days"],
        "last_watch_date": row["last_watch_date"] or None,
        "favorite_genres": msgspec.Raw(row["genres"].encode()),
        "favorite_decades": msgspec.Raw(row["decades"].encode()),
        "directors_watched": list(msgspec.json.decode(row["directors"], type=dict[str, int])),
        "ai_interactions": row["ai_interactions"],
        "votes_cast": row["votes_cast"],
        "movies_requested": row["movies_requested"],
        "total_watch_time_seconds": round(row["total_watch_time_s"], 3),
        "watching_now": row["watching_now"],
        "total_episodes": row["total_episodes"],
    }


def badge_entry(row: Row) -> dict[str, Any]:
    """Return one badge of user_badges.json from a row of `viewer_badges`."""
    return {
        "badge_id": row["badge_id"],
        "earned_date": iso(row["earned_at_s"]),
        "progress_value": round(row["progress"], 2),
    }


def history_entry(row: Row) -> dict[str, Any]:
    """Return one record of watch_history.json from a row of `watches`."""
    percent = row["completion_percent"]
    directors = msgspec.json.decode(row["directors"], type=list[str])
    return {
        "movie_title": row["title"],
        "user_id": row["viewer_id"],
        "start_time": iso(row["started_at_s"]),
        "end_time": iso(row["ended_at_s"]) if row["end_known"] else None,
        "watch_duration_minutes": round(row["playing_s"] / 60, 2),
        "completion_percentage": None if percent is None else round(percent, 2),
        "genres": msgspec.Raw(row["genres"].encode()),
        "year": row["year"],
        "director": ", ".join(directors),
        "watch_id": row["watch_id"],
        "viewer_id": row["viewer_id"],
        "username": row["username"],
        "source": row["source"],
        "server_id": row["server_id"],
        "rating_key": row["rating_key"],
        "media_type": row["media_type"],
        "join_position_ms": row["join_position_ms"],
        "leave_position_ms": row["leave_position_ms"],
        "movie_duration_ms": row["movie_duration_ms"],
        "playing_seconds": round(row["playing_s"], 3),
        "paused_seconds": round(row["paused_s"], 3),
        "coverage_ms": row["coverage_ms"],
        "completed": bool(row["completed"]),
        "brief": bool(row["brief"]),
        "end_reason": row["end_reason"],
        "screening_id": row["screening_id"],
        "directors": directors,
        "guild_id": row["guild_id"],
        "channel_id": row["channel_id"],
        "party": bool(row["party"]),
        "first_seat": bool(row["first_seat"]),
        **_identity_and_sittings(row),
    }


def _identity_and_sittings(row: Row) -> dict[str, Any]:
    """Return what newer versions add; nothing for a row of an older one, whose line stays as it was written."""
    if row["sittings"] is None:
        return {}
    entries = [
        {
            "start_time": iso(sitting.start_s),
            "end_time": iso(sitting.end_s),
            "playing_seconds": round(sitting.playing_s, 3),
        }
        for sitting in decode_sittings(row["sittings"])
    ]
    return {"guid": row["guid"] or "", "sittings": entries}


def encode_document(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of user_stats.json or user_badges.json, indented for people."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def history_line(row: Row) -> bytes:
    """Return one record as its line of watch_history.json."""
    return msgspec.json.encode(history_entry(row))


def checksum_after_append(mark: FileChecksum, line: bytes) -> FileChecksum:
    """Return the mark of a history that `line` was appended to."""
    tail = line + _CLOSE
    if mark == EMPTY_HISTORY:
        return FileChecksum(len(_OPEN) + len(tail), zlib.crc32(tail), len(tail), zlib.crc32(_OPEN + line))
    size = mark.size - len(_CLOSE) + len(_NEXT) + len(tail)
    body = None if mark.body is None else zlib.crc32(_NEXT + line, mark.body)
    return FileChecksum(size, zlib.crc32(tail), len(tail), body)


def checksum_after_replace(mark: FileChecksum, old: bytes, new: bytes, *, is_last: bool) -> FileChecksum:
    """Return the mark of a history in which the line `new` has taken the place of `old`."""
    size = mark.size - len(old) + len(new)
    if not is_last:
        return FileChecksum(size, mark.crc, mark.tail)
    tail = new + _CLOSE
    return FileChecksum(size, zlib.crc32(tail), len(tail))


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

    def append(self, mark: FileChecksum, line: bytes) -> bool:
        """Append a record to a history that looks as `mark` says; False, with nothing done, where it does not."""
        if not self.matches(HISTORY, mark):
            return False
        is_first = mark == EMPTY_HISTORY
        start = len(_OPEN) if is_first else mark.size - len(_CLOSE)
        self._overwrite(start, (b"" if is_first else _NEXT) + line + _CLOSE)
        return True

    def rewrite_tail(self, mark: FileChecksum) -> bool:
        """Write the end of the history anew with the same bytes; False where it does not look as it must."""
        if not self.matches(HISTORY, mark):
            return False
        with (self.folder / HISTORY).open("rb") as stream:
            stream.seek(mark.size - mark.tail)
            tail = stream.read()
        self._overwrite(mark.size - mark.tail, tail)
        return True

    def replace(self, mark: FileChecksum, old: bytes, new: bytes) -> FileChecksum | None:
        """Write the history anew with one line replaced; return its mark. None, with nothing done, where `old` lacks.

        The other lines are copied as they are: to make a million of them from the store takes half a minute.
        """
        if not self.matches(HISTORY, mark):
            return None
        with (self.folder / HISTORY).open("rb") as stream:
            start = _find_backwards(stream, b"\n" + old, mark.size)
            if start is None:
                return None
            first = start + 1
            end = mark.size - len(_CLOSE)
            is_last = first + len(old) == end
            body = _CheckedPieces(
                chain(_read_piece(stream, 0, first), [new], _read_piece(stream, first + len(old), end))
            )
            write_atomically(self.folder / HISTORY, chain(body, [_CLOSE]))
        changed = checksum_after_replace(mark, old, new, is_last=is_last)
        return msgspec.structs.replace(changed, body=body.crc)

    def change(
        self, mark: FileChecksum, changes: Mapping[bytes, bytes | None], more: bytes | None = None
    ) -> FileChecksum | None:
        """Write the history anew with some lines changed, or left out where there is None for them; return its mark.

        `more` is a line to append. None, with nothing done, where it does not look as it must.
        """
        if not self.matches(HISTORY, mark):
            return None
        with (self.folder / HISTORY).open("rb") as stream:
            start = _line_before(stream, changes, mark.size)
            kept = (changes.get(line, line) for line in _read_lines(stream, start))
            lines = (line for line in chain(kept, [more]) if line is not None)
            written = _ChecksummedHistory(lines, _read_piece(stream, 0, start), start)
            write_atomically(self.folder / HISTORY, written)
        return written.checksum

    def _overwrite(self, start: int, content: bytes) -> None:
        with (self.folder / HISTORY).open("r+b", buffering=0) as stream:
            stream.seek(start)
            rest = memoryview(content)
            while rest:  # one write, unless the disk is full: then the next one says so
                rest = rest[stream.write(rest) or 0 :]
            os.fsync(stream.fileno())

    def rebuild_history(self, lines: Iterable[bytes]) -> FileChecksum:
        """Write the whole history, one line at a time; return its mark."""
        written = _ChecksummedHistory(lines)
        write_atomically(self.folder / HISTORY, written)
        return written.checksum

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

"""The audit log: a JSON line for each act of an administrator, in `DATA_DIR/logs/audit.jsonl`.

The persistence actor writes the acts that it is sent; the command line writes its own. A lock serialises the two.
"""

import contextlib
import hashlib
import itertools
import os
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

import filelock
import msgspec
from msgspec.structs import replace

from atomic_file import PRIVATE, write_atomically
from messages import AuditEntry, AuditPage, AuditSubject, Problem
from wording.file_failures import choose_cure

MAX_BYTES, KEPT = 5_000_000, 3
"""Size at which a file is rotated, and how many rotated files are kept."""
FORGOTTEN = "forgotten"
"""The name of an erased viewer; the id becomes a hash, so that their acts can still be attributed to one person."""


class _Subject(msgspec.Struct):
    """A person or thing, in the form in which it is written."""

    id: str
    name: str


class _Line(msgspec.Struct, rename={"source": "from"}):
    """An entry, in the form in which it is written."""

    ts: str
    who: _Subject
    act: str
    targets: tuple[_Subject, ...]
    outcome: str
    source: str


class AuditLog:
    """The current file and the rotated ones."""

    def __init__(self, data_dir: Path) -> None:
        self.file = data_dir / "logs" / "audit.jsonl"

    def append(self, entry: AuditEntry) -> None:
        """Write an entry and flush it to the disk. Raises OSError."""
        with self._lock_files():
            if self.file.exists() and self.file.stat().st_size >= MAX_BYTES:
                self._rotate()
            handle = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), PRIVATE)
            with os.fdopen(handle, "r+b") as stream:
                length = stream.seek(0, os.SEEK_END)
                is_torn = length > 0 and not _ends_a_line(stream.fileno(), length)  # by an interrupted write
                stream.write((b"\n" if is_torn else b"") + _encode(entry) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())

    def explain_failure(self, error: OSError) -> Problem:
        """Return why an entry could not be written, and what to do about it."""
        cause = error.strerror or str(error)
        return Problem.of("audit.unwritable", file=str(self.file), cause=cause, cure=choose_cure(error))

    def read(self, limit: int, offset: int) -> AuditPage:
        """Return a page, the newest entries first. Unreadable entries are left out."""
        lines = list(self._read_newest())
        return AuditPage(tuple(lines[max(0, offset) : max(0, offset) + max(0, limit)]), len(lines))

    def forget(self, ids: Collection[str]) -> None:
        """Remove the names of viewers from every entry, and hash their ids. Raises OSError."""
        if not self.file.parent.is_dir():
            return
        with self._lock_files():
            for file in self._list_files():
                content = file.read_bytes()
                if any(viewer_id.encode() in content for viewer_id in ids):
                    lines = (_forget_in(line, ids) for line in content.splitlines())
                    write_atomically(file, (line + b"\n" for line in lines), PRIVATE)

    @contextlib.contextmanager
    def _lock_files(self) -> Iterator[None]:
        self.file.parent.mkdir(exist_ok=True)  # the data folder itself is created only at the start
        with filelock.FileLock(self.file.with_name(".audit.lock"), timeout=10.0, mode=PRIVATE):
            yield

    def _list_files(self) -> list[Path]:
        """Return every existing file, the newest first."""
        older = [self.file.with_name(f"{self.file.name}.{number}") for number in range(1, KEPT + 1)]
        return [file for file in (self.file, *older) if file.exists()]

    def _rotate(self) -> None:
        for number in range(KEPT, 0, -1):
            source = self.file if number == 1 else self.file.with_name(f"{self.file.name}.{number - 1}")
            if source.exists():
                source.replace(self.file.with_name(f"{self.file.name}.{number}"))

    def _read_newest(self) -> Iterator[AuditEntry]:
        for line in itertools.chain.from_iterable(
            reversed(file.read_bytes().splitlines()) for file in self._list_files()
        ):
            with contextlib.suppress(msgspec.MsgspecError, ValueError):
                yield _decode(line)


def _ends_a_line(handle: int, length: int) -> bool:
    return os.pread(handle, 1, length - 1) == b"\n" if hasattr(os, "pread") else True


def _encode(entry: AuditEntry) -> bytes:
    at = datetime.fromtimestamp(entry.at_s, UTC).isoformat(timespec="milliseconds")
    who, *targets = (_Subject(each.id, each.name) for each in (entry.who, *entry.targets))
    return msgspec.json.encode(_Line(at, who, entry.act, tuple(targets), entry.outcome, entry.source))


def _decode(line: bytes) -> AuditEntry:
    found = msgspec.json.decode(line, type=_Line)
    at_s = datetime.fromisoformat(found.ts).timestamp()
    who, *targets = (AuditSubject(each.id, each.name) for each in (found.who, *found.targets))
    return AuditEntry(at_s, who, found.act, tuple(targets), found.outcome, found.source)


def _forget_in(line: bytes, ids: Collection[str]) -> bytes:
    try:
        entry = _decode(line)
    except (msgspec.MsgspecError, ValueError):
        return line if not any(viewer_id.encode() in line for viewer_id in ids) else b""
    forget: Callable[[AuditSubject], AuditSubject] = lambda subject: _forget_subject(subject, ids)  # noqa: E731
    return _encode(replace(entry, who=forget(entry.who), targets=tuple(map(forget, entry.targets))))


def _forget_subject(subject: AuditSubject, ids: Collection[str]) -> AuditSubject:
    if subject.id not in ids:
        return subject
    digest = hashlib.blake2s(subject.id.encode(), digest_size=8).hexdigest()
    return AuditSubject(f"{FORGOTTEN}:{digest}", FORGOTTEN)

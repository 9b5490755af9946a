"""Power cuts while watches are stored: `python -m tests.faults.power_cuts --cuts 200`, with strace to see the writes.

A process stores watches one after the other, and strace notes each operation on a file, in order, with what it said
to be stored. A cut is any moment in that list: what was flushed by then is on the disk; of the rest, each write may be
there, or not, or in part. Usher is then started on such a disk. With `--control` no flush counts, and watches must be
lost: so it is known that the judge sees it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from persistence.database.errors import SaveFailed, StoreError
from persistence.json_files.files import HISTORY
from tests.unit.persistence.record_builders import open_store

SECTOR: Final = 512
"""Bytes that a disk writes whole or not at all."""
CALLS: Final = "openat,close,lseek,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink,mkdir,rmdir"
_CALL: Final = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclasses.dataclass(frozen=True)
class Operation:
    """What was done to a file."""

    call: str
    handle: int = -1
    path: str = ""
    other: str = ""
    """What a file is renamed to."""
    data: bytes = b""
    at: int = -1
    """Offset, or length; -1 where the handle's own offset counts."""
    is_new: bool = False
    is_append: bool = False
    is_emptied: bool = False


def record_operations(folder: Path) -> list[Operation]:
    """Have a process store watches in a folder; return what it did to files, and what it said."""
    log = folder.with_name(f"{folder.name}.strace")
    command = ["strace", "-f", "-qq", "-xx", "-s", "1000000", "-o", str(log), "-e", f"trace={CALLS}"]
    subprocess.run(
        [*command, sys.executable, "-B", "-m", "tests.faults.failing_files", "--store", str(folder)],
        stdout=subprocess.DEVNULL, timeout=120.0, check=True,
    )  # fmt: skip
    return list(_read_trace(log.read_text(encoding="ascii", errors="replace").splitlines()))


def _read_trace(lines: Sequence[str]) -> Iterator[Operation]:
    begun: dict[str, str] = {}
    for each in lines:
        line = each
        process = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        if " resumed>" in line:
            line = begun.pop(process, "") + line.partition(" resumed>")[2]
        found = _CALL.match(line)
        if found is not None and int(found[3]) >= 0:
            yield from _read_call(found[1], found[2], int(found[3]))


def _read_call(call: str, arguments: str, result: int) -> Iterator[Operation]:
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
    numbers = [part.strip() for part in _TEXT.sub("", arguments).split(",")]
    first = int(numbers[0]) if numbers[0].isdigit() else -1
    if call == "openat":
        path, flags = texts[0].decode(), numbers[2]
        yield Operation("open", result, path, is_new="O_CREAT" in flags, is_append="O_APPEND" in flags,
                        is_emptied="O_TRUNC" in flags)  # fmt: skip
    elif call in ("rename", "unlink", "mkdir", "rmdir"):
        yield Operation(call, path=texts[0].decode(), other=texts[1].decode() if len(texts) > 1 else "")
    elif call in ("write", "pwrite64"):
        yield Operation("write", first, data=texts[0][:result], at=int(numbers[3]) if call == "pwrite64" else -1)
    elif call == "ftruncate":
        yield Operation("truncate", first, at=int(numbers[1]))
    elif call == "lseek":
        yield Operation("seek", first, at=result)
    else:
        yield Operation("flush" if "sync" in call else call, first)


class _File:
    """A file: what of it is on the disk, and what was done to it since."""

    def __init__(self, content: bytes = b"") -> None:
        self.flushed = bytearray(content)
        self.pending: list[Operation] = []
        self.size = len(content)

    def flush(self) -> None:
        for operation in self.pending:
            apply_operation(self.flushed, operation)
        self.pending.clear()

    def choose_content(self, dice: random.Random) -> bytes:
        """Return what of it may be there after a power cut."""
        content = bytearray(self.flushed)
        way = dice.choice(("none", "all", "some", "first"))
        kept = len(self.pending) if way == "all" else dice.randint(0, len(self.pending)) if way == "first" else 0
        for number, operation in enumerate(self.pending):
            if number < kept or (way == "some" and dice.random() < 0.5):
                apply_operation(content, operation)
            elif way != "none" and operation.data and dice.random() < 0.3:  # in part
                end = SECTOR * dice.randint(0, len(operation.data) // SECTOR)
                apply_operation(content, dataclasses.replace(operation, data=operation.data[:end]))
        return bytes(content)


def apply_operation(content: bytearray, operation: Operation) -> None:
    """Write to the content of a file, or cut it."""
    if operation.call == "truncate":
        del content[operation.at :]
        content.extend(b"\0" * (operation.at - len(content)))
    elif operation.data:
        content.extend(b"\0" * (operation.at - len(content)))
        content[operation.at : operation.at + len(operation.data)] = operation.data


class Disk:
    """The files of a folder as a power cut may leave them."""

    def __init__(self, folder: Path, *, counts_flushes: bool = True) -> None:
        self._folder = str(folder)
        self._counts_flushes = counts_flushes
        self._names: dict[str, _File | None] = {self._folder: None}
        """By their paths; None for a folder."""
        for file in folder.rglob("*"):
            self._names[str(file)] = None if file.is_dir() else _File(file.read_bytes())
        self._flushed_names = dict(self._names)
        self._later_names: list[dict[str, _File | None]] = []
        """What the names have become since folders were flushed, step by step."""
        self._handles: dict[int, tuple[_File | None, bool]] = {}
        self._offsets: dict[int, int] = {}
        self.said: set[str] = set()
        """Watches that were said to be stored."""

    def do(self, operation: Operation) -> None:
        """Do what was done."""
        if operation.call == "write" and operation.handle == 1:
            self.said.update(re.findall(r"^stored (\S+)$", operation.data.decode(), re.MULTILINE))
        elif operation.call == "open":
            self._open(operation)
        elif operation.path:
            self._rename(operation)
        elif operation.handle in self._handles:
            self._use(operation, *self._handles[operation.handle])

    def _open(self, operation: Operation) -> None:
        self._handles.pop(operation.handle, None)
        if not operation.path.startswith(self._folder):
            return
        if operation.path not in self._names and operation.is_new:
            self._names[operation.path] = _File()
            self._note_names()
        if operation.path in self._names:
            file = self._names[operation.path]
            self._handles[operation.handle] = file, operation.is_append
            self._offsets[operation.handle] = 0
            if file is not None and operation.is_emptied:
                file.pending.append(Operation("truncate", at=0))
                file.size = 0

    def _rename(self, operation: Operation) -> None:
        if not operation.path.startswith(self._folder):
            return
        if operation.call == "mkdir":
            self._names[operation.path] = None
        elif operation.path in self._names:
            moved = self._names.pop(operation.path)
            if operation.other:
                self._names[operation.other] = moved
        self._note_names()

    def _use(self, operation: Operation, file: _File | None, is_append: bool) -> None:
        handle = operation.handle
        if operation.call == "close":
            del self._handles[handle]
        elif operation.call == "seek":
            self._offsets[handle] = operation.at
        elif operation.call == "flush" and self._counts_flushes:
            if file is None:
                self._flushed_names, self._later_names = dict(self._names), []
            else:
                file.flush()
        elif file is not None and operation.call == "truncate":
            file.pending.append(operation)
            file.size = operation.at
        elif file is not None and operation.call == "write":
            at = operation.at if operation.at >= 0 else file.size if is_append else self._offsets[handle]
            file.pending.append(dataclasses.replace(operation, at=at))
            file.size = max(file.size, at + len(operation.data))
            if operation.at < 0:
                self._offsets[handle] = at + len(operation.data)

    def _note_names(self) -> None:
        self._later_names.append(dict(self._names))

    def write_down(self, target: Path, dice: random.Random) -> None:
        """Write what a power cut may have left into another folder. Names change in their order, files do not."""
        names = dice.choice([self._flushed_names, *self._later_names])
        for path, file in sorted(names.items()):
            place = target / os.path.relpath(path, self._folder)
            if file is None:
                place.mkdir(parents=True, exist_ok=True)
            elif not path.endswith("-shm"):  # SQLite makes it anew
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.choose_content(dice))


def judge(folder: Path, said: set[str]) -> str:
    """Start Usher on what a power cut left; return what is wrong, nothing where all is well."""
    try:
        store = open_store(folder)
    except (StoreError, SaveFailed) as error:
        return f"the store cannot be opened: {error}"
    try:
        stored = {found.watch_id for found in store.read_resumable(0)}
        store.repair_json_files()
        copy = folder / HISTORY
        copied = {row["watch_id"] for row in json.loads(copy.read_text("utf-8"))} if copy.exists() else set()
    finally:
        store.close()
    if lost := said - stored:
        return f"said to be stored, and is not: {sorted(lost)}"
    return "" if copied == stored else f"the copy has {sorted(copied)}, the store {sorted(stored)}"


def play_cuts(work: Path, seeds: range, *, counts_flushes: bool = True) -> dict[int, str]:
    """Play power cuts, one for each seed; return what is wrong by its seed."""
    folder = work / "data"
    open_store(folder).close()
    before = work / "before"
    subprocess.run(["cp", "-r", str(folder), str(before)], check=True)
    operations = record_operations(folder)
    subprocess.run(["rm", "-r", str(folder)], check=True)
    before.rename(folder)
    wrong = {}
    for seed in seeds:
        dice = random.Random(seed)  # noqa: S311 - to be repeated by its seed
        disk = Disk(folder, counts_flushes=counts_flushes)
        for operation in operations[: dice.randint(1, len(operations))]:
            disk.do(operation)
        target = work / f"cut-{seed}"
        disk.write_down(target, dice)
        if fault := judge(target, disk.said):
            wrong[seed] = fault
    return wrong


def main(argv: list[str]) -> int:
    """Play cuts; exit status 1 where one did harm, or where none did without flushes."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.power_cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed; the others follow (default: 0)")
    parser.add_argument("--control", action="store_true", help="let no flush count: watches must be lost")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as work:
        seeds = range(asked.seed, asked.seed + asked.cuts)
        wrong = play_cuts(Path(work), seeds, counts_flushes=not asked.control)
    print(f"{asked.cuts} power cuts, {len(wrong)} with harm")
    print(*(f"    {count} x {fault[:200]}" for fault, count in Counter(wrong.values()).most_common(20)), sep="\n")
    return int(bool(wrong) != asked.control)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

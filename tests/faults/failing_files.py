"""Saves whose file operations fail: `python -m tests.faults.failing_files --cases 200`, with strace to fail them.

A process stores watches one after the other. From some moment on, one kind of its system calls on the files of the
data folder fails, a few times in a row or once. What the process said to be stored must be in the store afterwards.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from persistence.database.errors import SaveFailed, StoreError
from persistence.json_files.files import ALL
from tests.unit.persistence.record_builders import finish, open_store, record

CALLS: Final = {
    "read": ("pread64", "read"),
    "mmap": ("mmap",),
    "write": ("pwrite64", "write", "ftruncate"),
    "sync": ("fsync", "fdatasync"),
    "open": ("openat",),
    "lock": ("fcntl",),
    "rename": ("rename", "unlink"),
}
"""What can fail, and the system calls that it is."""
ERRORS: Final = ("EIO", "ENOSPC", "EROFS", "ENOMEM", "EACCES")
FILES: Final = ("usher.db", "usher.db-wal", "usher.db-shm", *ALL)
WATCHES: Final = 8
TRIES: Final = 3
"""How often a watch whose save failed is tried again, as the tracker does."""
TIMEOUT_S: Final = 60.0
_FAILURE: Final = re.compile(r"^failed (\S+) (.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Fault:
    """Which calls fail, and how."""

    kind: str
    error: str
    first: int
    """The number of the first call that fails."""
    count: int
    """How many fail in a row."""

    def __str__(self) -> str:
        return f"{self.kind} {self.error}, calls {self.first} to {self.first + self.count - 1}"

    @property
    def options(self) -> tuple[str, str, str, str]:
        """strace's options for it."""
        calls = ",".join(CALLS[self.kind])
        when = f"{self.first}..{self.first + self.count - 1}"
        return "-e", f"trace={calls}", "-e", f"inject={calls}:error={self.error}:when={when}"


@dataclasses.dataclass
class Outcome:
    """What became of one process."""

    fault: Fault
    injected: int
    """How many calls failed."""
    said: set[str]
    failed: list[str]
    """What the failed saves said."""
    ended: str
    """The error with which it ended; empty where it went on to the end."""
    wrong: str = ""
    """What must not be; empty where all is well."""


def roll_fault(seed: int) -> Fault:
    """Return the fault of a seed."""
    dice = random.Random(seed)  # noqa: S311 - to be repeated by its seed
    kind = tuple(CALLS)[seed % len(CALLS)]
    most = {"mmap": 12, "lock": 120, "open": 20, "read": 120, "write": 700, "sync": 60, "rename": 40}[kind]
    return Fault(kind, dice.choice(ERRORS), dice.randint(1, most), dice.choice((1, 1, 3, 20)))


def play_fault(fault: Fault, folder: Path) -> Outcome:
    """Have a process store watches while its file operations fail; judge what is in the store then."""
    folder.mkdir(parents=True, exist_ok=True)
    open_store(folder).close()
    log = folder.parent / f"{folder.name}.strace"
    # New names are of the JSON copies' temporary files, which strace does not know beforehand.
    paths = (
        []
        if fault.kind == "rename"
        else [option for name in (*FILES, "") for option in ("-P", str(folder / name).rstrip("/"))]
    )
    command = ["strace", "-f", "-qq", "-o", str(log), *paths, *fault.options]
    done = subprocess.run(
        [*command, sys.executable, "-B", "-m", "tests.faults.failing_files", "--store", str(folder)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    outcome = Outcome(
        fault,
        log.read_text(encoding="utf-8", errors="replace").count("(INJECTED)"),
        set(re.findall(r"^stored (\S+)$", done.stdout, re.MULTILINE)),
        [said for _, said in _FAILURE.findall(done.stdout)],
        "" if done.returncode == 0 else _find_error(done.stderr) or f"exit {done.returncode}",
    )
    outcome.wrong = _find_wrong(outcome, folder)
    if not outcome.wrong and "damaged" in done.stderr.replace("need not mean that the store is damaged", ""):
        outcome.wrong = f"a failing disk is called a damaged store: {outcome.ended}"
    outcome.wrong = outcome.wrong or _find_wrong_cure(outcome)
    return outcome


def _find_wrong_cure(outcome: Outcome) -> str:
    """Return a cure that is none: a backup for a store that is sound, or room for a disk that has it."""
    for said in [*outcome.failed, outcome.ended]:
        if "restore FILE" in said or "newest good backup" in said:
            return f"a backup is named, and the store is sound: {said}"
        if "make room" in said and outcome.fault.error != "ENOSPC":
            return f"the disk is not full: {said}"
    return ""


def _find_error(traceback: str) -> str:
    """Return the error with which a process ended, as one line; empty where it printed none."""
    last = traceback.rpartition("\nTraceback (most recent call last):")[2]
    found = re.search(r"^[A-Za-z][\w.]+: .*", last, re.MULTILINE | re.DOTALL)
    return " ".join(found[0].split()) if found else ""


def _find_wrong(outcome: Outcome, folder: Path) -> str:
    try:
        store = open_store(folder)
    except (StoreError, SaveFailed) as error:
        return f"the store cannot be opened: {error}"
    stored = {found.watch_id for found in store.read_resumable(0)}
    store.close()
    if lost := outcome.said - stored:
        return f"said to be stored, and is not: {sorted(lost)}"
    if outcome.ended and not re.match(r"persistence\.database\.errors\.\w+: \S", outcome.ended):
        return f"ended with {outcome.ended}"
    if outcome.injected and any(not said.strip() for said in outcome.failed):
        return "a failed save says nothing"
    return ""


def store_watches(folder: Path) -> None:
    """Store watches and say of each what became of it."""
    store = open_store(folder)
    for number in range(WATCHES):
        watch = record(f"w{number}", str(501 + number % 3))
        for _ in range(TRIES):
            try:
                finish(store, watch)
            except SaveFailed as error:
                print(f"failed {watch.watch_id} {error}", flush=True)
            else:
                print(f"stored {watch.watch_id}", flush=True)
                break
    store.close()


def main(argv: list[str]) -> int:
    """Play faults; exit status 1 where one did harm."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.failing_files", description=__doc__)
    parser.add_argument("--cases", type=int, default=70)
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed; the others follow (default: 0)")
    parser.add_argument("--store", type=Path, help="store watches in this folder, and nothing else")
    asked = parser.parse_args(argv)
    if asked.store is not None:
        store_watches(asked.store)
        return 0
    counted: Counter[str] = Counter()
    messages: Counter[str] = Counter()
    for seed in range(asked.seed, asked.seed + asked.cases):
        with tempfile.TemporaryDirectory() as folder:
            outcome = play_fault(roll_fault(seed), Path(folder) / "data")
        counted.update(cases=1, failed_calls=outcome.injected, failed_saves=len(outcome.failed))
        counted.update(wrong=bool(outcome.wrong), refused_starts=bool(outcome.ended), stored=len(outcome.said))
        messages.update(re.sub(r"/\S*/", "", said)[:120] for said in [*outcome.failed, outcome.ended] if said)
        if outcome.wrong:
            print(f"    seed {seed}: {outcome.fault}: {outcome.wrong}", flush=True)
    print(dict(counted), flush=True)
    print(*(f"    {count} x {said}" for said, count in messages.most_common(30)), sep="\n")
    return 1 if counted["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

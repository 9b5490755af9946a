"""The record of the running processes: for the command line, and for the launcher that follows a killed one."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import psutil

from actors.runtime.transport.base import NetworkSpec
from atomic_file import PRIVATE, write_atomically
from foreign_input import ForeignInputError, read_file

_LARGEST = 1_000_000
"""Largest size of a run file, bytes."""
_SAME_START_S = 1.5
"""Tolerance in seconds: the kernel reports the boot time in whole seconds."""


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A process, distinguishable from a later one with the same pid."""

    pid: int
    started_s: float
    """When it started, in seconds since the machine started, so that setting the clock changes nothing."""

    @classmethod
    def from_pid(cls, pid: int) -> ProcessIdentity:
        """Return the identity of the process `pid`; if it has ended, with an impossible start time."""
        try:
            return cls(pid, psutil.Process(pid).create_time() - psutil.boot_time())
        except psutil.Error:
            return cls(pid, -1e9)

    def find(self) -> psutil.Process | None:
        """Return the process, or None if it has ended or is only a zombie."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - psutil.boot_time() - self.started_s) > _SAME_START_S:
                return None
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except psutil.Error:
            return None

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self.find() is not None


class RunState(msgspec.Struct, frozen=True):
    """A launcher with its children, and how to reach them. Holds credentials: only the owner may read it."""

    launcher: ProcessIdentity
    network: NetworkSpec = NetworkSpec()
    """The network through which the actors and the launcher are reached."""
    children: dict[str, ProcessIdentity] = {}
    """The actors' processes, by the actors' names."""


class RunFile:
    """`run.json` in a folder, mode 0600, always complete."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run.json"

    def write(self, state: RunState) -> None:
        """Write it atomically. Raises OSError."""
        write_atomically(self.path, [msgspec.json.format(msgspec.json.encode(state), indent=2)], PRIVATE)

    def read(self) -> RunState | None:
        """Return its content, or None if it is missing or cannot be read."""
        try:
            return msgspec.json.decode(read_file(self.path, _LARGEST), type=RunState)
        except (OSError, ForeignInputError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def remove(self) -> None:
        """Remove it, if it exists."""
        with contextlib.suppress(OSError):
            self.path.unlink()


def read_running_state(data_dir: Path) -> RunState | None:
    """Return the state of the launcher that runs on a data folder, or None. Takes no lock and creates no file."""
    found = RunFile(data_dir).read()
    return found if found is not None and found.launcher.is_alive() else None

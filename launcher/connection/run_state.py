"""The record of what runs: for the command line, and for the launcher that follows a killed one."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import psutil

from actors.runtime.transport.base import NetworkSpec
from atomic_file import PRIVATE, write_atomically
from foreign_input import ForeignInputError, read_file

_LARGEST = 1_000_000
"""Bytes of a run file."""
_SAME_START_S = 1.5
"""Tolerance: the kernel's boot time is told in whole seconds."""


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A process, told apart from a later one with the same pid."""

    pid: int
    started_s: float
    """When it was started, seconds since the machine was (so that setting the clock changes nothing)."""

    @classmethod
    def from_pid(cls, pid: int) -> ProcessIdentity:
        """Return the running process `pid`; if it is gone, with a start time that matches no process."""
        try:
            return cls(pid, psutil.Process(pid).create_time() - psutil.boot_time())
        except psutil.Error:
            return cls(pid, -1e9)

    def find(self) -> psutil.Process | None:
        """Return the process, or None where it is gone or only a zombie."""
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
    """A launcher with its children, and how to speak to them. Holds credentials: for the owner's eyes only."""

    launcher: ProcessIdentity
    network: NetworkSpec = NetworkSpec()
    """How the actors and the launcher are reached."""
    children: dict[str, ProcessIdentity] = {}
    """The actors' processes, by actor."""


class RunFile:
    """`run.json` in a folder, mode 0600, always whole."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run.json"

    def write(self, state: RunState) -> None:
        """Put it there atomically. Raises OSError."""
        write_atomically(self.path, [msgspec.json.format(msgspec.json.encode(state), indent=2)], PRIVATE)

    def read(self) -> RunState | None:
        """Return what it says, or None where it is missing or cannot be read."""
        try:
            return msgspec.json.decode(read_file(self.path, _LARGEST), type=RunState)
        except (OSError, ForeignInputError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def remove(self) -> None:
        """Remove it, if it is there."""
        with contextlib.suppress(OSError):
            self.path.unlink()


def read_running_state(data_dir: Path) -> RunState | None:
    """Return the launcher that runs on a data folder, or None. It takes no lock and makes no file."""
    found = RunFile(data_dir).read()
    return found if found is not None and found.launcher.is_alive() else None

"""One actor's process, as its parent sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from actors.runtime.boot.exit_report import ExitReport, ExitReportFile
from actors.runtime.boot.memory_limit import EXIT_OUT_OF_MEMORY
from actors.runtime.process import EXIT_DEPENDENCY_UNAVAILABLE, EXIT_FATAL
from messages import Problem

PROJECT = Path(__file__).resolve().parent.parent.parent

_FLAGS = (
    "-P",  # never a config.py of the working folder
    "-OO",  # without docstrings, mostly SQLAlchemy's and discord.py's: 8 MB in all, and nothing here reads one
    *("-X", "no_debug_ranges"),  # tracebacks name the line, but not the position in it: saves 1 MB in all
)

FATAL = EXIT_FATAL
"""Exit status of an actor that refuses to start and would refuse again: no restart helps."""
DEPENDENCY_UNAVAILABLE = EXIT_DEPENDENCY_UNAVAILABLE
"""Exit status of an actor that needs something unavailable: it is restarted until that is available."""


class ActorChild:
    """A process of `python -m actors NAME`, which reads its boot configuration from stdin and ends when stdin is
    closed.

    Its stdin stays open for as long as this process lives: the kernel closes it when this process is killed, so that
    the child notices. The child has its own process group, so that Ctrl-C in a terminal reaches only the launcher,
    which then stops the actors in order.
    """

    def __init__(self, name: str, boot: bytes, *, stderr: IO[bytes] | None = None) -> None:
        """Start the process and write `boot` to its stdin; `stderr` gets its log (default: ours). Raises OSError."""
        self.name = name
        windows = sys.platform == "win32"
        self._report_file = ExitReportFile()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
                [sys.executable, *_FLAGS, "-m", "actors", name],
                stdin=subprocess.PIPE,
                stdout=self._report_file.fileno(),
                stderr=stderr,
                env=_environment(),
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if windows else 0,
                process_group=None if windows else 0,
            )
        except BaseException:
            self._report_file.close()
            raise
        self._report: ExitReport | None = None
        with contextlib.suppress(OSError):  # it may have ended already: its exit status says why
            self._stdin.write(boot)
            self._stdin.flush()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - it was opened as a pipe, for mypy
        return self._process.stdin

    def exit_status(self) -> int | None:
        """Return None while it runs; negative for a signal. The first call after its end closes its pipes."""
        status = self._process.poll()
        if status is not None and self._report is None:
            self._report = self._report_file.read()
            self._report_file.close()
            self._close_input()
        return status

    def exit_report(self) -> ExitReport:
        """Return what it reported when it ended; empty while it runs."""
        return self._report or ExitReport()

    def ask_to_stop(self) -> None:
        """Tell it to save and stop, without a socket: by SIGTERM and by closing its stdin."""
        if sys.platform != "win32":  # on Windows SIGTERM would kill it
            with contextlib.suppress(OSError):
                self._process.terminate()
        self._close_input()

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def _close_input(self) -> None:
        with contextlib.suppress(OSError):
            self._stdin.close()


def _environment() -> dict[str, str]:
    """Return this process's environment, with the project on PYTHONPATH: the working folder stays the user's."""
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def describe_exit(status: int) -> Problem:
    """Return the problem that an exit status stands for."""
    if status < 0:
        try:
            return Problem.of("process.killed", signal=signal.Signals(-status).name)
        except ValueError:
            return Problem.of("process.killed_by_number", number=-status)
    if status == FATAL:
        return Problem.of("process.refused", status=status)
    if status == DEPENDENCY_UNAVAILABLE:
        return Problem.of("process.waits")
    if status == EXIT_OUT_OF_MEMORY:
        return Problem.of("process.out_of_memory")
    if status == 0:
        return Problem.of("process.stopped")
    return Problem.of("process.crashed", status=status)

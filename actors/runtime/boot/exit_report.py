"""What an actor's process leaves for its parent to read after its death, however it died.

It is an open file without a name that the parent hands down as the process's stdout: what is written into it outlives
a kill -9, and nobody else can find it. A power cut ends both.
"""

from __future__ import annotations

import contextlib
import os

import msgspec

from messages import Problem

_IN_HAND, _FAILURE = b"h", b"f"


class ExitReport(msgspec.Struct, frozen=True):
    """The message that was being handled, or why the start failed; neither if there is nothing to report."""

    message_in_hand: str = ""
    """Id of the at-least-once message that was being handled at the end."""
    startup_failure: Problem | None = None
    """Why the start failed: what the actor needs and did not get."""


class ExitReportWriter:
    """The process's side: holds one note, the newest."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def from_stdout(cls) -> ExitReportWriter:
        """Take the file that the parent passed as stdout; what is printed from now on goes to stderr."""
        descriptor = os.dup(1)
        os.dup2(2, 1)
        return cls(descriptor)

    def note_message(self, message_id: str) -> None:
        """Note which message is being handled."""
        self._write(_IN_HAND, message_id.encode("utf-8", "replace"))

    def note_startup_failure(self, problem: Problem) -> None:
        """Note why the start failed."""
        self.clear()  # or the end of a longer note would stay
        self._write(_FAILURE, msgspec.json.encode(problem))

    def clear(self) -> None:
        """Remove the note."""
        os.ftruncate(self._descriptor, 0)

    def _write(self, kind: bytes, content: bytes) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, kind + content)


class ExitReportFile:
    """The parent's side: open for as long as the process may live."""

    def __init__(self) -> None:
        """Open the file. Raises OSError if that fails."""
        if hasattr(os, "memfd_create"):
            self._descriptor = os.memfd_create("usher-exit-report")
        else:
            import tempfile  # needed in the parent alone, on systems without memfd_create

            with tempfile.TemporaryFile() as file:
                self._descriptor = os.dup(file.fileno())

    def fileno(self) -> int:
        """Return the descriptor to pass as the process's stdout."""
        return self._descriptor

    def read(self) -> ExitReport:
        """Return what the process wrote; the process must be dead."""
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            content = os.read(self._descriptor, 65_536)
        except OSError:
            return ExitReport()
        kind, rest = content[:1], content[1:]
        if kind == _IN_HAND:
            return ExitReport(message_in_hand=rest.decode("utf-8", "replace"))
        if kind == _FAILURE:
            with contextlib.suppress(msgspec.DecodeError):  # it died while it wrote
                return ExitReport(startup_failure=msgspec.json.decode(rest, type=Problem))
        return ExitReport()

    def close(self) -> None:
        """Close the file; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)

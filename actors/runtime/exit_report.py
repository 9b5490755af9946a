"""What an actor's process leaves for its parent to read once it is dead, however it died.

It is an open file without a name that the parent hands down as the process's stdout: what is written into it outlives
a kill -9, and nobody else can find it. A power cut ends both.
"""

from __future__ import annotations

import contextlib
import os
import tempfile

import msgspec

_IN_HAND, _FAILURE = b"h", b"f"


class ExitReport(msgspec.Struct, frozen=True):
    """Both are empty where there is nothing to say."""

    message_in_hand: str = ""
    """Id of the at-least-once message that was being handled at the end."""
    startup_failure: str = ""
    """What the actor needs and could not have at its start."""


class ExitReportWriter:
    """The process's side: one note at a time, the newest counts."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def from_stdout(cls) -> ExitReportWriter:
        """Take the file that the parent passed as stdout; what is printed from now on goes to stderr."""
        descriptor = os.dup(1)
        os.dup2(2, 1)
        return cls(descriptor)

    def note_message(self, message_id: str) -> None:
        """Note the message in hand."""
        self._write(_IN_HAND, message_id)

    def note_startup_failure(self, text: str) -> None:
        """Note what the start failed for."""
        self._write(_FAILURE, text)

    def clear(self) -> None:
        """Note nothing."""
        os.ftruncate(self._descriptor, 0)

    def _write(self, kind: bytes, text: str) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, kind + text.encode("utf-8", "replace"))


class ExitReportFile:
    """The parent's side: open for as long as the process may live."""

    def __init__(self) -> None:
        """OSError where no file can be opened."""
        if hasattr(os, "memfd_create"):
            self._descriptor = os.memfd_create("usher-exit-report")
        else:
            with tempfile.TemporaryFile() as file:
                self._descriptor = os.dup(file.fileno())

    def fileno(self) -> int:
        """Return the descriptor to pass as the process's stdout."""
        return self._descriptor

    def read(self) -> ExitReport:
        """Return what the process left; the process must be dead."""
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            content = os.read(self._descriptor, 65_536)
        except OSError:
            return ExitReport()
        kind, text = content[:1], content[1:].decode("utf-8", "replace")
        return ExitReport(text if kind == _IN_HAND else "", text if kind == _FAILURE else "")

    def close(self) -> None:
        """Give the file back; idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)

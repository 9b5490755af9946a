"""Remembers, across a kill, which kept message was being handled: one that kills its actor twice is set aside."""

from __future__ import annotations

import json
import os
from pathlib import Path

from atomic_file import write_atomically

DEADLY = 2
"""Deaths after which a message is set aside."""
REMEMBERED = 100
"""Ids whose deaths are remembered."""


class PoisonGuard:
    """Two small files in the run folder: the id in hand, and how often an id was in hand at a death.

    A write into the page cache is enough: it outlives a kill -9, and after a power cut there is a new run folder.
    """

    def __init__(self, folder: Path | None, actor: str) -> None:
        """`folder` None remembers nothing (tests)."""
        self._deaths: dict[str, int] = {}
        self._marker = -1
        if folder is not None:
            self._count(folder / f"{actor}.handling", folder / f"{actor}.deaths")
            self._marker = os.open(folder / f"{actor}.handling", os.O_RDWR | os.O_CREAT, 0o600)
            self.end()

    def _count(self, marker: Path, deaths: Path) -> None:
        """Read how the last incarnation ended."""
        self._deaths = _read(deaths)
        left = marker.read_text(encoding="utf-8", errors="replace").strip() if marker.exists() else ""
        if left:
            recent = list(self._deaths.items())[1 - REMEMBERED :]
            self._deaths = {**dict(recent), left: self._deaths.get(left, 0) + 1}
            write_atomically(deaths, [json.dumps(self._deaths).encode()])

    def is_poison(self, message_id: str) -> bool:
        """Whether this message killed its actor too often."""
        return self._deaths.get(message_id, 0) >= DEADLY

    def begin(self, message_id: str) -> None:
        """It is in hand from now on."""
        if self._marker >= 0:
            os.lseek(self._marker, 0, os.SEEK_SET)
            os.write(self._marker, message_id.encode())

    def end(self) -> None:
        """Nothing is in hand."""
        if self._marker >= 0:
            os.ftruncate(self._marker, 0)

    def close(self) -> None:
        """Give the file back. What is in hand stays written down: a crash closes too."""
        if self._marker >= 0:
            os.close(self._marker)
            self._marker = -1


def _read(deaths: Path) -> dict[str, int]:
    try:
        found = json.loads(deaths.read_text(encoding="utf-8"))
        return {str(key): int(value) for key, value in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # none yet; or not ours any more: counting anew is better than never starting again

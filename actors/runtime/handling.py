"""Remembers, across a kill, which kept message was being handled: one that kills its actor twice is set aside."""

from __future__ import annotations

import json
import os
from pathlib import Path

DEADLY = 2
"""Deaths after which a message is set aside."""


class Handling:
    """Two small files in the run folder: the id in hand, and how often an id was in hand at a death."""

    def __init__(self, folder: Path | None, actor: str) -> None:
        self._deaths: dict[str, int] = {}
        self._marker = -1
        self._deaths_file = folder / f"{actor}.deaths" if folder else None
        if folder is not None:
            self._open(folder / f"{actor}.handling")

    def _open(self, path: Path) -> None:
        assert self._deaths_file is not None  # noqa: S101 - set just before
        if self._deaths_file.exists():
            self._deaths = json.loads(self._deaths_file.read_text(encoding="utf-8"))
        left = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        if left:
            self._deaths = {**dict(list(self._deaths.items())[-99:]), left: self._deaths.get(left, 0) + 1}
            self._deaths_file.write_text(json.dumps(self._deaths), encoding="utf-8")
        self._marker = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.end()

    def deadly(self, message_id: str) -> bool:
        """Whether this message killed its actor too often."""
        return self._deaths.get(message_id, 0) >= DEADLY

    def begin(self, message_id: str) -> None:
        """It is in hand from now on."""
        if self._marker >= 0:
            os.pwrite(self._marker, message_id.encode().ljust(64), 0)

    def end(self) -> None:
        """Nothing is in hand."""
        if self._marker >= 0:
            os.ftruncate(self._marker, 0)

    def close(self) -> None:
        """Give the file back."""
        if self._marker >= 0:
            os.close(self._marker)
            self._marker = -1

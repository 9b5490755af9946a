"""Where messages go that could not be delivered or read: one JSON line each, with the reason."""

from __future__ import annotations

import datetime
import json
import logging
import os
from pathlib import Path
from typing import Any

MAX_BYTES = 5_000_000
"""Past this the file is moved to dead_letters.jsonl.1."""
SHOWN = 4096
"""Characters of a body that are written down."""


class DeadLetters:
    """The dead-letter log of one process; several processes may share the file."""

    def __init__(self, path: Path | None, actor: str) -> None:
        self._path = path
        self._actor = actor
        self._log = logging.getLogger(actor)
        self.count = 0

    def add(self, reason: str, *, sender: str = "", tag: str = "", message_id: str = "", size: int = 0,
            body: Any = None, whole: bool = False) -> None:  # fmt: skip
        """Write one down. `body` is anything JSON can show, or bytes; only `whole` bodies are not cut."""
        self.count += 1
        self._log.warning(
            "Message dropped: %s%s%s", reason, f" ({tag})" if tag else "", f" from {sender}" if sender else ""
        )
        if self._path is None:
            return
        shown = body[:64].hex() if isinstance(body, bytes) else body
        text = json.dumps(shown, ensure_ascii=False, default=str)
        line = {
            "ts": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            "actor": self._actor,
            "from": sender,
            "reason": reason,
            "tag": tag,
            "id": message_id,
            "size": size,
            "body": shown if whole or len(text) <= SHOWN else text[:SHOWN] + "…",
        }
        try:
            self._write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        except OSError as error:
            self._log.error("The dead-letter log %s cannot be written (%s)", self._path, error)

    def _write(self, line: str) -> None:
        assert self._path is not None  # noqa: S101 - add() looked
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size > MAX_BYTES:
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        # One write with O_APPEND: lines of several processes never mix.
        target = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(target, line.encode("utf-8", "backslashreplace"))
        finally:
            os.close(target)

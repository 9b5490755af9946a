"""Records every REST request of the bot, as JSON lines that can be checked against Discord's API description."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

_INTERACTION_TOKEN = re.compile(r"^(/webhooks/\d+/|/interactions/\d+/)[^/?]+")


class RequestRecorder:
    """Keeps {"method", "path", "body"} of each request: the path without /api/v10, the body without files.

    No token is kept: the bot's is in no path or body, an interaction's is written as `TOKEN`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[dict[str, Any]] = []

    def add(self, method: str, path: str, body: Any) -> None:
        """Add a request."""
        with self._lock:
            shown = _INTERACTION_TOKEN.sub(r"\1TOKEN", path)
            self._requests.append({"method": method, "path": shown, "body": body})

    @property
    def requests(self) -> list[dict[str, Any]]:
        """All requests so far, oldest first."""
        with self._lock:
            return list(self._requests)

    def count(self, method: str, part: str) -> int:
        """Return how many requests of a method have `part` in their path."""
        return sum(1 for each in self.requests if each["method"] == method and part in each["path"])

    def write(self, path: Path) -> int:
        """Write all of them as JSON lines; return how many."""
        lines = [json.dumps(request, ensure_ascii=False) for request in self.requests]
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return len(lines)

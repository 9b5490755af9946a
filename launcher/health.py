"""The health log: one JSON line for each actor, at regular intervals and at every change of state."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil

from actors.address import split_address
from config import COMMUNITIES_DIR
from messages import ActorHealth
from wording.file_failures import explain_os_error

MOST_BYTES, COMMUNITY_BYTES = 5_000_000, 1_000_000
"""Size in bytes at which a log is rotated: the installation's, and a further community's."""
_KEEP = 3
_log = logging.getLogger("launcher")


def format_row(row: ActorHealth, at: datetime) -> dict[str, Any]:
    """Return a row for the log: the documented keys first and in their order, then the others."""
    return {"ts": at.astimezone(UTC).isoformat(timespec="milliseconds"), **msgspec.structs.asdict(row)}


def read_rss_mb(pid: int) -> float:
    """Return the resident memory of a process in MB (10^6 bytes); 0 if there is no such process."""
    try:
        return round(psutil.Process(pid).memory_info().rss / 1e6, 1) if pid else 0.0
    except psutil.Error:
        return 0.0


class HealthLogs:
    """The health log of the installation, and one for each further community, in its folder.

    In a common file, the rows of hundreds of communities would rotate each other out within minutes.
    """

    def __init__(self, data_dir: Path) -> None:
        self._communities_dir = data_dir / COMMUNITIES_DIR
        self._own = HealthLog(data_dir)
        self._of_communities: dict[str, HealthLog] = {}

    def write(self, rows: Iterable[ActorHealth]) -> None:
        """Append a line for each row to its log, all with the current time."""
        by_community: dict[str, list[ActorHealth]] = {}
        for row in rows:
            by_community.setdefault(split_address(row.actor)[1], []).append(row)
        for guild_id, some in by_community.items():
            if not guild_id:
                self._own.write(some)
            elif (folder := self._communities_dir / guild_id).is_dir():  # persistence creates and removes it
                self._of_communities.setdefault(guild_id, HealthLog(folder, COMMUNITY_BYTES)).write(some)
            elif (of_removed := self._of_communities.pop(guild_id, None)) is not None:
                of_removed.close()

    def close(self) -> None:
        """Close all files."""
        for log in (self._own, *self._of_communities.values()):
            log.close()
        self._of_communities.clear()


class HealthLog:
    """`logs/actor_health.jsonl` in a data folder, and three older ones. A full disk never stops the launcher."""

    def __init__(self, data_dir: Path, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self.path = data_dir / "logs" / "actor_health.jsonl"
        self._handler: _LoudOnceHandler | None = None
        self._is_unopened = False
        """Whether the last attempt to open it failed, which is logged only once."""

    def write(self, rows: Iterable[ActorHealth]) -> None:
        """Append a line for each row, all with the current time."""
        at = datetime.now(UTC)
        if self._handler is not None and self._handler.is_moved_away():
            self.close()
        try:
            if self._handler is None:
                self.path.parent.mkdir(exist_ok=True)  # the data folder itself is created only at the start
                self._handler = _LoudOnceHandler(
                    self.path, maxBytes=self._most_bytes, backupCount=_KEEP, encoding="utf-8", delay=True
                )
        except OSError as error:
            if not self._is_unopened:
                _log.warning("The health log %s cannot be opened: %s", self.path, explain_os_error(error))
            self._is_unopened = True
            return
        self._is_unopened = False
        for row in rows:
            text = msgspec.json.encode(format_row(row, at)).decode()
            self._handler.handle(logging.LogRecord("health", logging.INFO, "", 0, text, None, None))

    def close(self) -> None:
        """Close the file."""
        if self._handler is not None:
            with contextlib.suppress(OSError):  # lines that a full disk refused are lost; that was reported
                self._handler.close()
            self._handler = None


class _LoudOnceHandler(logging.handlers.RotatingFileHandler):
    """Logs a write failure once, not for every line; after a successful write, the next failure is logged again."""

    _loud = True

    def is_moved_away(self) -> bool:
        """Tell whether the open file is no longer at its path, because it was removed or moved."""
        if self.stream is None:
            return False
        try:
            there, own = Path(self.baseFilename).stat(), os.fstat(self.stream.fileno())
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino)

    def emit(self, record: logging.LogRecord) -> None:
        self._works = True
        super().emit(record)
        self._loud = self._loud or self._works

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        self._works = False
        if self._loud:
            error = sys.exc_info()[1]
            why = explain_os_error(error) if isinstance(error, Exception) else ""
            _log.warning("The health log %s cannot be written: %s", self.baseFilename, why)
        self._loud = False

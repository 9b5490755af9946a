"""Logging, alike in every process: to stderr, text or JSON, never a secret, on any console."""

from __future__ import annotations

import datetime
import io
import logging
import sys
from collections.abc import Iterable

HIDDEN = "***"


class _Redacted(logging.Formatter):
    """Wraps a formatter and takes every secret out of what it made, tracebacks included."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = sorted((s for s in secrets if len(s) >= 4), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The line, with every secret replaced."""
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


class _Text(logging.Formatter):
    """2026-11-23T20:15:03+00:00 INFO    persistence  message"""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback under it where there is one."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="seconds")
        text = f"{at} {record.levelname:<7} {record.name:<11} {record.getMessage()}"
        if record.exc_info and record.exc_info[0] is not None:
            text += "\n" + self.formatException(record.exc_info)
        return text


def _formatter(kind: str) -> logging.Formatter:
    if kind != "json":
        return _Text()
    from pythonjsonlogger.json import JsonFormatter  # only where it is asked for

    return JsonFormatter(
        "{asctime}{levelname}{name}{message}", style="{", json_ensure_ascii=False,
        rename_fields={"asctime": "ts", "levelname": "level", "name": "actor"},
        datefmt="%Y-%m-%dT%H:%M:%S%z",
    )  # fmt: skip


def set_up_logging(level: str, kind: str, secrets: Iterable[str]) -> None:
    """Log to stderr from now on. A console without UTF-8 shows escapes where it has no letter, and never fails."""
    stream = sys.stderr
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace", line_buffering=True)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Redacted(_formatter(kind), secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("urllib3", "discord", "alembic", "asyncio", "websocket"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))

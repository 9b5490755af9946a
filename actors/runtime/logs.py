"""Logging, the same in every process: to stderr, as text or JSON, without secrets, on any console."""

from __future__ import annotations

import datetime
import io
import json
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from urllib.parse import quote

from messages import LogLine, LogTail
from wording.text import show_controls

HIDDEN = "***"
KEPT_LINES, LONGEST_LINE = 200, 500
"""Lines of each process that the web page can show, and the most characters of each."""
CHATTY = (
    "urllib3", "alembic", "asyncio", "websocket", "pykka", "filelock",
    "discord.app_commands", "discord.client", "discord.ext", "discord.gateway", "discord.http", "discord.shard",
    "discord.state", "discord.ui", "discord.webhook",
)  # fmt: skip
"""Libraries that log from WARNING on. discord.py by its parts, for the logger "discord" is the actor's own."""


class SecretFilter:
    """Masks secrets in texts, in every encoding in which a text may hold one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms: list[str] = []
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these secrets too."""
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _list_forms(secret)}
        self._forms = sorted({*self._forms, *forms}, key=len, reverse=True)

    def mask(self, text: str) -> str:
        """Return the text with every secret replaced."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text


class _MaskedFormatter(logging.Formatter):
    """Wraps a formatter and masks every secret in its output, tracebacks included."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self.filter = SecretFilter(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with every secret replaced. Never raises: logging would print the unmasked arguments."""
        try:
            text = self._inner.format(record)
        except Exception as error:  # noqa: BLE001  # whatever a value's __str__ raises
            record = logging.LogRecord(
                record.name, record.levelno, record.pathname, record.lineno,
                f"{record.msg!r} (not to be formatted: {type(error).__name__})", None, None,
            )  # fmt: skip
            text = self._inner.format(record)
        return self.filter.mask(text)


_SHORTEST = 4
"""Characters that a masked secret has at least: a shorter one would occur inside ordinary words."""
_ENCODINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
    lambda text: quote(text, safe=""),
)


def _list_forms(secret: str) -> set[str]:
    """Return a secret as it is, encoded as in JSON, Python and URLs, and in each pair of these encodings."""
    return {outer(inner(secret)) for inner in _ENCODINGS for outer in _ENCODINGS}


class _Text(logging.Formatter):
    """2026-11-23T20:15:03+00:00 INFO    persistence  message"""

    def __init__(self, actor: str) -> None:
        super().__init__()
        self._actor = actor

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and under it the traceback if there is one."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="seconds")
        whose = "" if record.name == (self._actor or record.name) else f"{record.name}: "
        said = show_controls(record.getMessage(), newline="\\n")
        text = f"{at} {record.levelname:<7} {self._actor or record.name:<11} {whose}{said}"
        if record.exc_info and record.exc_info[0] is not None:
            text += "\n" + show_controls(self.formatException(record.exc_info))
        return text


def _make_formatter(kind: str, actor: str) -> logging.Formatter:
    if kind != "json":
        return _Text(actor)
    from pythonjsonlogger.json import JsonFormatter  # loaded only if the setting asks for JSON

    names = {"levelname": "level", "name": "logger" if actor else "actor"}
    return JsonFormatter(
        "{levelname}{name}{message}", style="{", json_ensure_ascii=False, rename_fields=names, timestamp="ts",
        static_fields={"actor": actor} if actor else {},
    )  # fmt: skip


class _TailKeeper(logging.Handler):
    """Keeps the last lines of this process, without secrets."""

    def __init__(self, secrets: Iterable[str], actor: str) -> None:
        super().__init__()
        self._filter = SecretFilter(secrets)
        self._actor = actor
        self.lines: deque[LogLine] = deque(maxlen=KEPT_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. Never raises."""
        try:
            said = show_controls(record.getMessage(), newline=" ")
        except Exception:  # noqa: BLE001  # whatever a value's __str__ raises; stderr has the rest
            return
        text = self._filter.mask(said)[:LONGEST_LINE]
        self.lines.append(LogLine(record.created, self._actor or record.name, record.levelname, text))


def read_log_tail(limit: int) -> LogTail:
    """Return the last lines that this process logged; none if they are not kept."""
    handlers = logging.getLogger().handlers
    keeper = next((handler for handler in handlers if isinstance(handler, _TailKeeper)), None)
    return LogTail(tuple(keeper.lines)[-limit:] if keeper is not None and limit > 0 else ())


def set_up_logging(level: str, kind: str, secrets: Iterable[str], actor: str = "", *, keeps_tail: bool = False) -> None:
    """Log to stderr from now on: `kind` text or json, each line with the `actor` whose process this is.

    `keeps_tail`: keep the last lines for `read_log_tail`.
    A console without UTF-8 shows escapes for letters that it lacks, and never fails. Uncaught exceptions are logged
    too: Python itself would print them with their secrets.
    """
    stream = sys.stderr
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace", line_buffering=True)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_MaskedFormatter(_make_formatter(kind, actor), secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    if keeps_tail:
        root.addHandler(_TailKeeper(secrets, actor))
    root.setLevel(level)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.captureWarnings(True)
    logging.logMultiprocessing = False  # nobody reads the process's name; asking for it loads multiprocessing
    if sys.version_info >= (3, 12):
        logging.logAsyncioTasks = False  # nor the task's, which loads asyncio
    threading.excepthook = _log_thread_death


def hide_in_logs(secrets: Iterable[str]) -> None:
    """Mask more secrets in every line from now on: those that were decrypted after the start."""
    known = tuple(secrets)
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _MaskedFormatter):
            handler.formatter.filter.add(known)


def mask_secrets(text: str) -> str:
    """Return a text without the secrets that this process's log masks."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _MaskedFormatter):
            text = handler.formatter.filter.mask(text)
    return text


def _log_thread_death(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is not None and not isinstance(died.exc_value, SystemExit):
        name = died.thread.name if died.thread else "a thread"
        logging.getLogger(__name__).error(
            "%s ended: %s", name, died.exc_value, exc_info=(died.exc_type, died.exc_value, died.exc_traceback)
        )

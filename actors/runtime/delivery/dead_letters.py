"""The log of messages that could not be delivered or read: one JSON line each, with the reason."""

from __future__ import annotations

import datetime
import errno
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from messages import Message
from messages.codec import tag_of
from wording.file_failures import explain_os_error

MAX_BYTES = 5_000_000
"""A file longer than this is moved to dead_letters.jsonl.1."""
SHOWN = 4096
"""Characters of a body that are written at most."""
DEEPEST = 200
"""Levels of nesting of a body that are written at most: no message has ten."""
SAID_AT_MOST = 20
"""Lines in the service's log within SAID_WITHIN_S seconds; further ones are only counted."""
SAID_WITHIN_S = 10.0


class DeadLetters:
    """The dead-letter log of one process; several processes may share the file."""

    def __init__(self, path: Path | None, actor: str) -> None:
        """Write to the file at `path`; None writes no file (tests, and clients that only ask)."""
        self._path = path
        self._actor = actor
        self._log = logging.getLogger(actor)
        self._logged = 0
        self._unlogged = 0
        self._window_ends_s = 0.0
        self._unwritable = ""
        self.count = 0

    def add(self, reason: str, *, sender: str = "", message: Message | None = None, tag: str = "",
            message_id: str = "", size: int = 0, body: Any = None, whole: bool = False,
            comes_again: bool = False) -> bool:  # fmt: skip
        """Write a `message`, or one that could not be decoded: its `body` (bytes, or any object) and `size`.

        `whole`: do not cut it. Never raises; returns False if it could not be written completely (True if there is no
        file). `comes_again`: a message that could not be written is not dropped; its sender sends it again later.
        """
        if message is not None:
            tag, body = tag or tag_of(message), _get_fields(message)
        problem = self._put(reason, sender, tag, message_id, size, body, whole, comes_again)
        if not (problem and comes_again):
            self.count += 1
            self._warn(f"Message dropped: {reason}{f' ({tag})' if tag else ''}{f' from {sender}' if sender else ''}")
        if problem and not (comes_again and problem == self._unwritable):  # it comes again every 2 s: log it once
            self._warn(problem)
        self._unwritable = problem
        return not problem

    def _put(self, reason: str, sender: str, tag: str, message_id: str, size: int, body: Any, whole: bool,
             lasting: bool) -> str:  # fmt: skip
        """Write a line; return why it cannot be written and what to do, or "" if it is written."""
        if self._path is None:
            return ""
        shown, text = _make_readable(body[:64].hex() if isinstance(body, bytes) else body)
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
            self._write(self._path, json.dumps(line, ensure_ascii=False) + "\n", lasting)
        except OSError as error:
            return f"The dead-letter log {self._path} cannot be written: {explain_os_error(error)}"
        return ""

    def _warn(self, text: str) -> None:
        """Log a text. In a flood it is only counted; the next line gives the number."""
        now_s = time.monotonic()
        if now_s >= self._window_ends_s:
            self._logged, self._window_ends_s = 0, now_s + SAID_WITHIN_S
        if self._logged >= SAID_AT_MOST:
            self._unlogged += 1
            return
        self._logged += 1
        more, self._unlogged = self._unlogged, 0
        self._log.warning("%s%s", text, f"; and {more} before it that are only in dead_letters.jsonl" if more else "")

    def _write(self, path: Path, line: str, lasting: bool) -> None:
        """Append a line; a `lasting` one is synced to the disk. Raises OSError."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        try:
            target = os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(exist_ok=True)  # the data folder itself is made by the launcher alone
            target = os.open(path, flags, 0o600)
        try:
            # One write with O_APPEND: lines of several processes never mix. A full disk may take a part of one.
            content = line.encode("utf-8", "backslashreplace")
            if (lasting or self._unwritable) and _is_torn(target):
                content = b"\n" + content
            if os.write(target, content) < len(content):
                raise OSError(errno.ENOSPC, "only a part of a line could be written")
            if lasting:
                os.fsync(target)
            size = os.fstat(target).st_size
        finally:
            os.close(target)
        if size > MAX_BYTES:
            _rotate(path)


def _is_torn(target: int) -> bool:
    """Tell whether the last line of an open file is incomplete; also true while another process writes it."""
    if os.fstat(target).st_size == 0:
        return False
    os.lseek(target, -1, os.SEEK_END)
    return os.read(target, 1) != b"\n"


def _rotate(path: Path) -> None:
    """Move a full file away. One process at a time, which checks again: two at once would lose older messages."""
    from filelock import FileLock, Timeout  # only for a file that is full

    try:
        with FileLock(path.with_name(path.name + ".lock"), timeout=1.0):
            if path.stat().st_size > MAX_BYTES:
                path.replace(path.with_name(path.name + ".1"))
    except (OSError, Timeout):
        return  # another process moves it; if not, the next message tries again


def _get_fields(message: Message) -> dict[str, Any]:
    """Return the values of a message by field name."""
    return {name: msgspec.to_builtins(getattr(message, name)) for name in message.__struct_fields__}


def _make_readable(body: Any) -> tuple[Any, str]:
    """Return what JSON can express of a body, and its text. A frame may hold values that JSON cannot express."""
    if _is_deeper(body, DEEPEST):  # how deep JSON and repr can go differs from one Python to the next
        body = text = "nested too deeply to be shown"
        return body, text
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        body = repr(body)
        text = json.dumps(body, ensure_ascii=False)
    return body, text


def _is_deeper(body: Any, levels: int) -> bool:
    level = [body]
    for _ in range(levels):
        level = [
            child
            for container in level
            if isinstance(container, (list, tuple, dict))
            for child in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return False
    return True

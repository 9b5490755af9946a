"""What the launcher reports to administrators: the settings without secrets, and the dead letters."""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path
from typing import Any

from config import DECLARED, Settings
from messages import DeadLetter, ServiceFacts, SettingValue
from version import VERSION
from wording.text import show_controls

MOST_LETTERS = 20
TAIL_BYTES = 200_000
LONGEST_TEXT = 300


def build_service_facts(settings: Settings, data_dir: Path) -> ServiceFacts:
    """Return what administrators may know about the service."""
    letters = read_dead_letters(data_dir / "logs" / "dead_letters.jsonl")
    return ServiceFacts(list_settings(settings), letters, VERSION)


def list_settings(settings: Settings) -> tuple[SettingValue, ...]:
    """Return every setting; for a secret only whether it is set."""
    defaults = Settings()
    shown = []
    for name, declared in DECLARED.items():
        value, default = getattr(settings, name.lower()), getattr(defaults, name.lower())
        is_nothing = value == default and value in (0, "", ()) and value is not False
        text = "" if declared.is_secret or is_nothing else _format_value(value)
        shown.append(SettingValue(name, text, declared.is_secret, value != default))
    return tuple(shown)


def read_dead_letters(file: Path) -> tuple[DeadLetter, ...]:
    """Return the newest entries of the dead-letter log, without the messages' content; none if the log is missing."""
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size - TAIL_BYTES))
            lines = opened.read(TAIL_BYTES).split(b"\n")
    except OSError:
        return ()
    newest: deque[DeadLetter] = deque(maxlen=MOST_LETTERS)
    for line in lines:
        try:
            entry = json.loads(line)
            newest.append(DeadLetter(*(_clean(entry[field]) for field in ("ts", "actor", "from", "tag", "reason"))))
        except (ValueError, TypeError, KeyError, RecursionError):
            continue  # the first line may be cut off, another may be incomplete
    return tuple(reversed(newest))


def _clean(value: Any) -> str:
    return show_controls(str(value))[:LONGEST_TEXT]


def _format_value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)

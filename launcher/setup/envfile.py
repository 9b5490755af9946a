"""Writes answers into `.env`, and leaves everything else in it as it is."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from atomic_file import PRIVATE, write_atomically

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_HEADER = "# Usher's settings, written by `python run.py setup`. All there are: .env.example\n"


def merge_answers(before: str, answers: Mapping[str, str]) -> str:
    """Return the text of a `.env` with these answers; all other lines stay exactly as they are."""
    from dotenv.parser import parse_stream

    left = dict(answers)
    parts = []
    for binding in parse_stream(io.StringIO(before)):
        was = binding.original.string
        if binding.key is not None and binding.key in answers:
            left.pop(binding.key, None)
            if binding.value != answers[binding.key]:
                was = _replace_line(was, binding.key, answers[binding.key])
        parts.append(was)
    text = "".join(parts) or _HEADER
    if not text.endswith("\n"):
        text += "\n"
    return text + "".join(f"{name}={_quote(value)}\n" for name, value in left.items())


def write_env(path: Path, text: str) -> None:
    """Write the file atomically, readable only by this user. Raises OSError."""
    write_atomically(path.resolve(), [text.encode()], PRIVATE)


def _replace_line(was: str, name: str, value: str) -> str:
    before = was[: len(was) - len(was.lstrip())]
    line = was.strip()
    after = was[len(before) + len(line) :]
    export = "export " if line.startswith("export ") else ""
    comment = re.search(r"\s+#[^'\"\n]*$", line)
    return f"{before}{export}{name}={_quote(value)}{comment.group() if comment else ''}{after}"


def _quote(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

"""The command that starts this program here: python run.py, ./usher, or docker compose run --rm usher."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
USUAL = "python run.py"
_USUAL = re.compile(rf"(?<![\w/.]){re.escape(USUAL)}(?P<command>(?= [\w-]))?")
COMMAND_VARIABLE, START_VARIABLE = "USHER_COMMAND", "USHER_START"
"""Set by the Docker image: how its user runs a command, and how its user starts the service."""


def name_program() -> str:
    """Return what is typed before a command: "./usher" for the single file, ".venv/bin/python run.py" for `make`."""
    if command := os.environ.get(COMMAND_VARIABLE):
        return command
    if file := os.environ.get("PEX"):
        return f"./{Path(file).name}" if Path(file).parent == Path.cwd() else file
    is_own = Path(sys.prefix).name == ".venv" and Path(sys.prefix).parent.resolve() == ROOT
    if is_own and "VIRTUAL_ENV" not in os.environ and Path.cwd() == ROOT:
        return f"{Path(sys.executable).relative_to(Path(sys.prefix).parent)} run.py"  # another Python has no packages
    return USUAL


def name_start() -> str:
    """Return what to type to start the service."""
    return os.environ.get(START_VARIABLE) or name_program()


def use_program_name(text: str) -> str:
    """Return a text with "python run.py" replaced: before a command by the program's name here, else by its start."""
    return _USUAL.sub(lambda found: name_start() if found["command"] is None else name_program(), text)

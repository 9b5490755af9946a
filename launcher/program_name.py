"""How this program is called where it runs: python run.py, ./usher, or docker compose run --rm usher."""

from __future__ import annotations

import os
from pathlib import Path

USUAL = "python run.py"
COMMAND_VARIABLE, START_VARIABLE = "USHER_COMMAND", "USHER_START"
"""Set by the image: how a command is given to it from outside, and how it is started."""


def name_program() -> str:
    """Return what is typed before a command: "python run.py" from the sources, "./usher" for the single file."""
    if command := os.environ.get(COMMAND_VARIABLE):
        return command
    if file := os.environ.get("PEX"):
        return f"./{Path(file).name}" if Path(file).parent == Path.cwd() else file
    return USUAL


def name_start() -> str:
    """Return what is typed to start the service."""
    return os.environ.get(START_VARIABLE) or name_program()


def use_program_name(text: str) -> str:
    """Return a text that names "python run.py" with the name that the program has here."""
    return text if (name := name_program()) == USUAL else text.replace(USUAL, name)

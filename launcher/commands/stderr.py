"""Writes errors of commands to stderr. Separate from the console, whose imports the service should not carry."""

from __future__ import annotations

import sys

from launcher.program_name import use_program_name
from wording.text import show_controls


def write_error(text: str) -> None:
    """Write what went wrong: control characters of names as escapes, commands as they are typed here."""
    sys.stderr.write(f"{use_program_name(show_controls(text))}\n")

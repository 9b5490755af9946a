"""Where answers are shown: stdout."""

from __future__ import annotations

import sys

from rich.console import Console

_UNSEEN_WIDTH = 160
"""Columns where nobody looks (a pipe, a file): wide enough that no table is cut."""


def answers() -> Console:
    """A console on stdout that shows names as they are, and survives one without UTF-8."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    width = None if sys.stdout.isatty() else _UNSEEN_WIDTH
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)

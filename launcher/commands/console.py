"""The console on stdout that commands answer on."""

from __future__ import annotations

import sys

from rich.console import Console

_UNSEEN_WIDTH = 160
"""Columns where there is no terminal (a pipe, a file): wide enough that no table is cut."""


def open_console() -> Console:
    """Return a console on stdout that prints names as they are, also where stdout is not UTF-8."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    width = None if sys.stdout.isatty() else _UNSEEN_WIDTH
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)

"""The console on stdout to which commands print."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.segment import Segment

from launcher.program_name import use_program_name
from wording.text import show_controls

_UNSEEN_WIDTH = 160
"""Columns if stdout is no terminal (a pipe, a file): wide enough that no table is cut."""


class HarmlessConsole(Console):
    """Shows the control and direction characters of names and titles as escapes, as the log does.

    No name may colour the terminal, move its cursor or reverse the direction of a line. Commands are shown as they are
    typed on this system (`program_name`).
    """

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        """Return the escaped text; rich's own control codes are separate segments, and stay."""
        shown = (
            each if each.control else Segment(use_program_name(show_controls(each.text)), each.style) for each in buffer
        )
        return super()._render_buffer(shown)


def open_console() -> Console:
    """Return a console on stdout that prints names as they are, even if stdout is not UTF-8."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    width = None if sys.stdout.isatty() else _UNSEEN_WIDTH
    return HarmlessConsole(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)

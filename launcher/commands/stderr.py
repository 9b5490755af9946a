"""What commands write to stderr. Apart from the console, which loads more than the service should carry."""

from __future__ import annotations

import sys

from wording.text import show_controls


def write_error(text: str) -> None:
    """Write what went wrong; control characters of names in it are shown as escapes."""
    sys.stderr.write(f"{show_controls(text)}\n")

"""What the commands show, without a service."""

from __future__ import annotations

import io

from rich.console import Console

from launcher.commands.health import build_table
from messages import ActorHealth


def test_the_health_table_shows_an_error_as_it_is() -> None:
    """Brackets in an error are no markup."""
    row = ActorHealth("plex", 7, "failed", 1, 2, 3, 4, 5, 6, 7, "[red]token refused[/red]")
    out = io.StringIO()
    Console(file=out, width=160).print(build_table((row,)))
    assert "[red]token refused[/red]" in out.getvalue()


def test_the_health_table_says_what_is_over() -> None:
    """An old error is not told as one of now."""
    row = ActorHealth("plex", 7, "running", 1, 2, 3, 4, 5, 6, 7, "token refused", resolved_for_s=303)
    out = io.StringIO()
    Console(file=out, width=200).print(build_table((row,)))
    assert "resolved 5m 03s ago: token refused" in out.getvalue()

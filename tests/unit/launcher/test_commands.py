"""What the commands show, without a service."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from diagnosis.findings import render
from launcher.commands.check import _explain_setting
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


@pytest.mark.parametrize(
    ("problem", "found", "cure"),
    [
        ("TIMEZONE is wrong ('a: b'): it takes a time zone.", "TIMEZONE is wrong ('a: b')", "it takes a time zone."),
        (".env cannot be read (it is not UTF-8): mend it.", ".env cannot be read (it is not UTF-8)", "mend it."),
        ("PLEX_URL is missing: set it to http://x:1", "PLEX_URL is missing", "set it to http://x:1"),
        ('PLEX_SERVERS is wrong: it takes [{"url": ""}].', "PLEX_SERVERS is wrong", 'it takes [{"url": ""}].'),
    ],
)
def test_a_problem_is_split_where_its_cure_begins(problem: str, found: str, cure: str) -> None:
    """A value, or a reason, may have a colon of its own."""
    finding = _explain_setting(problem)
    words = render(finding)
    assert (words.text, words.cure) == (found, cure)

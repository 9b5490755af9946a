"""What the commands show, without a service."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from launcher.commands.check import _problem
from launcher.commands.health import lasting, table
from launcher.commands.recover import clock, position_ms
from messages import ActorHealth


@pytest.mark.parametrize(
    ("text", "ms"), [("0:00", 0), ("42:30", 2_550_000), ("90:00", 5_400_000), ("1:30:05", 5_405_000)]
)
def test_a_position_is_read(text: str, ms: int) -> None:
    """Minutes may go past 59 where no hours are given."""
    assert position_ms(text) == ms


@pytest.mark.parametrize("text", ["", "42", "1:60", "1:60:00", "-1:00", "a:b", "1:2:3:4", "٣:٠٠"])
def test_no_position_is_refused_with_the_right_form(text: str) -> None:
    """Anything else is told what it should be."""
    with pytest.raises(ValueError, match="no position"):
        position_ms(text)


def test_a_position_is_shown() -> None:
    """Hours, minutes, seconds; a question mark where none is known."""
    assert clock(5_405_999) == "1:30:05" and clock(None) == "?"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0s"), (59.9, "59s"), (303, "5m 03s"), (7620, "2h 07m"), (273_600, "3d 04h")]
)
def test_a_time_is_shown_as_people_say_it(seconds: float, shown: str) -> None:
    """Two units at most."""
    assert lasting(seconds) == shown


def test_the_health_table_shows_an_error_as_it_is() -> None:
    """Brackets in an error are no markup."""
    row = ActorHealth("plex", 7, "failed", 1, 2, 3, 4, 5, 6, 7, "[red]token refused[/red]")
    out = io.StringIO()
    Console(file=out, width=160).print(table((row,)))
    assert "[red]token refused[/red]" in out.getvalue()


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
    shown = _problem(problem)
    assert (shown.found, shown.cure) == (found, cure)

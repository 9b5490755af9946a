"""What the commands show, without a service."""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from rich.console import Console

from launcher.commands import recover
from launcher.commands.console import HarmlessConsole
from launcher.commands.health import build_table
from launcher.commands.stderr import write_error
from messages import ActorHealth, StartTracking, TrackingOutcome, TrackingPlan, VoiceMember
from tests.unit.discord import samples


def test_the_health_table_shows_an_error_as_it_is() -> None:
    """Brackets in an error are no markup."""
    row = ActorHealth("plex", 7, "failed", 1, 2, 3, 4, 5, 6, 7, "[red]token refused[/red]")
    out = io.StringIO()
    Console(file=out, width=160).print(build_table((row,)))
    assert "[red]token refused[/red]" in out.getvalue()


def test_the_health_table_marks_past_errors() -> None:
    """An old error is not shown as a current one."""
    row = ActorHealth("plex", 7, "running", 1, 2, 3, 4, 5, 6, 7, "token refused", resolved_for_s=303)
    out = io.StringIO()
    Console(file=out, width=200).print(build_table((row,)))
    assert "resolved 5m 03s ago: token refused" in out.getvalue()


HOSTILE = "A\x1b[31mred\x1b[0m\u202eturned\x9b2Jgone\r\u2066"
"""Of a title or a name: colours, a cleared screen, a line that is overwritten, and text that reads backwards."""


@pytest.mark.parametrize("terminal", [True, False])
def test_control_characters_in_names_are_escaped(terminal: bool) -> None:
    """In tables, texts and errors, as in the log; rich's own colours stay."""
    out = io.StringIO()
    console = HarmlessConsole(file=out, width=200, markup=False, force_terminal=terminal)
    plan = TrackingPlan(
        (msgspec.structs.replace(samples.session(account=HOSTILE), player=HOSTILE, item=samples.item(HOSTILE)),),
        (VoiceMember("1", HOSTILE),), "", (TrackingOutcome("1", HOSTILE, "would_start"),), HOSTILE,
    )  # fmt: skip
    recover._show_sessions(plan, console)
    recover._show_members(plan, console)
    recover._show_outcomes(plan, StartTracking(simulate=True), console)
    console.print(build_table((ActorHealth("plex", 7, "failed", 1, 2, 3, 4, 5, 6, 7, HOSTILE),)))
    said = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()) if terminal else out.getvalue()
    assert not set(said) & set("\x1b\x9b\r\u202e\u2066")
    assert said.count(r"\x1b[31mred\x1b[0m\u202eturned\x9b2Jgone\x0d\u2066") >= 6


def test_control_characters_in_errors_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    """An error may quote a title."""
    write_error(HOSTILE)
    assert capsys.readouterr().err == "A\\x1b[31mred\\x1b[0m\\u202eturned\\x9b2Jgone\\x0d\\u2066\n"

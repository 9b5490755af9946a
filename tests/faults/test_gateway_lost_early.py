"""The gateway goes away right after the connection; discord.py still reports "ready" for it, two seconds late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from messages import VoicePresence
from tests.integration.discord.discord_stage import Stage, open_stage, until

LATE_S = 2.5
"""After which discord.py has said that the first connection is ready."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A Discord and the actor's peers."""
    with open_stage(tmp_path) as found:
        yield found


def test_a_late_ready_does_not_hide_that_the_gateway_is_away(stage: Stage) -> None:
    """Nobody is reported to be in the channel until the gateway is back."""
    stage.discord.join_voice("Iris")
    with stage.acting() as began:
        until(lambda: any(report.members for report in stage.tracker.list_heard(VoicePresence)), "Iris is there")
        stage.discord.faults.invalidate_sessions(resumable=False)
        until(lambda: not stage.tracker.list_heard(VoicePresence)[-1].connected, "it is said to be away")
        told = len(stage.tracker.list_heard(VoicePresence))
        stage.discord.leave_voice("Iris")
        until(lambda: time.monotonic() > began + LATE_S, "the late ready has come")
        assert not stage.discord.is_connected  # discord.py waits five seconds before it identifies anew
        until(lambda: stage.discord.is_connected, "it is back", 30)
        until(lambda: stage.tracker.list_heard(VoicePresence)[-1].connected, "it is said to be back")
        back = next(report for report in stage.tracker.list_heard(VoicePresence)[told:] if report.connected)
        assert back.members == ()

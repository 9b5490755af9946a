"""The machine's clock is set back by hours, then forward, while a film runs: the watch stays what it is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.deadlines import WITHIN_S
from tests.faults.watched_evening import POLL_S, Evening
from tests.nights.evidence import evening, family, find_alive

pytestmark = pytest.mark.slow

HOURS_S = 3600.0


class Shifted(Evening):
    """The service's wall clock differs from that of Plex and of the people."""

    off_s = 0.0

    def command(self) -> list[str]:
        """Shift the anchor of the wall clock; the steady clock stays."""
        *rest, wall_s, steady_s = super().command()
        return [*rest, repr(float(wall_s) + self.off_s), steady_s]


def test_watches_keep_their_length_when_the_clock_is_set(tmp_path: Path) -> None:
    """Two hours back over a restart, five hours forward over a kill of everything: one correct record each."""
    with Shifted(tmp_path) as stage:
        for who, film in (("Anton", "M"), ("Berta", "Sunrise")):
            stage.plays(who, film)
        stage.wait_until(stage.minute + 1)
        stage.stop_service()
        stage.off_s = -2 * HOURS_S
        stage.start_service()
        stage.wait_until(stage.minute + 1)
        seen = len(stage.service_log())
        stage.log_has("Auto-saved badge data (2 active", after=seen)
        processes = family(stage)
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        stage.kill_launcher()
        stage.wait_for(lambda: not find_alive(processes), WITHIN_S, "all to be dead")
        stage.stops("Berta")
        stage.off_s = 3 * HOURS_S
        stage.start_service()
        stage.wait_recorded("Berta")
        stage.wait_until(stage.minute + 1)
        stage.stops("Anton")
        stage.wait_recorded("Anton")
        assert stage.stop_service()[0] == 0
    rows = stage.nothing_is_lost(within_s=5 * POLL_S)
    assert stage.service_log().count("Anton began") == 1  # it went on as the same watch
    assert rows["Berta"]["end_reason"] == "end_unknown"
    for row in rows.values():
        assert row["join_position_ms"] < 30_000
        assert row["ended_at_s"] >= row["started_at_s"] + row["playing_s"]
        assert row["started_at_s"] == pytest.approx(
            evening().timestamp(), abs=HOURS_S / 2
        )  # by hours where the clock bent it

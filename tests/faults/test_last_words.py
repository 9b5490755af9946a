"""Persistence has died and is not back yet when the launcher dies too."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from launcher.connection.run_state import read_running_state
from simulator.nights.stage import ServiceStage
from tests.deadlines import WITHIN_S
from tests.nights.evidence import evening, sql

SPEED = 60.0
SETTINGS = {
    "PLEX_POLL_SECONDS": "6",
    "END_GRACE_SECONDS": "12",
    "POSITION_SLACK_SECONDS": "60",
    "GHOST_AFTER_SECONDS": "600",
    "GHOST_END_SECONDS": "1800",
    "AUTO_SAVE_INTERVAL_MINUTES": "600",
    "MIN_WATCH_SECONDS": "1",
}


def persistence_pid(stage: ServiceStage) -> int:
    """Return the pid of its process; 0 if there is none."""
    state = read_running_state(stage.data_dir)
    child = state.children.get("persistence") if state is not None else None
    return child.pid if child is not None and child.is_alive() else 0


def test_a_watch_survives_the_death_of_persistence_and_launcher(tmp_path: Path) -> None:
    """Nothing was saved since the film began, and persistence is restarting: the watch keeps its join position."""
    with ServiceStage(tmp_path / "data", speed=SPEED, party_user="", evening=evening(), **SETTINGS) as stage:
        stage.plex.play("Anton", "M")
        stage.wait_for(lambda: "Anton began" in stage.service_log(), WITHIN_S, "the watch")
        dead = persistence_pid(stage)
        os.kill(dead, signal.SIGKILL)
        stage.wait_for(lambda: persistence_pid(stage) not in (0, dead), WITHIN_S, "persistence to be started anew")
        stage.kill_launcher()
        stage.start_service()
        stage.plex.stop_all()
        stage.wait_for(lambda: len(stage.history()) == 1, WITHIN_S, "the record")
        stage.stop_service()
    (row,) = sql(stage.data_dir, "SELECT * FROM watches")
    assert row["join_position_ms"] < 20_000
    assert row["playing_s"] > 0.9 * row["leave_position_ms"] / 1000

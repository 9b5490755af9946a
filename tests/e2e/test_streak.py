"""A streak over two evenings with a restart between them, on one data folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.nights.stage import CINEMA, ServiceStage
from tests.deadlines import WITHIN_S
from tests.nights.evidence import evening, load

pytestmark = pytest.mark.slow

FILM, HOST, MEMBER = "A Trip to the Moon", "Rosa", "Björn"
SETTINGS = {
    "PLEX_POLL_SECONDS": "20",
    "END_GRACE_SECONDS": "240",
    "POSITION_SLACK_SECONDS": "300",
    "TIMEZONE": "Europe/Berlin",
}


def watch_together(stage: ServiceStage, films_so_far: int) -> dict[str, Any]:
    """One short film from start to end, on Plex and in the channel; the statistics that are then saved."""
    stage.discord.join_voice(MEMBER, CINEMA)
    stage.plex.play(HOST, FILM)
    stage.wait_for(lambda: len(stage.history()) == 2 * (films_so_far + 1), WITHIN_S, "two more records")
    stage.discord.leave_voice(MEMBER)
    status, _ = stage.stop_service()
    assert status == 0
    return {str(found["username"]): found for found in load(stage.data_dir, "user_stats.json").values()}


def test_a_streak_continues_over_a_restart(tmp_path: Path) -> None:
    """The service stops between two evenings: a streak of two days, two films, each announced once."""
    with ServiceStage(tmp_path / "data", speed=240.0, party_user=HOST, evening=evening(2), **SETTINGS) as stage:
        first = watch_together(stage, 0)
        stage.next_evening(evening(1))
        stage.start_service()
        second = watch_together(stage, 1)
    for name in (HOST, MEMBER):
        assert [stats[name]["current_streak_days"] for stats in (first, second)] == [1, 2]
        assert second[name]["longest_streak_days"] == 2
        assert second[name]["last_watch_date"] == evening(1).date().isoformat()
        assert [stats[name]["total_movies"] for stats in (first, second)] == [1, 2]
    history = json.loads((tmp_path / "data" / "watch_history.json").read_text())
    assert len({found["watch_id"] for found in history}) == 4

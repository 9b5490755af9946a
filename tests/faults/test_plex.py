"""Plex fails in every way while people watch: the cause is named, tracking pauses and continues, nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.watched_evening import Evening, evening_at

pytestmark = pytest.mark.slow

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "refuse": ({}, "cannot be reached"),
    "flap": ({"seconds": 0.25}, "cannot be reached"),
    "status": ({}, "has an internal error (HTTP 500)"),
    "html": ({}, "instead of Plex's XML"),
    "truncated": ({}, "cut short or broken"),
    "empty": ({}, "instead of Plex's XML"),
    "huge": ({"size": 1 << 30}, "more than any Plex server has"),
    "many_sessions": ({"size": 1_000_000}, "more than any Plex server has"),
    "entity_bomb": ({}, "Plex at"),
    "endless_redirect": ({}, "Plex at"),
    "redirect": ({"location": "http://127.0.0.2:9"}, "where the token is not sent"),
    "hang": ({}, "did not answer in time"),
}
"""Kind, its details, and the words in which it is told."""
MOST_MB = 150.0
"""Of the poller's memory, after a body of a gigabyte and a million sessions."""


def meets(stage: Evening, kind: Any) -> None:
    """Let Plex fail in one way, see that it is reported, and let Plex come back."""
    details, words = FAULTS[kind]
    seen = len(stage.service_log())
    stage.plex.set_fault(kind, **details)
    line = stage.log_has(" plex ", words, after=seen)
    assert "❌" not in line and stage.plex.token not in line
    stage.plex.heal()
    stage.log_has(" plex ", "answers again", after=seen)


def test_tracking_pauses_and_continues_at_every_fault_of_plex(tmp_path: Path) -> None:
    """One film runs through all faults, another ends during one; a refused token is not taken for an outage."""
    with evening_at(tmp_path) as stage:
        stage.plays("Rosa", "Metropolis")
        for kind in FAULTS:
            meets(stage, kind)
        assert psutil.Process(stage.pid("plex")).memory_info().rss / 1e6 < MOST_MB
        stage.plays("Anton", "M")
        seen = len(stage.service_log())
        stage.plex.set_fault("status", code=401)
        stage.health_says("plex", "refuses the token")
        assert "does not answer" in stage.answer("Iris", "!activewatches")
        assert "Anton" in stage.answer("Iris", "!activewatches")  # nobody was ended for it
        stage.stops("Anton")
        stage.plex.heal()
        stage.log_has(" plex ", "answers again", after=seen)
        stage.wait_recorded("Anton")
        stage.stops("Rosa")
        stage.wait_recorded("Rosa")
        assert stage.stop_service()[0] == 0
    # The end in the dark is known to no poll: the record ends where Anton was last seen.
    rows = stage.nothing_is_lost(unmeasured="Anton")
    assert rows["Anton"]["end_reason"] == "end_unknown"
    assert stage.service_log().count("Rosa began") == 1
    stage.no_token_was_written()

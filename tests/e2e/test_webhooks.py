"""Webhooks through the whole service: events of three actors, while Discord refuses everything and processes die."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.nights.stage import CINEMA, ServiceStage
from tests.deadlines import WITHIN_S
from tests.integration.webhooks.webhook_receiver import KEY, WebhookReceiver, open_receiver
from tests.nights.evidence import evening, read_opening

pytestmark = pytest.mark.slow

SHORT, HOST, MEMBER = "A Trip to the Moon", "Rosa", "Björn"


def has_told(receiver: WebhookReceiver, event: str) -> Callable[[], bool]:
    """Return a condition: an event has come."""
    return lambda: any(document["event"] == event for document in receiver.documents())


def test_events_are_posted_while_discord_is_away(tmp_path: Path) -> None:
    """The receiver refuses the film's start at first; the process is killed meanwhile, and posts it afterwards."""
    with open_receiver(*[503] * 3) as receiver:
        settings = {
            "PLEX_POLL_SECONDS": "20", "END_GRACE_SECONDS": "120", "POSITION_SLACK_SECONDS": "300",
            "WEBHOOK_URLS": f"{receiver.url}/hook/geheim", "WEBHOOK_SECRET": KEY,
        }  # fmt: skip
        with ServiceStage(tmp_path / "data", speed=120.0, party_user=HOST, evening=evening(), **settings) as stage:
            stage.discord.join_voice(MEMBER, CINEMA)
            stage.discord.faults.fail_requests(503)
            stage.plex.play(HOST, SHORT)
            stage.wait_for(lambda: bool(receiver.requests), WITHIN_S, "the first try")
            stage.kill("webhooks")
            stage.wait_for(has_told(receiver, "film_ended"), WITHIN_S, "the film's end")
            stage.wait_for(has_told(receiver, "badge_earned"), WITHIN_S, "a badge")
            stage.discord.faults.heal()
            soon = read_opening(stage) + datetime.timedelta(days=2)  # whatever the time is by now at this speed
            stage.discord.slash("Iris", "night", {"title": SHORT, "when": f"{soon:%Y-%m-%d} 20:30"})
            stage.wait_for(has_told(receiver, "night_planned"), WITHIN_S, "the night")
            assert stage.stop_service()[0] == 0
            log, written = stage.service_log(), [file for file in stage.data_dir.rglob("*") if file.is_file()]
            assert not [file for file in written if b"geheim" in file.read_bytes()]
    events = {document["event"]: document for document in receiver.documents()}
    assert set(events) == {"film_started", "film_ended", "night_planned", "badge_earned"}
    assert events["film_ended"]["film"]["title"] == SHORT
    assert MEMBER in [viewer["name"] for viewer in events["film_ended"]["screening"]["viewers"]]
    started = [document for document in receiver.documents() if document["event"] == "film_started"]
    assert len({document["id"] for document in started}) == 1
    assert "geheim" not in log
    assert KEY not in log

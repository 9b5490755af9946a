"""Channels that take no messages: health names channel, cause and setting, and announcements wait."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.chat.discord.core import api_errors
from actors.chat.discord.features import weekly_digest
from actors.chat.discord.features.announcements import announcement_queue
from messages import GetLeaderboard, GetMovieStats, Leaderboard, MovieStats, ScreeningStarted, TitleCount
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage, until
from tests.unit.discord import samples

CLOSED = [
    (50008, 400, "Cannot send messages in a non-text channel", "a forum or a category"),
    (50083, 400, "Tried to perform an operation on an archived thread", "archived"),
    (160005, 400, "Thread is locked", "locked"),
    (10003, 404, "Unknown Channel", "no such channel"),
]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A Discord, and back-off in tenths of a second."""
    monkeypatch.setattr(api_errors, "LONGEST_S", 0.2)
    monkeypatch.setattr(announcement_queue, "LONGEST_PAUSE_S", 0.2)
    with open_stage(tmp_path) as made:
        yield made


@pytest.mark.parametrize(("code", "status", "text", "cause"), CLOSED, ids=lambda value: str(value)[:12])
def test_announcements_wait_for_a_channel_that_takes_them(
    stage: Stage, code: int, status: int, text: str, cause: str
) -> None:
    """None is dropped; as soon as the channel takes messages it is posted, once."""
    with stage.acting():
        fault = stage.discord.faults.refuse_requests(code, text, status, "/messages")
        told = stage.tracker.tell(ScreeningStarted(samples.NOW, samples.screening(title="Metropolis")))
        health = stage.until_health(cause)
        assert str(stage.discord.channel("film-club").id) in health and "DISCORD_ANNOUNCE_CHANNEL_ID" in health
        assert not told.wait(1.0), "it is not given up"
        stage.discord.faults.heal(fault)
        assert told.wait(WITHIN_S)
        stage.until_well()
        assert stage.read_posts().count("Metropolis") == 1


@pytest.mark.parametrize(("code", "status", "text", "cause"), CLOSED, ids=lambda value: str(value)[:12])
def test_a_digest_that_cannot_be_posted_is_tried_ever_more_rarely(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, code: int, status: int, text: str, cause: str
) -> None:
    """Health names the cause; once in five seconds at first (here a tenth of that), and posted later."""
    monkeypatch.setattr(weekly_digest, "SHORTEST_RETRY_S", weekly_digest.SHORTEST_RETRY_S / 10)
    stage.changes = {"weekly_digest": f"{stage.shift_now(-120):%A %H:%M}".lower()}
    films = (TitleCount("Dune", 2021, 1, 1, 7_200.0),)
    stage.persistence.answers[GetMovieStats] = MovieStats(1, 1, 1, 1, 7_200.0, films, (), (), (), ())
    stage.persistence.answers[GetLeaderboard] = Leaderboard("time", (), 0)
    stage.remember("weekly_digest", "posted_until", time.time() - 7 * 86_400)
    fault = stage.discord.faults.refuse_requests(code, text, status, "/messages")
    with stage.acting():
        assert "digest" in stage.until_health(cause)
        first_s = time.monotonic()
        until(lambda: stage.discord.recorder.count("POST", "/messages") == 2, "the second try")
        assert time.monotonic() - first_s > 0.4
        stage.discord.faults.heal(fault)
        until(lambda: "The week" in stage.read_posts(), "the digest")
        stage.until_well()

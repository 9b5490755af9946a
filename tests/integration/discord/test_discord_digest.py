"""The digest of the week: posted when it is due, once, and late rather than never."""

import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.chat.discord.features.weekly_digest import last_due
from messages import GetLeaderboard, GetMovieStats, Leaderboard, LeaderboardRow, MovieStats, TitleCount
from tests.integration.discord.discord_stage import Stage, open_stage, until

HOUR_S = 3600.0
WEEK_S = 168 * HOUR_S
WEEK = MovieStats(
    watches=7, completed=5, viewers=3, titles=2, watch_time_s=9 * HOUR_S,
    most_watched=(TitleCount("Dune", 2021, 5, 3, 6 * HOUR_S), TitleCount("*Stars*", None, 2, 1, 3 * HOUR_S)),
    genres=(), decades=(), recent=(), running=(),
)  # fmt: skip
EMPTY = MovieStats(0, 0, 0, 0, 0.0, (), (), (), (), ())


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A digest was due two hours ago, and Usher has been here for longer."""
    with open_stage(tmp_path) as made:
        made.changes = {"weekly_digest": f"{made.shift_now(-120):%A %H:%M}".lower()}
        made.persistence.answers[GetMovieStats] = WEEK
        made.persistence.answers[GetLeaderboard] = Leaderboard("time", (LeaderboardRow(1, "1", "Mei", HOUR_S),), 1)
        made.remember("weekly_digest", "posted_until", time.time() - WEEK_S)
        yield made


def posted_until(stage: Stage) -> float:
    """Until when digests count as posted."""
    return float(stage.read_state("weekly_digest").get("posted_until", 0.0))


def list_digests(stage: Stage) -> list[str]:
    """Every digest in the channel, as text."""
    return [
        message.text
        for message in stage.discord.messages("film-club", by_bot=True)
        if message.embeds and "The week" in message.embeds[0].get("title", "")
    ]


def test_a_missed_digest_is_posted_once_at_the_start(stage: Stage) -> None:
    """It is about that week, and escaped; the next start posts nothing."""
    with stage.acting():
        text = until(lambda: list_digests(stage), "the digest")[0]
        assert "9 h" in text
        assert "Dune (2021)" in text
        assert "\\*Stars\\*" in text
        assert "🥇 **Mei**" in text
        until(lambda: time.time() - posted_until(stage) < 3 * HOUR_S, "it is remembered")
    question = stage.persistence.list_heard(GetMovieStats)[0]
    assert question.since_s is not None
    assert abs(time.time() - 2 * HOUR_S - WEEK_S - question.since_s) < 120
    asked = len(stage.persistence.list_heard(GetMovieStats))
    with stage.acting():
        assert len(list_digests(stage)) == 1
    assert len(stage.persistence.list_heard(GetMovieStats)) == asked


def test_a_lost_answer_causes_no_second_digest(stage: Stage) -> None:
    """Discord accepted it, but its answer was lost: Discord knows the next attempt by its nonce."""
    stage.discord.faults.lose_responses("/messages", method="POST", times=1)
    with stage.acting():
        until(lambda: time.time() - posted_until(stage) < 3 * HOUR_S, "it is remembered", 40)
        assert len(list_digests(stage)) == 1
        assert stage.discord.recorder.count("POST", "/messages") == 2


def test_a_week_without_films_is_passed_over(stage: Stage) -> None:
    """And is not asked for again."""
    stage.persistence.answers[GetMovieStats] = EMPTY
    with stage.acting():
        until(lambda: time.time() - posted_until(stage) < 3 * HOUR_S, "it is remembered")
        assert list_digests(stage) == []


def test_a_store_that_is_away_is_asked_again(stage: Stage) -> None:
    """It waits for persistence to come back."""
    stage.persistence.answers.pop(GetMovieStats)
    with stage.acting():
        until(lambda: stage.persistence.list_heard(GetMovieStats), "a question")
        stage.persistence.answers[GetMovieStats] = WEEK
        until(lambda: list_digests(stage), "the digest", 30)


@pytest.mark.parametrize("days", [0, 8])
def test_no_digest_of_the_time_before_the_installation_or_of_long_ago(stage: Stage, days: int) -> None:
    """A digest more than a day late is left out, which the log says."""
    stage.changes["weekly_digest"] = f"{stage.shift_now(-30 * 60):%A %H:%M}".lower()
    stage.persistence.state.clear()
    if days:
        stage.remember("weekly_digest", "posted_until", time.time() - days * 86_400)
    with stage.acting():
        until(lambda: posted_until(stage) > time.time() - 31 * HOUR_S, "it is settled")
    assert list_digests(stage) == []


def test_the_digest_is_due_at_the_newest_past_moment() -> None:
    """By the clocks of the zone, also over the change to winter time."""
    due = datetime.datetime(2026, 10, 25, 18, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    at = datetime.datetime(2026, 10, 27, 12, 0, tzinfo=datetime.UTC)
    assert last_due("sunday 18:00", "Europe/Berlin", at.timestamp()) == due.timestamp()
    assert last_due("sunday 18:00", "Europe/Berlin", due.timestamp() - 1) == due.timestamp() - WEEK_S - HOUR_S
    assert last_due("sunday 18:00", "Europe/Berlin", due.timestamp() + 1) == due.timestamp()

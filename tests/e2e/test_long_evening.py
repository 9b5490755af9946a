"""The long evening, spent once for all tests: from Plex sessions and the voice channel to the stored records."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import msgpack
import pytest

from messages import CATALOGUE, WatchRecord
from simulator.discord.model.messages import Interaction
from simulator.nights.kill_matrix.process_killer import frames
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS
from tests.e2e.long_evening import (
    BACK_AGAIN,
    EXAMPLES,
    FILM,
    GHOST,
    HOST,
    LENGTH,
    POLL_S,
    REPORT_S,
    SEEKER,
    STARTS,
    SWITCHER,
    VOICE_BACK_AGAIN,
    Evening,
    Example,
    spend,
)
from tests.nights.evidence import read_told

pytestmark = pytest.mark.slow

SENDERS = ("launcher", "plex", "tracker", "persistence", "discord")
KINDS = {"tell", "ask", "answer", "error", "kept", "done", "set_aside", "ping", "pong", "stop"}
SAME = ("viewer_id", "username", "source", "started_at_s", "ended_at_s", "playing_s", "coverage_ms", "end_reason")


@pytest.fixture(scope="module")
def long_evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """The evening, after it is over and the service has stopped."""
    return spend(tmp_path_factory.mktemp("evening"))


def name_test(example: Example) -> str:
    """Return a test's id."""
    return f"{example.joins:g}-{example.leaves:g}"


def minutes(found: dict[str, Any]) -> dict[str, float]:
    """A record's figures, in minutes."""
    return {
        "joined at": found["join_position_ms"] / 60_000,
        "left at": found["leave_position_ms"] / 60_000,
        "seen": found["coverage_ms"] / 60_000,
        "playing": found["playing_seconds"] / 60,
        "paused": found["paused_seconds"] / 60,
    }


def check(
    evening: Evening, found: dict[str, Any], within: float, *, starts: float, ends: float, **figures: float
) -> None:
    """A record says when somebody came and went (minutes of the programme), and these figures, `within` minutes."""
    precision = evening.precision
    is_so = minutes(found) | {
        "start": precision.minute_of(found["start_time"]),
        "end": precision.minute_of(found["end_time"]),
    }
    should = {name.replace("_", " "): value for name, value in figures.items()} | {"start": starts, "end": ends}
    off = {
        name: f"{is_so[name]:.2f}, not {value:.2f} ± {within:.2f}"
        for name, value in should.items()
        if abs(is_so[name] - value) > within
    }
    assert not off, (found["username"], found["movie_title"], off)


def test_polls_keep_their_interval(long_evening: Evening) -> None:
    """The other tests allow an error of two polls, so the polls themselves must keep their pace."""
    precision = long_evening.precision
    assert precision.usual_gap_s < 2 * POLL_S
    edges = [precision.edge(cue) * 60 for cue in precision.played if cue.cue.verb in PLAYER_VERBS | VOICE_VERBS]
    assert statistics.median(edges) < 4 * POLL_S + REPORT_S, "two polls, and what a busy machine adds"


@pytest.mark.parametrize("example", EXAMPLES, ids=name_test)
@pytest.mark.parametrize("source", ["plex", "voice"])
def test_a_worked_example_of_completion(
    long_evening: Evening, source: Literal["plex", "voice"], example: Example
) -> None:
    """Somebody watches from one minute of the film to another: join position, minutes and percent are right."""
    who = example.account if source == "plex" else example.member
    (found,) = long_evening.records(who, source, FILM)
    # A member's film is the host's: what Plex tells of that one, a report late, bears upon theirs too.
    within = long_evening.precision.of(who, source) + (POLL_S + REPORT_S) / 60
    watched = example.leaves - example.joins
    check(
        long_evening, found, within,
        starts=STARTS + example.joins, ends=STARTS + example.leaves,
        joined_at=example.joins, left_at=example.leaves, seen=watched, playing=watched, paused=0.0,
    )  # fmt: skip
    assert found["completion_percentage"] == pytest.approx(example.percent, abs=within / LENGTH * 100)
    assert found["watch_duration_minutes"] == pytest.approx(found["playing_seconds"] / 60, abs=0.01)
    assert found["completed"] == (example.percent >= 80) and not found["brief"]
    leaves_early = example.leaves < LENGTH
    assert found["end_reason"] == (("stopped" if source == "plex" else "left") if leaves_early else "ended")


def test_the_store_has_the_records_of_the_file(long_evening: Evening) -> None:
    """Every record of watch_history.json is a row of the store with the same figures, and there are no other rows."""
    assert len(long_evening.history) == len(long_evening.rows)
    for found in long_evening.history:
        row = long_evening.row(found["watch_id"])
        same = (
            "viewer_id", "username", "source", "server_id", "rating_key", "media_type", "join_position_ms",
            "leave_position_ms", "movie_duration_ms", "coverage_ms", "completed", "brief", "end_reason", "screening_id",
        )  # fmt: skip
        assert {name: found[name] for name in same} == {name: row[name] for name in same}
        assert found["completion_percentage"] == round(row["completion_percent"], 2)
        assert found["playing_seconds"] == round(row["playing_s"], 3)
        assert found["paused_seconds"] == round(row["paused_s"], 3)


def test_everybody_has_one_record_of_each_film(long_evening: Evening) -> None:
    """Six accounts and seven members watch one film, four watch others: 18 records and no more."""
    seen = Counter((found["viewer_id"], found["movie_title"]) for found in long_evening.history)
    assert set(seen.values()) == {1} and len(seen) == 2 * len(EXAMPLES) + 1 + 5
    one_film = [found for found in long_evening.history if found["movie_title"] == FILM]
    assert len({found["screening_id"] for found in one_film if found["source"] == "plex"}) == len(EXAMPLES)
    (host,) = long_evening.records(HOST, "plex", FILM)
    assert {found["screening_id"] for found in one_film if found["source"] == "voice"} == {host["screening_id"]}


def test_leaving_and_returning_is_one_film(long_evening: Evening) -> None:
    """40 minutes, a break of a quarter of an hour, the other 38: one record, one film, completed."""
    (found,) = long_evening.records(BACK_AGAIN)
    within = long_evening.precision.of(BACK_AGAIN)
    check(long_evening, found, within, starts=3, ends=96, joined_at=0, left_at=78, seen=78, playing=78, paused=0)
    assert found["completed"] and found["completion_percentage"] == pytest.approx(100, abs=within / 78 * 100)
    stats = long_evening.stats[found["viewer_id"]]
    assert (stats["total_movies"], stats["completed_movies"]) == (1, 1)
    assert stats["total_watch_time_minutes"] == pytest.approx(found["watch_duration_minutes"], abs=0.02)


def test_leaving_the_channel_and_returning_is_one_film(long_evening: Evening) -> None:
    """A member who missed ten minutes has one record of the other 110, and completed the film."""
    (found,) = long_evening.records(VOICE_BACK_AGAIN, "voice")
    within = long_evening.precision.of(VOICE_BACK_AGAIN, "voice") + (POLL_S + REPORT_S) / 60
    check(
        long_evening, found, within,
        starts=STARTS, ends=STARTS + LENGTH, joined_at=0, left_at=LENGTH, seen=110, playing=110, paused=0,
    )  # fmt: skip
    assert found["completed"]
    assert long_evening.stats[found["viewer_id"]]["total_movies"] == 1


def test_another_item_in_the_same_session_is_another_watch(long_evening: Evening) -> None:
    """When the next film starts under the same session key, the first watch ends and a second begins at 0:00."""
    first, second = long_evening.records(SWITCHER)
    within = long_evening.precision.of(SWITCHER)
    check(long_evening, first, within, starts=5, ends=25, joined_at=0, left_at=20, seen=20, playing=20, paused=0)
    check(long_evening, second, within, starts=25, ends=60, joined_at=0, left_at=35, seen=35, playing=35, paused=0)
    assert (first["movie_title"], first["end_reason"]) == ("Duck Soup", "switched")
    assert (second["movie_title"], second["end_reason"]) == ("City Lights", "stopped")


def test_a_killed_app_counts_up_to_its_last_position(long_evening: Evening) -> None:
    """Plex lists the session as playing for another hour and a half, but only half an hour was seen."""
    (found,) = long_evening.records(GHOST)
    within = long_evening.precision.of(GHOST)
    check(long_evening, found, within, starts=6, ends=36, joined_at=0, left_at=30, seen=30, playing=30, paused=0)
    assert found["end_reason"] == "end_inferred"


def test_a_skipped_part_does_not_count_as_seen(long_evening: Evening) -> None:
    """20 minutes, a jump from minute 20 to 60, and 20 more: 40 minutes seen of 94."""
    (found,) = long_evening.records(SEEKER)
    within = long_evening.precision.of(SEEKER)
    check(long_evening, found, within, starts=7, ends=47, joined_at=0, left_at=80, seen=40, playing=40, paused=0)
    assert found["completion_percentage"] == pytest.approx(40 / 94 * 100, abs=within / 94 * 100)


def test_every_command_is_answered_as_slash_and_prefix(long_evening: Evening) -> None:
    """/name and !name give the same card, in time, while eighteen people watch."""
    titles = Counter(message.embeds[0].get("title", "") for message in long_evening.answers if message.embeds)
    refused = 1  # what Chiara may not
    assert titles["Something went wrong"] == refused
    for question in long_evening.asked:
        if isinstance(question.asked, Interaction):
            assert question.asked.replies, question.name
            assert question.asked.ack_after_s is not None and question.asked.ack_after_s < 3, question.name
    for card in ("📊 Björn", "🏅 Björn", "⏱️ Most time", "💾 Saved", "🩺 All systems healthy", f"🎞️ {FILM}"):
        assert titles[card] == 2, (card, titles)


def test_it_stops_in_order_within_ten_seconds(long_evening: Evening) -> None:
    """After SIGTERM, the service exits with 0, every process is gone, and the log has no error."""
    assert (long_evening.exit_status, long_evening.left) == (0, [])
    assert long_evening.stop_s < 10
    assert not (long_evening.data_dir / "run.json").exists()
    assert not [line for line in long_evening.log.splitlines() if " ERROR " in line or "Traceback" in line]


def test_every_frame_is_plain_msgpack(long_evening: Evening) -> None:
    """The msgpack package alone decodes all of thousands of frames: an envelope with a message of the catalogue."""
    tags = {str(kind.__struct_config__.tag) for kind in CATALOGUE}
    for sender in SENDERS:
        kinds: Counter[str] = Counter()
        for frame in frames(long_evening.frames_dir / f"{sender}.frames"):
            kind, _, by, _, body, *_ = msgpack.unpackb(frame)
            kinds[kind] += 1
            assert kind in KINDS and by == sender
            if kind in ("tell", "ask", "answer", "kept"):
                assert body[0] in tags
        assert kinds, f"{sender} sent nothing"


def test_the_store_has_what_the_tracker_sent(long_evening: Evening) -> None:
    """The tracker closed exactly the watches that the store has, and each record is the one that it sent last."""
    closed = {body[2][0]: body[2] for body in read_told(long_evening.frames_dir, "tracker", "watch_finished")}
    assert closed.keys() == {found["watch_id"] for found in long_evening.history}
    for watch_id, record in closed.items():
        row = long_evening.row(watch_id)
        sent = dict(zip(WatchRecord.__struct_fields__, record, strict=True))
        assert [sent[name] for name in SAME] == [row[name] for name in SAME]
        assert sent["spans"] == json.loads(row["spans"])


def holding(secret: str, folder: Path) -> list[str]:
    """Return every file below a folder that contains a secret."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert files
    return [str(path.relative_to(folder)) for path in files if secret.encode() in path.read_bytes()]


def test_no_token_is_in_any_file_log_or_frame(long_evening: Evening) -> None:
    """Store, copies, backups, logs, frames and requests of a whole evening contain neither token."""
    assert len(long_evening.secrets) == 2 and all(long_evening.secrets)
    assert len(holding(FILM, long_evening.folder)) > 5, "what is no secret is found in many of them"
    for secret in long_evening.secrets:
        assert holding(secret, long_evening.folder) == []


def test_there_are_no_dead_letters(long_evening: Evening) -> None:
    """An evening without faults leaves none."""
    assert not (long_evening.data_dir / "logs" / "dead_letters.jsonl").exists()

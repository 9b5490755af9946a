"""The rough night: whichever process dies while people come and go, every watch is recorded once and correctly."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.e2e.rough_night import ACTORS, HOST_FILM, PLEX_FILMS, POLL_S, REPORT_S, SAVE_MINUTES, RoughNight, spend
from tests.nights.evidence import minute_of

pytestmark = pytest.mark.slow

TWO_POLLS = (2 * POLL_S + REPORT_S) / 60
"""In minutes, with what the player had not told yet."""
WATCHES = (
    ("Rosa", "plex"), ("Anton", "plex"), ("Berta", "plex"), ("Cem", "plex"), ("Dörte", "plex"), ("Emil", "plex"),
    ("Iris", "voice"), ("Björn", "voice"), ("Chiara", "voice"), ("אורי", "voice"),
)  # fmt: skip


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> RoughNight:
    """The night, after it is over and the service has stopped."""
    return spend(tmp_path_factory.mktemp("rough"))


def record(night: RoughNight, who: str, source: str) -> dict[str, Any]:
    """Return somebody's only record."""
    (found,) = [one for one in night.history if (one["username"], one["source"]) == (who, source)]
    return found


def test_every_watch_is_recorded_once(night: RoughNight) -> None:
    """Ten watches, ten records, in the file and in the store."""
    recorded = Counter((found["username"], found["source"]) for found in night.history)
    assert recorded == Counter(WATCHES)
    assert sorted(row["watch_id"] for row in night.rows) == sorted(found["watch_id"] for found in night.history)


@pytest.mark.parametrize(("who", "source"), WATCHES)
def test_times_are_right_within_two_polls(night: RoughNight, who: str, source: str) -> None:
    """Whether or not a process was dead when people came or left."""
    found, truth = record(night, who, source), night.truth[who, source]
    opened_s, film_minute = night.opened.timestamp(), truth.stretches[0].begin_ms / 60_000
    came, went = ((at_s - opened_s) / 60 for at_s in (truth.boundaries[0], truth.boundaries[-1]))
    length = went - came
    is_so = {
        "came": minute_of(found["start_time"], night.opened),
        "went": minute_of(found["end_time"], night.opened),
        "joined at": found["join_position_ms"] / 60_000,
        "left at": found["leave_position_ms"] / 60_000,
        "seen": found["coverage_ms"] / 60_000,
        "playing": found["playing_seconds"] / 60,
    }
    should = {
        "came": came,
        "went": went,
        "joined at": film_minute,
        "left at": film_minute + length,
        "seen": length,
        "playing": length,
    }
    # Where nobody looked at the end, the last to know of it is the last save.
    within = TWO_POLLS + (SAVE_MINUTES if found["end_reason"] == "end_unknown" else 0.0)
    assert is_so == pytest.approx(should, abs=within), (who, length)
    assert found["movie_title"] == (HOST_FILM if source == "voice" else PLEX_FILMS[who])
    assert found["paused_seconds"] < TWO_POLLS * 60


@pytest.mark.parametrize("number", range(4), ids=ACTORS)
def test_only_the_killed_process_is_started_again(night: RoughNight, number: int) -> None:
    """It has a new process and one more restart; the others keep their processes."""
    kill = night.kills[number]
    assert kill.actor == ACTORS[number]
    for actor in ACTORS:
        (pid_before, restarts_before), (pid_after, restarts_after) = kill.before[actor], kill.after[actor]
        if actor == kill.actor:
            assert pid_after != pid_before and restarts_after == restarts_before + 1
        else:
            assert (pid_after, restarts_after) == (pid_before, restarts_before), (kill.actor, actor)


def test_running_watches_keep_their_ids_after_everything_was_killed(night: RoughNight) -> None:
    """Viewers who still watch keep their watch_id, and the record begins where it did before."""
    still = {record(night, *who)["watch_id"] for who in (("Rosa", "plex"), ("Anton", "plex"), ("אורי", "voice"))}
    assert still == night.running_after.keys()
    assert still < night.running_before.keys()


def test_watches_that_ended_during_the_outage_are_closed(night: RoughNight) -> None:
    """By the row in Plex's history if there is one, otherwise at the last seen time; the watch_id stays."""
    emil, unknown = record(night, "Emil", "plex"), record(night, "Dörte", "plex")
    assert (emil["end_reason"], unknown["end_reason"]) == ("from_history", "end_unknown")
    still = {record(night, *who)["watch_id"] for who in (("Rosa", "plex"), ("Anton", "plex"), ("אורי", "voice"))}
    assert night.running_before.keys() - still == {emil["watch_id"], unknown["watch_id"]}


def test_the_service_stops_in_order_and_no_save_failed(night: RoughNight) -> None:
    """The second service leaves no process, and neither service had a failed save."""
    assert (night.exit_status, night.outlived) == (0, [])
    assert "❌" not in night.log and "Traceback" not in night.log

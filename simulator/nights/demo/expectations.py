"""Checks the night's result in what anybody can read: the saved files, the logs, the channel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from messages import spans
from simulator.nights.demo.script import PARTY_FILM, TOLERANCE_MINUTES
from simulator.nights.ledger import TrueWatch

MINUTE_S = 60.0
COMPLETED = 3
"""Discord's status number of an event that is over."""

ACTORS = ("persistence", "tracker", "discord", "plex", "web")


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation: what it says and, unless it held, what was found instead."""

    says: str
    problem: str = ""

    @property
    def held(self) -> bool:
        """Whether it held."""
        return not self.problem


@dataclass(frozen=True)
class Evidence:
    """What the night left behind."""

    truth: tuple[TrueWatch, ...]
    """What each viewer really saw."""
    data_dir: Path
    service_log: str
    texts: tuple[str, ...]
    """Every message of the channel, with its embeds, as plain text."""
    files: tuple[tuple[str, ...], ...]
    """Names of the files of each message."""
    nights: tuple[tuple[str, int], ...]
    """Each planned night: its name, and Discord's number for its status."""
    unanswered: tuple[str, ...]
    """Commands that got no reply."""
    slowest_ack_s: float
    """Longest time until a slash command was acknowledged, real seconds."""
    health: tuple[dict[str, Any], ...]
    """The last health row of each actor before the stop."""
    files_before_film: dict[str, bytes]
    """The data files after one idle tick, before anybody watched."""
    exit_code: int
    stop_s: float
    """Real seconds that the ordered stop took."""


def check_expectations(evidence: Evidence) -> list[ExpectationResult]:
    """Check every expectation of the script against the evidence."""
    return [
        *_check_records(evidence),
        _check_statistics(evidence),
        _check_badges(evidence),
        *_check_saves(evidence),
        *_check_channel(evidence),
        *_check_actors(evidence),
    ]


def _load(evidence: Evidence, name: str) -> Any:
    try:
        return json.loads((evidence.data_dir / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return {"unreadable": str(error)}


def _check_records(evidence: Evidence) -> list[ExpectationResult]:
    history = _load(evidence, "watch_history.json")
    if not isinstance(history, list):
        return [ExpectationResult("watch_history.json can be read", str(history))]
    result = [
        ExpectationResult(
            f"{watch.name} saw {_compute_percent(watch):.0f} % of {watch.item.title}, "
            f"from minute {_find_join_minute(watch):.0f}, once",
            _describe_problem(watch, _find_records(watch, history)),
        )
        for watch in evidence.truth
    ]
    watched = {(watch.name, watch.item.title) for watch in evidence.truth}
    others = [
        f"{r['username']}: {r['movie_title']}" for r in history if (r["username"], r["movie_title"]) not in watched
    ]
    return [*result, ExpectationResult("Nothing else is in the history", ", ".join(others))]


def _find_records(watch: TrueWatch, history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [r for r in history if (r["username"], r["movie_title"]) == (watch.name, watch.item.title)]


def _compute_percent(watch: TrueWatch) -> float:
    """Return how much of the film was seen, in percent."""
    return spans.coverage(watch.spans) / (watch.item.duration_ms or 1) * 100


def _find_join_minute(watch: TrueWatch) -> float:
    """Return the minute of the film at which the viewer began to watch."""
    return watch.stretches[0].begin_ms / 1000 / MINUTE_S


def _describe_problem(watch: TrueWatch, records: list[dict[str, Any]]) -> str:
    if len(records) != 1:
        return f"{len(records)} records"
    (record,) = records
    length = record["movie_duration_ms"] / 1000 / MINUTE_S
    figures = {
        "join position (min)": (
            record["join_position_ms"] / 1000 / MINUTE_S,
            _find_join_minute(watch),
            TOLERANCE_MINUTES,
        ),
        "completion (%)": (record["completion_percentage"], _compute_percent(watch), TOLERANCE_MINUTES / length * 100),
        "playing time (min)": (record["playing_seconds"] / MINUTE_S, watch.playing_s / MINUTE_S, 2 * TOLERANCE_MINUTES),
        "paused time (min)": (record["paused_seconds"] / MINUTE_S, watch.paused_s / MINUTE_S, TOLERANCE_MINUTES),
    }
    wrong = [
        f"{name} {is_:.1f}, not {should:.1f}" for name, (is_, should, by) in figures.items() if abs(is_ - should) > by
    ]
    if record["source"] != ("voice" if watch.guest else "plex"):
        wrong.append(f"source {record['source']}")
    if record["end_reason"] not in ("ended", "stopped", "left"):
        wrong.append(f"end reason {record['end_reason']}")
    return "; ".join(wrong)


def _check_statistics(evidence: Evidence) -> ExpectationResult:
    stats = _load(evidence, "user_stats.json")
    wrong = []
    for watch in evidence.truth:
        mine = [s for s in stats.values() if isinstance(s, dict) and s.get("username") == watch.name]
        if len(mine) != 1 or (mine[0]["total_movies"], mine[0]["current_streak_days"]) not in (
            (1, 1),
            (1, 2),
        ):
            wrong.append(f"{watch.name}: {[(s.get('total_movies'), s.get('current_streak_days')) for s in mine]}")
    return ExpectationResult("Everybody has one film and a streak in user_stats.json", ", ".join(wrong))


def _check_badges(evidence: Evidence) -> ExpectationResult:
    badges = _load(evidence, "user_badges.json")
    without = [viewer for viewer, held in badges.items() if not held] if isinstance(badges, dict) else ["all"]
    problem = f"none for {without}" if without else ""
    if isinstance(badges, dict) and len(badges) < len(evidence.truth):
        problem = f"only {len(badges)} viewers have any"
    return ExpectationResult("Everybody earned a first badge, in user_badges.json", problem)


def _check_saves(evidence: Evidence) -> list[ExpectationResult]:
    log = evidence.service_log
    left = sorted(evidence.files_before_film)
    return [
        ExpectationResult(
            "Ticks without watchers wrote nothing and said so",
            "" if "⏭️ Auto-save skipped (no active watches)" in log else "the log line is missing",
        ),
        ExpectationResult(
            "Before the film no statistics were written",
            "" if not any(_has_rows(evidence.files_before_film[name]) for name in left) else f"found {left}",
        ),
        ExpectationResult(
            "Ticks with watchers saved",
            "" if "💾 Auto-saved badge data (" in log else "the log line is missing",
        ),
        ExpectationResult("No save failed", "" if "❌ Auto-save failed" not in log else "the log has ❌ lines"),
    ]


def _has_rows(content: bytes) -> bool:
    try:
        return bool(json.loads(content or b"[]"))
    except ValueError:
        return True


def _check_channel(evidence: Evidence) -> list[ExpectationResult]:
    everything = "\n".join(evidence.texts)
    films = sorted({watch.item.title for watch in evidence.truth})
    unseen = [film for film in films if film not in everything]
    return [
        ExpectationResult("Every command was answered", ", ".join(evidence.unanswered)),
        ExpectationResult(
            "Slash commands were acknowledged within 3 s",
            "" if evidence.slowest_ack_s < 3 else f"{evidence.slowest_ack_s:.1f} s",
        ),
        ExpectationResult("Every film was announced", ", ".join(unseen)),
        ExpectationResult(
            "Every film's card became the night's record, with poster and chart",
            ", ".join(_list_unfinished_films(evidence)),
        ),
        ExpectationResult("The planned night began and ended with its film", _check_planned_night(evidence)),
        ExpectationResult("The record holds who came against who had said so", _check_attendance(evidence)),
        ExpectationResult("Who chose to be anonymous is ranked without a name", _check_leaderboard(evidence)),
    ]


def _check_planned_night(evidence: Evidence) -> str:
    """Return what is wrong with the night that was planned."""
    (name, status), *more = evidence.nights or (("", 0),)
    if more or PARTY_FILM not in name:
        return f"planned are {[name for name, _ in evidence.nights]}"
    return "" if status == COMPLETED else f"its event has status {status}"


def _check_attendance(evidence: Evidence) -> str:
    """Return what is wrong with the night's record: four pressed Interested; Mei did not come, Iris and Chiara did."""
    records = [text for text in evidence.texts if f"🏁 {PARTY_FILM}" in text]
    if not records:
        return "there is no record"
    wanted = ("RSVPs · 4", "3 showed up · 2 walk-ins")
    return "" if all(part in records[-1] for part in wanted) else records[-1][-300:]


def _check_leaderboard(evidence: Evidence) -> str:
    """Return what is wrong with the leaderboard, which must show Noodle as "Somebody"."""
    boards = [text for text in evidence.texts if "Most time" in text]
    if not boards:
        return "there is no leaderboard"
    return "" if "Somebody" in boards[-1] and "Noodle" not in boards[-1] else boards[-1][:300]


def _list_unfinished_films(evidence: Evidence) -> list[str]:
    """Return the films whose card was not edited into the night's record, with poster and chart."""
    films = sorted({watch.item.title for watch in evidence.truth})
    whole = {
        film
        for film in films
        for text, files in zip(evidence.texts, evidence.files, strict=True)
        if f"🏁 {film}" in text and {"poster.png", "attendance.png"} <= set(files)
    }
    return [film for film in films if film not in whole]


def _check_actors(evidence: Evidence) -> list[ExpectationResult]:
    rows = {row["actor"]: row for row in evidence.health}
    sick = [f"{name} is {row['state']}: {row['last_error']}" for name, row in rows.items() if row["state"] != "running"]
    restarts = {name: row["restarts"] for name, row in rows.items()}
    only_one = {name: 1 if name == "tracker" else 0 for name in ACTORS}
    return [
        ExpectationResult(
            "All five actors were running at the end",
            "; ".join(sick) or ("" if rows.keys() == set(ACTORS) else str(list(rows))),
        ),
        ExpectationResult("Only the killed tracker was restarted, once", "" if restarts == only_one else str(restarts)),
        ExpectationResult(
            "The service stopped in order, within 10 s",
            ""
            if evidence.exit_code == 0 and evidence.stop_s < 10
            else f"exit status {evidence.exit_code} after {evidence.stop_s:.1f} s",
        ),
    ]

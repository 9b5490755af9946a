"""Holds what a night left in the store against the ledger. Pure.

A record may be off by what nobody can know: two polls and a player's report at each change, and the whole of a time
in the dark in which something changed. What it is off by beyond the dark is shown in polls.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.nights.blind_spots import Survey, merged
from simulator.nights.ledger import Attendance, length, union

Row = Mapping[str, Any]


@dataclass
class NightVerdict:
    """What one night came to."""

    seed: int
    expected: int = 0
    """Watches that must be there: somebody looked while they ran, and what they saw was not forgotten."""
    found: int = 0
    missing: int = 0
    double: int = 0
    """Records beyond the first of one viewer at one film, and records of what never was."""
    playing_polls: list[float] = field(default_factory=list)
    """Error of each record in playing time, beyond what was in the dark, in polls."""
    coverage_polls: list[float] = field(default_factory=list)
    worst: str = ""
    """The record that is off by most."""
    problems: list[str] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)
    unacknowledged: int = 0
    """Kills that fell between a commit and its acknowledgement."""
    seconds: float = 0.0
    """Real ones."""

    @property
    def worst_polls(self) -> float:
        """The largest error of all."""
        return max((*self.playing_polls, *self.coverage_polls), default=0.0)

    @property
    def failed(self) -> bool:
        """Whether anything was not as it must be."""
        return bool(self.missing or self.double or self.problems)


@dataclass(frozen=True)
class Margins:
    """How exact a record can be, seconds of the night."""

    poll_s: float
    report_s: float
    """How seldom the slowest player tells its position."""
    grace_s: float
    slack_s: float

    @property
    def edge_s(self) -> float:
        """What one change may cost."""
        return 2 * self.poll_s + self.report_s


def judge(
    verdict: NightVerdict, truth: Sequence[Attendance], rows: Sequence[Row], survey: Survey, margins: Margins
) -> None:
    """Compare every attendance with its records, and every record with the attendances."""
    by_key: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_key.setdefault((row["viewer_id"], row["rating_key"]), []).append(row)
    polls = survey.useful_polls()
    for attendance in truth:
        mine = by_key.pop((attendance.viewer_id, attendance.rating_key), [])
        if surely_seen(attendance, survey, polls, margins):
            verdict.expected += 1
            verdict.found += bool(mine)
            if not mine:
                verdict.missing += 1
                verdict.problems.append(f"{attendance}: no record")
        if len(mine) > 1:
            verdict.double += len(mine) - 1
            verdict.problems.append(f"{attendance}: {len(mine)} records")
        if len(mine) == 1:
            _measure(verdict, attendance, mine[0], survey, margins)
    for (viewer_id, _), mine in by_key.items():
        # Who comes in when the film has just ended may be seated until the next poll says so.
        if sum(row["playing_s"] for row in mine) > margins.edge_s + margins.grace_s:
            verdict.double += len(mine)
            verdict.problems.append(f"{viewer_id} at {mine[0]['title']}: a record of what never was")


def surely_seen(attendance: Attendance, survey: Survey, polls: Sequence[float], margins: Margins) -> bool:
    """Whether two polls that were not forgotten must have shown it."""
    wait_s = 2 * margins.poll_s if attendance.guest else 0.0
    blind = survey.voice_dark() if attendance.guest else []
    for stretch in attendance.stretches:
        begin_s, end_s = stretch.begin_s + wait_s, stretch.end_s
        shown = [at for at in polls if begin_s < at < end_s and not any(a <= at <= b for a, b in blind)]
        if len(shown) >= 2:
            return True
    return False


def _measure(verdict: NightVerdict, attendance: Attendance, row: Row, survey: Survey, margins: Margins) -> None:
    """How far one record is off, and whether that is more than it may be."""
    boundaries = attendance.boundaries
    edge_s = margins.edge_s + (margins.grace_s if attendance.guest else 0.0)
    dark = survey.plex_dark()
    if attendance.guest:
        dark = merged([*dark, *survey.voice_dark()])
    near = [(a, b) for a, b in dark if a - edge_s <= boundaries[-1] and b + edge_s >= boundaries[0]]
    disturbed_s = sum(
        min(b, boundaries[-1]) - max(a, boundaries[0]) + edge_s
        for a, b in near
        if any(a - edge_s <= at_s <= b + edge_s for at_s in boundaries)
    )
    disturbed_s = max(0.0, disturbed_s)
    allowed_s = edge_s * (len(boundaries) + len(near)) + disturbed_s
    allowed_more_s = allowed_s + attendance.jumps * margins.slack_s
    told, true = union((a, b) for a, b in json.loads(row["spans"])), attendance.spans
    both = length(union((*told, *true)))
    missing_s, extra_s = (both - length(told)) / 1000, (both - length(true)) / 1000
    playing_s = row["playing_s"] - attendance.playing_s
    problems = []
    if not -allowed_s <= playing_s <= allowed_more_s:
        problems.append(f"played {attendance.playing_s:.0f} s, recorded {row['playing_s']:.0f} s (±{allowed_s:.0f})")
    if missing_s > allowed_s:
        problems.append(f"{missing_s:.0f} s of film seen are missing (-{allowed_s:.0f})")
    if extra_s > allowed_more_s:
        problems.append(f"{extra_s:.0f} s of film were not seen (+{allowed_more_s:.0f})")
    verdict.problems += [f"{attendance}: {problem}" for problem in problems]
    polls = [max(0.0, off_s - disturbed_s) / margins.poll_s for off_s in (abs(playing_s), max(missing_s, extra_s))]
    if max(polls) > verdict.worst_polls:
        verdict.worst = (
            f"{attendance}: {row['playing_s']:.0f} of {attendance.playing_s:.0f} s played, {missing_s:.0f} s of film "
            f"missing, {extra_s:.0f} s too many, {disturbed_s:.0f} s in the dark, {attendance.jumps} jumps, "
            f"{len(boundaries)} changes, {row['end_reason']}"
        )
    verdict.playing_polls.append(polls[0])
    verdict.coverage_polls.append(polls[1])

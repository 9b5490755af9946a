"""Holds the records of a night against what really happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from config import Settings
from messages import WatchRecord
from tests.simulation.night import Night
from tests.simulation.script import SERVER, Stretch
from tracking import spans

LATE_S = 1.0
"""Frames and answers take their time."""


@dataclass
class Attendance:
    """Everything that one viewer really did with one item."""

    viewer: str
    title: str
    stretches: list[Stretch] = field(default_factory=list)
    guest: bool = False

    @property
    def playing_s(self) -> float:
        """How long the film ran for the viewer."""
        return sum(s.length_s for s in self.stretches if s.state == "playing")

    @property
    def paused_s(self) -> float:
        """How long it stood, paused."""
        return sum(s.length_s for s in self.stretches if s.state == "paused")

    @property
    def seen(self) -> tuple[tuple[int, int], ...]:
        """What of the film ran, in ms."""
        return spans.union(
            (round(s.position_s * 1000), round(s.really_s(s.end_s) * 1000))
            for s in self.stretches
            if s.state == "playing"
        )

    def boundaries(self) -> list[float]:
        """When anything changed."""
        return sorted({at_s for s in self.stretches for at_s in (s.begin_s, s.end_s)})


def attendances(night: Night) -> list[Attendance]:
    """The truth of a night, by viewer and item."""
    found: dict[tuple[str, str], Attendance] = {}

    def add(viewer: str, stretch: Stretch | None, guest: bool) -> None:
        if stretch is not None:
            key = (viewer, stretch.item.rating_key)
            found.setdefault(key, Attendance(viewer, stretch.item.title, guest=guest)).stretches.append(stretch)

    settings, script = night.settings, night.script
    for stretch in script.stretches:
        if stretch.account not in settings.excluded_plex_users:
            add(f"plex:{SERVER}:{stretch.account}", stretch, False)
        if stretch.account == settings.watch_party_plex_user:
            for member, visits in script.seats.items():
                for begin_s, end_s in visits:
                    add(member, stretch.clipped(begin_s, end_s), True)
    for attendance in found.values():
        attendance.stretches.sort(key=lambda stretch: stretch.begin_s)
    return list(found.values())


@dataclass(frozen=True)
class Leeway:
    """How far a record may be off, seconds: what no poll can tell, and what faults cost."""

    less_s: float
    more_s: float


def leeway(night: Night, attendance: Attendance) -> Leeway:
    """Each change costs a poll and a late report at most; a time in the dark costs nothing where nothing changed in it,
    else its length."""
    settings, survey = night.settings, night.survey
    edge_s = settings.plex_poll_seconds + max(s.report_s for s in attendance.stretches) + LATE_S
    boundaries = attendance.boundaries()
    off_s = edge_s * len(boundaries)
    dark = gaps(survey.polls, settings.plex_poll_seconds)
    if attendance.guest:
        dark = merged([*dark, *gaps(survey.voices, 10.0)])
    begin_s, end_s = boundaries[0], boundaries[-1]
    for a, b in dark:
        if b < begin_s - edge_s or a > end_s + edge_s:
            continue
        disturbed = any(a - edge_s <= at_s <= b + edge_s for at_s in boundaries)
        off_s += b - a + edge_s if disturbed else edge_s
    jumps = sum(1 for s, t in zip(attendance.stretches, attendance.stretches[1:], strict=False) if jumped(s, t))
    ghosts_s = sum(
        min(s.length_s, settings.ghost_after_seconds + edge_s) for s in attendance.stretches if s.state == "ghost"
    )
    handing_over_s = settings.end_grace_seconds * sum(1 for _ in changes(attendance)) if attendance.guest else 0.0
    return Leeway(off_s + handing_over_s, off_s + ghosts_s + jumps * settings.position_slack_seconds + handing_over_s)


def jumped(first: Stretch, then: Stretch) -> bool:
    """Whether the film was elsewhere afterwards."""
    return abs(first.really_s(first.end_s) - then.position_s) > 0.01


def changes(attendance: Attendance) -> Iterable[int]:
    """Sessions of an attendance after its first."""
    return {s.session for s in attendance.stretches}


def gaps(times: list[float], every_s: float) -> list[tuple[float, float]]:
    """Stretches of time in which nothing was told."""
    known = [-1e6, *sorted(times), 1e6]
    return [(a, b) for a, b in zip(known, known[1:], strict=False) if b - a > 1.5 * every_s + LATE_S]


def merged(stretches: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Overlapping ones as one."""
    joined: list[tuple[float, float]] = []
    for a, b in sorted(stretches):
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return joined


def surely_seen(night: Night, attendance: Attendance) -> bool:
    """Whether a poll that was not forgotten must have shown it."""
    survey = night.survey

    def shows(at_s: float) -> bool:
        return any(s.begin_s < at_s < s.end_s and s.state in ("playing", "paused") for s in attendance.stretches)

    if not attendance.guest:
        return any(shows(at_s) for at_s in survey.polls)
    every_s = night.settings.plex_poll_seconds
    edge_s = every_s + LATE_S
    grace_s = night.settings.end_grace_seconds + edge_s
    for poll_s in survey.polls:
        around = (poll_s - grace_s - edge_s, poll_s)
        there = all(shows(at_s) for at_s in (around[0], poll_s))
        steady = not any(around[0] <= at_s <= poll_s for at_s in attendance.boundaries())
        told = any(poll_s - edge_s < at_s <= poll_s for at_s in survey.voices)
        before = sum(1 for at_s in survey.polls if around[0] <= at_s < poll_s) >= 2
        if there and steady and told and before:
            return True
    return False


def most_records(night: Night, attendance: Attendance, more_s: float) -> int:
    """How many records there may be: one, and one for each time that a completed film was begun again."""
    settings = night.settings
    item = attendance.stretches[0].item
    film_s = (item.duration_ms or 0) / 1000
    beginning_s = max(settings.position_slack_seconds, 0.05 * film_s) + LATE_S
    needed_ms = film_s * 10 * settings.watched_percent - more_s * 1000
    before: list[Stretch] = []
    most = 1
    for stretch in attendance.stretches:
        if (
            before
            and stretch.position_s <= beginning_s
            and spans.coverage(Attendance("", "", before).seen) >= needed_ms
        ):
            most += 1
        before.append(stretch)
    return most


def check(night: Night, records: list[WatchRecord]) -> list[str]:
    """What is wrong with the records of a night."""
    by_key: dict[tuple[str, str], list[WatchRecord]] = {}
    for record in records:
        by_key.setdefault((record.viewer_id, record.item.rating_key), []).append(record)
    problems = [problem for record in records for problem in sound(record, night.settings)]
    for attendance in attendances(night):
        mine = by_key.pop((attendance.viewer, attendance.stretches[0].item.rating_key), [])
        name = f"{attendance.viewer} at {attendance.title}"
        problems += [f"{name}: {problem}" for problem in compare(night, attendance, mine)]
    problems += [f"{viewer} at {key}: a record of what never was" for viewer, key in by_key]
    return problems


def compare(night: Night, attendance: Attendance, records: list[WatchRecord]) -> list[str]:
    """What is wrong with the records of one attendance."""
    allowed = leeway(night, attendance)
    if not records:
        return ["no record"] if surely_seen(night, attendance) else []
    problems = []
    most = most_records(night, attendance, allowed.more_s)
    if len(records) > most:
        problems.append(f"{len(records)} records where {most} may be")
    told_s = sum(record.playing_s for record in records)
    true_s = attendance.playing_s
    if not true_s - allowed.less_s <= told_s <= true_s + allowed.more_s:
        problems.append(f"played {true_s:.1f} s (-{allowed.less_s:.0f} +{allowed.more_s:.0f}), recorded {told_s:.1f} s")
    told = spans.union(span for record in records for span in record.spans)
    true = attendance.seen
    missing_s = (spans.coverage(spans.union((*told, *true))) - spans.coverage(told)) / 1000
    extra_s = (spans.coverage(spans.union((*told, *true))) - spans.coverage(true)) / 1000
    if missing_s > allowed.less_s:
        problems.append(f"{missing_s:.1f} s of film seen are missing (-{allowed.less_s:.0f})")
    if extra_s > allowed.more_s:
        problems.append(f"{extra_s:.1f} s of film were not seen (+{allowed.more_s:.0f})")
    if len(records) == 1:
        least_s = night.settings.min_watch_seconds
        if records[0].brief and true_s - allowed.less_s >= least_s:
            problems.append(f"brief, though played for {true_s:.1f} s")
        if not records[0].brief and true_s + allowed.more_s < least_s:
            problems.append(f"not brief, though played for {true_s:.1f} s only")
    return problems


def sound(record: WatchRecord, settings: Settings) -> Iterable[str]:
    """What is wrong with a record in itself."""
    name = f"{record.viewer_id} at {record.item.title}"
    duration_ms = record.item.duration_ms or 0
    if record.coverage_ms != spans.coverage(record.spans) or record.spans != spans.union(record.spans):
        yield f"{name}: coverage {record.coverage_ms} is not that of {record.spans}"
    if any(not 0 <= a < b <= duration_ms for a, b in record.spans):
        yield f"{name}: spans {record.spans} beyond the film of {duration_ms} ms"
    if record.playing_s + record.paused_s > record.ended_at_s - record.started_at_s + 0.01:
        yield f"{name}: {record.playing_s:.1f} s played and {record.paused_s:.1f} s paused within less time"
    if record.brief != (record.playing_s < settings.min_watch_seconds):
        yield f"{name}: brief={record.brief} at {record.playing_s:.1f} s"

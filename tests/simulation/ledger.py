"""Holds the records of a night against what really happened."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from config import Settings
from messages import WatchRecord, spans
from tests.simulation.faults import LONGEST_AWAY_S, LONGEST_RESTART_S
from tests.simulation.neighbours import VOICE_EVERY_S
from tests.simulation.night import Night
from tests.simulation.script import SERVER, Stretch

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
    """What no poll can tell, and what faults cost.

    Each change costs a poll and a late report at most. A time in the dark costs its length where anything changed
    in it, else no more than a change. In a calm night it is what the specification promises, and no more: two polls
    for an actor that died alone, the time since the last save for all of them.
    """
    settings = night.settings
    edge_s = settings.plex_poll_seconds + max(s.report_s for s in attendance.stretches) + LATE_S
    boundaries = attendance.boundaries()
    changes_s = edge_s * (len(boundaries) + 1)
    if attendance.guest:  # a party stays with its film for the grace, before it follows its host to another player
        changes_s += settings.end_grace_seconds * moves(attendance)
    dark_s = sum(dark_costs(night, attendance, edge_s))
    if night.calm:
        dark_s = min(dark_s, sum(promised_s(night, fault.name) for fault in night.faults))
    jumps = sum(1 for s, t in itertools.pairwise(attendance.stretches) if jumped(s, t))
    ghosts = [s.length_s for s in attendance.stretches if s.state == "ghost"]
    ghosts_s = sum(min(length_s, settings.ghost_after_seconds + edge_s) for length_s in ghosts)
    off_s = changes_s + dark_s
    return Leeway(off_s, off_s + ghosts_s + jumps * settings.position_slack_seconds)


def moves(attendance: Attendance) -> int:
    """How often the host may have come from another player."""
    sessions = {s.session for s in attendance.stretches}
    machines = {s.machine for s in attendance.stretches}
    return len(sessions) if len(machines) > 1 or machines != {f"{attendance.stretches[0].account}-tv"} else 0


def dark_costs(night: Night, attendance: Attendance, edge_s: float) -> Iterable[float]:
    """What each time in the dark costs, seconds."""
    survey, boundaries = night.survey, attendance.boundaries()
    dark = gaps(survey.polls, night.settings.plex_poll_seconds)
    if attendance.guest:
        dark = merged([*dark, *gaps(survey.voices, VOICE_EVERY_S)])
    for a, b in dark:
        if a - edge_s <= boundaries[-1] and b + edge_s >= boundaries[0]:
            disturbed = any(a - edge_s <= at_s <= b + edge_s for at_s in boundaries)
            yield (b - a if disturbed else 0.0) + edge_s


def promised_s(night: Night, fault: str) -> float:
    """What a kill may cost by the specification, and the time until the actor is back."""
    settings = night.settings
    if fault.startswith("restart"):
        return LONGEST_AWAY_S + 2 * settings.plex_poll_seconds
    if fault.startswith("kill all"):
        return settings.auto_save_interval_minutes * 60 + LONGEST_AWAY_S + 2 * settings.plex_poll_seconds
    return 2 * settings.plex_poll_seconds + LONGEST_RESTART_S


def jumped(first: Stretch, then: Stretch) -> bool:
    """Whether the film was elsewhere afterwards."""
    return abs(first.really_s(first.end_s) - then.position_s) > 0.01


def gaps(times: list[float], every_s: float) -> list[tuple[float, float]]:
    """Stretches of time in which nothing was told."""
    known = [-1e6, *sorted(times), 1e6]
    return [(a, b) for a, b in itertools.pairwise(known) if b - a > 1.5 * every_s + LATE_S]


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
        if night.shy is not None and attendance.viewer == night.shy.viewer:
            continue  # whose records are held against their promise
        name = f"{attendance.viewer} at {attendance.title}"
        problems += [f"{name}: {problem}" for problem in compare(night, attendance, mine)]
    for (viewer, key), mine in by_key.items():
        if not (sum(record.playing_s for record in mine) < LATE_S + just_ended_s(night, viewer, key)):
            problems.append(f"{viewer} at {key}: a record of what never was")
    return problems


def just_ended_s(night: Night, viewer: str, rating_key: str) -> float:
    """How long, at most, a member sat in the channel while a film that had ended was not known to have, seconds."""
    longest_s = 0.0
    for stretch in night.script.stretches:
        if stretch.account == night.settings.watch_party_plex_user and stretch.item.rating_key == rating_key:
            known_s = min((at_s for at_s in night.survey.polls if at_s > stretch.end_s), default=1e6)
            for begin_s, end_s in night.script.seats.get(viewer, ()):
                longest_s = max(longest_s, min(known_s, end_s) - max(stretch.begin_s, begin_s))
    return longest_s


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
    dark_s = sum(b - a for a, b in gaps(night.survey.polls, night.settings.plex_poll_seconds) if a >= 0 and b < 1e6)
    stood_s, paused_s = sum(record.paused_s for record in records), attendance.paused_s
    if not paused_s - allowed.less_s - dark_s <= stood_s <= paused_s + allowed.more_s:
        problems.append(
            f"paused {paused_s:.1f} s (-{allowed.less_s:.0f} +{allowed.more_s:.0f}), recorded {stood_s:.1f} s"
        )
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

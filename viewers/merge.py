"""Decides which watches of one viewer and film, under several ids, are one watch, and merges them.

The host of a watch party is seen as the account of the Plex session and as a member of the voice channel; others also
play the film at home while they are in the channel, or see one half at home and the other half in the channel. The
tracker applies these rules to running watches, the store to records.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from messages import Attendee, Sittings, Spans, WatchRecord, sittings, spans
from messages.base import DurationMs
from messages.ids import is_session_account
from viewers.resuming import FilmShown, ResumeRules, can_resume

Watch = TypeVar("Watch")


class Extent(NamedTuple):
    """The time of a watch."""

    began_s: float
    """Seconds since 1970, UTC."""
    ended_s: float
    """Seconds since 1970, UTC."""
    key: str = ""
    """Sorts watches that ran at the same time."""


class Figures(NamedTuple):
    """The figures of a watch."""

    playing_s: float
    began_s: float
    ended_s: float
    spans: Spans
    coverage_ms: int
    completion_percent: float | None
    sittings: Sittings


class MergeRules(ResumeRules, Protocol):
    """The settings that decide which watches are one."""

    @property
    def watched_percent(self) -> float:
        """Percentage of the film from which a watch is completed, 0 to 100."""


class Thresholds(NamedTuple):
    """The settings that decide whether a watch counts, and whether it is continued, as the store has them."""

    watched_percent: float
    """WATCHED_PERCENT: percentage of the film from which it is completed, 0 to 100."""
    min_watch_s: float
    """MIN_WATCH_SECONDS: with less playing time it is brief."""
    resume_window_s: float = 24 * 3600.0
    """RESUME_WINDOW_HOURS, in seconds."""
    slack_s: float = 20.0
    """POSITION_SLACK_SECONDS."""

    @property
    def slack_ms(self) -> int:
        """Largest error of a reported position, ms of film."""
        return round(self.slack_s * 1000)


class Attendance(NamedTuple):
    """The facts of a watch that decide with which others it is one."""

    extent: Extent
    identity: str
    """The id under which it was seen."""
    joined_ms: int | None
    """The position of the film when the watch began, ms; None if not known."""
    shown: FilmShown


def group_overlapping(watches: Iterable[Watch], extent_of: Callable[[Watch], Extent]) -> list[list[Watch]]:
    """Return watches in groups, in which each overlaps in time with another one."""
    groups: list[list[Watch]] = []
    until_s = 0.0
    for watch in sorted(watches, key=extent_of):
        extent = extent_of(watch)
        if groups and extent.began_s < until_s:
            groups[-1].append(watch)
            until_s = max(until_s, extent.ended_s)
        else:
            groups.append([watch])
            until_s = extent.ended_s
    return groups


class _Group(msgspec.Struct, Generic[Watch]):
    """Watches that are one so far, if they were seen under several ids."""

    watches: list[Watch]
    identities: set[str]
    until_s: float
    """When the last of them ended, seconds since 1970, UTC."""
    shown: FilmShown


def group_same_watch(
    watches: Iterable[Watch], attendance_of: Callable[[Watch], Attendance], rules: MergeRules
) -> list[list[Watch]]:
    """Return a viewer's watches of one film in groups that are one watch each.

    Watches under several ids are one if they overlap in time, or if one would resume the others under the same id
    (`can_resume`). Two players of one account are two watches.
    """
    groups: list[_Group[Watch]] = []
    ordered = sorted(((attendance_of(watch), watch) for watch in watches), key=lambda pair: pair[0].extent)
    for attendance, watch in ordered:
        extent, identity, _, shown = attendance
        group = groups[-1] if groups else None
        if group is not None and (extent.began_s < group.until_s or _continues(group, attendance, rules)):
            group.watches.append(watch)
            group.identities.add(identity)
            group.until_s = max(group.until_s, extent.ended_s)
            group.shown = group.shown.add(shown, rules.watched_percent)
        else:
            groups.append(_Group([watch], {identity}, extent.ended_s, shown))
    return [
        one
        for group in groups
        for one in ([group.watches] if len(group.identities) > 1 else [[watch] for watch in group.watches])
    ]


def _continues(group: _Group[Watch], then: Attendance, rules: MergeRules) -> bool:
    """Tell whether a watch continues earlier ones; under a single id, the tracker has already decided that."""
    if group.identities == {then.identity}:
        return False
    return can_resume(group.shown, then.extent.began_s - group.until_s, then.joined_ms, rules)


def merge_figures(figures: Iterable[Figures], duration_ms: int | None) -> Figures:
    """Return the merged figures of watches: what was seen in any of them, with no moment counted twice.

    The playing time is that of all their sittings, never more than the wall clock. If one of them has no sittings (an
    older version recorded it), see `_playing_without_sittings`; then the result has none either.
    """
    longest_first = sorted(figures, key=lambda watch: (-watch.playing_s, *watch[1:4]))
    together: Sittings = ()
    if all(watch.sittings or not watch.playing_s for watch in longest_first):
        together = sittings.merge(watch.sittings for watch in longest_first)
        playing_s = sittings.playing_s(together)
    else:
        playing_s = _playing_without_sittings(longest_first)
    seen = spans.union(stretch for watch in longest_first for stretch in watch.spans)
    coverage_ms = max(spans.coverage(seen), *(watch.coverage_ms for watch in longest_first))
    shares = [watch.completion_percent for watch in longest_first if watch.completion_percent is not None]
    if shares and duration_ms and duration_ms > 0:
        shares.append(min(100.0, coverage_ms / duration_ms * 100))
    return Figures(
        playing_s,
        min(watch.began_s for watch in longest_first),
        max(watch.ended_s for watch in longest_first),
        seen,
        coverage_ms,
        max(shares, default=None),
        together,
    )


def _playing_without_sittings(longest_first: Iterable[Figures]) -> float:
    """Return the playing time of watches whose times of play are not known.

    The longest one counts fully, the others in proportion to their time outside it: if one lasted an hour and was
    played for half of it, ten minutes outside the time of the others count as five.
    """
    covered: Spans = ()
    playing_s = 0.0
    for watch in longest_first:
        began_ms, ended_ms = round(watch.began_s * 1000), round(watch.ended_s * 1000)
        with_it = spans.union((*covered, (began_ms, ended_ms)))
        outside_ms = spans.coverage(with_it) - spans.coverage(covered)
        playing_s += watch.playing_s * (outside_ms / (ended_ms - began_ms) if covered and ended_ms > began_ms else 1.0)
        covered = with_it
    return playing_s


def record_extent(record: WatchRecord) -> Extent:
    """Return the time of a finished watch."""
    return Extent(record.started_at_s, record.ended_at_s, record.watch_id)


def record_attendance(record: WatchRecord, identity: str) -> Attendance:
    """Return the facts by which a finished watch is one with others. `identity`: the id under which it was seen."""
    return Attendance(record_extent(record), identity, record.join_position_ms, FilmShown.of(record))


def merge_records(records: Sequence[WatchRecord], thresholds: Thresholds) -> WatchRecord:
    """Merge records that are one watch: return the longest one, with the combined figures.

    If its item has no length, it gets that of another one: of the same film, on another server or listed later.
    """
    if len(records) == 1:
        return records[0]
    ordered = sorted(records, key=lambda each: (-each.playing_s, each.started_at_s, each.watch_id))
    longest = ordered[0]
    duration_ms = next((each.item.duration_ms for each in ordered if each.item.duration_ms), None)
    if duration_ms != longest.item.duration_ms:
        longest = replace(longest, item=replace(longest.item, duration_ms=duration_ms))
    figures = merge_figures(map(_record_figures, ordered), duration_ms)
    percent = figures.completion_percent
    first = min(ordered, key=lambda each: (each.started_at_s, each.watch_id))
    last = max(ordered, key=lambda each: (each.ended_at_s, each.watch_id))
    members = [each for each in ordered if not is_session_account(each.source)]
    is_completed = percent is not None and percent >= thresholds.watched_percent
    return replace(
        longest,
        source=next((each.source for each in members), longest.source),
        started_at_s=figures.began_s,
        ended_at_s=figures.ended_s,
        join_position_ms=first.join_position_ms,
        leave_position_ms=last.leave_position_ms,
        playing_s=figures.playing_s,
        spans=figures.spans,
        sittings=figures.sittings,
        coverage_ms=DurationMs(figures.coverage_ms),
        completion_percent=percent,
        completed=any(each.completed for each in ordered) or is_completed,
        brief=figures.playing_s < thresholds.min_watch_s,
        end_reason=last.end_reason,
        party=any(each.party for each in ordered),
        first_seat=any(each.first_seat for each in members),
    )


def attendee_extent(attendee: Attendee, now_s: float) -> Extent:
    """Return the time of somebody at a screening; until `now_s` (seconds since 1970, UTC) if they are still there."""
    return Extent(attendee.joined_at_s, now_s if attendee.left_at_s is None else attendee.left_at_s)


def attendee_attendance(attendee: Attendee, now_s: float, duration_ms: int | None, rules: MergeRules) -> Attendance:
    """Return the facts by which an attendee is one with others. `now_s`: as above; `duration_ms`: of the film."""
    completed = (attendee.completion_percent or 0.0) >= rules.watched_percent
    shown = FilmShown(attendee.spans, duration_ms, completed)
    return Attendance(attendee_extent(attendee, now_s), attendee.viewer_id, attendee.join_position_ms, shown)


def merge_attendees(
    attendees: Iterable[Attendee], now_s: float, duration_ms: int | None, min_watch_s: float = 0.0
) -> Attendee:
    """Merge the attendees of a viewer who was seen under several ids at overlapping times.

    Return the one with the longest playing time, with the combined figures. `now_s`: the end time of those who are
    still there, seconds since 1970, UTC.
    """
    longest_first = sorted(attendees, key=lambda each: (-each.playing_s, each.joined_at_s, each.viewer_id))
    if len(longest_first) == 1:
        return longest_first[0]
    figures = merge_figures((_attendee_figures(each, now_s) for each in longest_first), duration_ms)
    is_present = any(each.present for each in longest_first)
    return replace(
        longest_first[0],
        joined_at_s=figures.began_s,
        join_position_ms=min(longest_first, key=lambda each: each.joined_at_s).join_position_ms,
        playing_s=figures.playing_s,
        coverage_ms=DurationMs(figures.coverage_ms),
        completion_percent=figures.completion_percent,
        present=is_present,
        left_at_s=None if is_present else figures.ended_s,
        brief=not is_present and figures.playing_s < min_watch_s,
        spans=figures.spans,
        sittings=figures.sittings,
    )


def _record_figures(record: WatchRecord) -> Figures:
    return Figures(
        record.playing_s,
        record.started_at_s,
        record.ended_at_s,
        record.spans,
        record.coverage_ms,
        record.completion_percent,
        record.sittings,
    )


def _attendee_figures(attendee: Attendee, now_s: float) -> Figures:
    extent = attendee_extent(attendee, now_s)
    return Figures(
        attendee.playing_s,
        extent.began_s,
        extent.ended_s,
        attendee.spans,
        attendee.coverage_ms,
        attendee.completion_percent,
        attendee.sittings,
    )

"""One viewer, one film, one time, seen under two ids: which records are one watch, and what that is.

The host of a watch party is seen as the account of the Plex session and as a member of the voice channel; others play
the film along at home while they sit there. Pure: the records come in, what they are together comes out.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from messages import WatchRecord, spans
from messages.base import DurationMs
from messages.ids import is_session_account


def group_overlapping(records: Iterable[WatchRecord]) -> list[list[WatchRecord]]:
    """Return the records in groups of those that overlap in time, each with some other of its group."""
    groups: list[list[WatchRecord]] = []
    until_s = 0.0
    for record in sorted(records, key=lambda each: (each.started_at_s, each.ended_at_s, each.watch_id)):
        if groups and record.started_at_s < until_s:
            groups[-1].append(record)
            until_s = max(until_s, record.ended_at_s)
        else:
            groups.append([record])
            until_s = record.ended_at_s
    return groups


def merge_records(records: Sequence[WatchRecord], watched_percent: float) -> WatchRecord:
    """Return what records of one viewer and one film that overlap in time are together.

    The longest one stays, with what was seen in any of them; of the playing time of the others only that part counts
    in which it was not there. `watched_percent`: from this share of the film on it is completed, 0 to 100.
    """
    if len(records) == 1:
        return records[0]
    ordered = sorted(records, key=lambda each: (-each.playing_s, each.started_at_s, each.watch_id))
    longest = ordered[0]
    first = min(ordered, key=lambda each: (each.started_at_s, each.watch_id))
    last = max(ordered, key=lambda each: (each.ended_at_s, each.watch_id))
    seen = spans.union(stretch for each in ordered for stretch in each.spans)
    covered = max(spans.coverage(seen), *(int(each.coverage_ms) for each in ordered))
    percent = _percent(ordered, covered)
    return replace(
        longest,
        source=next((each.source for each in ordered if not is_session_account(each.source)), longest.source),
        started_at_s=first.started_at_s,
        ended_at_s=last.ended_at_s,
        join_position_ms=first.join_position_ms,
        leave_position_ms=last.leave_position_ms,
        playing_s=playing_s(ordered),
        spans=seen,
        coverage_ms=DurationMs(covered),
        completion_percent=percent,
        completed=any(each.completed for each in ordered) or (percent is not None and percent >= watched_percent),
        brief=all(each.brief for each in ordered),
        end_reason=last.end_reason,
        party=any(each.party for each in ordered),
        first_seat=any(each.first_seat for each in ordered if not is_session_account(each.source)),
    )


def playing_s(longest_first: Iterable[WatchRecord]) -> float:
    """Return the playing time of all together, no moment of it twice; seconds.

    Where within its time a watch was playing is not known: of one that was there for an hour and played for half of
    it, ten minutes outside the time of the others count for five.
    """
    there: tuple[tuple[int, int], ...] = ()
    total_s = 0.0
    for record in longest_first:
        began_ms, ended_ms = round(record.started_at_s * 1000), round(record.ended_at_s * 1000)
        with_it = spans.union((*there, (began_ms, ended_ms)))
        outside_ms = spans.coverage(with_it) - spans.coverage(there)
        share = outside_ms / (ended_ms - began_ms) if there and ended_ms > began_ms else 1.0
        total_s += record.playing_s * share
        there = with_it
    return total_s


def _percent(records: Sequence[WatchRecord], covered_ms: int) -> float | None:
    shares = [record.completion_percent for record in records if record.completion_percent is not None]
    duration_ms = records[0].item.duration_ms
    if shares and duration_ms and duration_ms > 0:
        shares.append(min(100.0, covered_ms / duration_ms * 100))
    return max(shares, default=None)

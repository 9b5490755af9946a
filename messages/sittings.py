"""Sittings: the periods of wall-clock time in which a watch was played, and how long the film ran in each."""

from collections.abc import Iterable
from itertools import pairwise

from msgspec.structs import replace

from messages.watches import Sitting, Sittings

JOIN_GAP_S = 30.0
"""Play that continues within this many seconds belongs to the same sitting; its playing time stays exact."""
MAX_SITTINGS = 64
"""Maximum number of sittings; beyond it, the two with the shortest gap between them are joined."""


def add(sittings: Sittings, start_s: float, end_s: float, playing_s: float) -> Sittings:
    """Return `sittings` with `playing_s` seconds of play between two instants added at the end.

    If that begins before the last sitting ends (the wall clock was set back), it is moved to follow it directly.
    """
    if playing_s <= 0:
        return sittings
    if end_s < start_s + playing_s:
        end_s = start_s + playing_s
    if not sittings:
        return (Sitting(start_s, end_s, playing_s),)
    last = sittings[-1]
    last_end_s = last.end_s
    if start_s < last_end_s:
        start_s, end_s = last_end_s, last_end_s + (end_s - start_s)
    if start_s - last_end_s <= JOIN_GAP_S:
        joined = Sitting(last.start_s, end_s, last.playing_s + playing_s)
        return (joined,) if len(sittings) == 1 else (*sittings[:-1], joined)
    return _limit([*sittings, Sitting(start_s, end_s, playing_s)])


def merge(watches: Iterable[Sittings]) -> Sittings:
    """Return the sittings of several watches of one film by one viewer as those of one watch.

    No second counts twice: where sittings overlap, the one with the greater share of playing time counts.
    """
    parts = sorted(sitting for sittings in watches for sitting in map(_as_tuple, sittings))
    joined: list[Sitting] = []
    group: list[tuple[float, float, float]] = []
    until_s = 0.0
    for part in parts:
        if group and part[0] > until_s + JOIN_GAP_S:
            joined.append(_merge_group(group))
            group = []
        until_s = max(until_s, part[1]) if group else part[1]
        group.append(part)
    if group:
        joined.append(_merge_group(group))
    return _limit(joined)


def include(sittings: Sittings, start_s: float, end_s: float, played_s: float) -> Sittings:
    """Return `sittings` with play added as far as they do not contain it yet, even if one of them covers its time."""
    merged = merge((sittings, add((), start_s, end_s, played_s)))
    missing_s = played_s - (playing_s(merged) - playing_s(sittings))
    if missing_s <= 0:
        return merged
    return tuple(
        replace(each, playing_s=min(each.end_s - each.start_s, each.playing_s + missing_s))
        if each.start_s <= start_s < each.end_s
        else each
        for each in merged
    )


def playing_s(sittings: Sittings) -> float:
    """Return the playing time of all sittings together, seconds."""
    return sum(sitting.playing_s for sitting in sittings)


def _as_tuple(sitting: Sitting) -> tuple[float, float, float]:
    return sitting.start_s, sitting.end_s, sitting.playing_s


def _merge_group(group: list[tuple[float, float, float]]) -> Sitting:
    """Return overlapping sittings as one; the play of each is assumed to be spread evenly over its length."""
    if len(group) == 1:
        return Sitting(*group[0])
    bounds = sorted({instant for start_s, end_s, _ in group for instant in (start_s, end_s)})
    total_s = 0.0
    for from_s, to_s in pairwise(bounds):
        shares = [
            played_s / (end_s - start_s)
            for start_s, end_s, played_s in group
            if start_s <= from_s and to_s <= end_s and end_s > start_s
        ]
        total_s += min(1.0, max(shares, default=0.0)) * (to_s - from_s)
    return Sitting(bounds[0], bounds[-1], total_s)


def _limit(sittings: list[Sitting]) -> Sittings:
    while len(sittings) > MAX_SITTINGS:
        gaps = [after.start_s - before.end_s for before, after in pairwise(sittings)]
        at = gaps.index(min(gaps))
        before, after = sittings[at], sittings[at + 1]
        sittings[at : at + 2] = [Sitting(before.start_s, after.end_s, before.playing_s + after.playing_s)]
    return tuple(sittings)

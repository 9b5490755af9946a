"""How a film was watched: how often each of its minutes was seen, and where viewers stopped."""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from messages.spans import union
from messages.watches import Spans

MINUTE_MS = 60_000
MOST_MINUTES = 12 * 60
"""Only the first twelve hours of a longer recording are shown."""


class Attention(NamedTuple):
    """Numbers for each minute of a film."""

    viewers: tuple[int, ...]
    """How many viewers saw it."""
    again: tuple[int, ...]
    """How many of them saw it in more than one watch."""
    stops: tuple[int, ...]
    """How many watches ended in it."""


def measure_attention(watches_of_viewers: Iterable[Sequence[Spans]], length_ms: int) -> Attention:
    """Return how often each minute of a film was seen, from the spans of each viewer's watches.

    A minute counts as seen if half of it was.
    """
    count = min(MOST_MINUTES, -(-length_ms // MINUTE_MS))
    viewers, again, stops = _MinuteCounts(count), _MinuteCounts(count), [0] * count
    for watches in watches_of_viewers:
        once = twice = 0
        for spans in watches:
            minutes = find_minutes(spans, count)
            twice |= once & minutes
            once |= minutes
            if spans and (end := (spans[-1][1] - 1) // MINUTE_MS) < count:
                stops[end] += 1
        viewers.add(once)
        again.add(twice)
    return Attention(viewers.sum(), again.sum(), tuple(stops))


class _MinuteCounts:
    """Counts how often each minute occurs in sets of minutes, given as bits of integers: there may be thousands."""

    def __init__(self, count: int) -> None:
        self._changes = [0] * (count + 1)
        """By how much each minute's count differs from that of the minute before."""

    def add(self, minutes: int) -> None:
        """Add a set of minutes."""
        edges = minutes ^ (minutes << 1)
        while edges:
            lowest = edges & -edges
            edges ^= lowest
            self._changes[lowest.bit_length() - 1] += 1 if minutes & lowest else -1

    def sum(self) -> tuple[int, ...]:
        """Return the count of each minute."""
        return tuple(itertools.accumulate(self._changes[:-1]))


def find_minutes(spans: Spans, count: int) -> int:
    """Return which of `count` minutes these spans cover to at least half, as bits: the first is the lowest."""
    found = 0
    partly: dict[int, int] = {}
    for start, end in spans:
        first, last = -(-start // MINUTE_MS), end // MINUTE_MS
        if (until := min(last, count)) > first:
            found |= (1 << until) - (1 << first)
        for minute in {start // MINUTE_MS, last}:
            if minute < first or minute >= last:
                inside = min(end, (minute + 1) * MINUTE_MS) - max(start, minute * MINUTE_MS)
                partly[minute] = partly.get(minute, 0) + max(0, inside)
    for minute, ms in partly.items():
        if 2 * ms >= MINUTE_MS and minute < count:
            found |= 1 << minute
    return found


def join_watches(watches: Iterable[Spans]) -> Spans:
    """Return the union of the spans of several watches."""
    return union(stretch for spans in watches for stretch in spans)

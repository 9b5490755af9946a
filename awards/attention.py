"""How a film was watched: how often each of its minutes was seen, and where people stopped."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from messages.spans import union
from messages.watches import Spans

MINUTE_MS = 60_000
MOST_MINUTES = 12 * 60
"""A longer recording is told of in its first twelve hours."""


class Attention(NamedTuple):
    """For each minute of a film."""

    viewers: tuple[int, ...]
    """How many viewers saw it."""
    again: tuple[int, ...]
    """How many of them saw it in more than one watch."""
    stops: tuple[int, ...]
    """How many watches ended in it."""


def measure_attention(watches_of_viewers: Iterable[Sequence[Spans]], length_ms: int) -> Attention:
    """Return how often each minute of a film was seen, from the spans of each viewer's watches.

    A minute was seen where half of it was.
    """
    count = min(MOST_MINUTES, -(-length_ms // MINUTE_MS))
    viewers, again, stops = [0] * count, [0] * count, [0] * count
    for watches in watches_of_viewers:
        once: set[int] = set()
        twice: set[int] = set()
        for spans in watches:
            minutes = find_minutes(spans, count)
            twice |= once & minutes
            once |= minutes
            if spans and (end := (spans[-1][1] - 1) // MINUTE_MS) < count:
                stops[end] += 1
        for minute in once:
            viewers[minute] += 1
        for minute in twice:
            again[minute] += 1
    return Attention(tuple(viewers), tuple(again), tuple(stops))


def find_minutes(spans: Spans, count: int) -> set[int]:
    """Return the minutes, of so many, of which these spans have half or more."""
    found: set[int] = set()
    partly: dict[int, int] = {}
    for start, end in spans:
        first, last = -(-start // MINUTE_MS), end // MINUTE_MS
        found.update(range(first, min(last, count)))
        for minute in {start // MINUTE_MS, end // MINUTE_MS}:
            if minute < first or minute >= last:
                inside = min(end, (minute + 1) * MINUTE_MS) - max(start, minute * MINUTE_MS)
                partly[minute] = partly.get(minute, 0) + max(0, inside)
    found.update(minute for minute, ms in partly.items() if 2 * ms >= MINUTE_MS and minute < count)
    return found


def join_watches(watches: Iterable[Spans]) -> Spans:
    """Return what several watches saw together."""
    return union(stretch for spans in watches for stretch in spans)

"""Spans: the parts of a film that were seen, as ascending half-open intervals in ms that do not touch."""

from collections.abc import Iterable

from messages.watches import Spans


def add(spans: Spans, start_ms: int, end_ms: int) -> Spans:
    """Return `spans` with [start_ms, end_ms) added; an empty or backward interval adds nothing."""
    if end_ms <= start_ms:
        return spans
    if not spans:
        return ((start_ms, end_ms),)
    last_start, last_end = spans[-1]
    # Fast path: nearly every step continues the last span, for every session at each poll.
    if start_ms > last_end:
        return (*spans, (start_ms, end_ms))
    if start_ms >= last_start:
        if end_ms <= last_end:
            return spans
        return ((last_start, end_ms),) if len(spans) == 1 else (*spans[:-1], (last_start, end_ms))
    return union((*spans, (start_ms, end_ms)))


def union(stretches: Iterable[tuple[int, int]]) -> Spans:
    """Return intervals, which may overlap and be in any order, as spans."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretch for stretch in stretches if stretch[1] > stretch[0]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def subtract(spans: Spans, less: Spans) -> Spans:
    """Return the parts of `spans` that are not in `less`."""
    left: list[tuple[int, int]] = []
    for start, end in spans:
        for less_start, less_end in less:
            if less_end > start and less_start < end:
                if less_start > start:
                    left.append((start, less_start))
                start = max(start, less_end)
        if start < end:
            left.append((start, end))
    return tuple(left)


def coverage(spans: Spans) -> int:
    """Return the length of all spans together, in ms."""
    return sum(end - start for start, end in spans)

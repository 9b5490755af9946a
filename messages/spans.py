"""Stretches of a film: what was seen, as ascending half-open spans in ms that do not touch."""

from collections.abc import Iterable

from messages.watches import Spans


def add(spans: Spans, start_ms: int, end_ms: int) -> Spans:
    """Return `spans` with [start_ms, end_ms) joined in; an empty or backward stretch adds nothing."""
    if end_ms <= start_ms:
        return spans
    if not spans:
        return ((start_ms, end_ms),)
    last_start, last_end = spans[-1]
    # Nearly every step goes on where the last one ended: the general way would cost every session each poll.
    if start_ms > last_end:
        return (*spans, (start_ms, end_ms))
    if start_ms >= last_start:
        if end_ms <= last_end:
            return spans
        return ((last_start, end_ms),) if len(spans) == 1 else (*spans[:-1], (last_start, end_ms))
    return union((*spans, (start_ms, end_ms)))


def union(stretches: Iterable[tuple[int, int]]) -> Spans:
    """Return any stretches, in any order and overlapping, as proper spans."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretch for stretch in stretches if stretch[1] > stretch[0]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def coverage(spans: Spans) -> int:
    """Return the length of all spans together, in ms."""
    return sum(end - start for start, end in spans)

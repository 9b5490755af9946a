"""Positions in a chart, without texts or colours: shared by the web page and the pictures."""

import datetime
import zlib
from collections.abc import Iterable, Iterator, Sequence

TICKS_MS = tuple(minutes * 60_000 for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240))
MOST_TICKS = 7
STEP_HEIGHT = 94.0
"""Height of the maximum attendance, of 100."""
END_MS = 60_000
"""A viewer who saw a film up to so many ms before its end counts as having seen the end: reports come late."""
COLOURS = 8
"""Number of colours for faces."""

Stretches = Sequence[tuple[int, int]]
"""Half-open intervals of a film in ms, ascending."""


def to_percent(part_ms: int, length_ms: int) -> float:
    """Return a position as a percentage of a film's length, 0 to 100."""
    return round(max(0.0, min(100.0, 100 * part_ms / length_ms)), 3)


def place_bars(spans: Stretches, length_ms: int) -> tuple[tuple[float, float], ...]:
    """Return intervals of a film as start and width, in percent of its length; parts past its end are left out."""
    return tuple(
        (to_percent(start, length_ms), to_percent(min(end, length_ms) - start, length_ms))
        for start, end in spans
        if start < length_ms
    )


def count_viewers(spans_of_all: Iterable[Stretches], length_ms: int) -> list[tuple[int, int]]:
    """Return the number of viewers from each position on, in ms: one entry for each change."""
    changes: dict[int, int] = {}
    for spans in spans_of_all:
        for start, end in spans:
            if start < length_ms:
                changes[start] = changes.get(start, 0) + 1
                changes[min(end, length_ms)] = changes.get(min(end, length_ms), 0) - 1
    steps: list[tuple[int, int]] = []
    number = 0
    for at in sorted(changes):
        if changes[at]:
            number += changes[at]
            steps.append((at, number))
    return steps


def trace_steps(
    steps: Sequence[tuple[int, int]], length_ms: int, position_ms: int | None, most: int
) -> list[tuple[float, float]]:
    """Return the corner points of the attendance up to the film's position, within 1000 x 100.

    `position_ms`: None for a film that is over. `most`: the maximum number of simultaneous viewers.
    """
    if not most:
        return []
    end_ms = length_ms if position_ms is None else position_ms
    points: list[tuple[float, float]] = [(0.0, 100.0)] if steps[0][0] > 0 else []
    height = 100.0
    for at, number in steps:
        if at >= end_ms or (position_ms is None and not number and end_ms - at < END_MS):
            break  # nobody left at this point: the film is over, or continues
        x = 1000 * at / length_ms
        if points:
            points.append((x, height))
        height = 100 - STEP_HEIGHT * number / most
        points.append((x, height))
    points.append((1000 * max(end_ms, 0) / length_ms, height))
    return points


def write_path(points: Sequence[tuple[float, float]], bottom: float = 100) -> tuple[str, str]:
    """Return the line through some points and the area below it, as SVG paths; empty if there are no points."""
    if not points:
        return "", ""
    line = " L ".join(f"{x:.2f} {y:.1f}" for x, y in points)
    return f"M {line}", f"M {points[0][0]:.2f} {bottom:g} L {line} L {points[-1][0]:.2f} {bottom:g} Z"


def place_ticks(length_ms: int) -> tuple[int, ...]:
    """Return the tick marks of a film's axis, in ms: the beginning, round minutes, and the end."""
    step_ms = next((step for step in TICKS_MS if length_ms / step < MOST_TICKS), TICKS_MS[-1])
    inner = (at for at in range(step_ms, length_ms, step_ms) if length_ms - at >= step_ms * 0.45)
    return 0, *inner, length_ms


def choose_colours(keys: Iterable[str]) -> tuple[int, ...]:
    """Return a colour for each key, 0 to `COLOURS` - 1: its own, or the next one that the previous keys do not use."""
    colours: list[int] = []
    for key in keys:
        own = zlib.crc32(key.encode("utf-8", "replace")) % COLOURS
        used = set(colours[-(COLOURS - 1) :])
        colours.append(next(one for one in (*range(own, COLOURS), *range(own)) if one not in used))
    return tuple(colours)


def place_days(first: datetime.date, last: datetime.date) -> Iterator[tuple[datetime.date, int, int]]:
    """Yield each day with its column (week, from Monday) and row (weekday) in a calendar of squares."""
    lead = first.weekday()
    for number in range((last - first).days + 1):
        yield first + datetime.timedelta(days=number), (number + lead) // 7, (number + lead) % 7


def find_quarters(values: Iterable[float]) -> tuple[float, ...]:
    """Return the lower bound of each quarter of the values above zero, the lowest first; empty if there are none."""
    ranked = sorted(value for value in values if value > 0)
    return tuple(ranked[len(ranked) * quarter // 4] for quarter in range(4)) if ranked else ()


def find_level(value: float, quarters: Sequence[float]) -> int:
    """Return the quarter of a value, 1 to 4; 0 for a value of zero."""
    return sum(value >= bound for bound in quarters) if value > 0 else 0


def find_year_before(last: datetime.date) -> datetime.date:
    """Return the first day of the year that ends on this day; with a 29 February in it, that is 366 days."""
    a_year_ago = last.replace(year=last.year - 1, day=28 if (last.month, last.day) == (2, 29) else last.day)
    return a_year_ago + datetime.timedelta(days=1)

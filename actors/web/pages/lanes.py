"""The lanes of a film: one for each seat, with the stretches of the film that this viewer saw."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from messages import SOMEBODY, Attendee, Screening
from messages.watches import Spans
from wording.durations import format_film_minute
from wording.numbers import format_count, format_percent
from wording.text import clean_line
from wording.translation import _

FROM_START_MS = 60_000
"""Who came in before this position saw it from the start."""
AWAY_MS = 60_000
"""A shorter stretch that was not seen is a step, a late report or a moment at the door."""
REPORT_MS = 90_000
"""Who watches now has seen the film up to the last report: that is at most this far behind where the film is."""
LOW_PERCENT = 50.0
COLOURS = 8
NAME_LENGTH = 60
STEP_HEIGHT = 94.0
"""Height of the whole attendance in its drawing, of 100."""
TICKS_MS = tuple(minutes * 60_000 for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240))
MOST_TICKS = 7


@dataclass(frozen=True)
class Face:
    """How a viewer is shown where there is no picture."""

    initial: str
    colour: int
    """0 to `COLOURS` - 1, the same for the same viewer on every page."""


@dataclass(frozen=True)
class Bar:
    """A stretch of the film, in percent of its length."""

    start: float
    width: float
    grows: bool = False
    """Whether it goes on with the film."""


@dataclass(frozen=True)
class Lane:
    """What one viewer saw of the film."""

    face: Face
    name: str
    note: str
    """When the viewer came in, was away, left."""
    percent: str
    is_low: bool
    has_left: bool
    bars: tuple[Bar, ...]
    summary: str
    """The lane in words."""


@dataclass(frozen=True)
class Tick:
    """A mark on the axis, in percent of the film's length."""

    at: float
    label: str
    anchor: str
    """Of the label, as SVG has it: start, middle or end."""


@dataclass(frozen=True)
class LaneChart:
    """Every lane, and how many watched at each minute."""

    lanes: tuple[Lane, ...]
    hidden: str
    """How many more there were whom others may not see; empty where none."""
    line: str
    """How many watched, as a path within 1000 x 100."""
    area: str
    """The same, closed at the bottom."""
    most: int
    """The most who watched at one time."""
    summary: str
    """The attendance in words."""
    ticks: tuple[Tick, ...]
    played: float | None
    """How far the film has run, in percent; None for one that is over."""


def build_lane_chart(screening: Screening, position_ms: int | None) -> LaneChart | None:
    """Return the lanes of a film; None where its length is not known, or nobody may be shown.

    `position_ms` is where the film is now; None for one that is over.
    """
    length_ms = screening.item.duration_ms
    shown = [seat for seat in screening.seats if seat.username != SOMEBODY]
    if not length_ms or not shown:
        return None
    if position_ms is not None:  # who left stands below those who watch
        shown.sort(key=lambda seat: not seat.present)
    spans = [_extend_spans(seat, screening, position_ms) for seat in shown]
    steps = count_viewers(spans, length_ms)
    most = max((number for _at, number in steps), default=0)
    points = _trace_steps(steps, length_ms, position_ms, most)
    line = " L ".join(f"{x:.2f} {y:.1f}" for x, y in points)
    hidden = len(screening.seats) - len(shown)
    faces = make_faces(shown)
    return LaneChart(
        lanes=tuple(
            _build_lane(seat, face, screening, length_ms, position_ms) for seat, face in zip(shown, faces, strict=True)
        ),
        hidden=format_count("and {count} hidden", "and {count} hidden", hidden) if hidden else "",
        line=f"M {line}" if points else "",
        area=f"M {points[0][0]:.2f} 100 L {line} L {points[-1][0]:.2f} 100 Z" if points else "",
        most=most,
        summary=_summarise(steps, position_ms, most),
        ticks=build_ticks(length_ms),
        played=None if position_ms is None else _percent(position_ms, length_ms),
    )


def count_viewers(spans_of_all: Iterable[Spans], length_ms: int) -> list[tuple[int, int]]:
    """Return how many saw the film from each position on, in ms: only where the number changes."""
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


def build_ticks(length_ms: int) -> tuple[Tick, ...]:
    """Return the marks of an axis over a film: at round minutes, and at its end."""
    step_ms = next((step for step in TICKS_MS if length_ms / step < MOST_TICKS), TICKS_MS[-1])
    inner = [at for at in range(step_ms, length_ms, step_ms) if length_ms - at >= step_ms * 0.45]
    return (
        Tick(0.0, format_film_minute(0), "start"),
        *(Tick(_percent(at, length_ms), format_film_minute(at), "middle") for at in inner),
        Tick(100.0, format_film_minute(length_ms), "end"),
    )


def make_faces(seats: Iterable[Attendee]) -> tuple[Face, ...]:
    """Return initial and colour of each viewer: the own colour, or the next one that nobody before has."""
    faces: list[Face] = []
    for seat in seats:
        own = zlib.crc32((seat.viewer_id or seat.username).encode("utf-8", "replace")) % COLOURS
        used = {face.colour for face in faces[-(COLOURS - 1) :]}
        colour = next(one for one in (*range(own, COLOURS), *range(own)) if one not in used)
        initial = next((char for char in clean_line(seat.username) if char.isalnum()), "?")
        faces.append(Face(initial.upper()[:1], colour))
    return tuple(faces)


def _extend_spans(seat: Attendee, screening: Screening, position_ms: int | None) -> Spans:
    """Return what somebody saw; of who watches now up to where the film is, and not to the last report alone."""
    if position_ms is None or not seat.present or screening.state != "playing" or not seat.spans:
        return seat.spans
    start, end = seat.spans[-1]
    if not end < position_ms <= end + REPORT_MS:
        return seat.spans
    return (*seat.spans[:-1], (start, position_ms))


def _trace_steps(
    steps: Sequence[tuple[int, int]], length_ms: int, position_ms: int | None, most: int
) -> list[tuple[float, float]]:
    """Return the corners of the attendance up to where the film is, within 1000 x 100."""
    if not most:
        return []
    end_ms = length_ms if position_ms is None else position_ms
    points: list[tuple[float, float]] = [(0.0, 100.0)] if steps[0][0] > 0 else []
    height = 100.0
    for at, number in steps:
        if at >= end_ms:
            break  # nobody left there: the film is over, or goes on
        x = 1000 * at / length_ms
        if points:
            points.append((x, height))
        height = 100 - STEP_HEIGHT * number / most
        points.append((x, height))
    points.append((1000 * max(end_ms, 0) / length_ms, height))
    return points


def _build_lane(seat: Attendee, face: Face, screening: Screening, length_ms: int, position_ms: int | None) -> Lane:
    goes_on = seat.present and position_ms is not None
    spans = _extend_spans(seat, screening, position_ms)
    grows = goes_on and screening.state == "playing" and bool(spans) and spans[-1][1] >= (position_ms or 0)
    name = clean_line(seat.username, NAME_LENGTH)
    percent = format_percent(seat.completion_percent)
    return Lane(
        face=face,
        name=name,
        note=" · ".join(_describe_seat(seat, screening, goes_on)),
        percent=percent,
        is_low=(seat.completion_percent or 0.0) < LOW_PERCENT,
        has_left=position_ms is not None and not seat.present,
        bars=tuple(
            Bar(
                _percent(start, length_ms),
                _percent(min(end, length_ms) - start, length_ms),
                grows and end == spans[-1][1],
            )
            for start, end in spans
            if start < length_ms
        ),
        summary=_describe_spans(name, seat.spans, percent),
    )


def _describe_seat(seat: Attendee, screening: Screening, goes_on: bool) -> list[str]:
    """Say when somebody came in, was away and left, by the film's minutes."""
    notes = []
    gaps = [(end, start) for (_, end), (start, _) in pairwise(seat.spans) if start - end >= AWAY_MS]
    join_ms = seat.spans[0][0] if seat.spans else seat.join_position_ms
    if gaps:
        left_ms, back_ms = gaps[-1]
        times = {"start": format_film_minute(left_ms), "end": format_film_minute(back_ms)}
        notes.append(_("away {start} to {end}").format(**times))
    elif join_ms is not None and join_ms >= FROM_START_MS:
        notes.append(_("came in at {position}").format(position=format_film_minute(join_ms)))
    end_ms = seat.spans[-1][1] if seat.spans else 0
    if not goes_on and seat.spans and screening.item.duration_ms:
        if end_ms < screening.item.duration_ms - FROM_START_MS:
            notes.append(_("left at {position}").format(position=format_film_minute(end_ms)))
        elif not notes:
            notes.append(_("all of it"))
    elif not notes and join_ms is not None:
        notes.append(_("from the start"))
    if screening.host and seat.username == screening.host:
        notes.append(_("hosts"))
    return notes


def _describe_spans(name: str, spans: Spans, percent: str) -> str:
    if not spans:
        return _("{name} has seen nothing of it yet").format(name=name)
    stretches = ", ".join(
        _("{start} to {end}").format(start=format_film_minute(start), end=format_film_minute(end))
        for start, end in spans
    )
    return _("{name} saw {stretches}: {percent}").format(name=name, stretches=stretches, percent=percent or "?")


def _summarise(steps: Sequence[tuple[int, int]], position_ms: int | None, most: int) -> str:
    if position_ms is None:
        return format_count("{count} viewer at most", "{count} viewers at most", most)
    now = next((number for at, number in reversed(steps) if at < position_ms), 0)
    return _("{most} at most, {now} now").format(most=most, now=now)


def _percent(part_ms: int, length_ms: int) -> float:
    return round(max(0.0, min(100.0, 100 * part_ms / length_ms)), 3)

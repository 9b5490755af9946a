"""The lanes of a film: one for each seat, with the parts of the film that this viewer saw."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from charts import geometry
from messages import SOMEBODY, Attendee, FilmViewer, Screening
from messages.spans import coverage, union
from messages.watches import Spans
from wording.durations import format_film_minute
from wording.numbers import format_count, format_percent
from wording.text import clean_line
from wording.translation import _

FROM_START_MS = 60_000
"""A viewer who joined before this position counts as present from the start."""
AWAY_MS = 60_000
"""Shorter unseen parts do not count as an absence: they come from seeking, late reports or short breaks."""
REPORT_MS = 90_000
"""Maximum delay of the last report: a current viewer's last span ends at most this far before the position."""
LOW_PERCENT = 50.0
NAME_LENGTH = 60


class Face(msgspec.Struct, frozen=True):
    """A viewer's initial and colour, in place of a picture."""

    initial: str
    colour: int
    """0 to `geometry.COLOURS` - 1, the same for the same viewer on every page."""


class Bar(msgspec.Struct, frozen=True):
    """A seen part of the film, in percent of its length."""

    start: float
    width: float
    grows: bool = False
    """Whether it grows with the running film."""


class Lane(msgspec.Struct, frozen=True):
    """What one viewer saw of the film."""

    face: Face
    name: str
    note: str
    """When the viewer joined, was away, left."""
    percent: str
    is_low: bool
    has_left: bool
    bars: tuple[Bar, ...]
    summary: str
    """The lane in words."""


class Tick(msgspec.Struct, frozen=True):
    """A mark on the axis, in percent of the film's length."""

    at: float
    label: str
    anchor: str
    """SVG text anchor of the label: start, middle or end."""


class LaneChart(msgspec.Struct, frozen=True):
    """Every lane, and how many watched at each minute."""

    lanes: tuple[Lane, ...]
    hidden: str
    """The number of hidden viewers, in words; empty if none."""
    line: str
    """Number of viewers, as a path within 1000 x 100."""
    area: str
    """The same path, closed at the bottom."""
    most: int
    """Maximum number of simultaneous viewers."""
    summary: str
    """The attendance in words."""
    ticks: tuple[Tick, ...]
    played: float | None
    """The film's position, in percent; None if it is over."""


def build_lane_chart(screening: Screening, position_ms: int | None) -> LaneChart | None:
    """Return the lanes of a film; None if its length is not known, or if nobody may be shown.

    `position_ms`: the film's current position; None if it is over.
    """
    length_ms = screening.item.duration_ms
    seats = merge_seats(screening.seats, length_ms)
    shown = list_lane_seats(seats, is_over=position_ms is None)
    if not length_ms or not shown:
        return None
    spans = [_extend_spans(seat, screening, position_ms) for seat in shown]
    steps = geometry.count_viewers(spans, length_ms)
    most = max((number for _at, number in steps), default=0)
    points = geometry.trace_steps(steps, length_ms, position_ms, most)
    line, area = geometry.write_path(points)
    faces = make_faces(shown)
    return LaneChart(
        lanes=tuple(
            _build_lane(seat, face, screening, length_ms, position_ms) for seat, face in zip(shown, faces, strict=True)
        ),
        hidden=describe_hidden(len(seats) - len(shown)),
        line=line,
        area=area,
        most=most,
        summary=_summarise(steps, position_ms, most),
        ticks=build_ticks(length_ms),
        played=None if position_ms is None else geometry.to_percent(position_ms, length_ms),
    )


def list_lane_seats(seats: Iterable[Attendee], *, is_over: bool) -> list[Attendee]:
    """Return the seats that get a lane, in order; in a running film, viewers who left come last."""
    shown = [seat for seat in seats if seat.username != SOMEBODY]
    return shown if is_over else sorted(shown, key=lambda seat: not seat.present)


def merge_seats(seats: Iterable[Attendee], length_ms: int | None) -> list[Attendee]:
    """Return one seat for each viewer, merging those who left and came back. Seats of hidden viewers are not merged."""
    found: dict[str, Attendee] = {}
    for number, seat in enumerate(seats):
        key = seat.viewer_id or f"#{number}"
        found[key] = _join_seats(found[key], seat, length_ms) if key in found else seat
    return list(found.values())


def _join_seats(first: Attendee, second: Attendee, length_ms: int | None) -> Attendee:
    seen = union((*first.spans, *second.spans))
    left = [at for at in (first.left_at_s, second.left_at_s) if at is not None]
    return replace(
        first,
        spans=seen,
        coverage_ms=coverage(seen),
        completion_percent=min(100.0, 100 * coverage(seen) / length_ms) if length_ms else first.completion_percent,
        playing_s=first.playing_s + second.playing_s,
        present=first.present or second.present,
        left_at_s=max(left) if left and not (first.present or second.present) else None,
        brief=first.brief and second.brief,
    )


def order_by_share(seat: Attendee) -> tuple[float, float, float]:
    """Return the sort key of a seat: the largest share first, then the longest time, then the first to join."""
    return -(seat.completion_percent or 0.0), -seat.playing_s, seat.joined_at_s


def describe_hidden(count: int) -> str:
    """Describe how many hidden viewers there were; empty if none."""
    return format_count("and {count} hidden", "and {count} hidden", count) if count else ""


def build_ticks(length_ms: int) -> tuple[Tick, ...]:
    """Return the tick marks of a film's axis: at round minutes, and at its end."""
    marks = geometry.place_ticks(length_ms)
    anchors = ("start", *("middle" for _ in marks[1:-1]), "end")
    return tuple(
        Tick(geometry.to_percent(at, length_ms), format_film_minute(at), anchor)
        for at, anchor in zip(marks, anchors, strict=True)
    )


def make_faces(seats: Iterable[Attendee | FilmViewer]) -> tuple[Face, ...]:
    """Return initial and colour of each viewer: their own colour, or the next one that previous viewers do not use."""
    listed = tuple(seats)
    colours = geometry.choose_colours(seat.viewer_id or seat.username for seat in listed)
    return tuple(Face(_find_initial(seat.username), colour) for seat, colour in zip(listed, colours, strict=True))


def make_face(viewer_id: str, username: str) -> Face:
    """Return initial and colour of a single viewer."""
    (colour,) = geometry.choose_colours([viewer_id])
    return Face(_find_initial(username), colour)


def _find_initial(username: str) -> str:
    initial = next((char for char in clean_line(username) if char.isalnum()), "?")
    return initial.upper()[:1]


def _extend_spans(seat: Attendee, screening: Screening, position_ms: int | None) -> Spans:
    """Return what somebody saw; for a current viewer up to the film's position, not only up to the last report."""
    if position_ms is None or not seat.present or screening.state != "playing" or not seat.spans:
        return seat.spans
    start, end = seat.spans[-1]
    if not end < position_ms <= end + REPORT_MS:
        return seat.spans
    return (*seat.spans[:-1], (start, position_ms))


def _build_lane(seat: Attendee, face: Face, screening: Screening, length_ms: int, position_ms: int | None) -> Lane:
    goes_on = seat.present and position_ms is not None
    spans = _extend_spans(seat, screening, position_ms)
    grows = goes_on and screening.state == "playing" and bool(spans) and spans[-1][1] >= (position_ms or 0)
    name = clean_line(seat.username, NAME_LENGTH)
    percent = format_percent(seat.completion_percent)
    return Lane(
        face=face,
        name=name,
        note=" · ".join(describe_seat(seat, screening, goes_on)),
        percent=percent,
        is_low=(seat.completion_percent or 0.0) < LOW_PERCENT,
        has_left=position_ms is not None and not seat.present,
        bars=tuple(
            Bar(start, width, grows and place == len(spans) - 1)
            for place, (start, width) in enumerate(geometry.place_bars(spans, length_ms))
        ),
        summary=describe_spans(name, seat.spans, percent),
    )


def describe_seat(seat: Attendee, screening: Screening, goes_on: bool) -> list[str]:
    """Describe when somebody joined, was away and left, by the film's minutes."""
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


def describe_spans(name: str, spans: Spans, percent: str) -> str:
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

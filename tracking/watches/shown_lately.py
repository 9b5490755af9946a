"""What a film's timeline has shown lately: for members who were there, and whose watch of it begins only now."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from messages import Moment, WatchState, sittings, spans
from messages.base import PositionMs
from messages.watches import Spans
from tracking.watches.learned_speed import unfold_steps
from tracking.watches.speed import Step, add_break


class ShownLately(NamedTuple):
    """What of a film was shown, up to a moment."""

    joined_ms: PositionMs
    position_ms: PositionMs
    """Where the film was at the end."""
    played_s: float
    spans: Spans
    steps: tuple[Step, ...] = ()
    """The steps that it was shown in: they may teach its speed later."""
    lead_ms: int = 0
    """How far the timeline got ahead of the clock in them."""
    doubted: Spans = ()


class _Piece(NamedTuple):
    """A part of what a timeline has shown: a step, or what lies between two."""

    clock_ms: int
    film_ms: int
    step: Step | None = None
    """As it is remembered; None for what has run since the last report, or before everything that is remembered."""


def show_run(joined_ms: int, position_ms: int, speed: float) -> ShownLately:
    """Return what a film showed that ran from one position to another."""
    played_s = (position_ms - joined_ms) / 1000 / speed
    return ShownLately(PositionMs(joined_ms), PositionMs(position_ms), played_s, ((joined_ms, position_ms),))


def show_last(line: WatchState, played_s: float, position_ms: int, after_s: float = 0.0) -> ShownLately:
    """Return what a timeline showed while it played for `played_s`, until `after_s` of play before `position_ms`.

    `position_ms`: where the film is by now, if its last report was a while ago. What ran ahead of the clock, at a
    speed that is not known yet or with a skip in it, was shown as far as the timeline has it.
    """
    ran_on_ms = max(0, position_ms - (line.position_ms or 0))
    before, after = _split([*_list_pieces(line), _run(ran_on_ms, line.speed)], round(after_s * 1000), line.speed)
    _, shown = _split(before, round(played_s * 1000), line.speed)
    end_ms = there_ms = position_ms - sum(piece.film_ms for piece in after)
    seen: list[tuple[int, int]] = []
    for piece in reversed(shown):
        began_ms = there_ms - piece.film_ms
        is_certain = piece.step is None or piece.step[0] > 0
        certain_ms = max(began_ms, there_ms - round(line.speed * piece.clock_ms)) if is_certain else there_ms
        seen += [(certain_ms, there_ms), *_both(began_ms, certain_ms, line.spans)]
        there_ms = began_ms
    steps = _list_steps(shown)
    lead_ms = sum(film_ms - round(line.speed * clock_ms) for clock_ms, film_ms in steps if clock_ms > 0)
    return ShownLately(
        PositionMs(max(0, there_ms)),
        PositionMs(end_ms),
        played_s,
        spans.union((max(0, began_ms), ended_ms) for began_ms, ended_ms in seen),
        steps,
        min(line.lead_ms, max(0, lead_ms)),
        line.doubted,
    )


def credit_earlier(state: WatchState, shown: ShownLately, at: Moment) -> WatchState:
    """Return a watch that has just begun, as one that has what was shown up to `at`.

    One that goes on with an earlier watch keeps that one's beginning.
    """
    began = state.playing_s == 0.0 and not state.spans
    return replace(
        state,
        join_position_ms=shown.joined_ms if began else state.join_position_ms,
        started_at_s=min(state.started_at_s, at.wall_s - shown.played_s),
        spans=spans.union((*state.spans, *shown.spans)),
        playing_s=state.playing_s + shown.played_s,
        sittings=sittings.include(state.sittings, at.wall_s - shown.played_s, at.wall_s, shown.played_s),
    )


def measure_on(state: WatchState, shown: ShownLately) -> WatchState:
    """Return a watch that begins, or goes on, as one that is measured on from what was shown before."""
    doubted = spans.subtract(shown.doubted, state.spans)
    return replace(state, recent_steps=shown.steps, lead_ms=shown.lead_ms, doubted=doubted)


def _list_pieces(line: WatchState) -> list[_Piece]:
    """Return the last steps of a timeline, and what is between them.

    As far as the film is seen to have run on between two steps, as beside a pause or in an outage, that took its time.
    """
    pieces: list[_Piece] = []
    there_ms = line.position_ms or 0
    for step in reversed(unfold_steps(line).recent_steps):
        began_ms = there_ms - step[1]
        clock_ms = step[0] if step[0] > 0 else round(_measure_run(began_ms, there_ms, line.spans) / line.speed)
        pieces.append(_Piece(clock_ms, step[1], step))
        there_ms = began_ms
    return pieces[::-1]


def _measure_run(began_ms: int, ended_ms: int, seen: Spans) -> int:
    """Return for how long a film is seen to have run on from where a stretch begins, milliseconds of film."""
    gaps = spans.subtract(((began_ms, ended_ms),), seen) if began_ms < ended_ms else ()
    return (gaps[0][0] if gaps else max(began_ms, ended_ms)) - began_ms


def _list_steps(pieces: Sequence[_Piece]) -> tuple[Step, ...]:
    """Return the steps that pieces were, and the breaks between them."""
    steps: tuple[Step, ...] = ()
    for clock_ms, film_ms, step in pieces:
        if step is not None and step[0] > 0:
            steps = (*steps, (clock_ms, film_ms))
        elif steps and step is not None:
            steps = (*steps, (step[0], film_ms))
        elif film_ms:
            steps = add_break(steps, film_ms)
    return steps


def _split(pieces: Sequence[_Piece], clock_ms: int, speed: float) -> tuple[Sequence[_Piece], Sequence[_Piece]]:
    """Return the pieces before, and in, the last `clock_ms`; what is not remembered of those ran at `speed`."""
    first = len(pieces)
    while first and clock_ms > 0:
        first -= 1
        piece = pieces[first]
        if piece.clock_ms > clock_ms:
            film_ms = round(piece.film_ms * clock_ms / piece.clock_ms)
            rest = piece._replace(clock_ms=piece.clock_ms - clock_ms, film_ms=piece.film_ms - film_ms)
            part = piece._replace(clock_ms=clock_ms, film_ms=film_ms)
            return [*pieces[:first], rest], [part, *pieces[first + 1 :]]
        clock_ms -= piece.clock_ms
    forgotten = [_run(round(clock_ms * speed), speed)] if clock_ms > 0 else []
    return pieces[:first], [*forgotten, *pieces[first:]]


def _run(film_ms: int, speed: float) -> _Piece:
    return _Piece(round(film_ms / speed), film_ms)


def _both(began_ms: int, ended_ms: int, seen: Spans) -> Spans:
    """Return what of a stretch is in some spans."""
    stretch: Spans = ((began_ms, ended_ms),) if began_ms < ended_ms else ()
    return spans.subtract(stretch, spans.subtract(stretch, seen))

"""What a watch remembers of how fast its film plays."""

from collections.abc import Sequence

from msgspec.structs import replace

from messages import Moment, WatchState, sittings, spans
from messages.watches import Spans
from tracking.watches.speed import MAX_STEPS, STEP_MS, Step, add_run, find_steps, stretches, total

OUTAGE_NEAR_S = 30.0
"""How much time may lie between an outage and the steps by which it is reckoned, beside those."""
Outage = tuple[float, float, float, float]
"""When an outage ended (steady clock), its length, what of it counted as played, and how far the film went; seconds."""
NO_OUTAGE: Outage = (0.0, 0.0, 0.0, 0.0)
MOST_DOUBTED = 24
"""How many parts of the film are doubted at most, about one for each step: the last ones."""


def unfold_steps(state: WatchState) -> WatchState:
    """Return the watch with all of its last steps one by one, also those that were even.

    In steady play only their sums are kept: to copy all steps at each poll would cost more than all else.
    """
    if not state.even_steps:
        return state
    steps = add_run(state.recent_steps, state.even_steps, state.even_ms, state.even_film_ms)
    return replace(state, recent_steps=steps, even_steps=0, even_ms=0, even_film_ms=0)


def adopt_speed(state: WatchState, speed: float) -> WatchState:
    """Return the watch with a speed that was learned of the same film in another watch.

    This credits its own steps, and what it played in an outage before them.
    """
    if state.position_ms is None:
        return state
    steps = find_steps(unfold_steps(state).recent_steps, speed)
    seen = state.spans
    for began_ms, ended_ms in stretches(steps, state.position_ms):
        seen = spans.add(seen, began_ms, ended_ms)
    doubted = doubt_steps(steps, state.position_ms) if speed > max(1.0, state.speed) else ()
    state = credit_outage(state, state.seen, speed, steps)
    return replace(_forget_steps(state), speed=speed, recent_steps=tuple(steps), lead_ms=0, spans=seen, doubted=doubted)


def take_speed_back(state: WatchState, lead_ms: int) -> WatchState:
    """Return the watch at normal speed, without what a wrongly learned faster speed had credited."""
    seen = spans.subtract(state.spans, state.doubted)
    return replace(_forget_steps(state), speed=1.0, lead_ms=lead_ms, spans=seen, doubted=())


def _forget_steps(state: WatchState) -> WatchState:
    return replace(state, recent_steps=(), even_steps=0, even_ms=0, even_film_ms=0)


def doubt_steps(steps: Sequence[Step], end_ms: int) -> Spans:
    """Return the doubted spans of steps that taught a faster speed: what each went beyond the clock."""
    clocks = [clock_ms for clock_ms, _ in reversed(steps) if clock_ms > 0]
    ran = zip(clocks, stretches(steps, end_ms), strict=True)
    return spans.union((began_ms + clock_ms, ended_ms) for clock_ms, (began_ms, ended_ms) in ran)


def doubt_more(state: WatchState, ran_ms: int, seen_ms: int) -> Spans:
    """Return what of the film is doubted after one more step: also what it went beyond the clock, and had not before.

    `ran_ms`: how long it took by the clock; `seen_ms`: how far the film went in it, as far as that counts as seen.
    """
    began_ms = state.position_ms or 0
    beyond = ((began_ms + ran_ms, began_ms + seen_ms),) if seen_ms > ran_ms else ()
    return spans.union((*state.doubted, *spans.subtract(beyond, state.spans)))[-MOST_DOUBTED:]


def longer_outage(before: Outage, new: Outage) -> Outage:
    """Return the more informative outage: a short one soon after a long one (a restart) must not hide the long one."""
    (before_ended_s, before_length_s, *_), (ended_s, length_s, *_) = before, new
    is_near = ended_s - length_s - before_ended_s <= OUTAGE_NEAR_S + MAX_STEPS * STEP_MS / 1000
    return before if is_near and before_length_s > length_s else new


def credit_outage(state: WatchState, moment: Moment, speed: float, steady: Sequence[Step]) -> WatchState:
    """Return the watch with what was played in an outage at the speed that was learned on both sides of it.

    While the speed was not known the film's advance counted as played at 1, and the rest of the time not at all. Where
    in the outage that was differs: what was missed may lie anywhere in it.
    """
    ended_s, length_s, counted_s, film_s = state.last_outage
    since_s = moment.steady_s - ended_s
    missed_s = min(length_s, film_s / speed) - counted_s
    if missed_s <= 0 or speed >= state.speed or since_s > total(steady)[0] / 1000 + OUTAGE_NEAR_S:
        return state
    ended_wall_s = moment.wall_s - since_s
    return replace(
        state,
        playing_s=state.playing_s + missed_s,
        sittings=sittings.include(state.sittings, ended_wall_s - length_s, ended_wall_s, missed_s),
        last_outage=NO_OUTAGE,
    )

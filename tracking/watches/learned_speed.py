"""What a watch remembers of how fast its film plays."""

from collections.abc import Sequence

from msgspec.structs import replace

from messages import Moment, WatchState, sittings, spans
from tracking.watches.speed import MAX_STEPS, STEP_MS, Step, add_run, find_steps, stretches, total

OUTAGE_NEAR_S = 30.0
"""How much time may lie between an outage and the steps by which it is reckoned, beside those."""
Outage = tuple[float, float, float, float]
"""When an outage ended (steady clock), its length, what of it counted as played, and how far the film went; seconds."""
NO_OUTAGE: Outage = (0.0, 0.0, 0.0, 0.0)


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

    Its own steps gain by it, and what it played in an outage before them.
    """
    if state.position_ms is None:
        return state
    steps = find_steps(unfold_steps(state).recent_steps, speed)
    seen = state.spans
    for began_ms, ended_ms in stretches(steps, state.position_ms):
        seen = spans.add(seen, began_ms, ended_ms)
    state = credit_outage(state, state.seen, speed, steps)
    return replace(
        state, speed=speed, recent_steps=tuple(steps), even_steps=0, even_ms=0, even_film_ms=0, lead_ms=0, spans=seen
    )


def longer_outage(before: Outage, new: Outage) -> Outage:
    """Return the outage of which more is to be learned: a short one soon after a long one (a restart) hides nothing."""
    (before_ended_s, before_length_s, *_), (ended_s, length_s, *_) = before, new
    is_near = ended_s - length_s - before_ended_s <= OUTAGE_NEAR_S + MAX_STEPS * STEP_MS / 1000
    return before if is_near and before_length_s > length_s else new


def credit_outage(state: WatchState, moment: Moment, speed: float, steady: Sequence[Step]) -> WatchState:
    """Return the watch with what was played in an outage at the speed that was learned on both sides of it.

    While the speed was not known the film's advance counted as played at 1, and the rest of the time not at all.
    """
    ended_s, length_s, counted_s, film_s = state.last_outage
    since_s = moment.steady_s - ended_s
    missed_s = min(length_s, film_s / speed) - counted_s
    if missed_s <= 0 or speed >= state.speed or since_s > total(steady)[0] / 1000 + OUTAGE_NEAR_S:
        return state
    began_s = moment.wall_s - since_s - length_s + counted_s
    missed = sittings.add((), began_s, began_s + missed_s, missed_s)
    return replace(
        state,
        playing_s=state.playing_s + missed_s,
        sittings=sittings.merge((state.sittings, missed)),
        last_outage=NO_OUTAGE,
    )

"""What a watch remembers of how fast its film plays."""

from msgspec.structs import replace

from messages import WatchState, spans
from tracking.watches.speed import add_run, find_steps, stretches


def unfold_steps(state: WatchState) -> WatchState:
    """Return the watch with all of its last steps one by one, also those that were even.

    In steady play only their sums are kept: to copy all steps at each poll would cost more than all else.
    """
    if not state.even_steps:
        return state
    steps = add_run(state.recent_steps, state.even_steps, state.even_ms, state.even_film_ms)
    return replace(state, recent_steps=steps, even_steps=0, even_ms=0, even_film_ms=0)


def adopt_speed(state: WatchState, speed: float) -> WatchState:
    """Return the watch with a speed that was learned of the same film in another watch; its own steps gain by it."""
    if state.position_ms is None:
        return state
    steps = find_steps(unfold_steps(state).recent_steps, speed)
    seen = state.spans
    for began_ms, ended_ms in stretches(steps, state.position_ms):
        seen = spans.add(seen, began_ms, ended_ms)
    return replace(
        state, speed=speed, recent_steps=tuple(steps), even_steps=0, even_ms=0, even_film_ms=0, lead_ms=0, spans=seen
    )

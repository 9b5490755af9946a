"""What an interval showed of the film, and which speed its player has: see the table in `progress.py`."""

from typing import NamedTuple

from messages import Moment, PlayerState, PositionMs, WatchState, spans
from messages.watches import Spans
from tracking.rules import Rules
from tracking.watches.learned_speed import MOST_DOUBTED, credit_outage, doubt_more, doubt_steps
from tracking.watches.speed import (
    MAX_STEPS,
    SLOWER_SHARE,
    Step,
    add_break,
    add_step,
    count_steps,
    is_steady_at,
    learn,
    learn_slow,
    slowest_steady,
    stretches,
    tell_none_or_changed,
    total,
)

RARE_S = 25.0
"""Polls that are further apart are rare."""


class FilmInterval(NamedTuple):
    """The interval between two observations of a watch that find the film at different positions."""

    moment: Moment
    """When it ended."""
    position: PositionMs
    player: PlayerState
    elapsed_s: float
    ran_s: float
    """How long the film may have run: what elapsed, and what was held back before."""
    step_s: float
    """How far the film went, seconds of it; below 0 for back."""


class FilmSeen(NamedTuple):
    """What a watch has shown of the film after an interval."""

    seen_s: float
    """What the interval showed, seconds of film."""
    lead_s: float
    """How far the watch is ahead of the clock with it, seconds of film."""
    spans: Spans
    speed: float
    recent_steps: tuple[Step, ...]
    doubted: Spans


def see_film(state: WatchState, interval: FilmInterval, rules: Rules) -> tuple[WatchState, FilmSeen]:
    """Return the watch and what an interval showed of the film; a newly learned speed may credit more to the watch."""
    _, position, player, elapsed_s, ran_s, step_s = interval
    before = state.position_ms or 0
    is_blind = state.outage or state.ghost
    is_steady = state.state == player == "playing" and not is_blind
    seen_s, lead_s = 0.0, state.lead_ms / 1000
    if is_blind or "playing" in (state.state, player):
        is_in_part = not is_blind and {state.state, player} == {"playing", "paused"}
        unknown_s = elapsed_s / 2 if is_in_part and elapsed_s <= RARE_S else 0.0
        seen_s, lead_s = _credit(state, interval, unknown_s, is_steady or unknown_s > 0, rules)
    speed, seen = state.speed, spans.add(state.spans, before, before + round(seen_s * 1000))
    doubted = doubt_more(state, round(ran_s * 1000), round(seen_s * 1000)) if state.doubted else ()
    if not is_steady or int(position) == state.item.duration_ms or state.reckoned:
        return state, FilmSeen(seen_s, lead_s, seen, speed, add_break(state.recent_steps, position - before), doubted)
    recent_steps = add_step(state.recent_steps, round(ran_s * 1000), position - before)
    is_behind = lead_s <= -rules.slack_s
    is_slower = is_behind and _is_slower(recent_steps, speed)
    learned = learn(recent_steps, speed) if seen_s < step_s or is_slower else None
    if is_behind and learned is None:
        learned = learn_slow(recent_steps, speed)
    if learned is not None:
        speed, steady = learned
        recent_steps, lead_s = tuple(steady), 0.0
        for began_ms, ended_ms in stretches(steady, position):
            seen = spans.add(seen, began_ms, ended_ms)
        doubted = doubt_steps(steady, position) if speed > max(1.0, state.speed) else ()
        state = credit_outage(state, interval.moment, speed, steady)
    elif speed > 1.0 and (is_slower or doubted):
        was_none, is_changed = tell_none_or_changed(recent_steps, speed)
        if doubted and was_none:
            seen = spans.subtract(seen, doubted)
        if (was_none or (is_slower and is_changed)) if doubted else is_slower:
            speed, recent_steps, lead_s, doubted = 1.0, (), 2 * rules.slack_s, ()
        elif len(doubted) == MOST_DOUBTED and is_steady_at(recent_steps, speed):
            doubted = ()
    return state, FilmSeen(seen_s, lead_s, seen, speed, recent_steps, doubted)


def _credit(
    state: WatchState, interval: FilmInterval, unknown_s: float, is_steady: bool, rules: Rules
) -> tuple[float, float]:
    """Return how much of an advance was seen, and how far ahead of the clock the watch is with it; seconds of film.

    `unknown_s`: half of the time in which the film paused at some point. In the long run it is the half that it ran;
    to count all of it as time that the film could have run would hide a skip beside each pause.
    """
    ran_s, step_s = interval.ran_s, interval.step_s
    speed = 1.0 if state.outage or state.ghost else state.speed
    lead_s, slack_s = state.lead_ms / 1000, rules.slack_s * max(1.0, speed)
    if step_s <= 0:
        return 0.0, lead_s
    excess_s = step_s - speed * ran_s
    if lead_s < 0 and excess_s > slack_s and slowest_steady(state.recent_steps, speed) < SLOWER_SHARE * speed:
        lead_s = 0.0  # no late report is left to catch up with: the film plays slowly
    # Only in steady play does falling behind mean a late report, which the next may catch up with.
    ahead_s = lead_s + max(0.0, excess_s)
    if is_steady:
        ahead_s = max(-slack_s, lead_s + excess_s + speed * unknown_s)
    if unknown_s and excess_s <= slack_s + max(0.0, -lead_s):
        return max(0.0, step_s - max(0.0, ahead_s - 2 * slack_s)), min(ahead_s, 2 * slack_s)
    if excess_s <= slack_s + max(0.0, -lead_s) and ahead_s <= 2 * slack_s:
        return step_s, ahead_s
    if state.outage:
        # A dead player's film did not run before the outage; a slow player's film ran no faster in it.
        unseen_s = interval.elapsed_s if state.ghost else ran_s
        return min(step_s, slowest_steady(state.recent_steps, state.speed) * unseen_s), lead_s
    if step_s <= 2 * speed * ran_s:
        room_s = max(0.0, min(2 * slack_s - lead_s, excess_s))
        return min(step_s, speed * ran_s + room_s), lead_s + room_s
    return 0.0, min(lead_s, 2 * slack_s)


def _is_slower(steps: tuple[Step, ...], speed: float) -> bool:
    clock_ms, film_ms = total(steps)
    return count_steps(steps) == MAX_STEPS and film_ms < SLOWER_SHARE * speed * clock_ms

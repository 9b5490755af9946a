"""One step of a watch: from what was seen of the film last time to what is seen of it now.

What an interval between two observations counts as:

| began     | ended     | position           | playing                 | paused              | seen                 |
|-----------|-----------|--------------------|-------------------------|---------------------|----------------------|
| playing   | playing   | the same           | held back (`pending_s`) | -                   | -                    |
| playing   | playing   | on, as time allows | all, and what was held  | -                   | the advance          |
| playing   | playing   | on, to the end     | as long as the advance  | -                   | the advance          |
| playing   | playing   | on, a bit too far  | all, and what was held  | -                   | what time allows     |
| playing   | playing   | jumped on or back  | all, and what was held  | -                   | -                    |
| playing   | paused    | the same           | - (the hold is dropped) | all                 | -                    |
| playing   | paused    | on, as time allows | as long as the advance  | the rest            | the advance          |
| paused    | paused    | anything           | -                       | all                 | -                    |
| paused    | playing   | the same           | -                       | all                 | -                    |
| paused    | playing   | on, as time allows | as long as the advance  | the rest            | the advance          |
| any       | any       | jumped on or back  | all if it began playing | all if began paused | -                    |
| any       | buffering | on, as time allows | as long as the advance  | the rest, if paused | the advance          |
| buffering | playing   | on, as time allows | as long as the advance  | -                   | the advance          |
| buffering | playing   | on, later          | without the buffering   | -                   | the advance          |
| buffering | any       | anything else      | -                       | -                   | -                    |
| outage or ghost       | on, as time allows | as long as the advance  | -                   | the advance          |
| outage                | on, further        | all                     | -                   | the time, as film    |
| outage                | anything else      | - (but what was held)   | -                   | -                    |
| ghost                 | jumped on or back  | the last interval       | -                   | -                    |

A client that says "buffering" while its position moves on no faster than the clock is playing; its report before may
have been late. Otherwise buffering
counts as neither, and a position reported with it is not believed (some clients then name the end). A player that
pauses reports at once, so that "the same" at a pause means that the film stood still.

"As time allows": by no more than what the player's speed makes of the elapsed time, what earlier reports were late by
(at most the slack), and the slack; and only while all that ran ahead is together (`lead_ms`) no more than twice the
slack. What then is "a bit too far" (less than double) counts by the clock alone. So a late report is seen in full, but
pressing "skip" again and again is not.

Where an interval begins or ends paused, nobody knows how much of it the film ran: in the long run half. What it
advanced beyond that is ahead, too; so a pause hides no skip, and a late report before a pause is caught up. Where polls
are rare (`RARE_S`) what the film advanced within its time is seen: a skip beside a pause shows the same, but so few
intervals tell nothing of the long run, and who pauses would lose by it.

The speed is 1 until steady steps show another (`speed`), with pauses and seeks between them or not. What those steps
skipped, by the speed believed before, was played after all and is seen. Where the film falls behind a faster speed and
no other is steady, that was none: the speed is 1 again, and nothing may run ahead of it for now. "As long as the
advance" is as long as the film takes for it at the speed; after an outage or a ghost, no faster than the clock.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from messages import Moment, PlayerState, PositionMs, WatchState, sittings, spans
from tracking.rules import Rules, is_live
from tracking.watches.learned_speed import unfold_steps
from tracking.watches.speed import (
    JITTER_MS,
    MAX_STEPS,
    STEP_MS,
    Step,
    add_break,
    add_step,
    count_steps,
    learn,
    may_run,
    slowest_steady,
    stretches,
    total,
)
from tracking.watches.watch import clamp_position, is_over

FLOOR_MS = 2000
"""Players floor the position to a second when they pause: a step back as small as this is no seek."""
RARE_S = 20.0
"""Polls that are further apart are rare."""
SLOWER_SHARE = 0.9
"""A film that advances by less than this share of what its speed makes is slower, and not late."""
OUTAGE_NEAR_S = 30.0
"""How much time may lie between an outage and the steps by which it is reckoned, beside those."""
Outage = tuple[float, float, float, float]
NO_OUTAGE: Outage = (0.0, 0.0, 0.0, 0.0)
NOT_TOLD_YET_MS = 60_000
"""A member who came in before the player had told its position has no position later than this."""


def advance(
    state: WatchState, moment: Moment, position_ms: int | None, player: PlayerState, rules: Rules
) -> WatchState:
    """Return the watch after the film was seen at `position_ms` (None: not told), doing `player`."""
    elapsed_s = max(0.0, moment.steady_s - state.seen.steady_s)
    if moment.steady_s < state.seen.steady_s:
        moment = state.seen
    position = None if is_live(state.item) else clamp_position(position_ms, state.item.duration_ms)
    if position is not None and player == "buffering" and _moves_on(state, position, elapsed_s, rules):
        began = state if state.state == "paused" else replace(state, state="buffering")
        return _move(began, moment, position, "playing", elapsed_s, rules)
    if player not in ("playing", "paused"):
        position = None
    if position is None or state.position_ms is None:
        return _untold(state, moment, position, player, elapsed_s)
    step_ms = position - state.position_ms
    if state.buffering_s and player == state.state == "playing" and step_ms > 0:
        played_s = state.pending_s + elapsed_s
        if step_ms <= state.speed * played_s * 1000 + FLOOR_MS:
            state = replace(state, buffering_s=0.0)  # so long it stood: since then the film has run no further
    if player == state.state == "playing" and (expected := _ran_on(state, moment, position, elapsed_s, rules)):
        return expected
    back_ms = max(FLOOR_MS, rules.slack_ms) if state.reckoned else FLOOR_MS
    if -back_ms <= step_ms <= 0:
        return _stand_still(state, moment, position, player, elapsed_s, rules)
    return _move(state, moment, position, player, elapsed_s, rules)


def _ran_on(
    state: WatchState, moment: Moment, position: PositionMs, elapsed_s: float, rules: Rules
) -> WatchState | None:
    """Return the watch after steady play at its speed, give or take the slack; None for anything else.

    Nearly every step is one: what `_moved` says of it, in a third of the time.
    """
    before = state.position_ms or 0
    ran_s = state.pending_s + elapsed_s
    ran_ms, step_ms, slack_ms = round(ran_s * 1000), position - before, rules.slack_ms
    excess_ms = step_ms - round(state.speed * ran_ms)
    lead_ms = state.lead_ms + excess_ms
    if not step_ms > 0 or excess_ms > slack_ms or not -slack_ms < lead_ms < slack_ms:
        return None
    if state.outage or state.ghost or state.buffering_s or state.reckoned or int(position) == state.item.duration_ms:
        return None
    jitter_ms = state.speed * JITTER_MS
    if -jitter_ms <= excess_ms <= jitter_ms and (state.even_steps or may_run(state.recent_steps)):
        steps, even_steps = state.recent_steps, state.even_steps + 1
        even_ms, even_film_ms = state.even_ms + ran_ms, state.even_film_ms + step_ms
    else:
        steps, even_steps, even_ms, even_film_ms = add_step(unfold_steps(state).recent_steps, ran_ms, step_ms), 0, 0, 0
    return replace(
        state,
        seen=moment,
        advanced=moment,
        position_ms=position,
        playing_s=state.playing_s + ran_s,
        pending_s=0.0,
        lead_ms=lead_ms,
        spans=spans.add(state.spans, before, position),
        sittings=sittings.add(state.sittings, moment.wall_s - ran_s, moment.wall_s, ran_s),
        recent_steps=steps,
        even_steps=even_steps,
        even_ms=even_ms,
        even_film_ms=even_film_ms,
        absent_since=None,
    )


def _moves_on(state: WatchState, position: PositionMs, elapsed_s: float, rules: Rules) -> bool:
    """Tell whether the film went on, no faster than it plays, though the client says that it buffers.

    It says so at once: the report before was late, by no more than the slack.
    """
    if state.position_ms is None:
        return False
    ran_s = elapsed_s if state.state == "paused" else state.pending_s + state.buffering_s + elapsed_s
    late_ms = state.speed * rules.slack_ms - max(0, state.lead_ms) if state.state == "playing" else 0
    return 0 < position - state.position_ms <= state.speed * ran_s * 1000 + max(FLOOR_MS, late_ms)


def _untold(
    state: WatchState, moment: Moment, position: PositionMs | None, player: PlayerState, elapsed_s: float
) -> WatchState:
    """No position to compare: time by the state that the interval began with. Live TV never has one."""
    playing_s, paused_s, pending_s, buffering_s = state.playing_s, state.paused_s, state.pending_s, state.buffering_s
    if not state.outage:
        if state.state == "paused":
            paused_s += elapsed_s
        elif state.state == "playing" and state.position_ms is None:
            playing_s += elapsed_s
        elif state.state == "playing" and not state.ghost:
            pending_s += elapsed_s
        elif state.state == "buffering":
            buffering_s += elapsed_s
    is_first = state.position_ms is None and position is not None
    return replace(
        state,
        seen=moment,
        state=player,
        playing_s=playing_s,
        paused_s=paused_s,
        pending_s=pending_s,
        buffering_s=buffering_s,
        position_ms=position if is_first else state.position_ms,
        join_position_ms=position if is_first and not state.spans else state.join_position_ms,
        advanced=moment if is_first else state.advanced,
        sittings=sittings.add(state.sittings, moment.wall_s - elapsed_s, moment.wall_s, playing_s - state.playing_s),
        outage=False,
        absent_since=None,
    )


def _stand_still(
    state: WatchState,
    moment: Moment,
    position: PositionMs,
    player: PlayerState,
    elapsed_s: float,
    rules: Rules,
) -> WatchState:
    """The position is the same: a late report, a pause, or a ghost."""
    step_ms = 0 if state.reckoned else position - (state.position_ms or 0)
    state = unfold_steps(state) if step_ms else state
    paused_s, pending_s, buffering_s = state.paused_s, state.pending_s, state.buffering_s
    if not state.outage:
        if state.state == "paused" or (state.state == "playing" and player == "paused"):
            paused_s += elapsed_s
        elif state.state == "playing":
            pending_s += elapsed_s
        elif state.state == "buffering":
            buffering_s += elapsed_s
    lead_ms = state.lead_ms
    is_in_part = {state.state, player} == {"playing", "paused"} and elapsed_s <= RARE_S
    if is_in_part and not state.outage and not state.ghost:
        expected_ms = round(state.speed * (state.pending_s + elapsed_s / 2) * 1000)
        lead_ms = max(lead_ms - expected_ms, min(lead_ms, -rules.slack_ms))
    if player == "paused":
        pending_s = buffering_s = 0.0
    return replace(
        state,
        seen=moment,
        state=player,
        # A reckoned position holds until a report passes it: the member came in there, not where the last
        # report was.
        position_ms=state.position_ms if state.reckoned else position,
        paused_s=paused_s,
        pending_s=pending_s,
        buffering_s=buffering_s,
        lead_ms=lead_ms,
        recent_steps=add_break(state.recent_steps, step_ms) if step_ms else state.recent_steps,
        ghost=player == "playing" and pending_s >= rules.ghost_after_s,
        outage=False,
        absent_since=None,
    )


def _move(
    state: WatchState,
    moment: Moment,
    position: PositionMs,
    player: PlayerState,
    elapsed_s: float,
    rules: Rules,
) -> WatchState:
    """The film is elsewhere: it was seen up to there, or somebody jumped."""
    state = unfold_steps(state)
    before = state.position_ms or 0
    step_s = (position - before) / 1000
    ran_s = elapsed_s if is_over(state) else state.pending_s + state.buffering_s + elapsed_s
    is_blind = state.outage or state.ghost
    is_at_end = int(position) == state.item.duration_ms
    is_steady = state.state == player == "playing" and not is_blind
    seen_s, lead_s = 0.0, state.lead_ms / 1000
    if is_blind or "playing" in (state.state, player):
        is_in_part = not is_blind and {state.state, player} == {"playing", "paused"}
        unknown_s = elapsed_s / 2 if is_in_part and elapsed_s <= RARE_S else 0.0
        seen_s, lead_s = _credit(state, step_s, ran_s, unknown_s, is_steady or unknown_s > 0, rules)
    speed, seen = state.speed, spans.add(state.spans, before, before + round(seen_s * 1000))
    recent_steps: tuple[Step, ...]
    if not is_steady or is_at_end or state.reckoned:
        recent_steps = add_break(state.recent_steps, position - before)
    else:
        recent_steps = add_step(state.recent_steps, round(ran_s * 1000), position - before)
        is_slower = lead_s <= -rules.slack_s and _is_slower(recent_steps, speed)
        if (seen_s < step_s or is_slower) and (learned := learn(recent_steps, speed)):
            speed, steady = learned
            recent_steps, lead_s = tuple(steady), 0.0
            for began_ms, ended_ms in stretches(steady, position):
                seen = spans.add(seen, began_ms, ended_ms)
            state = _credit_outage(state, moment, speed, steady)
        elif is_slower and speed > 1.0:
            speed, recent_steps, lead_s = 1.0, (), 2 * rules.slack_s
    playing_s, paused_s, began_s, ended_s = 0.0, state.paused_s, moment.wall_s - ran_s, moment.wall_s
    last_outage = state.last_outage
    if seen_s > 0 and (is_blind or state.state != player or is_at_end):
        playing_s = min(seen_s / (slowest_steady(state.recent_steps, speed) if is_blind else speed), ran_s)
        if state.state == "playing" and not state.ghost:
            ended_s = began_s + playing_s
        else:
            began_s = ended_s - playing_s
        if state.outage and not state.ghost:
            last_outage = _longer_outage(last_outage, (moment.steady_s, ran_s, playing_s, seen_s))
        if not is_blind and "paused" in (state.state, player):
            paused_s += min(elapsed_s, ran_s - playing_s)
    elif state.outage:
        # Before the outage began it was playing as usual, a report late.
        playing_s = 0.0 if state.ghost else state.pending_s
        began_s, ended_s = state.seen.wall_s - playing_s, state.seen.wall_s
    elif state.state == "paused":
        paused_s += elapsed_s
    elif state.state == "playing":
        playing_s = elapsed_s if state.ghost else ran_s
        began_s = ended_s - playing_s
    else:
        playing_s = state.pending_s
        ended_s = began_s + playing_s
    return replace(
        state,
        seen=moment,
        advanced=moment,
        state=player,
        join_position_ms=position if _was_not_told_yet(state, step_s, ran_s, rules) else state.join_position_ms,
        position_ms=position,
        playing_s=state.playing_s + playing_s,
        paused_s=paused_s,
        pending_s=0.0,
        buffering_s=0.0,
        lead_ms=round(lead_s * 1000),
        spans=seen,
        sittings=sittings.add(state.sittings, began_s, ended_s, playing_s),
        speed=speed,
        recent_steps=recent_steps,
        ghost=False,
        outage=False,
        absent_since=None,
        reckoned=False,
        last_outage=last_outage,
    )


def _longer_outage(before: Outage, new: Outage) -> Outage:
    """Return the outage of which more is to be learned: a short one soon after a long one (a restart) hides nothing."""
    is_near = new[0] - new[1] - before[0] <= OUTAGE_NEAR_S + MAX_STEPS * STEP_MS / 1000
    return before if is_near and before[1] > new[1] else new


def _credit_outage(state: WatchState, moment: Moment, speed: float, steady: Sequence[Step]) -> WatchState:
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


def _credit(
    state: WatchState, step_s: float, ran_s: float, unknown_s: float, is_steady: bool, rules: Rules
) -> tuple[float, float]:
    """Return how much of an advance was seen, and how far ahead of the clock the watch is with it; seconds of film.

    `unknown_s`: half of the time in which the film paused at some point. In the long run it is the half that it ran;
    to count all of it as time that the film could have run would hide a skip beside each pause.
    """
    speed = 1.0 if state.outage or state.ghost else state.speed
    lead_s, slack_s = state.lead_ms / 1000, rules.slack_s * max(1.0, speed)
    if step_s <= 0:
        return 0.0, lead_s
    excess_s = step_s - speed * ran_s
    if lead_s < 0 and excess_s > slack_s and slowest_steady(state.recent_steps, speed) < SLOWER_SHARE * speed:
        lead_s = 0.0  # no report was late that could be caught up by now: the film plays slowly
    # Only in steady play is a report that falls behind a late one, which the next may catch up.
    ahead_s = lead_s + max(0.0, excess_s)
    if is_steady:
        ahead_s = max(-slack_s, lead_s + excess_s + speed * unknown_s)
    if unknown_s and excess_s <= slack_s + max(0.0, -lead_s):
        return max(0.0, step_s - max(0.0, ahead_s - 2 * slack_s)), min(ahead_s, 2 * slack_s)
    if excess_s <= slack_s + max(0.0, -lead_s) and ahead_s <= 2 * slack_s:
        return step_s, ahead_s
    if state.outage:
        return min(step_s, ran_s), lead_s
    if step_s <= 2 * speed * ran_s:
        room_s = max(0.0, min(2 * slack_s - lead_s, excess_s))
        return speed * ran_s + room_s, lead_s + room_s
    return 0.0, min(lead_s, 2 * slack_s)


def _is_slower(steps: tuple[Step, ...], speed: float) -> bool:
    clock_ms, film_ms = total(steps)
    return count_steps(steps) == MAX_STEPS and film_ms < SLOWER_SHARE * speed * clock_ms


def _was_not_told_yet(state: WatchState, step_s: float, ran_s: float, rules: Rules) -> bool:
    """Tell whether the position so far was none: a player that resumes shows 0 until its first report."""
    if state.spans or state.playing_s or state.position_ms != state.join_position_ms:
        return False
    is_unset = state.position_ms == 0 or (state.reckoned and (state.position_ms or 0) <= NOT_TOLD_YET_MS)
    return is_unset and step_s > 2 * ran_s + rules.slack_s

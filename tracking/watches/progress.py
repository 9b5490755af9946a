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
have been late. Otherwise buffering counts as neither, and a position reported with it is not believed (some clients
then report the end). A player that pauses reports at once, so "the same" at a pause means that the film stood still.

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
no other is steady, that was none: the speed is 1 again, and nothing may run ahead of it for now. What a faster speed
has shown beyond the clock is doubted for some steps (`doubted`), and taken back where single steps of normal speed are
among its own: the others had a skip in them. "As long as the advance" is as long as the film takes for it at the speed;
after an outage or a ghost, no faster than the clock. "The time, as film" is what the film can have run at its speed, if
that is slow, since it was last looked at: a player that was dead by then ran no earlier. A film that runs slower than
the clock is known for it after less time than one that runs faster: skips make no film slow.
"""

from typing import NamedTuple

from msgspec.structs import replace

from messages import Moment, PlayerState, PositionMs, WatchState, sittings, spans
from tracking.rules import Rules, is_live
from tracking.watches.film_seen import RARE_S, FilmInterval, FilmSeen, see_film
from tracking.watches.learned_speed import Outage, longer_outage, unfold_steps
from tracking.watches.speed import JITTER_MS, add_break, add_step, find_speed_unseen, may_run
from tracking.watches.watch import clamp_position, is_over

FLOOR_MS = 2000
"""Players floor the position to a second when they pause: a step back as small as this is no seek."""
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
            state = replace(state, buffering_s=0.0)  # it stood for that long: the film has not run since then
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

    Nearly every step is one: the result is that of `_move`, in a third of the time.
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
    if state.doubted:
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

    The client reports buffering at once: the report before was late, by no more than the slack.
    """
    if state.position_ms is None:
        return False
    ran_s = elapsed_s if state.state == "paused" else state.pending_s + state.buffering_s + elapsed_s
    late_ms = state.speed * rules.slack_ms - max(0, state.lead_ms) if state.state == "playing" else 0
    return 0 < position - state.position_ms <= state.speed * ran_s * 1000 + max(FLOOR_MS, late_ms)


def _untold(
    state: WatchState, moment: Moment, position: PositionMs | None, player: PlayerState, elapsed_s: float
) -> WatchState:
    """Count time by the state at the start of the interval: there is no position. Live TV never has one."""
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
    """Count an interval whose position is the same: a late report, a pause, or a ghost."""
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
        # An estimated position holds until a report passes it: the member joined there, not at the last
        # report.
        position_ms=state.position_ms if state.reckoned else position,
        paused_s=paused_s,
        pending_s=pending_s,
        buffering_s=buffering_s,
        lead_ms=lead_ms,
        recent_steps=add_break(state.recent_steps, step_ms) if step_ms else state.recent_steps,
        ghost=player == "playing" and (state.ghost or pending_s >= rules.ghost_after_s),
        outage=False,
        absent_since=None,
    )


class _TimePlayed(NamedTuple):
    """How long of an interval counts as played, when that was, and how long as paused; seconds."""

    playing_s: float
    paused_s: float
    began_s: float
    """Since 1970, UTC, as is `ended_s`."""
    ended_s: float
    last_outage: Outage


def _move(
    state: WatchState,
    moment: Moment,
    position: PositionMs,
    player: PlayerState,
    elapsed_s: float,
    rules: Rules,
) -> WatchState:
    """Count an interval whose position is elsewhere: it was seen up to there, or somebody jumped."""
    state = unfold_steps(state)
    ran_s = elapsed_s if is_over(state) else state.pending_s + state.buffering_s + elapsed_s
    step_s = (position - (state.position_ms or 0)) / 1000
    interval = FilmInterval(moment, position, player, elapsed_s, ran_s, step_s)
    state, film = see_film(state, interval, rules)
    time = _count_time(state, interval, film)
    return replace(
        state,
        seen=moment,
        advanced=moment,
        state=player,
        join_position_ms=position if _was_not_told_yet(state, step_s, ran_s, rules) else state.join_position_ms,
        position_ms=position,
        playing_s=state.playing_s + time.playing_s,
        paused_s=state.paused_s + time.paused_s,
        pending_s=0.0,
        buffering_s=0.0,
        lead_ms=round(film.lead_s * 1000),
        spans=film.spans,
        doubted=film.doubted,
        sittings=sittings.add(state.sittings, time.began_s, time.ended_s, time.playing_s),
        speed=film.speed,
        recent_steps=film.recent_steps,
        ghost=False,
        outage=False,
        absent_since=None,
        reckoned=False,
        last_outage=time.last_outage,
    )


def _count_time(state: WatchState, interval: FilmInterval, film: FilmSeen) -> _TimePlayed:
    """Return how long of an interval counts as played and as paused."""
    moment, position, player, elapsed_s, ran_s, step_s = interval
    is_blind, is_at_end = state.outage or state.ghost, int(position) == state.item.duration_ms
    playing_s, paused_s, began_s, ended_s = 0.0, 0.0, moment.wall_s - ran_s, moment.wall_s
    last_outage = state.last_outage
    if film.seen_s > 0 and (is_blind or state.state != player or is_at_end):
        speed = film.speed
        if is_blind:
            unseen = (round(ran_s * 1000), round(step_s * 1000))
            speed = find_speed_unseen(state.recent_steps, unseen, speed)
        playing_s = min(film.seen_s / speed, ran_s)
        if state.state == "playing" and not state.ghost:
            ended_s = began_s + playing_s
        else:
            began_s = ended_s - playing_s
        if state.outage and not state.ghost:
            last_outage = longer_outage(last_outage, (moment.steady_s, ran_s, playing_s, film.seen_s))
        if not is_blind and "paused" in (state.state, player):
            paused_s = min(elapsed_s, ran_s - playing_s)
    elif state.outage:
        # Before the outage began it was playing as usual, a report late.
        playing_s = 0.0 if state.ghost else state.pending_s
        began_s, ended_s = state.seen.wall_s - playing_s, state.seen.wall_s
    elif state.state == "paused":
        paused_s = elapsed_s
    elif state.state == "playing":
        playing_s = elapsed_s if state.ghost else ran_s
        began_s = ended_s - playing_s
    else:
        playing_s = state.pending_s
        ended_s = began_s + playing_s
    return _TimePlayed(playing_s, paused_s, began_s, ended_s, last_outage)


def _was_not_told_yet(state: WatchState, step_s: float, ran_s: float, rules: Rules) -> bool:
    """Tell whether the position so far was not real: a player that resumes shows 0 until its first report."""
    if state.spans or state.playing_s or state.position_ms != state.join_position_ms:
        return False
    is_unset = state.position_ms == 0 or (state.reckoned and (state.position_ms or 0) <= NOT_TOLD_YET_MS)
    return is_unset and step_s > 2 * ran_s + rules.slack_s

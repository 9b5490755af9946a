"""One step of a watch: from what was seen of the film last time to what is seen of it now.

What an interval between two observations counts as:

| began   | ended   | position            | playing                  | paused              | seen            |
|---------|---------|---------------------|--------------------------|---------------------|-----------------|
| playing | playing | the same            | held back (`pending_s`)  | -                   | -               |
| playing | playing | on, as time allows  | all, and what was held   | -                   | the advance     |
| playing | playing | on, to the end      | as long as the advance   | -                   | the advance     |
| playing | playing | jumped on or back   | all, and what was held   | -                   | -               |
| playing | paused  | the same            | - (the hold is dropped)  | all                 | -               |
| playing | paused  | on, as time allows  | as long as the advance   | the rest            | the advance     |
| paused  | paused  | anything            | -                        | all                 | -               |
| paused  | playing | the same            | -                        | all                 | -               |
| paused  | playing | on, as time allows  | as long as the advance   | the rest            | the advance     |
| any     | any     | jumped on or back   | all if it began playing  | all if began paused | -               |
| outage or ghost   | on, as time allows  | as long as the advance   | -                   | the advance     |
| outage            | anything else       | - (but what was held)    | -                   | -               |
| ghost             | jumped on or back   | the last interval        | -                   | -               |

Buffering counts as neither; a position reported while buffering is not believed (some clients then name the
end). A player that pauses reports at once, so that "the same" at a pause means that the film stood still.
"As time allows": by no more than the elapsed time and the slack, and only while the slack is not used up.
The slack is a bucket (`lead_ms`) that fills with what is faster than double speed and drains as time goes
by: a late report and a film at double speed are seen, but pressing "skip" again and again is not.
"""

from msgspec.structs import replace

from messages import Moment, PlayerState, PositionMs, WatchState, spans
from tracking.rules import Rules, is_live
from tracking.watch import clamp_position, is_over

FLOOR_MS = 2000
"""Players floor the position to a second when they pause: a step back as small as this is no seek."""


def advance(
    state: WatchState, moment: Moment, position_ms: int | None, player: PlayerState, rules: Rules
) -> WatchState:
    """Return the watch after the film was seen at `position_ms` (None: not told), doing `player`."""
    elapsed_s = max(0.0, moment.steady_s - state.seen.steady_s)
    if moment.steady_s < state.seen.steady_s:
        moment = state.seen
    if is_live(state.item) or player not in ("playing", "paused"):
        position_ms = None
    position = clamp_position(position_ms, state.item.duration_ms)
    if position is None or state.position_ms is None:
        return _untold(state, moment, position, player, elapsed_s)
    step_ms = position - state.position_ms
    back_ms = max(FLOOR_MS, rules.slack_ms) if state.reckoned else FLOOR_MS
    if -back_ms <= step_ms <= 0:
        return _stood(state, moment, position, player, elapsed_s, rules)
    return _moved(state, moment, position, player, elapsed_s, rules)


def _untold(
    state: WatchState, moment: Moment, position: PositionMs | None, player: PlayerState, elapsed_s: float
) -> WatchState:
    """No position to compare: time by the state that the interval began with. Live TV never has one."""
    playing_s, paused_s, pending_s = state.playing_s, state.paused_s, state.pending_s
    if not state.outage:
        if state.state == "paused":
            paused_s += elapsed_s
        elif state.state == "playing" and state.position_ms is None:
            playing_s += elapsed_s
        elif state.state == "playing" and not state.ghost:
            pending_s += elapsed_s
    found = state.position_ms is None and position is not None
    return replace(
        state,
        seen=moment,
        state=player,
        playing_s=playing_s,
        paused_s=paused_s,
        pending_s=pending_s,
        position_ms=position if found else state.position_ms,
        advanced=moment if found else state.advanced,
        outage=False,
        absent_since=None,
    )


def _stood(
    state: WatchState,
    moment: Moment,
    position: PositionMs,
    player: PlayerState,
    elapsed_s: float,
    rules: Rules,
) -> WatchState:
    """The position is the same: a late report, a pause, or a ghost."""
    paused_s, pending_s = state.paused_s, state.pending_s
    if not state.outage:
        if state.state == "paused" or (state.state == "playing" and player == "paused"):
            paused_s += elapsed_s
        elif state.state == "playing":
            pending_s += elapsed_s
    if player == "paused":
        pending_s = 0.0
    return replace(
        state,
        seen=moment,
        state=player,
        # A reckoned position holds until a report passes it: the member came in there, not where the last
        # report was.
        position_ms=state.position_ms if state.reckoned else position,
        paused_s=paused_s,
        pending_s=pending_s,
        ghost=player == "playing" and pending_s >= rules.ghost_after_s,
        outage=False,
        absent_since=None,
    )


def _moved(
    state: WatchState,
    moment: Moment,
    position: PositionMs,
    player: PlayerState,
    elapsed_s: float,
    rules: Rules,
) -> WatchState:
    """The film is elsewhere: it was seen up to there, or somebody jumped."""
    before = state.position_ms or 0
    step_s = (position - before) / 1000
    ran_s = elapsed_s if is_over(state) else state.pending_s + elapsed_s
    blind = state.outage or state.ghost
    lead_s = max(0.0, state.lead_ms / 1000 + step_s - 2 * ran_s)
    may_play = blind or "playing" in (state.state, player)
    seen = may_play and 0 < step_s <= ran_s + rules.slack_s and lead_s <= rules.slack_s
    playing_s, paused_s = state.playing_s, state.paused_s
    over = int(position) == state.item.duration_ms
    if seen and (blind or state.state != player or over):
        played_s = min(step_s, ran_s)
        playing_s += played_s
        if not blind and "paused" in (state.state, player):
            paused_s += min(elapsed_s, ran_s - played_s)
    elif state.outage:
        # Before the outage began it was playing as usual, a report late.
        playing_s += 0.0 if state.ghost else state.pending_s
    elif state.state == "paused":
        paused_s += elapsed_s
    elif state.state == "playing":
        playing_s += elapsed_s if state.ghost else ran_s
    else:
        playing_s += state.pending_s
    return replace(
        state,
        seen=moment,
        advanced=moment,
        state=player,
        position_ms=position,
        playing_s=playing_s,
        paused_s=paused_s,
        pending_s=0.0,
        lead_ms=round(lead_s * 1000) if seen else min(state.lead_ms, rules.slack_ms),
        spans=spans.add(state.spans, before, position) if seen else state.spans,
        ghost=False,
        outage=False,
        absent_since=None,
        reckoned=False,
    )

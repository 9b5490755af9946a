"""Moves a watch to another player, or to another session key."""

from msgspec.structs import replace

from messages import Moment, Playback, WatchState, sittings, spans
from messages.base import PositionMs
from tracking.rules import Rules, is_live
from tracking.sessions.other_player import OtherPlayer
from tracking.watches.learned_speed import unfold_steps
from tracking.watches.shown_lately import measure_on, show_last
from tracking.watches.speed import add_break
from tracking.watches.watch import clamp_position, keep_length


def relocate(state: WatchState, playback: Playback, at: Moment) -> WatchState:
    """Return the watch continued at another player's position; the time between does not count."""
    return replace(
        state,
        seen=at,
        advanced=at,
        state=playback.state,
        position_ms=clamp_position(playback.position_ms, state.item.duration_ms),
        pending_s=0.0,
        buffering_s=0.0,
        lead_ms=0,
        speed=1.0,
        recent_steps=(),
        even_steps=0,
        even_ms=0,
        even_film_ms=0,
        doubted=(),
        ghost=False,
        outage=False,
        reckoned=False,
    )


def credit(state: WatchState, other: OtherPlayer, at: Moment, rules: Rules) -> WatchState:
    """Return the watch with what another player showed meanwhile as seen, and as played instead of paused.

    Its film counts from where it stood; its time from the poll that first saw it move, because a player may wait after
    it was opened. A member who joined after that gets what ran since, and nothing if it has been paused since before.
    Of the paused time, only that since the own player last moved becomes played. If the own player says that it plays,
    but has stood for longer than a report can be late, it is dead: its time from here on cannot turn out to be played.
    """
    trial, moved = other.trial, other.moved
    if moved is None or trial.position_ms is None:
        return state
    came_late = state.advanced.steady_s > moved.steady_s
    since_s = max(moved.steady_s, state.advanced.steady_s)
    until_s = trial.advanced.steady_s if came_late and trial.state == "paused" else at.steady_s
    played_s = min(trial.playing_s, max(0.0, until_s - since_s))
    ended_s = trial.seen.wall_s - trial.pending_s - trial.buffering_s
    stretches = trial.spans
    if came_late:
        stretches = show_last(trial, played_s, trial.position_ms).spans
    held_s = state.pending_s + state.buffering_s
    stood_paused_s = max(0.0, state.seen.steady_s - state.advanced.steady_s - held_s)
    joined_ms = state.join_position_ms
    if stretches and not state.spans and (came_late or state.reckoned):
        joined_ms = PositionMs(stretches[0][0])  # not the position of the player that was left
    return replace(
        state,
        join_position_ms=joined_ms,
        playing_s=state.playing_s + played_s,
        paused_s=max(0.0, state.paused_s - min(played_s, stood_paused_s)),
        pending_s=0.0,
        buffering_s=0.0,
        ghost=state.ghost or (state.state == "playing" and state.pending_s >= rules.slack_s),
        sittings=sittings.include(state.sittings, ended_s - played_s, ended_s, played_s),
        spans=spans.union((*state.spans, *stretches)),
    )


def resume_measuring(state: WatchState, other: OtherPlayer, came: Moment | None = None) -> WatchState:
    """Return a watch that has moved to another player, measured on as that player was until now.

    `came`: when the viewer joined, where that player had begun to play before.
    """
    trial = unfold_steps(other.trial)
    state = replace(
        state,
        advanced=trial.advanced,
        pending_s=trial.pending_s,
        buffering_s=trial.buffering_s,
        lead_ms=trial.lead_ms,
        speed=trial.speed,
        recent_steps=trial.recent_steps,
        even_steps=0,
        even_ms=0,
        even_film_ms=0,
        doubted=(),
    )
    if came is None or trial.position_ms is None:
        return state
    there_s = max(0.0, state.seen.steady_s - came.steady_s)
    return measure_on(state, show_last(trial, min(trial.playing_s, there_s), trial.position_ms))


def start_standing(state: WatchState, *, keep_held: bool) -> WatchState:
    """Return the watch with a player that has just appeared: that the one before stood, or was dead, is over.

    The time that the one before stood does not count as played: the film has moved on elsewhere. If nobody looked
    (`keep_held`), it may have run before.
    """
    if keep_held:
        return replace(state, ghost=False) if state.ghost and not state.pending_s else state
    if state.pending_s or state.buffering_s or state.ghost:
        return replace(state, pending_s=0.0, buffering_s=0.0, ghost=False)
    return state


def leave_player(state: WatchState, position_ms: int | None, at: Moment) -> WatchState:
    """Return the watch as it leaves its player, for one that shows the film at `position_ms`.

    Of the time that its player stood it has no more than the film has advanced since, elsewhere. The advance from one
    player to the other tells nothing of the film's speed.
    """
    state = unfold_steps(state)
    state = replace(state, recent_steps=add_break(state.recent_steps, 0))
    if position_ms is None or state.position_ms is None or not state.pending_s:
        return state
    ran_s = (position_ms - state.position_ms) / 1000 / state.speed
    elapsed_s = max(0.0, at.steady_s - state.seen.steady_s)
    return replace(state, pending_s=min(state.pending_s, max(0.0, ran_s - elapsed_s)))


def relabel(state: WatchState, playback: Playback, named: bool) -> WatchState:
    """Return the watch with what a session may change of itself: stream, account name, the item's tags.

    A live channel's programme may change, and so may the metadata's match: the watch keeps its original item.
    """
    name = playback.account_name if named and playback.account_name else state.username
    item = state.item
    if playback.item != item and not is_live(item):
        matched_anew = item.guid and playback.item.guid != item.guid and playback.item.rating_key == item.rating_key
        item = item if matched_anew else keep_length(playback.item, item)
    if (
        name == state.username
        and item is state.item
        and playback.session_key == state.session_key
        and playback.machine_id == state.machine_id
    ):
        return state
    return replace(state, username=name, session_key=playback.session_key, machine_id=playback.machine_id, item=item)

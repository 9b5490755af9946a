"""Moves a watch to another player, or to another session key."""

from msgspec.structs import replace

from messages import Moment, Playback, WatchState, sittings, spans
from tracking.rules import is_live
from tracking.sessions.other_player import OtherPlayer
from tracking.watches.learned_speed import unfold_steps
from tracking.watches.watch import clamp_position


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
        ghost=False,
        outage=False,
        reckoned=False,
    )


def credit(state: WatchState, other: OtherPlayer, at: Moment) -> WatchState:
    """Return the watch with what another player showed meanwhile as seen, and as played instead of paused.

    Its film counts from where it stood; its time from the poll that first saw it move: a player that was opened may
    have waited until then. Who came in after that has what ran since.
    """
    trial, moved = other.trial, other.moved
    if moved is None or trial.position_ms is None:
        return state
    since_s = max(moved.steady_s, state.advanced.steady_s)
    played_s = min(trial.playing_s, max(0.0, at.steady_s - since_s))
    ended_s = trial.seen.wall_s - trial.pending_s - trial.buffering_s
    stretches = trial.spans
    if state.advanced.steady_s > moved.steady_s:
        stretches = ((max(0, trial.position_ms - round(played_s * 1000)), trial.position_ms),)
    return replace(
        state,
        playing_s=state.playing_s + played_s,
        paused_s=max(0.0, state.paused_s - played_s),
        pending_s=0.0,
        buffering_s=0.0,
        sittings=sittings.merge((state.sittings, sittings.add((), ended_s - played_s, ended_s, played_s))),
        spans=spans.union((*state.spans, *stretches)),
    )


def resume_measuring(state: WatchState, other: OtherPlayer, *, whole: bool = True) -> WatchState:
    """Return a watch that has moved to another player, measured on as that player was until now.

    Not `whole`: the viewer came in after it had begun to play, and has not seen its steps.
    """
    trial = unfold_steps(other.trial)
    return replace(
        state,
        advanced=trial.advanced,
        pending_s=trial.pending_s,
        buffering_s=trial.buffering_s,
        lead_ms=trial.lead_ms if whole else 0,
        speed=trial.speed,
        recent_steps=trial.recent_steps if whole else (),
        even_steps=0,
        even_ms=0,
        even_film_ms=0,
    )


def drop_pending(state: WatchState) -> WatchState:
    """Return the watch without the time that its player stood: it is not known to have run, and has moved on."""
    return replace(state, pending_s=0.0, buffering_s=0.0) if state.pending_s or state.buffering_s else state


def limit_pending(state: WatchState, position_ms: int | None, at: Moment) -> WatchState:
    """Return the watch with no more of the time that its player stood than the film has advanced since, elsewhere."""
    if position_ms is None or state.position_ms is None or not state.pending_s:
        return state
    ran_s = (position_ms - state.position_ms) / 1000 / state.speed
    elapsed_s = max(0.0, at.steady_s - state.seen.steady_s)
    return replace(state, pending_s=min(state.pending_s, max(0.0, ran_s - elapsed_s)))


def relabel(state: WatchState, playback: Playback, named: bool) -> WatchState:
    """Return the watch with what a session may change of itself: stream, account name, the item's tags.

    A live channel's programme changes, and so may the metadata's match: the watch stays with what it was opened for.
    """
    name = playback.account_name if named and playback.account_name else state.username
    item = state.item
    if playback.item != item and not is_live(item):
        matched_anew = item.guid and playback.item.guid != item.guid and playback.item.rating_key == item.rating_key
        item = item if matched_anew else playback.item
    if (
        name == state.username
        and item is state.item
        and playback.session_key == state.session_key
        and playback.machine_id == state.machine_id
    ):
        return state
    return replace(state, username=name, session_key=playback.session_key, machine_id=playback.machine_id, item=item)

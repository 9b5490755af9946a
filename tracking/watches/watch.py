"""One watch from its opening to its record, whoever watches: an account or a member of the channel."""

import hashlib

from msgspec.structs import replace

from messages import (
    EndReason,
    Item,
    Moment,
    Playback,
    PlayerState,
    PositionMs,
    Sittings,
    Source,
    WatchRecord,
    WatchState,
    sittings,
    spans,
)
from messages.base import DurationMs
from tracking.rules import Rules, classify, is_live
from viewers.resuming import END_SHARE, at_beginning, seen_before, step_back_ms

CREDITS_SHARE = 0.05
"""Within this share of the end long credits run: a film that stands there, while another one was started, is over."""
CLOCK_SET_S = 3660.0
"""The most by which a wall clock is set: an hour where its zone was wrong, and a little for what lies between."""


def make_id(*parts: object) -> str:
    """Return an id made of what it names (24 hex digits), so that the same observations give the same ids."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()


def open_watch(
    shown: Playback | WatchState,
    screening_id: str,
    viewer_id: str,
    username: str,
    source: Source,
    moment: Moment,
    position_ms: int | None,
    player: PlayerState,
) -> WatchState:
    """Return a new watch of what a session shows, from `moment` on, with the film at `position_ms`."""
    position = clamp_position(position_ms, shown.item.duration_ms)
    return WatchState(
        watch_id=make_id("watch", screening_id, viewer_id, shown.machine_id, shown.session_key, repr(moment.wall_s)),
        screening_id=screening_id,
        viewer_id=viewer_id,
        username=username,
        source=source,
        item=shown.item,
        session_key=shown.session_key,
        account_id=shown.account_id,
        machine_id=shown.machine_id,
        started_at_s=moment.wall_s,
        join_position_ms=position,
        position_ms=position,
        state=player,
        seen=moment,
        advanced=moment,
        speed=shown.speed if isinstance(shown, WatchState) else 1.0,
        together_id=shown.together_id if isinstance(shown, WatchState) else "",
        together=isinstance(shown, WatchState) and shown.together,
    )


def resume(record: WatchRecord, fresh: WatchState) -> WatchState:
    """Return `fresh` as the continuation of a finished watch: same id and join position, spans and times of both."""
    return replace(
        fresh,
        item=keep_length(fresh.item, record.item),
        watch_id=record.watch_id,
        started_at_s=record.started_at_s,
        join_position_ms=record.join_position_ms,
        playing_s=record.playing_s + fresh.playing_s,
        paused_s=record.paused_s + fresh.paused_s,
        spans=spans.union((*record.spans, *fresh.spans)),
        sittings=sittings.merge((record_sittings(record), fresh.sittings))
        if fresh.sittings
        else record_sittings(record),
        first_seat=record.first_seat,
        source=record.source if fresh.source != "manual" else fresh.source,
    )


def keep_length(item: Item, known: Item) -> Item:
    """Return an item with the length that is known of it, where it is shown without one for a while."""
    return replace(item, duration_ms=known.duration_ms) if item.duration_ms is None and known.duration_ms else item


def starts_again(
    line: WatchState, position_ms: int | None, at: Moment, rules: Rules, player: str | None = None
) -> bool:
    """Tell whether a film that was completed begins anew where it is shown at `position_ms`.

    Between two polls that are far apart it may have run on from its beginning. On another `player` (machine id) than
    its own, or on any once it is over, it is seen anew also where it shows a part that had been seen.
    """
    before_ms = line.position_ms
    if position_ms is None or before_ms is None or position_ms >= before_ms:
        return False
    if (completion(line) or 0.0) < rules.watched_percent:
        return False
    ran_ms = max(0.0, at.steady_s - line.seen.steady_s) * 1000
    duration_ms = line.item.duration_ms
    begins = at_beginning(duration_ms, position_ms, rules) or position_ms <= ran_ms + rules.slack_ms
    if begins and not at_beginning(duration_ms, before_ms, rules):
        return True
    if player is None or (player == line.machine_id and not at_end(line, rules)):
        return False
    is_back = position_ms < before_ms - step_back_ms(duration_ms, rules)
    return is_back and seen_before(line.spans, duration_ms, position_ms, rules)


def mark_unobserved(state: WatchState) -> WatchState:
    """Return the watch with a note that nobody looked for a while."""
    return state if state.outage else replace(state, outage=True)


def look_again(state: WatchState, at: Moment, restarted: bool, rules: Rules) -> WatchState:
    """Return the watch when its session is listed again after a time in which nobody looked.

    `restarted`: that was a restart. One that took no longer than polls may be apart is no outage.
    """
    if restarted and not rules.is_outage(at.steady_s - state.seen.steady_s, failed=False):
        return replace(state, outage=False)
    return mark_unobserved(state)


def restore_watch(state: WatchState, at: Moment) -> WatchState:
    """Return a checkpointed watch on the clock of today's process: as after an outage, not yet looked for.

    The steady clock starts anew when the machine does; the wall clock may be set. Where the two differ by no more than
    a clock is set by, the steady one says how long the time away was; else the smaller possible one is taken, since
    the time away bounds what may count as seen.
    """
    by_steady = at.steady_s - state.seen.steady_s
    by_wall = at.wall_s - state.seen.wall_s
    possible = [away for away in (by_steady, by_wall) if away >= 0]
    same_boot = by_steady >= 0 and abs(by_steady - by_wall) <= CLOCK_SET_S
    away_s = by_steady if same_boot else min(possible, default=0.0)
    shift = at.steady_s - away_s - state.seen.steady_s
    return replace(
        state,
        seen=Moment(state.seen.wall_s, state.seen.steady_s + shift),
        advanced=Moment(state.advanced.wall_s, state.advanced.steady_s + shift),
        last_outage=(state.last_outage[0] + shift, *state.last_outage[1:]),
        spans=spans.union(state.spans),
        sittings=state.sittings or sittings.add((), state.started_at_s, state.seen.wall_s, state.playing_s),
        outage=True,
        absent_since=None,
    )


def estimate_position(state: WatchState, at: Moment, rules: Rules) -> PositionMs | None:
    """Return where the film is at `at`, by the clock, from what was last seen of it.

    While it plays, reports come late: the time played since the last new position belongs to it. A ghost
    and an outage stand still: nothing says that the film went on.
    """
    if state.position_ms is None or state.state != "playing" or state.ghost or state.outage:
        return state.position_ms
    ran_s = state.pending_s + max(0.0, at.steady_s - state.seen.steady_s)
    position = state.position_ms + round(min(ran_s, rules.ghost_after_s) * state.speed * 1000)
    return clamp_position(position, state.item.duration_ms)


def credit_remainder(state: WatchState, at: Moment, rules: Rules) -> WatchState:
    """Return the watch with the film's last seconds seen, if it must have run out before `at`.

    Between the last poll with the session and the first without, the film can only have gone on: where no
    more was left of it than that time, its end was seen. The time itself is not counted: the viewer was
    last seen before. A player that was silent for longer than a report can be late, and had not come near the
    end, was dead.
    """
    duration = state.item.duration_ms
    if duration is None or state.position_ms is None or state.state != "playing" or state.ghost or state.outage:
        return state
    ran_s = state.pending_s + max(0.0, at.steady_s - state.seen.steady_s)
    left_ms = duration - state.position_ms
    if not 0 < left_ms <= ran_s * state.speed * 1000:
        return state
    if state.pending_s > rules.slack_s and left_ms > state.speed * rules.slack_ms:
        return state
    return replace(state, spans=spans.add(state.spans, state.position_ms, duration), position_ms=PositionMs(duration))


def at_end(state: WatchState, rules: Rules) -> bool:
    """Tell whether the film has ended: at most the slack, or 2 % of a long film, is left of it."""
    duration = state.item.duration_ms
    if duration is None or state.position_ms is None:
        return False
    return state.position_ms >= duration - max(rules.slack_ms, END_SHARE * duration)


def is_in_credits(state: WatchState) -> bool:
    """Tell whether no more than the credits are left of a film, where they are long."""
    duration, position = state.item.duration_ms, state.position_ms
    return bool(duration) and position is not None and position >= (1 - CREDITS_SHARE) * (duration or 0)


def is_left_at_end(state: WatchState, at: Moment, rules: Rules) -> bool:
    """Tell whether a film has ended and its player is listed on: paused, or standing on its last position."""
    return at_end(state, rules) and (state.state == "paused" or (is_over(state) and state.advanced != at))


def finish_from_history(state: WatchState, viewed_at_s: float, at: Moment, rules: Rules) -> WatchRecord:
    """Return the record of a watch that the server saw through while nobody looked.

    From the last position on it was seen and played, for at most the time until the server counted the play, and
    until `at`: the wall clock may have been set since the watch was last seen.
    """
    away_s = min(viewed_at_s - state.seen.wall_s, at.steady_s - state.seen.steady_s)
    away_ms = max(0, round(away_s * 1000))
    if state.position_ms is not None and state.item.duration_ms is not None:
        end = min(state.item.duration_ms, state.position_ms + away_ms)
        played_s = max(0, end - state.position_ms) / 1000
        state = replace(
            state,
            spans=spans.add(state.spans, state.position_ms, end),
            position_ms=PositionMs(max(end, state.position_ms)),
            playing_s=watched_s(state) + played_s,
            pending_s=0.0,
            sittings=sittings.add(sittings_so_far(state), state.seen.wall_s, state.seen.wall_s + played_s, played_s),
        )
    return finish(state, max(viewed_at_s, state.seen.wall_s), "from_history", rules)


def finish(state: WatchState, ended_at_s: float, reason: EndReason, rules: Rules) -> WatchRecord:
    """Return the record of a watch that ended at `ended_at_s` (seconds since 1970, UTC).

    The end is never before the start, nor nearer to it than the time watched: the wall clock may have been
    set back.
    """
    playing_s, played = watched_s(state), sittings_so_far(state)
    covered = spans.coverage(state.spans)
    percent = completion(state)
    return WatchRecord(
        watch_id=state.watch_id,
        screening_id=state.together_id or state.screening_id,
        viewer_id=state.viewer_id,
        username=state.username,
        source=state.source,
        item=state.item,
        media_type=classify(state.item) or state.item.kind,
        started_at_s=state.started_at_s,
        ended_at_s=max(
            ended_at_s, state.started_at_s + playing_s + state.paused_s, *(sitting.end_s for sitting in played[-1:])
        ),
        join_position_ms=state.join_position_ms,
        leave_position_ms=state.position_ms,
        playing_s=playing_s,
        paused_s=state.paused_s,
        spans=state.spans,
        coverage_ms=DurationMs(covered),
        completion_percent=percent,
        completed=percent is not None and percent >= rules.watched_percent,
        brief=playing_s < rules.min_watch_s,
        end_reason=reason,
        guild_id=state.guild_id,
        channel_id=state.channel_id,
        party=state.party or bool(state.together_id),
        first_seat=state.first_seat,
        sittings=played,
    )


def record_so_far(state: WatchState, rules: Rules) -> WatchRecord:
    """Return the record that a running watch would have if it ended where it was last seen."""
    return finish(state, state.seen.wall_s, "left", rules)


def sittings_so_far(state: WatchState) -> Sittings:
    """Return when a watch was played so far, with what is pending: as `watched_s` counts it."""
    pending_s = watched_s(state) - state.playing_s
    return sittings.add(state.sittings, state.seen.wall_s - pending_s, state.seen.wall_s, pending_s)


def played_since(state: WatchState, since: Moment) -> float:
    """Return for how long a film was played since a moment, seconds: never longer than the time that has passed.

    Sittings have times of day. Where the wall clock was set back, those from before may lie after the moment.
    """
    elapsed_s = max(0.0, state.seen.steady_s - since.steady_s)
    since_s = min(since.wall_s, state.seen.wall_s - elapsed_s)
    played_s = 0.0
    for sitting in sittings_so_far(state):
        there_s = sitting.end_s - max(sitting.start_s, since_s)
        if there_s > 0:
            played_s += sitting.playing_s * there_s / (sitting.end_s - sitting.start_s)
    return min(played_s, elapsed_s)


def record_sittings(record: WatchRecord) -> Sittings:
    """Return when a finished watch was played; a record of an older version counts as one sitting from its start."""
    ended_s = min(record.ended_at_s, record.started_at_s + record.playing_s + record.paused_s)
    return record.sittings or sittings.add((), record.started_at_s, ended_s, record.playing_s)


def watched_s(state: WatchState) -> float:
    """Return the playing time so far, seconds: a ghost's standing still is none, nor is one at the film's end."""
    return state.playing_s if state.ghost or is_over(state) else state.playing_s + state.pending_s


def is_over(state: WatchState) -> bool:
    """Tell whether the film has run out: a player may be listed as playing there for a while."""
    position, duration = state.position_ms, state.item.duration_ms
    return position is not None and duration is not None and int(position) >= int(duration)


def completion(state: WatchState) -> float | None:
    """Return how much of the film was seen, 0 to 100; None where its length is not known, and for live TV.

    Without any position the playing time stands in for the coverage.
    """
    duration = state.item.duration_ms
    if not duration or duration < 0 or is_live(state.item):
        return None
    timed = state.position_ms is not None or state.spans
    seen_ms = spans.coverage(state.spans) if timed else watched_s(state) * 1000
    return min(100.0, seen_ms / duration * 100)


def clamp_position(position_ms: int | None, duration_ms: int | None) -> PositionMs | None:
    """Return a position inside the film: clients report a little more than its length at its end."""
    if position_ms is None:
        return None
    if position_ms < 0:
        return PositionMs(0)
    if duration_ms is not None and 0 < duration_ms < position_ms:
        return PositionMs(duration_ms)
    return PositionMs(position_ms)


def latest(first: Moment, second: Moment) -> Moment:
    """Return the later of two moments."""
    return first if first.steady_s >= second.steady_s else second

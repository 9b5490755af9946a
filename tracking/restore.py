"""Rebuilds the sessions that ran before a restart from their watches."""

from collections.abc import Iterator

from msgspec.structs import replace

from messages import Moment, WatchesLoaded, WatchRecord, WatchState, spans
from messages.ids import is_session_account
from tracking.resume_index import ResumeIndex
from tracking.rules import Rules
from tracking.sessions.phases import RESTORED
from tracking.sessions.session import Session, StreamKey
from tracking.watches.film import film_keys
from tracking.watches.watch import finish, restore_watch, watched_s


def rebuild_sessions(
    loaded: WatchesLoaded, resume_index: ResumeIndex, at: Moment, rules: Rules
) -> Iterator[tuple[Session, list[WatchRecord]]]:
    """Yield each session that ran before a restart, with the records of watches that do not go on.

    Another watch of the same viewer supersedes them, or the settings now exclude their account or their film.
    """
    finished = {record.watch_id: record for record in loaded.resumable}
    groups: dict[tuple[str, StreamKey, str], list[WatchState]] = {}
    for state in loaded.running:
        if not _holds_nothing_new(state, finished.get(state.watch_id)):
            key = (state.item.server_id, StreamKey.of(state), film_keys(state.item)[0])
            groups.setdefault(key, []).append(restore_watch(state, at))
    for (server_id, _, _), states in groups.items():
        yield _rebuild(server_id, states, resume_index, rules)


def _holds_nothing_new(state: WatchState, record: WatchRecord | None) -> bool:
    """Tell whether a watch was closed since it was reported; one that was resumed since has more than its record.

    Wall-clock times do not decide it: the clock may have been set back in between.
    """
    if record is None:
        return False
    return watched_s(state) + state.paused_s <= record.playing_s + record.paused_s and (
        spans.coverage(state.spans) <= record.coverage_ms
    )


def _rebuild(
    server_id: str, states: list[WatchState], resume_index: ResumeIndex, rules: Rules
) -> tuple[Session, list[WatchRecord]]:
    """Rebuild one session from its watches."""
    states.sort(key=lambda state: (state.started_at_s, state.watch_id))
    tracked = rules.tracks(states[0].item)
    owners = [state for state in states if is_session_account(state.source) and tracked and _counts(state, rules)]
    latest = max(owners or states, key=lambda state: state.seen.steady_s)
    # Without the account's own watch (it is excluded) the film's timeline goes on from a member's.
    timeline = latest if owners else replace(latest, source="plex", viewer_id="", username="", playing_s=0.0, spans=())
    session = Session(
        server_id,
        timeline.screening_id,
        timeline,
        tracks_owner=bool(owners),
        started_at_s=states[0].started_at_s,
        phase=RESTORED,
        past_attendees=resume_index.attendees(timeline.screening_id),
        announced=True,
    )
    superseded = []
    for state in states:
        if is_session_account(state.source):
            if state not in owners or state is not latest:
                superseded.append(state)
        elif not tracked or state.viewer_id in session.party_watches:
            superseded.append(state)
        else:
            session.party_watches[state.viewer_id] = state
            session.first_seat_taken = True
    for member, watch in session.party_watches.items():
        if (stayed := _pause_until(watch, timeline)) is not None:
            session.party_watches.assume_stayed(member, stayed)
    return session, [finish(state, state.seen.wall_s, "end_unknown", rules) for state in superseded]


def _pause_until(watch: WatchState, line: WatchState) -> WatchState | None:
    """Return a member's watch for the case that the member stayed when Discord was away before the restart.

    None where the film was not paused all the while, or Discord was not away.
    """
    away_s = line.seen.steady_s - watch.seen.steady_s
    was_paused = watch.state == line.state == "paused" and line.advanced.steady_s <= watch.seen.steady_s
    return replace(watch, seen=line.seen, paused_s=watch.paused_s + away_s) if was_paused and away_s > 0 else None


def _counts(state: WatchState, rules: Rules) -> bool:
    """Tell whether the settings still count the account whose own watch this is."""
    return rules.counts(state.account_id, state.username)

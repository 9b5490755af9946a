"""After a restart: the watches that ran before are joined with what Plex and Discord show now."""

from msgspec.structs import replace

from messages import Moment, WatchesLoaded, WatchRecord, WatchState, spans
from messages.ids import is_session_account
from tracking import privacy
from tracking.engine import House, Server
from tracking.session import Identity, Session
from tracking.watch import finish, watched_s
from tracking.watch import restore_watch as restored_watch
from viewers.directory import ViewerDirectory


def restore(house: House, loaded: WatchesLoaded, at: Moment) -> None:
    """Take up the running watches of an earlier run, and what it finished and may go on.

    With them comes who is who: nobody is shown, or tracked, who has chosen meanwhile not to be.
    """
    house.memory.learn(loaded.resumable)
    finished = {record.watch_id: record for record in loaded.resumable}
    groups: dict[Identity, list[WatchState]] = {}
    for state in loaded.running:
        if not _holds_nothing_new(state, finished.get(state.watch_id)):
            groups.setdefault(Identity.of_watch(state), []).append(restored_watch(state, at))
    for identity, states in groups.items():
        _take_up(house, identity, states, at)
    privacy.know(house, ViewerDirectory.from_message(loaded.links, loaded.privacy))
    for server in house.servers.values():
        server.sessions = {identity: session for identity, session in server.sessions.items() if session.watched}
    house.host = _party(house)


def _party(house: House) -> Identity | None:
    """Return the session into which the channel's members came last: the party goes on there.

    Without it nobody who comes in, or back, would be seated as long as another film plays at home; and a channel that
    an admin had brought to another film than the usual host's would be moved.
    """
    came = [(state.started_at_s, session) for session in house.sessions() for state in session.guests.values()]
    return max(came, key=lambda one: one[0])[1].identity if came else None


def _holds_nothing_new(state: WatchState, record: WatchRecord | None) -> bool:
    """Tell whether a watch was closed since it was reported; one that was resumed since has more than its record.

    Times of day do not tell: the wall clock may have been set back in between.
    """
    if record is None:
        return False
    return watched_s(state) + state.paused_s <= record.playing_s + record.paused_s and (
        spans.coverage(state.spans) <= record.coverage_ms
    )


def _take_up(house: House, identity: Identity, states: list[WatchState], at: Moment) -> None:
    """Rebuild one session from its watches."""
    states.sort(key=lambda state: (state.started_at_s, state.watch_id))
    hosts = [state for state in states if is_session_account(state.source)]
    latest = max(hosts or states, key=lambda state: state.seen.steady_s)
    # Without the account's own watch (it is excluded) the film's line goes on from a guest's.
    line = latest if hosts else replace(latest, source="plex", viewer_id="", username="", playing_s=0.0, spans=())
    session = Session(
        identity,
        line.screening_id,
        line,
        counted=bool(hosts),
        playback=None,
        started_at_s=states[0].started_at_s,
        left=house.memory.seats(line.screening_id),
        restored=True,
        announced=True,
    )
    for state in states:
        if is_session_account(state.source):
            doubled = state is not latest
        else:
            doubled = state.viewer_id in session.guests
            if not doubled:
                session.guests[state.viewer_id] = state
                session.seated = True
        if doubled:
            house.record(session, finish(state, state.seen.wall_s, "end_unknown", house.rules), at)
    house.servers.setdefault(identity.server_id, Server()).sessions[identity] = session

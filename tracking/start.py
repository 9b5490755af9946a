"""After a restart: the watches that ran before are joined with what Plex and Discord show now."""

from msgspec.structs import replace

from messages import Moment, WatchesLoaded, WatchState
from tracking.house import House, Server
from tracking.session import Identity, Session
from tracking.watch import finish
from tracking.watch import restore as restored_watch


def restore(house: House, loaded: WatchesLoaded, at: Moment) -> None:
    """Take up the running watches of an earlier run, and what it finished and may go on."""
    house.memory.learn(loaded.resumable)
    ended_s = {record.watch_id: record.ended_at_s for record in loaded.resumable}
    groups: dict[Identity, list[WatchState]] = {}
    for state in loaded.running:
        # A report may be older than the record that closed its watch.
        if state.seen.wall_s > ended_s.get(state.watch_id, float("-inf")):
            groups.setdefault(Identity.of_watch(state), []).append(restored_watch(state, at))
    for identity, states in groups.items():
        _take_up(house, identity, states, at)


def _take_up(house: House, identity: Identity, states: list[WatchState], at: Moment) -> None:
    """Rebuild one session from its watches."""
    states.sort(key=lambda state: (state.started_at_s, state.watch_id))
    hosts = [state for state in states if state.source == "plex"]
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
        if state.source == "plex":
            doubled = state is not latest
        else:
            doubled = state.viewer_id in session.guests
            if not doubled:
                session.guests[state.viewer_id] = state
                session.seated = True
        if doubled:
            house.record(session, finish(state, state.seen.wall_s, "end_unknown", house.rules), at)
    house.servers.setdefault(identity.server_id, Server()).sessions[identity] = session

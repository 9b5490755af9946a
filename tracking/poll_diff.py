"""What a poll of a Plex server tells of the sessions that are there; `ending` is about those that are not."""

from msgspec.structs import replace

from messages import Moment, Playback, PlaybackSnapshot, PollFailed, WatchState
from tracking.absence import miss
from tracking.engine import House, Server
from tracking.progress import advance
from tracking.rules import is_live
from tracking.session import Identity
from tracking.watch import mark_unobserved


def observe(house: House, snapshot: PlaybackSnapshot) -> None:
    """Take in a successful poll. A poll older than the last one says nothing new."""
    server = house.servers.setdefault(snapshot.server_id, Server())
    server.name, server.poller = snapshot.server_name, snapshot.poller
    at, last = snapshot.taken, server.taken
    if last is not None and at.steady_s < last.steady_s:
        return
    away = server.away or (last is not None and at.steady_s - last.steady_s > house.rules.gap_s)
    server.taken, server.away, server.poll = at, False, server.poll + 1
    shown = _fold(house, server, snapshot)
    if not shown.keys() >= server.sessions.keys():
        showing = {(p.session_key, p.account_id, p.machine_id) for p in snapshot.playbacks if p.state != "stopped"}
        for session in [s for s in server.sessions.values() if s.identity not in shown]:
            miss(house, session, snapshot, last if away else None, showing)
    if server.stale:
        server.stale = {identity: at_ms for identity, at_ms in server.stale.items() if identity in shown}
    for identity, playback in shown.items():
        try:
            _show(house, server, identity, playback, at, away)
        except Exception as error:  # noqa: BLE001 - one odd session never costs the others their watch
            house.notify(f"Plex session {playback.session_key} could not be followed: {error!r}. The others are.")


def poll_failed(house: House, failure: PollFailed) -> None:
    """Take in a failed poll: it ends and opens nothing, and time stands still until the server answers."""
    for server_id, server in house.servers.items():
        if server.taken is not None and failure.at.steady_s < server.taken.steady_s:
            continue  # a later poll, which succeeded, was heard first
        if server_id == failure.server_id or (not failure.server_id and server.poller == failure.poller):
            server.away = True


def _fold(house: House, server: Server, snapshot: PlaybackSnapshot) -> dict[Identity, Playback]:
    """Return the tracked sessions by identity.

    A client may list one playback twice (paused under one key, stopped under the next). It is one viewer at
    one film, so one of them is taken: what plays before what does not, then the key that is known, then the
    newest.
    """
    shown: dict[Identity, Playback] = {}
    for playback in snapshot.playbacks:
        if playback.state == "stopped" or not house.rules.tracks(playback.item):
            continue
        identity = Identity.of_playback(playback)
        other = shown.get(identity)
        if other is not None:
            session = server.sessions.get(identity)
            key = session.line.session_key if session else ""
            if (other.state == "playing", other.session_key == key) > (
                playback.state == "playing",
                playback.session_key == key,
            ):
                continue
        shown[identity] = playback
    return shown


def _show(house: House, server: Server, identity: Identity, playback: Playback, at: Moment, away: bool) -> None:
    """Take in one session that is there."""
    session = server.sessions.get(identity)
    if session is None:
        if playback.state in ("playing", "paused") and not _stale(server, identity, playback):
            house.open_session(playback, at).poll = server.poll
        return
    if session.playback is None and not session.counted:
        session.waits = house.rules.counts(playback.account_id, playback.account_name)
    session.poll, session.playback = server.poll, playback
    away = away or session.restored or session.missing_since is not None or session.held_since is not None
    session.missing_since = session.gone_by = session.held_since = session.asked = None
    session.restored = session.vanished = False
    line = mark_unobserved(session.line) if away else session.line
    line = advance(line, at, playback.position_ms, playback.state, house.rules)
    session.line = _renamed(line, playback, session.counted)
    if session.waits:
        house.count_in(session, playback, at)
    for member, state in session.guests.items():
        if house.voice_lost:
            session.guests[member] = mark_unobserved(state)
            continue
        state = mark_unobserved(state) if away else state
        state = advance(state, at, playback.position_ms, playback.state, house.rules)
        session.guests[member] = _renamed(state, playback, named=False)
    if session.line.ghost and session.line.pending_s >= house.rules.ghost_end_s:
        server.stale[identity] = playback.position_ms
        house.close(session, at, "end_inferred")


def _renamed(state: WatchState, playback: Playback, named: bool) -> WatchState:
    """Return the watch with what a session may change of itself: key, account name, the item's tags.

    The programme of a live channel changes too, but the watch stays with what it was opened for.
    """
    name = playback.account_name if named and playback.account_name else state.username
    item = state.item if playback.item == state.item or is_live(state.item) else playback.item
    if name == state.username and playback.session_key == state.session_key and item is state.item:
        return state
    return replace(state, username=name, session_key=playback.session_key, item=item)


def _stale(server: Server, identity: Identity, playback: Playback) -> bool:
    """Tell whether a session is a ghost that ended and still stands where it stood."""
    if identity not in server.stale:
        return False
    if playback.state == "playing" and server.stale[identity] == playback.position_ms:
        return True
    del server.stale[identity]
    return False

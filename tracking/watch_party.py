"""The watch party: whose session plays into the voice channel, and who of the channel watches it."""

from messages import Moment, VoicePresence
from tracking.engine import House
from tracking.progress import advance
from tracking.session import Session
from tracking.watch import at_end, estimate_position, finish, mark_unobserved


def voice(house: House, presence: VoicePresence) -> None:
    """Take in who is in the voice channel. Where Discord is away nobody comes and nobody leaves."""
    known = house.presence
    if known is not None and presence.at.steady_s < known.at.steady_s:
        return
    if not presence.connected:
        house.voice_lost = True
        return
    was_lost, house.voice_lost, house.presence = house.voice_lost, False, presence
    _see_off(house, presence, was_lost)
    seat_members(house, presence.at)


def check_voice(house: House, at: Moment) -> None:
    """Note where Discord has not spoken for too long to know who is in the channel."""
    presence = house.presence
    if presence is None or at.steady_s - presence.at.steady_s > house.rules.voice_fresh_s:
        house.voice_lost = True


def seat_members(house: House, at: Moment) -> None:
    """Open a watch of the host's film for everybody in the channel who has none yet."""
    presence = house.presence
    if presence is None or house.voice_lost or not presence.members:
        return
    host = choose_host(house)
    if host is None:
        return
    house.host = host.identity
    for session in _with_guests(house):
        # One that is missed ends everybody's watch alike; but the same film goes on as the same watch.
        if session is not host and (session.missing_since is None or session.identity.item == host.identity.item):
            for member in list(session.guests):
                _see_out(house, session, member, at)
    line = host.line
    server = house.servers[host.identity.server_id]
    if host.playback is None or host.missing_since or host.held_since or server.away or line.outage:
        return
    if line.state not in ("playing", "paused"):
        return
    moment = later(at, line.seen)
    position = estimate_position(line, moment, house.rules)
    for person in presence.members:
        if person.user_id not in host.guests and house.tracks(person.user_id, moment):
            house.seat_guest(host, person, moment, position)


def choose_host(house: House) -> Session | None:
    """Return the session that plays into the channel; None where none does, or where it is not clear which.

    A party that is under way stays with its film: somebody who starts a film at home does not end it. Where the
    same player shows another film, the party goes on with that, without waiting for the grace.
    """
    chosen = house.session(house.manual_host)
    if chosen is not None:
        return _settled(house, chosen)
    house.manual_host = None
    current = house.session(house.host)
    if current is not None and current.guests:
        following = _next_film(house, current)
        # What is not there any more after a restart may have gone on elsewhere meanwhile, on another player.
        if following is not None or not (current.restored and current.missing_since):
            return _settled(house, following or current)
    running = [
        session
        for server in house.servers.values()
        for session in server.sessions.values()
        if session.missing_since is None and session.playback is not None and _lively(house, session)
    ]
    if house.rules.party_user:
        running = [session for session in running if _hosts(house, session)]
        playing = [session for session in running if session.line.state == "playing"]
        running = playing if len(playing) == 1 else running
    if len(running) <= 1:
        return _settled(house, running[0] if running else None)
    titles = ", ".join(sorted({f"“{session.item.title}”" for session in running}))
    notice = (
        f"{len(running)} films play at once ({titles}): it is not clear which one the voice channel watches. "
        "Say which with !starttracking, or set WATCH_PARTY_PLEX_USER."
    )
    if notice != house.notice:
        house.notice = notice
        house.notify(notice)
    return None


def _next_film(house: House, session: Session) -> Session | None:
    """Return what the player of a missed session shows in its place; None where it is not clear that it does."""
    player = (session.identity.account_id, session.identity.machine_id)
    if session.missing_since is None or not all(player):
        return None
    shown = [
        other
        for other in house.servers[session.identity.server_id].sessions.values()
        if other.missing_since is None and (other.identity.account_id, other.identity.machine_id) == player
    ]
    return shown[0] if len(shown) == 1 and shown[0].playback is not None else None


def later(first: Moment, second: Moment) -> Moment:
    """Return the later of two moments."""
    return first if first.steady_s >= second.steady_s else second


def _settled(house: House, session: Session | None) -> Session | None:
    house.notice = ""
    return session


def _hosts(house: House, session: Session) -> bool:
    playback = session.playback
    return playback is not None and house.rules.is_party_host(playback.account_id, playback.account_name)


def _lively(house: House, session: Session) -> bool:
    """Tell whether a film plays, or is paused for no longer than a ghost may stand.

    A named host may pause for as long as they like.
    """
    line = session.line
    if house.rules.party_user or line.state == "playing":
        return not line.ghost
    return line.seen.steady_s - line.advanced.steady_s <= house.rules.ghost_end_s


def _with_guests(house: House) -> list[Session]:
    return [session for server in house.servers.values() for session in server.sessions.values() if session.guests]


def _see_off(house: House, presence: VoicePresence, was_lost: bool) -> None:
    """Close the watches of those who are no longer in the channel."""
    here = {member.user_id for member in presence.members}
    for session in _with_guests(house):
        for member, state in list(session.guests.items()):
            if was_lost:
                session.guests[member] = mark_unobserved(state)
            if member not in here:
                _see_out(house, session, member, None if was_lost else presence.at)


def _see_out(house: House, session: Session, member: str, at: Moment | None) -> None:
    """Close one member's watch: at `at`, with the film where it is by then, or when last seen.

    When last seen, where the time since is in the dark: Discord was away (`at` is None), Plex is, or the
    session is missed and the film may be over.
    """
    state = session.guests.pop(member)
    line, server = session.line, house.servers[session.identity.server_id]
    closed = at or state.seen
    dark = at is None or server.away or session.restored or session.held_since or state.outage
    if dark or session.missing_since is not None:
        over = session.missing_since is not None and not dark and at_end(line, house.rules)
        record = finish(state, state.seen.wall_s, "ended" if over else "left", house.rules)
    else:
        moment = later(closed, line.seen)
        state = advance(state, moment, estimate_position(line, moment, house.rules), line.state, house.rules)
        record = finish(state, moment.wall_s, "left", house.rules)
    house.record(session, record, closed)

"""Manual recovery: an admin says which session the channel watches, and from where."""

from collections import Counter

from msgspec.structs import replace

from messages import (
    Moment,
    PositionMs,
    SessionChoice,
    StartTracking,
    TrackingOutcome,
    TrackingPlan,
    VoiceMember,
    spans,
)
from tracking.engine import House
from tracking.session import Identity, Session
from tracking.watch import clamp_position, estimate_position
from tracking.watch_party import choose_host, later


def start(house: House, request: StartTracking, at: Moment) -> TrackingPlan:
    """Start watches for members of the channel on a running session, or only say what would be started.

    An admin's word counts: who came in at an earlier position is taken to have watched from there on. The
    record's source "manual" says where that comes from.
    """
    running = [session for session in house.sessions() if session.playback and not session.missing_since]
    names = _names(running)
    choices = tuple(_choice(house, session, names[session.identity], at) for session in running)
    members = house.presence.members if house.presence else ()
    chosen, problem = _choose(house, running, names, request.session_key)
    if chosen is not None:
        problem = _obstacle(house, chosen, request, at)
    if chosen is None or problem:
        key = names[chosen.identity] if chosen else ""
        return TrackingPlan(choices, members, key, (), problem)
    wanted = request.user_ids or tuple(member.user_id for member in members)
    present = {member.user_id: member for member in members}
    if not request.simulate:
        _make_host(house, chosen)
    outcomes = tuple(_outcome(house, chosen, request, user_id, present.get(user_id), at) for user_id in wanted)
    if not outcomes:
        problem = "Nobody is in the voice channel: ask people to join it, then try again."
    return TrackingPlan(choices, members, names[chosen.identity], outcomes, problem)


def _names(running: list[Session]) -> dict[Identity, str]:
    """Return what each session is called: its key, with its server's id before it where another has the same key.

    Plex counts its sessions on each server from 1.
    """
    keys = Counter(session.line.session_key for session in running)
    return {
        session.identity: session.line.session_key
        if keys[session.line.session_key] == 1
        else f"{session.identity.server_id}/{session.line.session_key}"
        for session in running
    }


def _choose(
    house: House, running: list[Session], names: dict[Identity, str], session_key: str
) -> tuple[Session | None, str]:
    if session_key:
        named = [each for each in running if session_key in (names[each.identity], each.line.session_key)]
        if len(named) == 1:
            return named[0], ""
        keys = ", ".join(names[session.identity] for session in named or running)
        if named:
            return None, f"Session {session_key} exists on {len(named)} servers. Name one of them: {keys}."
        if running:
            return None, f"No session {session_key} plays now. Name one that does: {keys}."
    if not running:
        return None, "Nothing plays on Plex now: start the film, then try again."
    if len(running) == 1:
        return running[0], ""
    host = house.session(house.manual_host) or choose_host(house)
    if host is not None and host in running:
        return host, ""
    keys = ", ".join(f"{names[session.identity]} ({session.item.title})" for session in running)
    return None, f"Several films play. Name the session: {keys}."


def _obstacle(house: House, session: Session, request: StartTracking, at: Moment) -> str:
    """Return why nothing can be started on a session; empty where it can."""
    server = house.servers[session.identity.server_id]
    if server.away or session.line.outage:
        return f"Plex server {server.name or 'unknown'} does not answer: try again when it does."
    if house.presence is None or house.voice_lost:
        return "Discord has not said who is in the voice channel: check the connection, then try again."
    now_ms = estimate_position(session.line, at, house.rules)
    if request.position_ms is not None and now_ms is not None and request.position_ms > now_ms + house.rules.slack_ms:
        return "The position lies ahead of where the film is now: give one that has been shown already."
    return ""


def _make_host(house: House, session: Session) -> None:
    house.manual_host = house.host = session.identity
    house.notice = ""


def _outcome(
    house: House,
    session: Session,
    request: StartTracking,
    user_id: str,
    member: VoiceMember | None,
    at: Moment,
) -> TrackingOutcome:
    """Start one person's watch, or say why not."""
    if member is None:
        return TrackingOutcome(user_id, "", "not_in_channel")
    hidden = not house.people.shows(user_id)
    if not house.people.tracks(user_id):
        return TrackingOutcome(user_id, member.name, "not_tracked", hidden)
    if user_id in session.guests:
        return TrackingOutcome(user_id, member.name, "already_watching", hidden)
    if request.simulate:
        return TrackingOutcome(user_id, member.name, "would_start", hidden)
    moment = later(at, session.line.seen)
    now_ms = estimate_position(session.line, moment, house.rules)
    state = house.seat_guest(session, member, moment, now_ms, "manual")
    joined_ms = clamp_position(request.position_ms, session.item.duration_ms)
    if joined_ms is not None and now_ms is not None and joined_ms < now_ms:
        ran_s = (now_ms - joined_ms) / 1000
        session.guests[user_id] = replace(
            state,
            join_position_ms=PositionMs(joined_ms),
            started_at_s=min(state.started_at_s, moment.wall_s - ran_s),
            spans=spans.add(state.spans, joined_ms, now_ms),
            playing_s=state.playing_s + ran_s,
        )
    return TrackingOutcome(user_id, member.name, "started", hidden)


def _choice(house: House, session: Session, name: str, at: Moment) -> SessionChoice:
    line = session.line
    account_name, player = house.host_shown(session)
    return SessionChoice(
        session_key=name,
        server_id=session.identity.server_id,
        item=line.item,
        account_name=account_name,
        player=player,
        state=line.state,
        position_ms=estimate_position(line, at, house.rules),
    )

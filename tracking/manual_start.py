"""Manual recovery: an admin names the session that the channel watches, and the position."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from messages import Item, Moment, PlayerState, Problem, SessionChoice, StartTracking, TrackingOutcome, TrackingPlan
from messages.base import PositionMs
from tracking.rules import Rules
from tracking.sessions.display import describe_session
from tracking.sessions.other_player import OtherPlayer
from tracking.sessions.server import ServerSessions
from tracking.sessions.session import Session
from tracking.watch_party import WatchParty
from tracking.watches.watch import estimate_position
from viewers.directory import ViewerDirectory
from viewers.public_view import show_host, show_item
from wording.problems import english


class Stream(NamedTuple):
    """A listed stream that an admin can name: a session's, or another player's of the same account and film."""

    server: ServerSessions
    session: Session
    other: OtherPlayer | None = None

    @property
    def key(self) -> str:
        """Plex's key of the stream."""
        return self.other.playback.session_key if self.other else self.session.stream.session_key

    @property
    def item(self) -> Item:
        """What it shows."""
        return self.session.item

    @property
    def state(self) -> PlayerState:
        """What its player does."""
        return self.other.playback.state if self.other else self.session.timeline.state

    def position_ms(self, at: Moment, rules: Rules) -> PositionMs | None:
        """Return where its film is at `at`."""
        line = self.other.trial if self.other else self.session.timeline
        return estimate_position(line, at, rules)


class ManualStart(NamedTuple):
    """The result of an admin's request: the answer, and the stream to which the channel's members move."""

    plan: TrackingPlan
    stream: Stream | None = None


def plan_start(
    servers: Iterable[ServerSessions],
    party: WatchParty,
    directory: ViewerDirectory,
    request: StartTracking,
    at: Moment,
    rules: Rules,
) -> ManualStart:
    """Return which watches a request would start, and on which stream."""
    streams = list(_streams(servers))
    names = _names(streams)
    choices = tuple(_choice(stream, name, directory, at, rules) for stream, name in zip(streams, names, strict=True))
    chosen, problem = _choose(streams, choices, party, request.session_key, at)
    name = names[streams.index(chosen)] if chosen else ""
    if chosen is not None:
        problem = _obstacle(chosen, party, request, at, rules)
    if chosen is None or problem:
        return ManualStart(_plan(choices, party, name, (), problem))
    user_ids = request.user_ids or tuple(member.user_id for member in party.members)
    outcomes = tuple(_outcome(chosen.session, party, directory, user_id) for user_id in user_ids)
    if not outcomes:
        problem = Problem.of("start.nobody_in_channel")
    return ManualStart(_plan(choices, party, name, outcomes, problem), chosen)


def _plan(
    choices: tuple[SessionChoice, ...],
    party: WatchParty,
    chosen: str,
    outcomes: tuple[TrackingOutcome, ...],
    problem: Problem | None,
) -> TrackingPlan:
    return TrackingPlan(choices, party.members, chosen, outcomes, english(problem) if problem else "", problem)


def _streams(servers: Iterable[ServerSessions]) -> Iterable[Stream]:
    every = [
        Stream(server, session) for server in servers for session in server if session.playback and not session.missing
    ]
    every.sort(key=lambda stream: stream.session.started_at_s)
    for stream in every:
        yield stream
        for other in stream.server.others.values():
            if stream.session.follows_same(other.playback):
                yield Stream(stream.server, stream.session, other)


def _names(streams: list[Stream]) -> list[str]:
    """Return the name of each stream: its key, prefixed with its server's id where two have the same key.

    Plex counts its sessions on each server from 1.
    """
    keys = Counter(stream.key for stream in streams)
    return [stream.key if keys[stream.key] == 1 else f"{stream.server.server_id}/{stream.key}" for stream in streams]


def _choose(
    streams: list[Stream], choices: tuple[SessionChoice, ...], party: WatchParty, key: str, at: Moment
) -> tuple[Stream | None, Problem | None]:
    names = [choice.session_key for choice in choices]
    if key:
        fitting = [number for number, stream in enumerate(streams) if key in (names[number], stream.key)]
        if len(fitting) == 1:
            return streams[fitting[0]], None
        known = ", ".join(names[number] for number in fitting or range(len(streams)))
        if fitting:
            return None, Problem.of("start.session_ambiguous", session=key, count=len(fitting), sessions=known)
        if streams:
            return None, Problem.of("start.no_such_session", session=key, running=known)
    sessions = [stream for stream in streams if stream.other is None]
    if not sessions:
        return None, Problem.of("start.nothing_plays")
    if len(sessions) == 1:
        return sessions[0], None
    host = party.host or party.find_host([stream.session for stream in sessions], at)[0]
    for stream in sessions:
        if stream.session is host:
            return stream, None
    named = ", ".join(
        f"{choice.session_key} ({choice.item.title})" if choice.item.title else choice.session_key
        for stream, choice in zip(streams, choices, strict=True)
        if stream.other is None
    )
    return None, Problem.of("start.several_play", sessions=named)


def _obstacle(stream: Stream, party: WatchParty, request: StartTracking, at: Moment, rules: Rules) -> Problem | None:
    """Return why nothing can be started on a stream; None if it can."""
    if stream.server.away or stream.session.timeline.outage:
        return Problem.of("start.server_silent", name=stream.server.name or "unknown")
    if party.presence is None or party.unknown:
        return Problem.of("start.channel_unknown")
    now_ms = stream.position_ms(at, rules)
    if request.position_ms is not None and now_ms is not None and request.position_ms > now_ms + rules.slack_ms:
        return Problem.of("start.position_ahead")
    return None


def _outcome(session: Session, party: WatchParty, directory: ViewerDirectory, user_id: str) -> TrackingOutcome:
    """Return whether one person's watch would be started, or why not."""
    member = next((each for each in party.members if each.user_id == user_id), None)
    if member is None:
        return TrackingOutcome(user_id, "", "not_in_channel")
    hidden = not directory.shows(user_id)
    if not directory.tracks(user_id):
        return TrackingOutcome(user_id, member.name, "not_tracked", hidden)
    if user_id in session.party_watches:
        return TrackingOutcome(user_id, member.name, "already_watching", hidden)
    return TrackingOutcome(user_id, member.name, "would_start", hidden)


def _choice(stream: Stream, name: str, directory: ViewerDirectory, at: Moment, rules: Rules) -> SessionChoice:
    playback = stream.other.playback if stream.other else stream.session.playback
    names = (playback.account_name, playback.player) if playback else ("", "")
    account_name, player = show_host(stream.session.account, *names, directory)
    item = show_item(describe_session(stream.session, at, rules), stream.session.account, directory)
    return SessionChoice(
        session_key=name,
        server_id=stream.server.server_id,
        item=item,
        account_name=account_name,
        player=player,
        state=stream.state,
        position_ms=stream.position_ms(at, rules) if item.title else None,
    )

"""The sessions of one Plex server, and of all of them."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from messages import Moment, Playback, WatchState
from messages.ids import parse_plex_account
from tracking.rules import Rules
from tracking.sessions.other_player import OtherPlayer
from tracking.sessions.session import Session, StreamKey
from tracking.watches.watch import starts_again


class ServerSessions(msgspec.Struct):
    """The state of one Plex server, and each of its sessions that runs or may come back."""

    server_id: str
    name: str = ""
    poller: str = ""
    last_poll: Moment | None = None
    """When it last answered."""
    polls: int = 0
    """How often it has answered."""
    away: bool = False
    """Polls failed since."""
    streams: dict[StreamKey, Session] = msgspec.field(default_factory=dict)
    """The session that follows a stream; one whose stream shows another film by now is not in it."""
    others: dict[StreamKey, OtherPlayer] = msgspec.field(default_factory=dict)
    """Listed streams that no session follows."""
    _sessions: dict[Session, None] = msgspec.field(default_factory=dict)
    _by_account: dict[str, list[Session]] = msgspec.field(default_factory=dict)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions))

    def __contains__(self, session: object) -> bool:
        return session in self._sessions

    def __len__(self) -> int:
        return len(self._sessions)

    def of_account(self, account_id: str) -> list[Session]:
        """Return the sessions of an account."""
        return self._by_account.get(account_id, [])

    def same_viewing(self, playback: Playback) -> list[Session]:
        """Return the sessions in which the same account plays the same film, on any player."""
        return [session for session in self.of_account(playback.account_id) if session.follows_same(playback)]

    def find_stood(self, other: OtherPlayer, at: Moment, rules: Rules) -> Session | None:
        """Return the session that has stood since another player began to show its film; None if there is none."""
        moved = other.moved
        stood = [
            session
            for session in self.same_viewing(other.playback)
            if moved is not None and session.timeline.advanced.steady_s <= moved.steady_s
            if not starts_again(session.timeline, other.began_ms, at, rules, other.trial.machine_id)
        ]
        return nearest(stood, other.began_ms) if stood else None

    def sessions_so_far(self, rules: Rules, party_known: bool) -> dict[Session, Session]:
        """Return the sessions that go on on another player if nothing more is seen, each as it is then.

        It is the player that has shown their film last, while their own stood. `party_known`: it is known who is in
        the channel.
        """
        so_far: dict[Session, Session] = {}
        for other in sorted(self.others.values(), key=lambda each: each.trial.advanced.steady_s):
            session = self.find_stood(other, other.trial.seen, rules)
            if session is None:
                continue
            if session not in so_far:
                so_far[session] = replace(session, party_watches=session.party_watches.copy())
            so_far[session].take_over(other, other.trial.seen, party_known, rules)
        return so_far

    def add(self, session: Session) -> None:
        """Add a session."""
        self._sessions[session] = None
        self._by_account.setdefault(session.stream.account_id, []).append(session)
        self.streams[session.stream] = session

    def remove(self, session: Session) -> None:
        """Remove a session that is over."""
        self._sessions.pop(session, None)
        account = self._by_account.get(session.stream.account_id, [])
        if session in account:
            account.remove(session)
        if not account:
            self._by_account.pop(session.stream.account_id, None)
        if self.streams.get(session.stream) is session:
            del self.streams[session.stream]

    def reindex(self, session: Session, old: StreamKey) -> None:
        """Update the index after a session's stream changed from `old`."""
        if self.streams.get(old) is session:
            del self.streams[old]
        self.streams[session.stream] = session
        self.others.pop(session.stream, None)


def nearest(sessions: list[Session], there_ms: int | None) -> Session:
    """Return the session with the position nearest to that of a stream."""
    return min(sessions, key=lambda session: abs((session.timeline.position_ms or 0) - (there_ms or 0)))


class PlexServers(msgspec.Struct):
    """Every Plex server that was reported, in the order of the first report."""

    away: set[str] = msgspec.field(default_factory=set)
    """Ids of those that do not answer."""
    _servers: dict[str, ServerSessions] = msgspec.field(default_factory=dict)
    _counts: dict[str, int] = msgspec.field(default_factory=dict)
    _count: int = 0

    def __iter__(self) -> Iterator[ServerSessions]:
        return iter(self._servers.values())

    def __getitem__(self, server_id: str) -> ServerSessions:
        """Return a server; one that is new is added."""
        server = self._servers.get(server_id)
        if server is None:
            server = self._servers[server_id] = ServerSessions(server_id)
        return server

    def sessions(self, server_id: str = "") -> list[Session]:
        """Return every session, of one server or of all, the oldest first."""
        servers = [self[server_id]] if server_id else self
        return sorted((each for server in servers for each in server), key=lambda session: session.started_at_s)

    def watches_so_far(self, rules: Rules, party_known: bool, server_id: str = "") -> list[WatchState]:
        """Return the running watches of a server, or of all, as they are if nothing more is seen."""
        so_far: dict[Session, Session] = {}
        for server in [self[server_id]] if server_id else self:
            so_far |= server.sessions_so_far(rules, party_known)
        sessions = self.sessions(server_id)
        if so_far:
            sessions = [so_far.get(session, session) for session in sessions]
        return [watch for session in sessions for watch in session.watches()]

    def of_viewer(self, viewer_id: str) -> list[Session]:
        """Return the sessions of a Plex account."""
        account = parse_plex_account(viewer_id)
        server = self._servers.get(account.server_id) if account is not None else None
        return list(server.of_account(account.account_id)) if server is not None and account is not None else []

    def with_watches(self) -> list[str]:
        """Return the ids of the servers on which a watch runs."""
        return [server.server_id for server in self if any(session.watched for session in server)]

    def note_answer(self, server: ServerSessions) -> None:
        """Note that a server answers."""
        server.away = False
        self.away.discard(server.server_id)

    def note_silence(self, server: ServerSessions) -> None:
        """Note that a server does not answer."""
        server.away = True
        self.away.add(server.server_id)

    def count_watches(self, changed: Iterable[str]) -> int:
        """Return how many watches run; count again only on the servers (ids) on which any began or ended."""
        for server_id in changed:
            count = sum(session.count for session in self[server_id])
            self._count += count - self._counts.get(server_id, 0)
            self._counts[server_id] = count
        return self._count

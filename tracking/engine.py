"""The house: every session there is, and how watches in it open and close."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from messages import (
    EndReason,
    Moment,
    Playback,
    Screening,
    ScreeningEnded,
    ScreeningStarted,
    VoiceMember,
    VoicePresence,
    WatchFinished,
    WatchRecord,
    WatchState,
)
from messages.ids import plex_viewer_id
from messages.watches import Source
from tracking.events import Event, Notice, WatchOpened
from tracking.resume_index import Memory
from tracking.rules import Rules
from tracking.session import Identity, Session, left_seat
from tracking.watch import at_beginning, at_end, can_resume, finish, make_id, open_watch, resume
from viewers.directory import ViewerDirectory
from viewers.public_view import show_host, show_screening


@dataclass(slots=True)
class Server:
    """What is known of one Plex server."""

    name: str = ""
    poller: str = ""
    taken: Moment | None = None
    """When it last answered."""
    away: bool = False
    """Polls failed since."""
    poll: int = 0
    """How many polls it answered."""
    sessions: dict[Identity, Session] = field(default_factory=dict)
    stale: dict[Identity, int | None] = field(default_factory=dict)
    """Sessions that ended as ghosts and are still listed, with the position at which they stand."""


@dataclass(slots=True)
class House:
    """The whole state of the tracking."""

    rules: Rules
    people: ViewerDirectory = field(default_factory=ViewerDirectory)
    """Who is linked to whom, and who chose what."""
    fresh_from: dict[str, Moment] = field(default_factory=dict)
    """From when on somebody who was forgotten may be tracked anew, by viewer id: an older poll may be on its way."""
    servers: dict[str, Server] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    presence: VoicePresence | None = None
    """Who was in the channel when Discord last knew."""
    voice_lost: bool = True
    """Discord is away, or has not spoken yet."""
    host: Identity | None = None
    """The session that plays into the channel."""
    manual_host: Identity | None = None
    """The session that an admin chose."""
    notice: str = ""
    """What stands in the way of the watch party."""
    events: list[Event] = field(default_factory=list)

    def sessions(self) -> list[Session]:
        """Return every session, the oldest first."""
        every = [session for server in self.servers.values() for session in server.sessions.values()]
        every.sort(key=lambda session: session.started_at_s)
        return every

    def session(self, identity: Identity | None) -> Session | None:
        """Return a session by its identity."""
        server = self.servers.get(identity.server_id) if identity else None
        return server.sessions.get(identity) if server and identity else None

    def notify(self, text: str) -> None:
        """Say something to the people who run Usher."""
        self.events.append(Notice(text))

    def take_events(self) -> list[Event]:
        """Return what happened since the last call; a WatchFinished says how many watches still run."""
        events, self.events = self.events, []
        if any(isinstance(event, WatchFinished) for event in events):
            running = sum(
                session.counted + len(session.guests)
                for server in self.servers.values()
                for session in server.sessions.values()
            )
            events = [
                replace(event, running=running) if isinstance(event, WatchFinished) else event for event in events
            ]
        return events

    def open_session(self, playback: Playback, at: Moment) -> Session:
        """Open a session at its first playing or paused observation, with its account's watch."""
        identity = Identity.of_playback(playback)
        server = self.servers.setdefault(identity.server_id, Server())
        counts = self.rules.counts(playback.account_id, playback.account_name)
        viewer_id = plex_viewer_id(identity.server_id, playback.account_id)
        counted = counts and self.tracks(viewer_id, at)
        if counted:
            self._take_over(server, identity, at)
        past = self.memory.screening(identity, at, self.rules)
        running = {other.screening_id for other in server.sessions.values()}
        anew = at_beginning(playback.item, playback.position_ms, self.rules)
        if past and (past.screening_id in running or (anew and past.seen_through(self.rules))):
            past = None
        screening_id = make_id("screening", *identity, playback.session_key, repr(at.wall_s))
        if past:
            screening_id = past.screening_id
        fresh = open_watch(
            playback,
            screening_id,
            viewer_id,
            playback.account_name or playback.player,
            "plex",
            at,
            playback.position_ms,
            playback.state,
        )
        session = Session(identity, screening_id, fresh, counted, playback, at.wall_s, waits=counts and not counted)
        if past:
            session.started_at_s, session.left = past.started_at_s, past.left
            session.seated, session.announced = past.seated, True
        server.sessions[identity] = session
        if counted:
            session.line = self._opened(session, replace(fresh, first_seat=True), at)
            self.announce(session, at)
        return session

    def tracks(self, viewer_id: str, at: Moment) -> bool:
        """Tell whether what somebody watches at `at` is to be recorded."""
        fresh_from = self.fresh_from.get(viewer_id)
        return self.people.tracks(viewer_id) and (fresh_from is None or at.steady_s > fresh_from.steady_s)

    def count_in(self, session: Session, playback: Playback, at: Moment) -> None:
        """Begin the account's own watch in a session that runs already, where its viewer is tracked by now."""
        line = session.line
        viewer_id = plex_viewer_id(session.identity.server_id, playback.account_id)
        if playback.state not in ("playing", "paused") or not self.tracks(viewer_id, at):
            return
        name = playback.account_name or playback.player
        fresh = open_watch(
            playback, session.screening_id, viewer_id, name, "plex", at, playback.position_ms, playback.state
        )
        first = not session.left and not session.guests
        fresh = replace(fresh, party=line.party, guild_id=line.guild_id, channel_id=line.channel_id, first_seat=first)
        session.line = self._opened(session, fresh, at)
        session.counted, session.waits = True, False
        self.announce(session, at)

    def seat_guest(
        self,
        session: Session,
        member: VoiceMember,
        at: Moment,
        position_ms: int | None,
        source: Source = "voice",
    ) -> WatchState:
        """Open the watch of a member of the channel, with the film at `position_ms`."""
        presence, line = self.presence, session.line
        fresh = open_watch(line, session.screening_id, member.user_id, member.name, source, at, position_ms, line.state)
        fresh = replace(
            fresh,
            party=True,
            guild_id=presence.guild_id if presence else "",
            channel_id=presence.channel_id if presence else "",
            first_seat=not session.seated,
            reckoned=fresh.position_ms != line.position_ms,
        )
        if not line.party:
            session.line = replace(line, party=True, guild_id=fresh.guild_id, channel_id=fresh.channel_id)
        state = self._opened(session, fresh, at)
        session.seated = True
        session.guests[member.user_id] = state
        self.announce(session, at)
        return state

    def _opened(self, session: Session, fresh: WatchState, at: Moment) -> WatchState:
        """Go on with the viewer's earlier watch of the item, or begin the fresh one."""
        record = self.memory.record(fresh.viewer_id, session.identity.server_id, session.identity.item)
        going_on = record is not None and can_resume(record, at, fresh.position_ms, self.rules)
        # One watch cannot run twice: an account may play one film on two players at once.
        if record is not None and going_on and not self._runs(session, record.watch_id):
            fresh = resume(record, fresh)
            session.left.pop(record.watch_id, None)
        else:
            going_on = False
        self.events.append(WatchOpened(fresh, going_on))
        return fresh

    def _runs(self, session: Session, watch_id: str) -> bool:
        sessions = self.servers[session.identity.server_id].sessions.values()
        return any(
            state.watch_id == watch_id
            for other in sessions
            if other.identity.item == session.identity.item and other is not session
            for state in other.watches()
        )

    def _take_over(self, server: Server, identity: Identity, at: Moment) -> None:
        """End the same account's missed session of the same item on another player: it goes on here."""
        for other in list(server.sessions.values()):
            theirs = other.identity
            same = theirs.account_id == identity.account_id and theirs.item == identity.item
            if same and theirs != identity and other.missing_since is not None:
                self.close(other, at)

    def announce(self, session: Session, at: Moment) -> None:
        """Tell that a screening started, once."""
        if not session.announced:
            session.announced = True
            self.events.append(ScreeningStarted(at, self.screening(session, at)))

    def screening(self, session: Session, at: Moment) -> Screening:
        """Return a session as others see it."""
        return show_screening(session.screening(at, self.rules), session.account, self.people, self.rules.min_watch_s)

    def host_shown(self, session: Session) -> tuple[str, str]:
        """Return the names of a session's account and player as others see them."""
        playback = session.playback
        names = (playback.account_name, playback.player) if playback else ("", "")
        return show_host(session.account, *names, self.people)

    def record(self, session: Session, record: WatchRecord, at: Moment) -> None:
        """Let a finished watch go: to history, and to the memory of those that may go on."""
        self.memory.keep(record)
        session.left[record.watch_id] = left_seat(record)
        self.events.append(WatchFinished(at, record))

    def close(self, session: Session, at: Moment, reason: EndReason | None = None) -> None:
        """End a session and everybody's watch of it, each at the last moment seen.

        Without a reason: "ended" where the film had reached its end, else "left".
        """
        natural: EndReason = "ended" if at_end(session.line, self.rules) else "left"
        for state in session.watches():
            last = state.advanced if reason == "end_inferred" else state.seen
            self.record(session, finish(state, last.wall_s, reason or natural, self.rules), at)
        self.dismiss(session, at)

    def dismiss(self, session: Session, at: Moment) -> None:
        """Take a session whose watches are closed off the house, and announce its end."""
        session.counted = False
        session.guests.clear()
        self.servers[session.identity.server_id].sessions.pop(session.identity, None)
        if self.host == session.identity:
            self.host = None
        if session.announced and session.left:
            self._announce_end(session, at)
        self.memory.forget_old(at.wall_s, self.rules)

    def _announce_end(self, session: Session, at: Moment) -> None:
        """Tell that a screening ended; if it came back, again only if more of the film was watched since."""
        past = self.memory.screening(session.identity, at, self.rules)
        told_s = past.told_s if past and past.screening_id == session.screening_id else -self.rules.min_watch_s
        total_s = sum(seat.playing_s for seat in session.left.values())
        if total_s - told_s >= self.rules.min_watch_s:
            told_s = total_s
            ended = max((seat.left_at_s or 0.0 for seat in session.left.values()), default=at.wall_s)
            screening = replace(self.screening(session, session.line.seen), state="stopped")
            self.events.append(ScreeningEnded(Moment(ended, session.line.seen.steady_s), screening))
        self.memory.keep_screening(session, session.line.seen.wall_s, told_s)

"""Opens, moves and ends the watches of the voice channel's members in the host's sessions."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from messages import Moment, Source, StartTracking, TrackingOutcome, VoiceMember, VoicePresence, WatchRecord, WatchState
from messages.base import PositionMs
from tracking.recorder import WatchRecorder
from tracking.sessions.other_player import OtherPlayer
from tracking.sessions.server import PlexServers
from tracking.sessions.session import Session
from tracking.watch_party import WatchParty
from tracking.watches.film import same_film
from tracking.watches.watch import (
    clamp_position,
    credit_earlier,
    estimate_position,
    finish,
    latest,
    open_watch,
    played_since,
)
from wording.problems import english

REMEMBER_S = 60.0
"""How much longer than it takes to prove that the host has moved those are remembered who left."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A member who left the channel, perhaps after the host had gone on elsewhere."""

    session: Session
    """What the channel was taken to watch."""
    member: VoiceMember
    came: Moment
    left: Moment
    """When the member was last known to be there."""
    noted: Moment
    record: WatchRecord


@dataclass(slots=True)
class PartySeating:
    """Gives the members of the voice channel watches of what the host plays."""

    party: WatchParty
    recorder: WatchRecorder
    servers: PlexServers
    _seated: dict[Session, None] = field(default_factory=dict)
    """The sessions in which members of the channel watch; some of them may have left since."""
    _hosts: dict[str, list[Session]] = field(default_factory=dict)
    """By server: the sessions of the account that WATCH_PARTY_PLEX_USER names; some of them may be over."""
    _polled: dict[str, None] = field(default_factory=dict)
    """Servers (ids) that were polled since these were looked for."""
    _departures: list[Departure] = field(default_factory=list)
    """Who left lately, the first first."""

    def update_presence(self, presence: VoicePresence) -> None:
        """Apply who is in the voice channel. While Discord is away nobody joins and nobody leaves."""
        party = self.party
        if party.presence is not None and presence.at.steady_s < party.presence.at.steady_s:
            return
        if not presence.connected:
            party.unknown = True
            return
        was_unknown, arrivals = party.unknown, party.arrivals
        party.update_presence(presence)
        here = {*(member.user_id for member in presence.members), *presence.unnamed}
        for session in self._seated_sessions():
            session.party_watches.settle_presence(here)
            for member in [each for each in session.party_watches if each not in here]:
                watch = session.party_watches[member]
                record = self._end_watch(session, member, None if was_unknown else presence.at)
                gone, left = VoiceMember(member, watch.username), watch.seen if was_unknown else presence.at
                came = arrivals.get(member, left)
                self._departures.append(Departure(session, gone, came, left, presence.at, record))
        self.seat_members(presence.at)

    def seat_members(self, at: Moment, polled: str = "") -> None:
        """Open a watch of the host's film for each channel member who has none. `polled`: which server was polled."""
        party = self.party
        if polled:
            self._polled[polled] = None
        oldest_s = at.steady_s - party.rules.ghost_after_s - REMEMBER_S
        self._departures = [gone for gone in self._departures if gone.noted.steady_s >= oldest_s]
        if party.unknown or not (party.members or self._departures):
            return
        host, notice = party.find_host(self._find_candidates(), at)
        if notice:
            self.recorder.notify(english(notice))
        if host is None:
            return
        moved = party.host is not None and party.host is not host
        line = host.timeline
        away = not host.active or host.server_id in self.servers.away or line.outage
        if moved and away:
            return  # nobody can be moved along before it is seen again
        before = None if party.host is not None else party.last_host(host, at)
        left, party.host = party.host, host
        since = self.leave_other_sessions(host, at)
        if (gone_from := left if moved else before) is not None:
            self._move_departed(gone_from, host, at)
        if moved and left is not None and not left.watched:
            self.recorder.announce_end(left, at)  # nobody watches it, however long it stays listed
        if away or line.state not in ("playing", "paused"):
            return
        moment = latest(at, line.seen)
        for person in party.members:
            if person.user_id not in host.party_watches and self.recorder.tracks(person.user_id, moment):
                there_since = since.get(person.user_id) if moved else None
                if before is not None and host.opened is not None:
                    there_since = latest(
                        latest(before.stood_since, host.opened), party.member_since(person.user_id, at)
                    )
                self.start_watch(host, person, moment, since=there_since)

    def move_manually(
        self,
        session: Session,
        request: StartTracking,
        outcomes: tuple[TrackingOutcome, ...],
        at: Moment,
    ) -> tuple[TrackingOutcome, ...]:
        """Move the party to the session that an admin named, and start the planned watches; return what was done."""
        self.party.choose(session)
        self.leave_other_sessions(session, at)
        members = {member.user_id: member for member in self.party.members}
        joined_ms = clamp_position(request.position_ms, session.item.duration_ms)
        done = []
        for outcome in outcomes:
            if outcome.outcome == "would_start":
                moment = latest(at, session.timeline.seen)
                self.start_watch(session, members[outcome.user_id], moment, "manual", joined_ms=joined_ms)
                outcome = replace(outcome, outcome="started")
            done.append(outcome)
        return tuple(done)

    def leave_other_sessions(self, host: Session, at: Moment) -> dict[str, Moment]:
        """End the members' watches of other sessions; return since when each member watches the host's new one.

        One that is missed ends everybody's watch alike; but the same film goes on as the same watch.
        """
        since: dict[str, Moment] = {}
        for session in self._seated_sessions():
            if session is host:
                continue
            stood_since = latest(session.stood_since, host.opened) if host.opened else None
            if session.missing and not same_film(session.item, host.item):
                if stood_since is not None:
                    since |= {
                        each: latest(stood_since, self.party.member_since(each, at)) for each in session.party_watches
                    }
                continue
            for member in list(session.party_watches):
                if stood_since is None or session.missing or session.plays(at, self.party.rules):
                    self._end_watch(session, member, at)
                    continue
                since[member] = latest(stood_since, self.party.member_since(member, at))
                ended = session.timeline.seen
                record = session.end_party_watch_since(member, stood_since, at, self.party.rules)
                self.recorder.finish(session, record, at, ended)
        return since

    def start_watch(
        self,
        session: Session,
        member: VoiceMember,
        at: Moment,
        source: Source = "voice",
        since: Moment | None = None,
        joined_ms: int | None = None,
    ) -> None:
        """Open the watch of a member of the channel, with the film where it is at `at`.

        Before that counts what ran from `joined_ms` on, or since the moment `since`.
        """
        line = session.timeline
        position_ms = estimate_position(line, at, self.party.rules)
        if since is not None and position_ms is not None and since.steady_s < line.seen.steady_s:
            joined_ms = max(0, (line.position_ms or 0) - round(played_since(line, since) * line.speed * 1000))
        watch = self._open_watch(session, member, at, source, joined_ms, position_ms, line)
        session.party_watches[member.user_id] = watch
        self._seated[session] = None
        self.recorder.announce_start(session, at)

    def _open_watch(
        self,
        session: Session,
        member: VoiceMember,
        at: Moment,
        source: Source,
        joined_ms: int | None,
        position_ms: PositionMs | None,
        line: WatchState,
    ) -> WatchState:
        """Return a member's watch, begun or gone on with, that has what ran from `joined_ms` to `position_ms`."""
        presence = self.party.presence
        watch = open_watch(line, session.screening_id, member.user_id, member.name, source, at, position_ms, line.state)
        guild_id = presence.guild_id if presence else ""
        channel_id = presence.channel_id if presence else ""
        watch = replace(
            watch,
            party=True,
            guild_id=guild_id,
            channel_id=channel_id,
            first_seat=not session.first_seat_taken,
            reckoned=watch.position_ms != line.position_ms,
        )
        if not session.timeline.party:
            session.timeline = replace(session.timeline, party=True, guild_id=guild_id, channel_id=channel_id)
        watch = self.recorder.start(session, watch, at)
        if joined_ms is not None and position_ms is not None and joined_ms < position_ms:
            watch = credit_earlier(watch, PositionMs(joined_ms), PositionMs(position_ms), at)
        session.first_seat_taken = True
        return watch

    def _move_departed(self, left: Session, host: Session, at: Moment) -> None:
        """Move those along who left the channel after its host had gone on from `left` to `host`, until they left."""
        if host.opened is not None:
            self._add_to_departed(left, host, host.timeline, latest(left.stood_since, host.opened), at)

    def credit_departed(self, session: Session, other: OtherPlayer, at: Moment) -> None:
        """Credit those who left the channel while another player showed the film of a session, until they left."""
        if other.moved is not None:
            since = latest(other.began or other.moved, session.stood_since)
            self._add_to_departed(session, session, other.trial, since, at)

    def _add_to_departed(self, left: Session, shown_in: Session, line: WatchState, since: Moment, at: Moment) -> None:
        """Add what `line` showed after `since` to the watches of those who left the session `left`, until then."""
        rules = self.party.rules
        for gone in [each for each in self._departures if each.session is left and each.left.steady_s > since.steady_s]:
            self._departures.remove(gone)
            shown_ms = estimate_position(line, latest(gone.left, line.seen), rules)
            seen_ms = estimate_position(line, line.seen, rules)
            if shown_ms is None or seen_ms is None:
                continue
            after_s = played_since(line, gone.left)
            played_s = played_since(line, latest(since, gone.came)) - after_s + (shown_ms - seen_ms) / 1000 / line.speed
            there_ms = round(shown_ms - after_s * line.speed * 1000)
            joined_ms = round(there_ms - played_s * line.speed * 1000)
            if joined_ms < 0 or joined_ms >= there_ms or not self.recorder.tracks(gone.member.user_id, gone.left):
                continue
            running = shown_in.party_watches.get(gone.member.user_id)
            if running is not None:  # back by now, and with the same watch
                earlier = credit_earlier(running, PositionMs(joined_ms), PositionMs(there_ms), gone.left)
                shown_in.party_watches[gone.member.user_id] = earlier
                continue
            self.recorder.shorten(left, gone.record, gone.left.steady_s - since.steady_s, gone.left)
            watch = self._open_watch(shown_in, gone.member, gone.left, "voice", joined_ms, PositionMs(there_ms), line)
            record = finish(watch, gone.left.wall_s, "left", rules)
            self.recorder.finish(shown_in, record, at, gone.left)

    def _end_watch(self, session: Session, member: str, at: Moment | None) -> WatchRecord:
        """End one member's watch: at `at`, or, where that cannot be observed, when it was last seen. Its record."""
        closed = at or session.party_watches[member].seen
        record = session.end_party_watch(member, at, session.server_id in self.servers.away, self.party.rules)
        self.recorder.finish(session, record, closed, closed)
        return record

    def restore_host(self) -> None:
        """Set the party's session, after a restart, to the one that the channel's members joined last.

        Without it nobody who comes in, or back, would be seated as long as another film plays at home; and a channel
        that an admin had brought to another film than the usual host's would be moved.
        """
        sessions = self.servers.sessions()
        self._polled |= dict.fromkeys(session.server_id for session in sessions)
        self._seated = {session: None for session in sessions if session.party_watches}
        came = [(watch.started_at_s, session) for session in sessions for watch in session.party_watches.values()]
        self.party.host = max(came, key=lambda pair: pair[0])[1] if came else None

    def _seated_sessions(self) -> list[Session]:
        """Return the sessions in which members of the channel watch, the oldest first."""
        self._seated = {session: None for session in self._seated if session.party_watches}
        return sorted(self._seated, key=lambda session: session.started_at_s)

    def _find_candidates(self) -> list[Session]:
        """Return the sessions among which those of the host are, the oldest first.

        Where the host is named by the settings, no other server's sessions are looked at than those just polled.
        """
        party = self.party
        if not party.rules.party_user:
            return self.servers.sessions()
        for server_id in self._polled:
            self._hosts[server_id] = [each for each in self.servers[server_id] if party.is_named_host(each)]
            if not self._hosts[server_id]:
                del self._hosts[server_id]
        self._polled = {}
        hosts = (each for server_id, some in self._hosts.items() for each in some if each in self.servers[server_id])
        found = dict.fromkeys(hosts)
        if (current := party.host) is not None:  # an admin may have chosen another account's
            found |= dict.fromkeys(self.servers[current.server_id].of_account(current.timeline.account_id))
        return sorted(found, key=lambda session: session.started_at_s)

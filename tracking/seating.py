"""Opens, moves and ends the watches of the voice channel's members in the host's sessions."""

import msgspec
from msgspec.structs import replace

from messages import Moment, Source, StartTracking, TrackingOutcome, VoiceMember, VoicePresence, WatchRecord, WatchState
from messages.base import PositionMs
from tracking.recorder import WatchRecorder
from tracking.sessions.other_player import OtherPlayer
from tracking.sessions.server import PlexServers
from tracking.sessions.session import Session
from tracking.watch_party import WatchParty
from tracking.watches.film import same_film
from tracking.watches.shown_lately import ShownLately, credit_earlier, measure_on, show_last, show_run
from tracking.watches.watch import (
    clamp_position,
    estimate_position,
    finish,
    latest,
    open_watch,
    played_since,
)
from wording.problems import english

REMEMBER_S = 60.0
"""How much longer than it takes to prove that the host has moved those are remembered who left."""


class Departure(msgspec.Struct, frozen=True):
    """A member who left the channel, or may have left while Discord was away, perhaps after the host had moved."""

    session: Session
    """What the channel was taken to watch."""
    member: VoiceMember
    came: Moment
    """Since when the member was taken to watch it."""
    left: Moment
    """When the member was last known to be there."""
    noted: Moment
    record: WatchRecord | None
    """Of what the channel was taken to watch; None for who was there when Discord went away."""


class PartySeating(msgspec.Struct):
    """Gives the members of the voice channel watches of what the host plays."""

    party: WatchParty
    recorder: WatchRecorder
    servers: PlexServers
    _seated: dict[Session, Moment | None] = msgspec.field(default_factory=dict)
    """The sessions in which members of the channel watch, and since when (None: since before a restart); some of them
    may have left since."""
    _hosts: dict[str, list[Session]] = msgspec.field(default_factory=dict)
    """By server: the sessions of the account that WATCH_PARTY_PLEX_USER names; some of them may be over."""
    _polled: dict[str, None] = msgspec.field(default_factory=dict)
    """Servers (ids) that were polled since these were looked for."""
    _departures: list[Departure] = msgspec.field(default_factory=list)
    """Who left lately, the first first."""
    _lost: list[Departure] | None = None
    """Who was there when Discord went away; None while it is not."""

    def update_presence(self, presence: VoicePresence) -> None:
        """Apply who is in the voice channel. While Discord is away nobody joins and nobody leaves."""
        party = self.party
        if party.presence is not None and presence.at.steady_s < party.presence.at.steady_s:
            return
        if not presence.connected:
            party.lose_presence(presence.at)
            self._note_lost()
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
                came = self._seated_since(session, arrivals.get(member, left))
                self._departures.append(Departure(session, gone, came, left, presence.at, record))
                self._lost = [each for each in self._lost or () if each.member.user_id != member]
        self._note_returned(presence.at)
        self.seat_members(presence.at)

    def _note_lost(self) -> None:
        """Note who watches what, and since when, once Discord is away: that is what is known of them."""
        known = self.party.known_until
        if not self.party.unknown or known is None or self._lost is not None:
            return
        arrivals = self.party.arrivals
        self._lost = [
            Departure(
                session,
                VoiceMember(member, watch.username),
                self._seated_since(session, arrivals[member]),
                known,
                known,
                None,
            )
            for session in self._seated_sessions()
            for member, watch in session.party_watches.items()
            if member in arrivals
        ]

    def _note_returned(self, at: Moment) -> None:
        """Take those whose watch did not end, when Discord is back, for gone in between: nothing is known of that."""
        for gone in self._lost or ():
            came = self.party.member_since(gone.member.user_id, at)
            if gone.left.steady_s < came.steady_s:
                self._departures.append(replace(gone, noted=at))
        self._lost = None

    def seat_members(self, at: Moment, polled: str = "") -> None:
        """Open a watch of the host's film for each channel member who has none. `polled`: which server was."""
        party = self.party
        self._note_lost()
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
            return  # members can be moved along only once it is seen again
        before = None if party.host is not None else party.last_host(host, at)
        left, party.host = party.host, host
        since = self.leave_other_sessions(host, at)
        if (gone_from := left if moved else before) is not None:
            self._move_departed(gone_from, host, at)
        if moved and left is not None and not left.watched:
            self.recorder.announce_end(left, at)  # nobody watches it, however long it stays listed
        if away or line.state not in ("playing", "paused"):
            return
        moment, shown = latest(at, line.seen), host.playback if line.state == "paused" else None
        for person in party.members:
            if person.user_id in host.party_watches or not self.recorder.tracks(person.user_id, moment):
                continue
            # Who has completed a film begins it again only once it plays.
            if shown is None or not self.recorder.is_left_over(person.user_id, shown, at):
                there_since = since.get(person.user_id) if moved else None
                if before is not None:
                    there_since = latest(_shown_since(before, host), party.member_since(person.user_id, at))
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

        A missing session ends everybody's watch at the same moment; but the same film goes on as the same watch.
        """
        since: dict[str, Moment] = {}
        for session in self._seated_sessions():
            if session is host:
                continue
            stood_since = self._seated_since(session, _shown_since(session, host))
            if session.missing and not same_film(session.item, host.item):
                since |= {
                    each: latest(stood_since, self.party.member_since(each, at)) for each in session.party_watches
                }
                continue
            for member in list(session.party_watches):
                if session.missing or session.plays(at, self.party.rules):
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

        What ran before counts from `joined_ms` on, or since the moment `since`.
        """
        line = session.timeline
        position_ms = estimate_position(line, at, self.party.rules)
        shown = None
        if since is not None and since.steady_s < line.seen.steady_s:
            shown = self._show_between(line, since, at)
        elif joined_ms is not None and position_ms is not None and joined_ms < position_ms:
            shown = show_run(joined_ms, position_ms, line.speed)
        watch = self._open_watch(session, member, at, source, position_ms, line, shown)
        session.party_watches[member.user_id] = watch
        self._seated.setdefault(session, since or at)
        self.recorder.announce_start(session, at)

    def _open_watch(
        self,
        session: Session,
        member: VoiceMember,
        at: Moment,
        source: Source,
        position_ms: PositionMs | None,
        line: WatchState,
        shown: ShownLately | None,
    ) -> WatchState:
        """Return a member's new or resumed watch at a position, with what was shown before that."""
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
        if shown is not None:
            watch = credit_earlier(measure_on(watch, shown), shown, at)
        session.first_seat_taken = True
        return watch

    def _move_departed(self, left: Session, host: Session, at: Moment) -> None:
        """Move members who left the channel after its host had gone on from `left` to `host`, up to when they left."""
        self._add_to_departed(left, host, host.timeline, _shown_since(left, host), at)

    def credit_departed(self, session: Session, other: OtherPlayer, at: Moment) -> None:
        """Credit members who left the channel while another player showed a session's film, up to when they left."""
        if other.moved is not None:
            since = latest(other.began or other.moved, session.stood_since)
            self._add_to_departed(session, session, other.trial, since, at)

    def _add_to_departed(self, left: Session, shown_in: Session, line: WatchState, since: Moment, at: Moment) -> None:
        """Add what `line` showed after `since` to the watches of members who left `left`, up to when they left."""
        rules = self.party.rules
        departures = [each for each in self._departures if each.session is left and each.left.steady_s > since.steady_s]
        for gone in departures:
            if gone.record is None and shown_in is left:
                continue  # the watch goes on, and is credited with it
            self._departures.remove(gone)
            shown = self._show_between(line, latest(since, gone.came), gone.left)
            if shown is None or not self.recorder.tracks(gone.member.user_id, gone.left):
                continue
            running = shown_in.party_watches.get(gone.member.user_id)
            if running is not None:  # the member is back, with the same watch
                shown_in.party_watches[gone.member.user_id] = credit_earlier(running, shown, gone.left)
                continue
            if gone.record is not None:
                self.recorder.shorten(left, gone.record, gone.left.steady_s - since.steady_s, gone.left)
            watch = self._open_watch(shown_in, gone.member, gone.left, "voice", shown.position_ms, line, shown)
            record = finish(watch, gone.left.wall_s, "left", rules)
            self.recorder.finish(shown_in, record, at, gone.left)

    def _show_between(self, line: WatchState, since: Moment, until: Moment) -> ShownLately | None:
        """Return what a timeline showed between two moments; None for nothing, or where it has no position."""
        there_ms = estimate_position(line, latest(until, line.seen), self.party.rules)
        seen_ms = estimate_position(line, line.seen, self.party.rules)
        if there_ms is None or seen_ms is None:
            return None
        after_s = played_since(line, until)
        played_s = played_since(line, since) - after_s + (there_ms - seen_ms) / 1000 / line.speed
        return show_last(line, played_s, there_ms, after_s) if played_s > 0 else None

    def _end_watch(self, session: Session, member: str, at: Moment | None) -> WatchRecord:
        """End one member's watch: at `at`, or, where that cannot be observed, when it was last seen. Its record."""
        closed = at or session.party_watches[member].seen
        record = session.end_party_watch(member, at, session.server_id in self.servers.away, self.party.rules)
        self.recorder.finish(session, record, closed, closed)
        return record

    def restore_host(self) -> None:
        """Set the party's session, after a restart, to the one that the channel's members joined last.

        Without it members who join or return would get no watch while another film plays at home; and a channel that an
        admin had moved to another film than the usual host's would be moved back.
        """
        sessions = self.servers.sessions()
        self._polled |= dict.fromkeys(session.server_id for session in sessions)
        self._seated = {session: None for session in sessions if session.party_watches}
        came = [(watch.started_at_s, session) for session in sessions for watch in session.party_watches.values()]
        self.party.host = max(came, key=lambda pair: pair[0])[1] if came else None
        if (host := self.party.host) is not None:
            # A member who has seen the film run, or joined since, was there at that moment.
            arrived = {member: watch.advanced for member, watch in host.party_watches.items()}
            self.party.restore_arrivals(arrived, host.timeline.seen)
            self._note_lost()

    def _seated_sessions(self) -> list[Session]:
        """Return the sessions in which members of the channel watch, the oldest first."""
        self._seated = {session: since for session, since in self._seated.items() if session.party_watches}
        return sorted(self._seated, key=lambda session: session.started_at_s)

    def _seated_since(self, session: Session, moment: Moment) -> Moment:
        """Return a moment, or since when members of the channel watch a session, if that was later."""
        since = self._seated.get(session)
        return moment if since is None else latest(moment, since)

    def _find_candidates(self) -> list[Session]:
        """Return the sessions that may be the host's, the oldest first.

        If the settings name the host, only sessions of the server that was just polled are looked at.
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


def _shown_since(left: Session, host: Session) -> Moment:
    """Return since when a party that moves from one session to another has watched the other one.

    A session that goes on after a restart began before it.
    """
    return left.stood_since if host.opened is None else latest(left.stood_since, host.opened)

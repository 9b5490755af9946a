"""One group of sessions that play the same film at the same time, each on an account of its own."""

import math
from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from messages import Attendee, Moment, Screening, WatchState
from messages.ids import is_session_account
from tracking.rules import Rules
from tracking.sessions.display import attendee_of, describe_session
from tracking.sessions.session import Session

NEAR_MS = 30_000
"""How far a session may be from where its group is in the film."""
TOGETHER_S = 300.0
"""How long sessions have to be near each other until they are one screening; and how long one of them has to be
further away until it is no part of it any more."""
STRAY_S = 60.0
"""How long one that is no part of it yet may be further away: the report of a client may be late."""


class Membership(msgspec.Struct):
    """One session's part in a group."""

    viewer_id: str
    """Whose session it is: the member's id where the account is linked."""
    since: Moment
    """Since when it has been near the others."""
    apart_since: Moment | None = None
    """Since when it is further away; None while it is near."""
    joined: bool = False
    """It is part of the screening."""


class SessionGroup(msgspec.Struct, eq=False):
    """Sessions that play one film at the same time. It is a screening once several of them have joined it."""

    film: str
    position_ms: int
    """Where the group is in the film: the position of one of its sessions at `at`."""
    at: Moment
    plays: bool = True
    """The film runs."""
    members: dict[Session, Membership] = msgspec.field(default_factory=dict)
    screening_id: str = ""
    """Empty while nobody has joined."""
    started_at_s: float = math.inf
    """When the first of its sessions began; seconds since 1970, UTC."""
    merged_ids: dict[str, None] = msgspec.field(default_factory=dict)
    """The screenings that its sessions would be by themselves."""
    known: set[str] = msgspec.field(default_factory=set)
    """Accounts (viewer ids) that have joined: they may come back at once."""
    ended: dict[str, Moment] = msgspec.field(default_factory=dict)
    """When an account's session (viewer id) ended that was part of it."""
    past_attendees: dict[str, Attendee] = msgspec.field(default_factory=dict)
    """Who left, by watch id."""
    announced_playing_s: float = 0.0
    """Playing time of all who watched it when its end was last announced, seconds."""

    is_untold: bool = False
    """Nobody was told of it, for only hidden viewers watched it."""
    beside: "SessionGroup | None" = None
    """A larger group that is near."""
    beside_since: Moment = msgspec.field(default_factory=lambda: Moment(0.0, 0.0))
    """Since when."""
    _viewers: set[str] = msgspec.field(default_factory=set)
    """Whose sessions are in it."""

    @property
    def joined(self) -> list[Session]:
        """The sessions that are part of the screening, the first to join first."""
        return [session for session, member in self.members.items() if member.joined]

    def add(self, session: Session, viewer_id: str, at: Moment) -> bool:
        """Add a session that is near; False where another one of the same viewer is in it."""
        if viewer_id in self._viewers:
            return False
        self._viewers.add(viewer_id)
        self.members[session] = Membership(viewer_id, at)
        return True

    def remove(self, session: Session) -> Membership:
        """Remove a session; return its membership."""
        member = self.members.pop(session)
        self._viewers.discard(member.viewer_id)
        return member

    def stays(self, positions: Mapping[Session, int], at: Moment) -> bool:
        """Tell whether nothing changes: the members are still near, no others are, and none is due to join.

        If so, update the group's position. This is the result of nearly every look, so it has a short path.
        """
        if len(positions) != len(self.members) or len(positions) < 2 or self.beside is not None:
            return False
        expected_ms, off_ms = self._expect(at), -1
        there_ms = first_ms = last_ms = 0
        joined: bool | None = None
        plays = False
        for session, position_ms in positions.items():
            member = self.members.get(session)
            if member is None or member.apart_since is not None or (joined is not None and joined != member.joined):
                return False
            joined = member.joined
            if not joined and (self.known or at.steady_s - member.since.steady_s >= TOGETHER_S):
                return False
            distance_ms = abs(position_ms - expected_ms)
            if off_ms < 0:
                off_ms, there_ms, first_ms, last_ms = distance_ms, position_ms, position_ms, position_ms
            elif distance_ms < off_ms:
                off_ms, there_ms = distance_ms, position_ms
            if position_ms < first_ms:
                first_ms = position_ms
            elif position_ms > last_ms:
                last_ms = position_ms
            plays = plays or session.timeline.state == "playing"
        if last_ms - there_ms > NEAR_MS or there_ms - first_ms > NEAR_MS:
            return False
        self.position_ms, self.at, self.plays = there_ms, at, plays
        return True

    def _expect(self, at: Moment) -> int:
        """Return the group's expected position by the clock."""
        return self.position_ms + (round((at.steady_s - self.at.steady_s) * 1000) if self.plays else 0)

    def follow(self, positions: Mapping[Session, int], at: Moment) -> list[Session]:
        """Note which members are near the group's position; return those that have been away for too long.

        The group's position is that of a member that has just played on: one that skips or stops leaves the others.
        `positions`: of the sessions that are observed now; the others are unknown.
        """
        seen = [session for session in self.members if session in positions]
        if not seen:
            return []
        near = [session for session in seen if self.members[session].apart_since is None]
        leading = [session for session in near if self.members[session].joined] or near or seen
        expected_ms = self._expect(at)
        self.position_ms = min((positions[session] for session in leading), key=lambda each: abs(each - expected_ms))
        self.at, self.plays = at, any(session.timeline.state == "playing" for session in leading)
        return [session for session in seen if self._is_gone(self.members[session], positions[session])]

    def _is_gone(self, member: Membership, position_ms: int) -> bool:
        if abs(position_ms - self.position_ms) <= NEAR_MS:
            member.apart_since = None
            return False
        member.apart_since = member.apart_since or self.at
        apart_s = self.at.steady_s - member.apart_since.steady_s
        return apart_s >= (TOGETHER_S if member.joined else STRAY_S)

    def find_ready(self, positions: Mapping[Session, int], rules: Rules) -> list[Session]:
        """Return the members that are part of the screening from now on, the first to begin first."""
        ready = [session for session, member in self.members.items() if self._is_ready(session, member, rules)]
        ready = [session for session in ready if session in positions]
        ready.sort(key=lambda session: session.started_at_s)
        return ready if self.screening_id or len(ready) > 1 else []

    def _is_ready(self, session: Session, member: Membership, rules: Rules) -> bool:
        if member.joined or member.apart_since is not None or not session.plays(self.at, rules):
            return False
        return session.account in self.known or self.at.steady_s - member.since.steady_s >= TOGETHER_S

    def join(self, session: Session) -> None:
        """Make a member part of the screening."""
        self.members[session].joined = True
        is_first = session.started_at_s <= self.started_at_s
        session.change_watches(lambda watch: _join_watch(watch, self.screening_id, is_first))
        self.started_at_s = min(self.started_at_s, session.started_at_s)
        self.merged_ids[session.screening_id] = None
        self.known.add(session.account)
        for watch_id in (*(watch.watch_id for watch in session.watches()), *session.past_attendees):
            self.past_attendees.pop(watch_id, None)

    def take_in(self, other: "SessionGroup") -> None:
        """Take over the past attendees of another group, whose members join this one."""
        self.past_attendees |= other.past_attendees
        self.known |= other.known
        self.merged_ids |= other.merged_ids
        if other.screening_id:
            self.merged_ids[other.screening_id] = None

    def note_left(self, session: Session, at: Moment) -> None:
        """Keep the attendees of a session that has left the screening."""
        self.past_attendees |= session.past_attendees
        for watch in session.watches():
            self.past_attendees[watch.watch_id] = replace(attendee_of(watch), present=False, left_at_s=at.wall_s)

    def lead(self) -> Session:
        """Return the session that shows where the film is: the one that plays into the channel, or the first."""
        joined = self.joined
        near = [session for session in joined if self.members[session].apart_since is None] or joined
        present = [session for session in near if session.active] or near
        return next((session for session in present if session.party_watches), present[0])

    def describe(self, lead: Session, at: Moment, rules: Rules) -> Screening:
        """Return the group as a screening, with the film where it is in the session `lead`."""
        attendees = [*self.past_attendees.values(), *_attendees(self.joined)]
        attendees.sort(key=lambda attendee: attendee.joined_at_s)
        described = describe_session(lead, at, rules)
        return replace(
            described,
            screening_id=self.screening_id,
            started_at_s=self.started_at_s,
            party=described.party or any(session.timeline.party for session in self.joined),
            seats=tuple(attendees),
            merged=tuple(self.merged_ids),
        )


def leave_screening(session: Session) -> None:
    """Make a session a screening by itself again; its watches keep the group's `together_id`."""
    session.change_watches(lambda watch: replace(watch, together=False))


def _join_watch(watch: WatchState, screening_id: str, is_first: bool) -> WatchState:
    first_seat = watch.first_seat and (is_first or not is_session_account(watch.source))
    return replace(watch, together_id=screening_id, together=True, first_seat=first_seat)


def _attendees(sessions: Iterable[Session]) -> Iterable[Attendee]:
    for session in sessions:
        yield from session.past_attendees.values()
        yield from map(attendee_of, session.watches())

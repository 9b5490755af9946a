"""All groups: finds the sessions that play one film at the same time, and notes who joins, leaves and comes back.

Sessions are compared with their group, never with each other, so that a look takes time in proportion to the sessions.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from messages import Attendee, Moment
from tracking.grouping.companions import Companions
from tracking.grouping.session_group import NEAR_MS, STRAY_S, TOGETHER_S, SessionGroup, leave_screening
from tracking.rules import Rules, is_live
from tracking.sessions.session import Session
from tracking.watches.film import film_keys, same_film
from tracking.watches.watch import estimate_position, make_id

LOOK_EVERY_S = 15.0
"""How often the sessions are compared."""


class LeftGroup(NamedTuple):
    """The group that a session has left, and when."""

    group: SessionGroup
    since: Moment


class GroupChanges(msgspec.Struct, frozen=True):
    """The changes that a look at the sessions brought."""

    formed: list[SessionGroup] = msgspec.field(default_factory=list)
    """Groups that have become one screening."""
    apart: list[Session] = msgspec.field(default_factory=list)
    """Sessions that were part of a group and play by themselves now."""
    ended: list[tuple[SessionGroup, Session]] = msgspec.field(default_factory=list)
    """Groups of which nobody is left, each with the session that was the last."""
    changed: dict[Session, None] = msgspec.field(default_factory=dict)
    """Sessions of which something else is to be shown."""


class SessionGroups(msgspec.Struct):
    """The groups of all sessions, on whatever server."""

    rules: Rules
    _by_film: dict[str, list[SessionGroup]] = msgspec.field(default_factory=dict)
    _group_of: dict[Session, SessionGroup] = msgspec.field(default_factory=dict)
    """The group that a session is in, joined or not."""
    _left: dict[Session, LeftGroup] = msgspec.field(default_factory=dict)
    """Sessions that were part of a group, while they have not played on by themselves."""
    _companions: Companions = msgspec.field(default_factory=Companions)
    _looked: Moment | None = None

    def find_joined(self, session: Session) -> SessionGroup | None:
        """Return the group whose screening a session is part of."""
        group = self._group_of.get(session)
        return group if group is not None and group.members[session].joined else None

    def is_due(self, at: Moment) -> bool:
        """Tell whether it is time for a look."""
        if not self.rules.group_synchronous:
            return False
        return self._looked is None or at.steady_s - self._looked.steady_s >= LOOK_EVERY_S

    def look(self, sessions: Iterable[Session], viewer_of: Callable[[str], str], at: Moment) -> GroupChanges:
        """Compare the sessions of the servers that answer. `viewer_of`: the id of the viewer whose account it is."""
        self._looked, changes = at, GroupChanges()
        self._companions.forget_old(at)
        for session in [each for each in self._group_of if not each.watched]:
            self._take_out(session, at, changes)
        films: dict[str, list[Session]] = {}
        for session in sessions:
            group = self._group_of.get(session) if self._group_of else None
            film = group.film if group is not None else session.film
            if film in films:
                films[film].append(session)
            else:
                films[film] = [session]
        for film, played in films.items():
            if len(played) > 1 or film in self._by_film:
                self._compare(film, self._find_positions(played, at), viewer_of, at, changes)
        for session, left in list(self._left.items()):
            waited = at.steady_s - left.since.steady_s >= STRAY_S
            if waited and session.watched and session.plays(at, self.rules):
                del self._left[session]
                left.group.merged_ids.pop(session.screening_id, None)
                changes.apart.append(session)
        return changes

    def _find_positions(self, sessions: Iterable[Session], at: Moment) -> dict[Session, int]:
        """Return the film's current position in each of the sessions that are observed."""
        positions: dict[Session, int] = {}
        for session in sessions:
            line = session.timeline
            if line.position_ms is None or line.outage or not line.account_id or is_live(line.item):
                continue
            if not (session.active and session.watched):
                continue
            if line.seen is at and not line.pending_s:
                positions[session] = line.position_ms
            elif (position_ms := estimate_position(line, at, self.rules)) is not None:
                positions[session] = position_ms
        return positions

    def end(self, session: Session, at: Moment) -> tuple[SessionGroup | None, bool]:
        """Remove a session that is over; return its group, and whether that is over too."""
        left = self._left.pop(session, None)
        group = self._group_of.pop(session, None)
        joined = group is not None and group.remove(session).joined
        if group is not None and joined:
            self._companions.note_end(session.account, group, at)
            group.note_left(session, at)
            if not group.joined:
                self._remove(group)
            return group, not group.joined
        if left is None:
            return None, False
        left.group.note_left(session, at)
        return left.group, False

    def begin_beside(
        self,
        session: Session,
        sessions_of: Callable[[str], Iterable[Session]],
        viewer_of: Callable[[str], str],
        at: Moment,
    ) -> tuple[SessionGroup | None, bool]:
        """Join a new session with those that play the same beside it and whose accounts watched the last film with it.

        `sessions_of`: the sessions of an account (viewer id). Return the group, and whether it is new.
        """
        if not self.rules.group_synchronous or session.timeline.position_ms is None or is_live(session.item):
            return None, False
        before = [group for each in sessions_of(session.account) if (group := self.find_joined(each)) is not None]
        for account in self._companions.find(session.account, before, at):
            for other in sessions_of(account):
                beside = same_film(other.item, session.item) and other.plays(at, self.rules)
                if (
                    beside
                    and self._is_near(other, session, at)
                    and (found := self._join(session, other, viewer_of, at))
                ):
                    return found
        return None, False

    def _join(
        self, session: Session, other: Session, viewer_of: Callable[[str], str], at: Moment
    ) -> tuple[SessionGroup, bool] | None:
        """Make two sessions part of one screening; None where they are one viewer's."""
        group = self._group_of.get(other)
        if group is None:
            group = SessionGroup(film_keys(other.item)[0], session.timeline.position_ms or 0, at)
            group.add(other, viewer_of(other.account), at)
        if not group.add(session, viewer_of(session.account), at):
            return None
        if other not in self._group_of:
            self._by_film.setdefault(group.film, []).append(group)
        self._group_of[other] = self._group_of[session] = group
        is_new = not group.screening_id
        if is_new:
            group.screening_id = make_id("together", other.screening_id, repr(at.wall_s))
        for each in (other, session):
            if not group.members[each].joined:
                group.join(each)
        return group, is_new

    def _is_near(self, one: Session, other: Session, at: Moment) -> bool:
        there_ms = [estimate_position(each.timeline, at, self.rules) for each in (one, other)]
        return abs((there_ms[0] or 0) - (there_ms[1] or 0)) <= NEAR_MS

    def come_back(self, session: Session, group: SessionGroup, at: Moment) -> None:
        """Add a new session that goes on with one that was part of a group."""
        session.change_watches(lambda watch: replace(watch, together_id=group.screening_id))
        if group.joined:
            self._left[session] = LeftGroup(group, at)  # where it is, a look shows
            return
        group.position_ms, group.at = session.timeline.position_ms or 0, at
        group.add(session, session.account, at)
        self._group_of[session] = group
        self._by_film.setdefault(group.film, []).append(group)
        group.join(session)

    def restore(
        self, sessions: Iterable[Session], past_attendees: Callable[[str], dict[str, Attendee]], at: Moment
    ) -> Iterable[SessionGroup]:
        """Rebuild the groups that ran before a restart from the sessions' watches; return them."""
        groups: dict[str, SessionGroup] = {}
        for session in sessions:
            line = session.timeline
            if not line.together or not self.rules.group_synchronous:
                leave_screening(session)
                continue
            group = groups.get(line.together_id)
            if group is None:
                film, position_ms = film_keys(line.item)[0], line.position_ms or 0
                group = SessionGroup(film, position_ms, line.seen, screening_id=line.together_id)
                group.past_attendees = past_attendees(line.together_id)
                group.known = {each.viewer_id for each in group.past_attendees.values()}
                groups[line.together_id] = group
                self._by_film.setdefault(film, []).append(group)
            group.add(session, session.account, at)
            self._group_of[session] = group
            group.join(session)
        return groups.values()

    def forget(self, goes: Callable[[str, float], bool]) -> None:
        """Drop attendees who left and for which `goes` (viewer id, start of the watch) is true."""
        for group in {*self._group_of.values(), *(left.group for left in self._left.values())}:
            group.past_attendees = {
                key: each for key, each in group.past_attendees.items() if not goes(each.viewer_id, each.joined_at_s)
            }

    def _compare(
        self,
        film: str,
        positions: Mapping[Session, int],
        viewer_of: Callable[[str], str],
        at: Moment,
        changes: GroupChanges,
    ) -> None:
        """Compare the sessions of one film."""
        groups = self._by_film.get(film, [])
        if len(groups) == 1 and groups[0].stays(positions, at):
            return
        for group in groups:
            for session in group.follow(positions, at):
                self._take_out(session, at, changes)
        groups.sort(key=lambda group: group.position_ms)
        free: list[tuple[int, Session]] = []
        for session, position_ms in positions.items():
            if session in self._group_of:
                continue
            near = _nearest(groups, position_ms)
            if near is not None and near.add(session, viewer_of(session.account), at):
                self._group_of[session] = near
            else:
                free.append((position_ms, session))
        if len(free) > 1:
            groups += self._form(film, free, viewer_of, at)
        for group in list(groups):
            self._join_ready(group, positions, at, changes)
            if not group.joined and len(group.members) < 2:
                self._remove(group)
        self._merge(groups, at, changes)
        if groups:
            self._by_film[film] = groups

    def _form(
        self, film: str, free: list[tuple[int, Session]], viewer_of: Callable[[str], str], at: Moment
    ) -> list[SessionGroup]:
        """Return new groups of sessions that are in none: each around one session, to which the others are near."""
        free.sort(key=lambda pair: pair[0])
        groups, first = [], 0
        while first < len(free):
            middle = _last_within(free, first)
            last = _last_within(free, middle)
            group = SessionGroup(film, free[middle][0], at)
            for _, session in free[first : last + 1]:
                group.add(session, viewer_of(session.account), at)
            if len(group.members) > 1:
                for session in group.members:
                    self._group_of[session] = group
                groups.append(group)
            first = last + 1
        return groups

    def _join_ready(
        self, group: SessionGroup, positions: Mapping[Session, int], at: Moment, changes: GroupChanges
    ) -> None:
        ready = group.find_ready(positions, self.rules)
        if ready and not group.screening_id:
            group.screening_id = make_id("together", ready[0].screening_id, repr(at.wall_s))
            changes.formed.append(group)
        for session in ready:
            group.join(session)
            self._left.pop(session, None)
            changes.changed[session] = None

    def _merge(self, groups: list[SessionGroup], at: Moment, changes: GroupChanges) -> None:
        """Merge two groups that have been near each other for long enough: the smaller into the larger."""
        ordered = sorted(groups, key=lambda group: group.position_ms)
        beside = {
            small: large
            for small, large in map(_by_size, ordered, ordered[1:])
            if large.screening_id and abs(small.position_ms - large.position_ms) <= NEAR_MS
        }
        for group in ordered:
            large = beside.get(group)
            if large is None or group.beside is not large:
                group.beside, group.beside_since = large, at
            elif at.steady_s - group.beside_since.steady_s >= TOGETHER_S and group.members and large.joined:
                self._absorb(group, large, at, changes)

    def _absorb(self, small: SessionGroup, large: SessionGroup, at: Moment, changes: GroupChanges) -> None:
        members = dict(small.members)
        self._remove(small)
        large.take_in(small)
        for session, member in members.items():
            changes.changed[session] = None
            if large.add(session, member.viewer_id, member.since):
                self._group_of[session] = large
                if member.joined:
                    large.join(session)
            elif member.joined:
                leave_screening(session)
                self._left[session] = LeftGroup(large, at)

    def _take_out(self, session: Session, at: Moment, changes: GroupChanges) -> None:
        """Take a session out of its group."""
        group = self._group_of.pop(session)
        if not group.remove(session).joined:
            return
        leave_screening(session)
        group.merged_ids.pop(session.screening_id, None)
        group.note_left(session, at)
        changes.changed.update(dict.fromkeys((session, *group.joined)))
        self._left[session] = LeftGroup(group, at)
        if not group.joined:
            self._remove(group)
            changes.ended.append((group, session))

    def _remove(self, group: SessionGroup) -> None:
        """Remove a group of which nobody is left."""
        for session in list(group.members):
            group.remove(session)
            self._group_of.pop(session, None)
        groups = self._by_film.get(group.film, [])
        if group in groups:
            groups.remove(group)
        if not groups:
            self._by_film.pop(group.film, None)


def _by_size(one: SessionGroup, other: SessionGroup) -> tuple[SessionGroup, SessionGroup]:
    """Return the smaller and the larger of two groups."""
    small, large = sorted((one, other), key=lambda group: (len(group.joined), -group.started_at_s))
    return small, large


def _nearest(groups: list[SessionGroup], position_ms: int) -> SessionGroup | None:
    """Return the group that a position is near to; `groups` are in the order of their positions."""
    place = bisect_left(groups, position_ms, key=lambda group: group.position_ms)
    beside = groups[max(0, place - 1) : place + 1]
    near = [group for group in beside if abs(group.position_ms - position_ms) <= NEAR_MS]
    return min(near, key=lambda group: abs(group.position_ms - position_ms), default=None)


def _last_within(ordered: list[tuple[int, Session]], first: int) -> int:
    """Return the index of the last session that is near to the one at index `first`."""
    last = first
    while last + 1 < len(ordered) and ordered[last + 1][0] - ordered[first][0] <= NEAR_MS:
        last += 1
    return last

"""The watch party: which session the voice channel watches, and who is in the channel."""

import msgspec

from messages import Moment, Problem, VoiceMember, VoicePresence
from tracking.rules import Rules
from tracking.sessions.session import Session
from tracking.watches.progress import FLOOR_MS
from tracking.watches.watch import at_end, is_in_credits, played_since

BREAK_S = 1800.0
"""How long after a film's end the channel still waits for the next one of its host, though others play, too."""


class WatchParty(msgspec.Struct):
    """Who is in the voice channel, and which session plays into it.

    The party follows what its host plays, not a session: of the host's sessions the one that plays wins over those that
    are paused, dead or over.
    """

    rules: Rules
    presence: VoicePresence | None = None
    """Members of the channel by the last report of Discord."""
    unknown: bool = True
    """Discord is away, or has not spoken yet: who is in the channel is not known."""
    host: Session | None = None
    """The session that plays into the channel."""
    notice: Problem | None = None
    """What stands in the way of the watch party."""
    _arrived: dict[str, Moment] = msgspec.field(default_factory=dict)
    """Since when each member has been in the channel, as far as it is known without a gap."""
    known_until: Moment | None = None
    """Until when that was known before Discord was away, or Usher was restarted; None where neither has happened."""
    _restored: bool = False
    """It is known from before a restart, since when Discord has not reported."""
    _chosen: bool = False
    """An admin chose the session."""
    _last: Session | None = None
    """The session that played into the channel before, while no other has taken its place."""

    @property
    def members(self) -> tuple[VoiceMember, ...]:
        """Members of the channel by the last report of Discord."""
        return self.presence.members if self.presence is not None else ()

    def update_presence(self, presence: VoicePresence) -> None:
        """Apply who is in the channel now."""
        here = {*(member.user_id for member in presence.members), *presence.unnamed}
        before = {} if self.unknown and not self._is_soon_after_restart(presence.at) else self._arrived
        self._arrived = {user_id: before.get(user_id, presence.at) for user_id in here}
        self.presence, self.unknown, self._restored = presence, False, False

    def lose_presence(self, at: Moment) -> None:
        """Mark presence as unknown from `at` on."""
        if not self.unknown:
            self.known_until, self.unknown = at, True

    def restore_arrivals(self, arrived: dict[str, Moment], known: Moment) -> None:
        """Restore, after a restart, since when members are in the channel, as it was known until `known`.

        Discord has not reported yet who is still there. If it does so soon, they have been there all the while.
        """
        self._arrived, self.known_until, self._restored = arrived, known, True

    def _is_soon_after_restart(self, at: Moment) -> bool:
        known = self.known_until if self._restored else None
        return known is not None and at.steady_s - known.steady_s <= self.rules.voice_fresh_s

    def expire_presence(self, at: Moment) -> None:
        """Mark presence as unknown when Discord has not reported for too long."""
        if self.presence is not None and at.steady_s - self.presence.at.steady_s > self.rules.voice_fresh_s:
            self.lose_presence(self.presence.at)

    @property
    def arrivals(self) -> dict[str, Moment]:
        """Since when each member (Discord id) has been in the channel, by the last report of Discord."""
        return dict(self._arrived)

    def member_since(self, user_id: str, at: Moment) -> Moment:
        """Return since when a member has been in the channel."""
        return self._arrived.get(user_id, at)

    def choose(self, session: Session) -> None:
        """Set the session that the channel watches, as an admin chose it."""
        self.host, self._chosen, self._last, self.notice = session, True, None, None

    def end(self, session: Session) -> None:
        """Apply the end of a session."""
        if self.host is session:
            self.host, self._chosen, self._last = None, False, session

    def last_host(self, session: Session, at: Moment) -> Session | None:
        """Return the session that has just ended, if its host continues with `session`.

        That may become known late: `session` has run beside a dead player of the same film.
        """
        last = self._last
        if last is None or not self._same_host(last, session):
            return None
        unproven_s = min(played_since(session.timeline, last.timeline.seen), self.rules.ghost_after_s)
        ended_s = at.steady_s - last.timeline.seen.steady_s - unproven_s
        return last if ended_s <= self.rules.end_grace_s + self.rules.gap_s else None

    def find_host(self, sessions: list[Session], at: Moment) -> tuple[Session | None, Problem | None]:
        """Return the session that plays into the channel, and a notice if that is ambiguous."""
        current = self.host
        if current is not None and (self._chosen or current.party_watches):
            following = self._following(current, sessions, at)
            return self._note_host_is_clear(following or current)
        candidates = [session for session in sessions if session.active]
        if self.rules.party_user:
            candidates = [session for session in candidates if self.is_named_host(session)]
        playing = [session for session in candidates if session.plays(at, self.rules)]
        if len(playing) > 1:
            proven = [session for session in playing if _has_advanced(session)]
            if len(proven) < len(playing) and self._are_fresh(playing, at):
                return (proven[0], None) if len(proven) == 1 and self.rules.party_user else (None, None)
            playing = self._of_last_host(playing, at) or playing
        if len(playing) == 1:
            return self._note_host_is_clear(playing[0])
        if not playing:
            return self._note_host_is_clear(self._paused_last(candidates, at))
        if not self.members:
            return None, None
        titles = ", ".join(sorted({f"“{session.item.title}”" for session in playing}))
        notice = Problem.of("tracking.host_unclear", count=len(playing), titles=titles)
        news = notice if notice != self.notice else None
        self.notice = notice
        return None, news

    def _note_host_is_clear(self, session: Session | None) -> tuple[Session | None, Problem | None]:
        self.notice = None
        return session, None

    def _following(self, current: Session, sessions: list[Session], at: Moment) -> Session | None:
        """Return the session that the host continues with; None while the party stays where it is."""
        if current.plays(at, self.rules):
            return None
        playing = [session for session in sessions if session is not current and session.plays(at, self.rules)]
        own = [session for session in playing if self._same_host(current, session)]
        if current.missing:
            same = [session for session in own if _same_player(current, session)]
            if not same and not current.timeline.outage:
                own = [session for session in own if self._plays_instead(session, current, at)]
            own = same or own or self._paused_there(current, sessions)
            return own[0] if len(own) == 1 else None
        if at_end(current.timeline, self.rules):
            candidates = own or self._of_any_host(playing)
            return candidates[0] if len(candidates) == 1 else None
        if is_in_credits(current.timeline):
            # A film that starts after this one was stopped in its credits is no pause of it.
            stopped_s = current.stood_since.steady_s
            fresh = [each for each in own or self._of_any_host(playing) if each.opened and _has_advanced(each)]
            fresh = [each for each in fresh if each.opened and each.opened.steady_s > stopped_s]
            if len(fresh) == 1:
                return fresh[0]
        if not own and not _has_advanced(current) and not self._chosen:
            others = [session for session in self._of_any_host(playing) if _has_advanced(session)]
            return others[0] if len(others) == 1 else None
        own = own or self._of_paused_later(current, sessions)
        steady = [session for session in own if self._plays_instead(session, current, at)]
        return steady[0] if len(steady) == 1 else None

    def _paused_there(self, current: Session, sessions: list[Session]) -> list[Session]:
        """Return the paused sessions on the player of a session that is gone: only its host can have started them."""
        return [
            session
            for session in sessions
            if session is not current and session.active and session.timeline.state == "paused"
            if self._same_host(current, session) and _same_player(current, session)
        ]

    def _paused_last(self, candidates: list[Session], at: Moment) -> Session | None:
        """Return the session that its host paused last; None if several hosts have paused one."""
        paused = [session for session in candidates if self._is_in_a_pause(session, at)]
        last = max(paused, key=lambda session: session.stood_since.steady_s, default=None)
        return last if last is not None and all(self._same_host(last, session) for session in paused) else None

    def _of_paused_later(self, current: Session, sessions: list[Session]) -> list[Session]:
        """Return the sessions that the host has played and paused since `current` last ran."""
        return [
            session
            for session in sessions
            if session is not current and session.active and session.timeline.state == "paused"
            if self._same_host(current, session)
            and session.timeline.advanced.steady_s > current.timeline.advanced.steady_s
        ]

    def _plays_instead(self, session: Session, current: Session, at: Moment) -> bool:
        """Tell whether a session has played for so long that the host's other one is more than briefly paused.

        A dead session is not paused: then the host watches the one that plays.
        """
        if current.timeline.ghost:
            return _has_advanced(session)
        since_s = current.timeline.advanced.steady_s
        if session.opened is not None:
            since_s = max(since_s, session.opened.steady_s)
        return at.steady_s - since_s >= self.rules.ghost_after_s and _has_advanced(session)

    def _of_any_host(self, playing: list[Session]) -> list[Session]:
        """Return the sessions that the channel may watch, whoever played into it before."""
        return [session for session in playing if self.is_named_host(session)] if self.rules.party_user else playing

    def _same_host(self, current: Session, other: Session) -> bool:
        if self.is_named_host(current):
            return self.is_named_host(other)
        line, theirs = current.timeline, other.timeline
        return bool(line.account_id) and (current.server_id, line.account_id) == (other.server_id, theirs.account_id)

    def is_named_host(self, session: Session) -> bool:
        """Tell whether a session's account is the one that WATCH_PARTY_PLEX_USER names."""
        playback = session.playback
        account_id = session.timeline.account_id
        return self.rules.is_party_host(account_id, playback.account_name if playback else session.timeline.username)

    def _of_last_host(self, playing: list[Session], at: Moment) -> list[Session]:
        """Return the one session, of several that play, that the host of the last film plays."""
        last = self._last
        if last is None or at.steady_s - last.timeline.seen.steady_s > BREAK_S:
            return []
        own = [session for session in playing if self._same_host(last, session)]
        return own if len(own) == 1 else []

    def _are_fresh(self, playing: list[Session], at: Moment) -> bool:
        """Tell whether the playing sessions are too new to know which of them are dead."""
        return any(
            session.opened is not None and at.steady_s - session.opened.steady_s < self.rules.ghost_after_s
            for session in playing
            if not _has_advanced(session)
        )

    def _is_in_a_pause(self, session: Session, at: Moment) -> bool:
        """Tell whether a film that has run is paused; without a named host, for no longer than a ghost may stand."""
        line = session.timeline
        if line.ghost or not (_has_advanced(session) or _has_run_unseen(session)):
            return False
        return bool(self.rules.party_user) or at.steady_s - line.advanced.steady_s <= self.rules.ghost_end_s


def _has_advanced(session: Session) -> bool:
    """Tell whether a film was seen to advance, and not only listed. Live TV has no position that could advance."""
    line = session.timeline
    return session.opened is None or line.position_ms is None or line.advanced.steady_s > session.opened.steady_s


def _has_run_unseen(session: Session) -> bool:
    """Tell whether a film resumes an earlier watch at a later position than that had seen: it ran meanwhile."""
    line = session.timeline
    return bool(line.spans) and line.position_ms is not None and line.position_ms > line.spans[-1][1] + FLOOR_MS


def _same_player(one: Session, other: Session) -> bool:
    ours, theirs = one.stream, other.stream
    return bool(ours.machine_id) and (ours.account_id, ours.machine_id) == (theirs.account_id, theirs.machine_id)

"""Compares a poll with the sessions so far. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from messages import Moment, Playback, WatchState
from tracking.rules import Rules
from tracking.sessions.other_player import OtherPlayer
from tracking.sessions.server import ServerSessions, nearest
from tracking.sessions.session import Session, StreamKey
from tracking.watches.film import same_film
from tracking.watches.progress import FLOOR_MS
from tracking.watches.watch import starts_again

LEAST_SPEED = 0.4
"""A film that runs, however slowly, moves on by more than this share of the time."""


class PollDiff(msgspec.Struct):
    """The changes of a server's sessions between two polls."""

    seen: dict[Session, Playback] = msgspec.field(default_factory=dict)
    """Sessions whose stream is listed as before."""
    changed: set[Session] = msgspec.field(default_factory=set)
    """Those of `seen` whose item is listed with any difference."""
    followed: list[tuple[Session, Playback]] = msgspec.field(default_factory=list)
    """Sessions that go on on another stream at once."""
    taken_over: list[tuple[Session, OtherPlayer]] = msgspec.field(default_factory=list)
    """Sessions that go on on another player, which has played for a while."""
    credited: list[tuple[Session, OtherPlayer]] = msgspec.field(default_factory=list)
    """Sessions beside which another player showed a stretch of the film, and stopped."""
    opened: list[Playback] = msgspec.field(default_factory=list)
    """Streams of which nothing was known."""
    opened_beside: list[OtherPlayer] = msgspec.field(default_factory=list)
    """Players known before that turn out to play for themselves."""
    absent: dict[Session, bool] = msgspec.field(default_factory=dict)
    """Sessions that are not listed, and whether their stream shows something else."""
    others: dict[StreamKey, OtherPlayer] = msgspec.field(default_factory=dict)
    """Listed streams that no session follows."""


def compare(
    server: ServerSessions, playbacks: tuple[Playback, ...], at: Moment, outage: bool, rules: Rules
) -> PollDiff:
    """Compare a poll with each session of a server.

    One viewer at one film is one session as long as at most one player advances: a dead or paused stream beside it
    hides nothing, in whatever order they are listed. If two advance, there are two sessions.
    """
    diff = PollDiff()
    unmatched: dict[StreamKey, Playback] = {}
    streams: Mapping[Any, Session] = server.streams
    seen = diff.seen
    for playback in playbacks:
        if playback.state == "stopped":
            continue
        key = (playback.account_id, playback.machine_id, playback.session_key)  # a StreamKey, as far as a dict can tell
        session = streams.get(key)
        if session is not None:
            is_same = playback.item == session.timeline.item
            if is_same or session.shows(playback, outage):
                if session not in seen:
                    seen[session] = playback
                    if not is_same:
                        diff.changed.add(session)
                continue
        if rules.tracks(playback.item):
            unmatched[StreamKey(*key)] = playback
    if len(seen) < len(server):
        listed = {(each.account_id, each.machine_id, each.session_key) for each in playbacks if each.state != "stopped"}
        diff.absent = {each: each.stream in listed for each in server if each not in seen}
    if unmatched or server.others:
        _Unmatched(server, diff, at, outage, rules).sort(unmatched)
    return diff


class _Unmatched(msgspec.Struct):
    """The streams of a poll that no session follows yet."""

    server: ServerSessions
    diff: PollDiff
    at: Moment
    outage: bool
    rules: Rules
    opened: dict[str, list[Playback]] = msgspec.field(default_factory=dict)
    """Streams of which nothing was known, by account."""

    def sort(self, unmatched: dict[StreamKey, Playback]) -> None:
        streams = list(unmatched.items())
        if len({key.account_id for key in unmatched}) < len(streams):
            streams.sort(key=lambda stream: stream[1].state != "playing")
        for key, playback in streams:
            self._place(key, playback)
        for key, other in self.server.others.items():
            shown = unmatched.get(key)
            is_gone = shown is None or not same_film(shown.item, other.playback.item)
            if is_gone and other.moved is not None:
                self._credit(other)
        if self.diff.followed:
            self._settle_stopped()

    def _place(self, key: StreamKey, playback: Playback) -> None:
        """Classify one stream: a session's new stream, a new session, or another player of a session."""
        known = self.server.others.get(key)
        if known is not None and not same_film(known.playback.item, playback.item):
            known = None
        if known is not None and known.opening and playback.state != "buffering":
            known = None
        same = self.server.same_viewing(playback)
        gone = [session for session in same if session in self.diff.absent]
        beside = [(session, self.diff.seen[session]) for session in same if session in self.diff.seen]
        if beside:  # if a finished film begins anew, the stream beside is the new showing
            gone = [each for each in gone if not self._begins_after(each, playback)]
        if gone and self._go_on(key, playback, known, gone):
            return
        if beside:
            self._place_beside(key, playback, known, beside)
        elif known is not None:
            other = known.observe(playback, self.at, self.outage, self.rules)
            if other.moved is not None and not same:
                self.diff.opened_beside.append(other)
            else:
                self.diff.others[key] = other
        elif same or self._stands_beside(playback):
            self.diff.others[key] = OtherPlayer.standing(playback, self.at)
        elif playback.state in ("playing", "paused"):
            self.diff.opened.append(playback)
            self.opened.setdefault(key.account_id, []).append(playback)
        elif playback.state == "buffering" and playback.position_ms is not None:
            self.diff.others[key] = OtherPlayer.buffering(playback, self.at)

    def _stands_beside(self, playback: Playback) -> bool:
        """Tell whether a new stream stands beside another of the same account and film."""
        if any(_same_viewing(playback, opened) for opened in self.opened.get(playback.account_id, ())):
            return True
        others = [other for other in self.server.others.values() if not other.opening]
        return playback.state == "paused" and any(_same_viewing(playback, other.playback) for other in others)

    def _go_on(self, key: StreamKey, playback: Playback, known: OtherPlayer | None, gone: list[Session]) -> bool:
        """Move a session whose stream is not listed to this stream, if they match."""
        own = [session for session in gone if session.stream.machine_id == playback.machine_id]
        session = nearest(own or gone, known.began_ms if known is not None else playback.position_ms)
        if known is None:
            if not own and playback.state not in ("playing", "paused"):
                return False
            self.diff.followed.append((session, playback))
        else:
            other = known.observe(playback, self.at, self.outage, self.rules)
            if other.moved is None:
                self.diff.others[key] = other
                return True
            if self._starts_again(session, other):
                self.diff.opened_beside.append(other)
                return True
            self.diff.taken_over.append((session, other))
        del self.diff.absent[session]
        return True

    def _place_beside(
        self,
        key: StreamKey,
        playback: Playback,
        known: OtherPlayer | None,
        beside: list[tuple[Session, Playback]],
    ) -> None:
        """Classify a stream beside listed sessions of the same account and film."""
        there_ms = known.began_ms if known is not None else playback.position_ms
        session = nearest([session for session, _ in beside], there_ms)
        shown = next(shown for each, shown in beside if each is session)
        if known is None:
            if self._hands_over(session, shown, playback):
                self._replace(session, shown)
                self.diff.followed.append((session, playback))
            else:
                self.diff.others[key] = OtherPlayer.standing(playback, self.at)
            return
        other = known.observe(playback, self.at, self.outage, self.rules)
        moved = other.moved
        if moved is None:
            self.diff.others[key] = other
        elif self._starts_again(session, other):
            self.diff.opened_beside.append(other)
        elif all(self._runs_since(each, shows, moved) for each, shows in beside):
            if playback.state == "playing":
                self.diff.opened_beside.append(other)
            else:
                self.diff.credited.append((session, other))
                self.diff.others[key] = OtherPlayer.standing(playback, self.at)
        elif self._stands(session, shown, moved):
            self._replace(session, shown)
            self.diff.taken_over.append((session, other))
        else:
            self.diff.others[key] = other

    def _starts_again(self, session: Session, other: OtherPlayer) -> bool:
        """Tell whether another player starts again what was completed in a session."""
        trial = other.trial
        return starts_again(session.timeline, trial.join_position_ms, self.at, self.rules, trial.machine_id)

    def _begins_after(self, session: Session, playback: Playback) -> bool:
        """Tell whether a stream starts again what was completed in a session that is not listed."""
        position_ms = None if playback.state == "buffering" else playback.position_ms
        return starts_again(session.timeline, position_ms, self.at, self.rules, playback.machine_id)

    def _replace(self, session: Session, shown: Playback) -> None:
        """Make the session's stream so far an OtherPlayer."""
        del self.diff.seen[session]
        self.diff.others[session.stream] = OtherPlayer.standing(shown, self.at)

    def _hands_over(self, session: Session, shown: Playback, new: Playback) -> bool:
        """Tell whether a film continues on a new stream from where the session's own has just stopped."""
        line = session.timeline
        before, there = line.position_ms, new.position_ms
        if new.state != "playing" or line.state == "paused" or line.outage or before is None or there is None:
            return False
        if shown.state == "playing" and self._advances(session, shown):
            return False
        elapsed_ms = (self.at.steady_s - line.seen.steady_s) * 1000
        return abs(there - before) <= elapsed_ms + self.rules.slack_ms

    def _advances(self, session: Session, shown: Playback) -> bool:
        """Tell whether a session's own stream has advanced by more than a last report before a stop would show."""
        return self._has_run(session.timeline, shown)

    def _has_run(self, before: WatchState, shown: Playback) -> bool:
        """Tell whether a film has advanced since by more than a last report before a stop would show."""
        if before.position_ms is None or shown.position_ms is None:
            return False
        elapsed_ms = (self.at.steady_s - before.seen.steady_s) * 1000
        return shown.position_ms - before.position_ms > min(FLOOR_MS, elapsed_ms * LEAST_SPEED)

    def _runs_since(self, session: Session, shown: Playback, moved: Moment) -> bool:
        """Tell whether a session's own stream has advanced since another player began to move."""
        if shown.state != "playing":
            return False
        last = self.at if self._advances(session, shown) else session.timeline.advanced
        return last.steady_s > moved.steady_s

    def _stands(self, session: Session, shown: Playback, moved: Moment) -> bool:
        """Tell whether a session's own stream has stood for long enough while another player played on."""
        since_s = max(session.timeline.advanced.steady_s, moved.steady_s)
        runs = shown.state == "playing" and self._advances(session, shown)
        return not runs and self.at.steady_s - since_s >= self.rules.ghost_after_s

    def _settle_stopped(self) -> None:
        """Credit what a stopped player showed, if its session continues on a third player from this poll on.

        The two did not advance at the same time. If the stopped one advances later, it is measured from then on.
        """
        followed = [session for session, _ in self.diff.followed]
        for key, other in self.diff.others.items():
            known = self.server.others.get(key)
            if other.moved is None or (known is not None and self._has_run(known.trial, other.playback)):
                continue
            goes_on = any(session in followed for session in self.server.same_viewing(other.playback))
            if goes_on and self._credit(other):
                self.diff.others[key] = OtherPlayer.standing(other.playback, self.at)

    def _credit(self, other: OtherPlayer) -> bool:
        """Credit what a player that no longer plays showed to its session; False if it has none."""
        session = self.server.find_stood(other, self.at, self.rules)
        if session is not None:
            self.diff.credited.append((session, other))
        return session is not None


def _same_viewing(one: Playback, other: Playback) -> bool:
    return bool(one.account_id) and one.account_id == other.account_id and same_film(one.item, other.item)

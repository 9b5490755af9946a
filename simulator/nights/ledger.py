"""The ledger of truth: what everybody really watched, as the simulated Plex and Discord know it. Pure.

Times are seconds since 1970 by the night's clock, positions milliseconds of film.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from simulator.plex import PlayingSession

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Stretch:
    """A piece of the night in which one session does one thing."""

    account_id: int
    rating_key: str
    title: str
    begin_s: float
    end_s: float
    playing: bool
    begin_ms: int

    @property
    def length_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.begin_s

    @property
    def end_ms(self) -> int:
        """Where the film is at its end."""
        return self.begin_ms + (round(self.length_s * 1000) if self.playing else 0)

    def clipped(self, begin_s: float, end_s: float) -> Stretch | None:
        """The part of it between two times."""
        begin_s, end_s = max(begin_s, self.begin_s), min(end_s, self.end_s)
        if begin_s >= end_s:
            return None
        ran_ms = round((begin_s - self.begin_s) * 1000) if self.playing else 0
        return replace(self, begin_s=begin_s, end_s=end_s, begin_ms=self.begin_ms + ran_ms)


@dataclass
class Attendance:
    """All that one viewer really did with one film."""

    viewer_id: str
    name: str
    rating_key: str
    title: str
    guest: bool
    stretches: list[Stretch] = field(default_factory=list)

    @property
    def playing_s(self) -> float:
        """How long the film ran for them."""
        return sum(stretch.length_s for stretch in self.stretches if stretch.playing)

    @property
    def paused_s(self) -> float:
        """How long it stood."""
        return sum(stretch.length_s for stretch in self.stretches if not stretch.playing)

    @property
    def spans(self) -> Spans:
        """What of the film they saw."""
        return union((stretch.begin_ms, stretch.end_ms) for stretch in self.stretches if stretch.playing)

    @property
    def boundaries(self) -> list[float]:
        """When anything changed."""
        return sorted({at_s for stretch in self.stretches for at_s in (stretch.begin_s, stretch.end_s)})

    @property
    def jumps(self) -> int:
        """How often the film was elsewhere afterwards."""
        pairs = zip(self.stretches, self.stretches[1:], strict=False)
        return sum(abs(before.end_ms - after.begin_ms) > 1500 for before, after in pairs)

    def __str__(self) -> str:
        return f"{self.name} at {self.title}"


class Ledger:
    """Notes what happens, as it happens."""

    def __init__(self, machine_id: str) -> None:
        self._machine_id = machine_id
        self._open: dict[str, PlayingSession] = {}
        self._stretches: list[Stretch] = []
        self._seated: dict[str, float] = {}
        self._visits: list[tuple[str, float, float]] = []
        self._names: dict[int, str] = {}
        self._members: dict[str, str] = {}

    def shows(self, session: PlayingSession) -> None:
        """From its anchor on a session is as it is now."""
        self._close(session.uid, session.anchor_s)
        self._open[session.uid] = session
        self._names[session.account.id] = session.account.name

    def ended(self, session: PlayingSession, at_s: float) -> None:
        """A session is over."""
        self._close(session.uid, at_s)

    def comes(self, member_id: str, name: str, at_s: float) -> None:
        """A member is in the voice channel."""
        self._seated.setdefault(member_id, at_s)
        self._members[member_id] = name

    def goes(self, member_id: str, at_s: float) -> None:
        """A member has left it."""
        since_s = self._seated.pop(member_id, None)
        if since_s is not None:
            self._visits.append((member_id, since_s, at_s))

    def _close(self, uid: str, at_s: float) -> None:
        was = self._open.pop(uid, None)
        if was is None:
            return
        runs_out_s = was.ends_at_s
        until_s = at_s if runs_out_s is None else min(at_s, runs_out_s)
        if until_s > was.anchor_s:
            place = (was.account.id, was.item.rating_key, was.item.title, was.anchor_s, until_s)
            self._stretches.append(Stretch(*place, was.is_advancing, was.anchor_ms))

    def attendances(self, host: str) -> list[Attendance]:
        """The truth of the night: each viewer and each film, when all is over. `host` plays into the channel."""
        found: dict[tuple[str, str], Attendance] = {}

        def add(viewer_id: str, name: str, stretch: Stretch | None, *, guest: bool) -> None:
            if stretch is not None:
                key = (viewer_id, stretch.rating_key)
                fresh = Attendance(viewer_id, name, stretch.rating_key, stretch.title, guest)
                found.setdefault(key, fresh).stretches.append(stretch)

        for stretch in sorted(self._stretches, key=lambda one: one.begin_s):
            name = self._names[stretch.account_id]
            add(f"plex:{self._machine_id}:{stretch.account_id}", name, stretch, guest=False)
            if name == host:
                for member_id, begin_s, end_s in sorted(self._visits, key=lambda visit: visit[1]):
                    add(member_id, self._members[member_id], stretch.clipped(begin_s, end_s), guest=True)
        for attendance in found.values():
            attendance.stretches.sort(key=lambda one: one.begin_s)
        return list(found.values())


def union(spans: Iterable[tuple[int, int]]) -> Spans:
    """Overlapping and touching spans as one, in order."""
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > begin:
            joined.append((begin, end))
    return tuple(joined)


def length(spans: Spans) -> int:
    """How much they cover."""
    return sum(end - begin for begin, end in spans)

"""The ledger of truth: what everybody really watched on the simulated Plex and in the voice channel. Pure.

Times are seconds of the clock that the stage gives (`now`), positions milliseconds of film.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from messages import spans
from messages.watches import Spans
from simulator.plex import LibraryItem, PlayingSession

Activity = Literal["playing", "paused", "buffering", "error", "ghost"]
"""What a player really does. A ghost is listed as playing, but its position never changes."""
JUMP_MS = 1500
"""A pausing player cuts its position to a whole second: a smaller difference between two stretches is no jump."""


@dataclass(frozen=True)
class Stretch:
    """A piece of the night in which one session does one thing."""

    account_id: int
    session: str
    """The session's uid, which stays the same if the session key changes."""
    machine_id: str
    item: LibraryItem
    begin_s: float
    end_s: float
    activity: Activity
    begin_ms: int
    report_s: float = 0.0
    """Seconds between two reports of the player's position."""
    speed: float = 1.0
    """Seconds of film in a second of the night."""

    @property
    def length_s(self) -> float:
        """How long it lasts, seconds."""
        return self.end_s - self.begin_s

    @property
    def end_ms(self) -> int:
        """The position in the film at its end, milliseconds."""
        return self.begin_ms + (round(self.length_s * 1000 * self.speed) if self.activity == "playing" else 0)

    def has(self, at_s: float) -> bool:
        """Tell whether a moment lies within the stretch."""
        return self.begin_s < at_s < self.end_s

    def clip(self, begin_s: float, end_s: float) -> Stretch | None:
        """Return its part between two times, or None if there is no such part."""
        begin_s, end_s = max(begin_s, self.begin_s), min(end_s, self.end_s)
        if begin_s >= end_s:
            return None
        ran_ms = round((begin_s - self.begin_s) * 1000 * self.speed) if self.activity == "playing" else 0
        return replace(self, begin_s=begin_s, end_s=end_s, begin_ms=self.begin_ms + ran_ms)


@dataclass(frozen=True)
class LeftPlayer:
    """A player that nobody watches any more, but that stays listed."""

    account_id: int
    rating_key: str
    begin_s: float
    end_s: float
    dead: bool
    """Whether it says that it plays and never moves; otherwise it is paused."""

    @property
    def length_s(self) -> float:
        """How long it stays listed, seconds."""
        return self.end_s - self.begin_s


@dataclass
class TrueWatch:
    """Everything that one viewer really did with one item."""

    viewer_id: str
    name: str
    item: LibraryItem
    guest: bool
    """Whether the viewer is a member of the voice channel, who watches what the host plays."""
    stretches: list[Stretch] = field(default_factory=list)
    left_players: list[LeftPlayer] = field(default_factory=list)
    """Players that stayed listed with this item: nobody can know at once that nobody watches them."""

    @property
    def playing_s(self) -> float:
        """How long the film ran for the viewer, seconds."""
        return sum(stretch.length_s for stretch in self.stretches if stretch.activity == "playing")

    @property
    def paused_s(self) -> float:
        """How long the film was paused, seconds."""
        return sum(stretch.length_s for stretch in self.stretches if stretch.activity == "paused")

    @property
    def left_s(self) -> float:
        """How long players that were left stayed listed, seconds."""
        return sum(player.length_s for player in self.left_players)

    @property
    def spans(self) -> Spans:
        """The parts of the film that the viewer saw."""
        return spans.union(
            (stretch.begin_ms, stretch.end_ms) for stretch in self.stretches if stretch.activity == "playing"
        )

    @property
    def boundaries(self) -> list[float]:
        """The times of all changes."""
        return sorted({at_s for stretch in self.stretches for at_s in (stretch.begin_s, stretch.end_s)})

    @property
    def jumps(self) -> int:
        """How often the film's position jumped."""
        pairs = zip(self.stretches, self.stretches[1:], strict=False)
        return sum(abs(before.end_ms - after.begin_ms) > JUMP_MS for before, after in pairs)

    @property
    def report_s(self) -> float:
        """The longest report interval of its players, seconds."""
        return max((stretch.report_s for stretch in self.stretches), default=0.0)

    @property
    def speed(self) -> float:
        """The highest speed of the film."""
        return max((stretch.speed for stretch in self.stretches), default=1.0)

    def shows_at(self, at_s: float) -> bool:
        """Tell whether a poll at this time shows the watch."""
        return any(s.has(at_s) and s.activity in ("playing", "paused") for s in self.stretches)

    def __str__(self) -> str:
        return f"{self.name} at {self.item.title}"


class Ledger:
    """Notes what people and players do while they do it."""

    def __init__(self, server_id: str) -> None:
        self.stretches: list[Stretch] = []
        """The stretches that are over, in the order of their ends."""
        self.visits: list[tuple[str, float, float]] = []
        """Member id, arrival and departure of each finished visit to the channel."""
        self.left_players: list[LeftPlayer] = []
        self._server_id = server_id
        self._open: dict[str, PlayingSession] = {}
        self._present: dict[str, float] = {}
        self._account_names: dict[int, str] = {}
        self._member_names: dict[str, str] = {}

    def note_session(self, session: PlayingSession) -> None:
        """Note what a session does from its anchor on."""
        self._close(session.uid, session.anchor_s)
        self._open[session.uid] = session
        self._account_names[session.account.id] = session.account.name

    def note_end(self, session: PlayingSession, at_s: float) -> None:
        """Note that a session is over."""
        self._close(session.uid, at_s)

    def note_arrival(self, member_id: str, name: str, at_s: float) -> None:
        """Note that a member has come into the voice channel."""
        self._present.setdefault(member_id, at_s)
        self._member_names[member_id] = name

    def note_departure(self, member_id: str, at_s: float) -> None:
        """Note that a member has left the voice channel."""
        since_s = self._present.pop(member_id, None)
        if since_s is not None:
            self.visits.append((member_id, since_s, at_s))

    def _close(self, uid: str, at_s: float) -> None:
        was = self._open.pop(uid, None)
        if was is None:
            return
        runs_out_s = was.ends_at_s
        until_s = at_s if runs_out_s is None else min(at_s, runs_out_s)
        if until_s > was.anchor_s:
            self.stretches.append(
                Stretch(
                    was.account.id, was.uid, was.player.machine_id, was.item, was.anchor_s, until_s,
                    "ghost" if was.frozen else was.state, was.anchor_ms, was.player.report_every_s, was.speed,
                )
            )  # fmt: skip

    def true_watches(self, host: str, excluded: Collection[str] = ()) -> list[TrueWatch]:
        """Return what each viewer saw of each item; only after all sessions have ended.

        `host`, an account's id or name, plays into the channel; accounts that are `excluded` are no viewers.
        """
        watches: dict[tuple[str, str], TrueWatch] = {}

        def add(viewer_id: str, name: str, stretch: Stretch | None, *, guest: bool) -> None:
            if stretch is not None:
                fresh = TrueWatch(viewer_id, name, stretch.item, guest)
                watches.setdefault((viewer_id, stretch.item.rating_key), fresh).stretches.append(stretch)

        for stretch in sorted(self.stretches, key=lambda each: (each.begin_s, each.account_id)):
            name = self._account_names[stretch.account_id]
            names = {name, str(stretch.account_id)}
            if not names & set(excluded):
                add(f"plex:{self._server_id}:{stretch.account_id}", name, stretch, guest=False)
            if host in names:
                for member_id, begin_s, end_s in sorted(self.visits, key=lambda visit: visit[1]):
                    add(member_id, self._member_names[member_id], stretch.clip(begin_s, end_s), guest=True)
        accounts = {f"plex:{self._server_id}:{each}": each for each in self._account_names}
        hosts = {each for each, name in self._account_names.items() if host in (name, str(each))}
        for watch in watches.values():
            watched = hosts if watch.guest else {accounts[watch.viewer_id]}
            watch.left_players = [
                player
                for player in self.left_players
                if player.account_id in watched and player.rating_key == watch.item.rating_key
            ]
            watch.stretches.sort(key=lambda each: each.begin_s)
        return list(watches.values())

    def is_host(self, account_id: int, host: str) -> bool:
        """Return whether an account is the one with that id or name."""
        return host in (self._account_names[account_id], str(account_id))

    def doubtful_windows(
        self, host: str, polls: Iterable[float], ghost_after_s: float, rating_key: str = ""
    ) -> list[tuple[float, float]]:
        """Return the windows in which nobody can know that a player of the host is dead.

        A player that plays, and whose reports are late, looks the same for as long as `ghost_after_s`. `polls` are the
        times at which it was known what plays; `rating_key`: only players with that item.
        """
        polls, windows = sorted(polls), []
        for player in self.left_players:
            of_film = rating_key in ("", player.rating_key)
            if player.dead and of_film and self.is_host(player.account_id, host):
                shown_s = next((at_s for at_s in polls if at_s > player.begin_s), player.end_s)
                gone_s = next((at_s for at_s in polls if at_s > player.end_s), float("inf"))
                windows.append((player.begin_s, min(gone_s, shown_s + ghost_after_s)))
        return windows

    def unproven_pauses(self, host: str, polls: Sequence[float]) -> list[tuple[float, float]]:
        """Return the windows in which a player of the host was paused whose film no two polls had seen run.

        Nobody can know whether it plays into the channel or was left paused earlier that day.
        """
        windows = []
        for pause in self.stretches:
            if pause.activity == "paused" and self.is_host(pause.account_id, host):
                ran = [
                    each
                    for each in self.stretches
                    if (each.session, each.item) == (pause.session, pause.item) and each.begin_s < pause.begin_s
                ]
                seen = [at_s for at_s in polls for each in ran if each.activity == "playing" and each.has(at_s)]
                windows += [(pause.begin_s, pause.end_s)] if len(seen) < 2 else []
        return windows

    def longest_after_film(
        self, host: str, viewer_id: str, rating_key: str, polls: Iterable[float], ghost_after_s: float
    ) -> float:
        """Return the longest time, in seconds, that a member was in the channel with a film not yet known to be over.

        `polls` are the times at which it was known what plays.
        """
        polls = sorted(polls)
        windows = [
            (stretch.begin_s, next((at_s for at_s in polls if at_s > stretch.end_s), float("inf")))
            for stretch in self.stretches
            if self.is_host(stretch.account_id, host) and stretch.item.rating_key == rating_key
        ]
        windows += self.doubtful_windows(host, polls, ghost_after_s, rating_key)
        return max(self._stays_within(windows, viewer_id), default=0.0)

    def stays_at_dead_players(
        self, host: str, viewer_id: str, rating_key: str, polls: Iterable[float], ghost_after_s: float
    ) -> list[float]:
        """Return how long, in seconds, each visit of a member was to a player that nobody could know to be dead.

        `polls` are the times at which it was known what plays.
        """
        return list(self._stays_within(self.doubtful_windows(host, polls, ghost_after_s, rating_key), viewer_id))

    def _stays_within(self, windows: Iterable[tuple[float, float]], viewer_id: str) -> Iterator[float]:
        """Yield the seconds of each time that a member was in the channel within one of the windows."""
        for begin_s, end_s in windows:
            for member_id, came_s, left_s in self.visits:
                stay_s = min(end_s, left_s) - max(begin_s, came_s)
                if member_id == viewer_id and stay_s > 0:
                    yield stay_s

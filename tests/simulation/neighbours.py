"""What the actors of Plex and Discord say and hear, without their wires."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar

from msgspec.structs import replace

from actors.runtime import Clock
from actors.runtime.delivery.mailbox import ReceivedMessage
from messages import (
    BadgesAwarded,
    FindHistory,
    HistoryFound,
    HistoryRow,
    Playback,
    PlaybackSnapshot,
    PollFailed,
    ScreeningEnded,
    ScreeningStarted,
    VoiceMember,
    VoicePresence,
)
from messages.base import PositionMs
from tests.simulation.hosts import Host
from tests.simulation.script import SERVER, Script, Stretch

VOICE_EVERY_S = 10.0
NOBODY_S = 1e9


class Sessions:
    """The keys that the Plex server gives: they begin at 1 after each of its restarts."""

    def __init__(self, script: Script) -> None:
        self._keys: dict[int, str] = {}
        starts = sorted({(stretch.begin_s, stretch.session) for stretch in script.stretches})
        for begin_s, session in starts:
            if session not in self._keys:
                since = max((end_s for _, end_s in script.restarts if end_s <= begin_s), default=-1.0)
                older = {number for at_s, number in starts if since <= at_s < begin_s}
                self._keys[session] = str(len(older) + 1)

    def key(self, stretch: Stretch) -> str:
        """The session key of what plays."""
        return self._keys[stretch.session]


class Neighbour:
    """A process that stands in for an actor."""

    def __init__(self, host: Host, clock: Clock, script: Script) -> None:
        self.host, self.clock, self.script = host, clock, script
        self.node, self.line, self.timeline = host.node, host.line, host.network.timeline

    def next(self) -> Any:
        """The next message that waits."""
        return self.node.mailbox.get()

    def die(self) -> None:
        """Nothing is kept."""

    def again(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do it later, if this process still lives then."""

        def later() -> None:
            if not self.line.dead:
                self.host.run(act)

        self.timeline.after(delay_s, later)


class PlexNeighbour(Neighbour):
    """The Plex poller: asks a server that answers at once, and tells the tracker."""

    def __init__(
        self,
        host: Host,
        clock: Clock,
        script: Script,
        sessions: Sessions,
        poll_s: float,
        alerts: bool,
        odd: float,
        rng: random.Random,
    ) -> None:
        super().__init__(host, clock, script)
        self.sessions, self.poll_s, self.alerts, self.rng = sessions, poll_s, alerts, rng
        self.odd = odd
        self.shown: dict[str, Stretch] = {}
        self.stopped: list[str] = []

    def start(self) -> None:
        """Poll at once, then regularly; where the websocket works, at each change too."""
        self._poll_regularly()
        if self.alerts:
            now_s = self.timeline.now_s
            changes = {t for s in self.script.stretches for t in (s.begin_s, s.end_s) if t > now_s}
            for at_s in changes:
                self.again(at_s - now_s + self.rng.uniform(0.02, 0.3), self._alerted)

    def _poll_regularly(self) -> None:
        self._poll()
        self.again(self.poll_s, self._poll_regularly)

    def _alerted(self) -> None:
        now_s = self.timeline.now_s
        listed = {self.sessions.key(stretch) for stretch in self.script.at(now_s)}
        self.stopped += [key for key in self.shown if key not in listed and key not in self.stopped]
        self._poll()

    def _poll(self) -> None:
        now_s, at = self.timeline.now_s, self.clock.now()
        if self.script.is_down(now_s):
            self.node.tell("tracker", PollFailed(SERVER, "plex", at, "timeout", "Plex did not answer in time."))
            return
        listed = {self.sessions.key(stretch): stretch for stretch in self.script.at(now_s)}
        unreadable = tuple(key for key in listed if self.rng.random() < self.odd)
        readable = {key: stretch for key, stretch in listed.items() if key not in unreadable}
        playbacks = [playback(key, stretch, now_s) for key, stretch in readable.items()]
        # One playback may be listed twice: under its key, and stopped or paused under another.
        again = [replace(shown, session_key=f"9{shown.session_key}", state="paused") for shown in playbacks]
        playbacks += [shown for shown in again if self.rng.random() < self.odd]
        stopped = tuple(key for key in self.stopped if key not in listed)
        self.stopped.clear()
        self.shown = listed
        self.node.tell("tracker", PlaybackSnapshot(SERVER, "Cinema", "plex", at, tuple(playbacks), stopped, unreadable))

    def handle(self, message: ReceivedMessage) -> None:
        """Look into the server's history."""
        question = message.message
        assert isinstance(question, FindHistory)
        self.again(self.rng.uniform(0.05, 2.0), lambda: self._answer(question))

    def _answer(self, question: FindHistory) -> None:
        now_s = self.timeline.now_s
        if self.script.is_down(now_s):
            self.node.tell("tracker", HistoryFound(question.watch_id, (), "Plex did not answer in time."))
            return
        wall_s = self.clock.now().wall_s - now_s
        rows = tuple(
            HistoryRow(account, key, wall_s + at_s)
            for account, key, at_s in self.script.plays
            if at_s <= now_s and (account, key) == (question.account_id, question.rating_key)
            if wall_s + at_s >= question.since_s
        )
        self.node.tell("tracker", HistoryFound(question.watch_id, rows))


class DiscordNeighbour(Neighbour):
    """The Discord actor: says who sits in the channel, and takes announcements."""

    announced: ClassVar[tuple[type, ...]] = (BadgesAwarded, ScreeningStarted, ScreeningEnded)

    def __init__(self, host: Host, clock: Clock, script: Script, heard: list[Any], done: set[str]) -> None:
        super().__init__(host, clock, script)
        self.heard, self.done = heard, done

    def start(self) -> None:
        """Report at each change and now and then."""
        if not self.script.seats:
            return
        self._report_regularly()
        now_s = self.timeline.now_s
        times = [*(t for visits in self.script.seats.values() for t in visits), *self.script.voice_outages]
        for at_s in {at_s for begin_end in times for at_s in begin_end if at_s > now_s}:
            self.again(at_s - now_s, self._report)

    def _report_regularly(self) -> None:
        self._report()
        self.again(VOICE_EVERY_S, self._report_regularly)

    def _report(self) -> None:
        now_s = self.timeline.now_s
        away = any(begin <= now_s < end for begin, end in self.script.voice_outages)
        members = tuple(VoiceMember(member, f"Member {member}") for member in self.script.present(now_s))
        self.node.tell("tracker", VoicePresence("1", "2", self.clock.now(), not away, () if away else members))

    def handle(self, message: ReceivedMessage) -> None:
        """Post an announcement, once for each id: what was posted is remembered on the disk."""
        if message.delivery_id and message.delivery_id not in self.done:
            self.done.add(message.delivery_id)
            self.heard.append(message.message)
        self.host.point()
        if message.delivery_id:
            self.node.acknowledge(message)


def playback(key: str, stretch: Stretch, now_s: float) -> Playback:
    """One session, as the server lists it."""
    return Playback(
        key,
        stretch.item,
        stretch.account,
        f"name {stretch.account}",
        stretch.machine,
        stretch.machine,
        "playing" if stretch.state == "ghost" else stretch.state,
        PositionMs(round(stretch.shown_s(now_s) * 1000)),
    )

"""What the actors of Plex and Discord say and hear, without their protocols."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, ClassVar

from msgspec.structs import replace

from actors.address import join_address, split_address
from actors.runtime import Clock
from actors.runtime.delivery.mailbox import ReceivedMessage
from messages import (
    BadgesAwarded,
    FindHistory,
    HistoryFound,
    HistoryRow,
    PlaybackSnapshot,
    PollFailed,
    ScreeningEnded,
    ScreeningStarted,
    VoicePresence,
)
from simulator.nights.script import PLAYER_VERBS, VOICE_VERBS, Script
from tests.nights.memory.processes import SimulatedProcess
from tests.nights.observations import SERVER, members_of, playback_of
from tests.nights.world import MemoryWorld

VOICE_EVERY_S = 10.0


class StandIn:
    """A process that stands in for an actor."""

    def __init__(self, process: SimulatedProcess, clock: Clock, script: Script, world: MemoryWorld) -> None:
        self.process, self.clock, self.script, self.world = process, clock, script, world
        self.node, self.line, self.timeline = process.node, process.line, process.network.timeline
        self.tracker = join_address("tracker", split_address(process.name)[1])

    def next(self) -> Any:
        """Return the next message that waits."""
        return self.node.mailbox.get()

    def die(self) -> None:
        """Nothing is kept."""

    def call_later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do it later, if this process still lives then."""

        def run_later() -> None:
            if not self.line.dead:
                self.process.run(act)

        self.timeline.call_after(delay_s, run_later)


class PlexStandIn(StandIn):
    """The Plex poller: asks a server that answers at once, and tells the tracker."""

    def __init__(
        self,
        process: SimulatedProcess,
        clock: Clock,
        script: Script,
        world: MemoryWorld,
        poll_s: float,
        alerts: bool,
        odd: float,
        rng: random.Random,
    ) -> None:
        """`alerts`: the websocket works. `odd`: share of sessions that cannot be read, or are listed twice."""
        super().__init__(process, clock, script, world)
        self.poll_s, self.alerts, self.odd, self.rng = poll_s, alerts, odd, rng
        self.listed_before: set[str] = set()
        self.stopped: list[str] = []

    def start(self) -> None:
        """Poll at once, then regularly; where the websocket works, at each change too."""
        self._poll_regularly()
        if self.alerts:
            now_s = self.timeline.now_s
            for at_s in self.script.times(PLAYER_VERBS):
                if at_s > now_s:
                    self.call_later(at_s - now_s + self.rng.uniform(0.02, 0.3), self._take_alert)

    def _poll_regularly(self) -> None:
        self._poll()
        self.call_later(self.poll_s, self._poll_regularly)

    def _take_alert(self) -> None:
        listed = {session.key for session in self.world.sessions}
        self.stopped += [key for key in sorted(self.listed_before - listed) if key not in self.stopped]
        self._poll()

    def _poll(self) -> None:
        now_s, at = self.timeline.now_s, self.clock.now()
        if not self.world.plex_answers:
            self.node.tell(self.tracker, PollFailed(SERVER, "plex", at, "timeout", "Plex did not answer in time."))
            return
        sessions = self.world.sessions
        unreadable = tuple(session.key for session in sessions if self.rng.random() < self.odd)
        playbacks = [playback_of(session, now_s) for session in sessions if session.key not in unreadable]
        # One playback may be listed twice: under its key, and stopped or paused under another.
        again = [replace(shown, session_key=f"9{shown.session_key}", state="paused") for shown in playbacks]
        playbacks += [shown for shown in again if self.rng.random() < self.odd]
        self.listed_before = {session.key for session in sessions}
        stopped = tuple(key for key in self.stopped if key not in self.listed_before)
        self.stopped.clear()
        self.node.tell(
            self.tracker, PlaybackSnapshot(SERVER, "Cinema", "plex", at, tuple(playbacks), stopped, unreadable)
        )

    def handle(self, message: ReceivedMessage) -> None:
        """Look into the server's history."""
        question = message.message
        assert isinstance(question, FindHistory)
        self.call_later(self.rng.uniform(0.05, 2.0), lambda: self._answer(question))

    def _answer(self, question: FindHistory) -> None:
        if not self.world.plex_answers:
            self.node.tell(self.tracker, HistoryFound(question.watch_id, (), "Plex did not answer in time."))
            return
        wall_s = self.clock.now().wall_s - self.timeline.now_s
        rows = tuple(
            HistoryRow(str(row.account_id), row.item.rating_key, wall_s + row.viewed_at_s)
            for row in self.world.history
            if (str(row.account_id), row.item.rating_key) == (question.account_id, question.rating_key)
            if wall_s + row.viewed_at_s >= question.since_s
        )
        self.node.tell(self.tracker, HistoryFound(question.watch_id, rows))


class DiscordStandIn(StandIn):
    """The Discord actor: says who is in the channel, and takes announcements."""

    announced: ClassVar[tuple[type, ...]] = (BadgesAwarded, ScreeningStarted, ScreeningEnded)

    def __init__(
        self,
        process: SimulatedProcess,
        clock: Clock,
        script: Script,
        world: MemoryWorld,
        announcements: list[Any],
        done: set[str],
    ) -> None:
        super().__init__(process, clock, script, world)
        self.announcements, self.done = announcements, done

    def start(self) -> None:
        """Report at each change and now and then."""
        changes = self.script.times(VOICE_VERBS | {"gateway", "gateway_back"})
        if not self.script.times(VOICE_VERBS):
            return
        self._report_regularly()
        now_s = self.timeline.now_s
        for at_s in changes:
            if at_s > now_s:
                self.call_later(at_s - now_s, self._report)

    def _report_regularly(self) -> None:
        self._report()
        self.call_later(VOICE_EVERY_S, self._report_regularly)

    def _report(self) -> None:
        here = self.world.gateway_is_there
        members = members_of(self.world.voice.present(), self.world.label) if here else ()
        self.node.tell(self.tracker, VoicePresence("1", "2", self.clock.now(), here, members))

    def handle(self, message: ReceivedMessage) -> None:
        """Post an announcement, once for each id: what was posted is remembered on the disk."""
        if message.delivery_id and message.delivery_id not in self.done:
            self.done.add(message.delivery_id)
            self.announcements.append(message.message)
        self.process.point()
        if message.delivery_id:
            self.node.acknowledge(message)

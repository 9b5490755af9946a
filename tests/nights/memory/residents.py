"""The real tracker and persistence in simulated processes, with a note of what they know; and the launcher's part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actors.persistence.actor import Persistence
from actors.tracker.actor import Tracker
from messages import (
    AutoSaveTick,
    PlaybackSnapshot,
    SaveNow,
    ServersReported,
    SetPrivacy,
    VoicePresence,
    WatchesReported,
)
from tests.nights.memory.processes import ActorResident, SimulatedProcess
from tests.nights.memory.stand_ins import StandIn

if TYPE_CHECKING:
    from tests.nights.memory.night import MemoryNight

ASK_AGAIN_S = 5.0
"""After this time somebody asks again who got no answer."""


@dataclass
class MemorySurvey:
    """What the tracker was told and did not forget: what it must know in the end. Seconds of the night."""

    polls: list[float] = field(default_factory=list)
    voices: list[float] = field(default_factory=list)
    mirrored_s: float | None = None
    """Up to when persistence knows of everything; None where it has lost its memory."""
    saved_s: float = -1.0
    """Likewise the store."""
    rollbacks: list[tuple[float, float]] = field(default_factory=list)
    """From when to when everything was forgotten."""

    def forget(self, now_s: float) -> None:
        """The tracker is gone: the next one knows what persistence knows, or what the store knows."""
        base_s = self.saved_s if self.mirrored_s is None else self.mirrored_s
        self.rollbacks.append((base_s, now_s))
        self.polls = [at_s for at_s in self.polls if at_s <= base_s]
        self.voices = [at_s for at_s in self.voices if at_s <= base_s]


class TrackerResident(ActorResident):
    """The tracker, with a note of what it was told."""

    def __init__(self, actor: Tracker, night: MemoryNight) -> None:
        super().__init__(actor)
        self._night = night
        self._polls: list[float] = []
        self._voices: list[float] = []

    def handle(self, message: Any) -> None:
        """As the tracker does."""
        super().handle(message)
        told = getattr(message, "message", None)
        if isinstance(told, PlaybackSnapshot) and not told.unreadable:
            self._polls.append(self._night.seconds(told.taken.steady_s))
        elif isinstance(told, VoicePresence) and told.connected:
            self._voices.append(self._night.seconds(told.at.steady_s))
        if self.actor._ready:  # type: ignore[attr-defined]  # a Tracker's
            self._night.survey.polls += self._polls
            self._night.survey.voices += self._voices
            self._polls, self._voices = [], []

    def die(self) -> None:
        """What it knew is lost."""
        self._night.survey.forget(self._night.timeline.now_s)


class PersistenceResident(ActorResident):
    """Persistence, with a note of what it knows."""

    actor: Persistence

    def __init__(self, actor: Persistence, night: MemoryNight) -> None:
        super().__init__(actor)
        self._night = night

    def handle(self, message: Any) -> None:
        """As persistence does."""
        super().handle(message)
        told, survey = getattr(message, "message", None), self._night.survey
        if isinstance(told, WatchesReported | ServersReported):
            at_s = self._night.seconds(told.at.steady_s)
            if self.actor._reported.is_complete:
                survey.mirrored_s = at_s
            if self._night.untracked is not None and isinstance(told, WatchesReported):
                self._night.untracked.check_report(told, at_s)
        elif isinstance(told, AutoSaveTick | SaveNow) and survey.mirrored_s is not None and not self.actor._save_error:
            survey.saved_s = survey.mirrored_s

    def die(self) -> None:
        """What it knew is lost, and its connections are closed as those of a dead process."""
        self._night.survey.mirrored_s = None
        if not self._night.is_tracking():
            self._night.survey.forget(self._night.timeline.now_s)
        self._night.disk.close()
        self.actor._read_worker.close()
        self.actor._question_pool.close()


class LauncherStandIn(StandIn):
    """Sends the ticks, and now and then an admin asks for a save."""

    def __init__(self, night: MemoryNight, process: SimulatedProcess) -> None:
        super().__init__(process, night.clock, night.script, night.world)
        self._night = night

    def start(self) -> None:
        """Begin to tick."""
        self._every_s = self._night.settings.auto_save_interval_minutes * 60
        self.call_later(self._every_s, self._tick)
        if self._night.rng.random() < 0.3:
            self.call_later(self._night.rng.uniform(0, self.script.length_s), self._save_now)
        if self._night.untracked is not None:
            self.call_later(self._night.untracked.asks_at_s, self._ask_for_privacy)

    def _ask_for_privacy(self) -> None:
        untracked = self._night.untracked
        assert untracked is not None
        reply = self.node.ask_future(self._night.persistence, SetPrivacy(untracked.viewer, "Somebody", "untracked"))

        def note_answer(_: object) -> None:
            if reply.exception() is None:
                untracked.note_promise(self.timeline.now_s, self._night.settings.database_url)
            else:
                self.call_later(ASK_AGAIN_S, self._ask_for_privacy)

        reply.add_done_callback(note_answer)

    def _tick(self) -> None:
        self.tick()
        self.call_later(self._every_s, self._tick)

    def tick(self) -> None:
        """Tell persistence to save if anybody watches."""
        self.node.tell(self._night.persistence, AutoSaveTick(self.clock.now()))

    def _save_now(self) -> None:
        self.node.ask_future(self._night.persistence, SaveNow("an admin"))

    def handle(self, message: Any) -> None:
        """Nobody tells it anything."""

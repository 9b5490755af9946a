"""One random night: the real tracker and the real persistence between simulated neighbours, with faults."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from actors.persistence.actor import Persistence
from actors.runtime import Context
from actors.tracker.actor import Tracker
from config import Settings
from messages import AutoSaveTick, PlaybackSnapshot, SaveNow, SetPrivacy, VoicePresence, WatchesReported, WatchRecord
from tests.simulation.disk import Disk
from tests.simulation.faults import LONGEST_RESTART_S, Fault, make_faults
from tests.simulation.hosts import ActorResident, Host
from tests.simulation.neighbours import DiscordNeighbour, Neighbour, PlexNeighbour, Sessions
from tests.simulation.network import Network
from tests.simulation.script import Script, make_script
from tests.simulation.shy import Shy
from tests.simulation.timeline import FakeClock, Timeline

EVENINGS = (1_795_000_000.0, 1_793_484_000.0 - 900, 1_793_400_000.0 + 20 * 3600)
TAIL_S = 1500.0
"""Within this time after the last one left, all must be in the store."""
ASK_AGAIN_S = 5.0
"""After this time somebody asks again who got no answer."""
ORDER = ("persistence", "tracker", "discord", "plex")


@dataclass
class Survey:
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

    def __init__(self, actor: Tracker, night: Night) -> None:
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

    def __init__(self, actor: Persistence, night: Night) -> None:
        super().__init__(actor)
        self._night = night

    def handle(self, message: Any) -> None:
        """As persistence does."""
        super().handle(message)
        told, survey = getattr(message, "message", None), self._night.survey
        if isinstance(told, WatchesReported):
            survey.mirrored_s = self._night.seconds(told.at.steady_s)
            if self._night.shy is not None:
                self._night.shy.reported(told, survey.mirrored_s)
        elif isinstance(told, AutoSaveTick | SaveNow) and survey.mirrored_s is not None and not self.actor._save_error:
            survey.saved_s = survey.mirrored_s

    def die(self) -> None:
        """What it knew is lost, and its connections are closed as those of a dead process."""
        self._night.survey.mirrored_s = None
        if not self._night.is_tracking():
            self._night.survey.forget(self._night.timeline.now_s)
        self._night.disk.close()
        self.actor._read_worker.close()


class Launcher(Neighbour):
    """Sends the ticks, and now and then an admin asks for a save."""

    def __init__(self, night: Night, host: Host) -> None:
        super().__init__(host, night.clock, night.script)
        self._night = night

    def start(self) -> None:
        """Begin to tick."""
        self._every_s = self._night.settings.auto_save_interval_minutes * 60
        self.again(self._every_s, self._tick)
        if self._night.rng.random() < 0.3:
            self.again(self._night.rng.uniform(0, self.script.length_s), self._save_now)
        if self._night.shy is not None:
            self.again(self._night.shy.asks_at_s, self._ask_not_to_be_tracked)

    def _ask_not_to_be_tracked(self) -> None:
        shy = self._night.shy
        assert shy is not None
        reply = self.node.ask_future("persistence", SetPrivacy(shy.viewer, "Shy", "untracked"))

        def answered(_: object) -> None:
            if reply.exception() is None:
                shy.promised(self.timeline.now_s, self._night.settings.database_url)
            else:
                self.again(ASK_AGAIN_S, self._ask_not_to_be_tracked)

        reply.add_done_callback(answered)

    def _tick(self) -> None:
        self.tick()
        self.again(self._every_s, self._tick)

    def tick(self) -> None:
        """Tell persistence to save if anybody watches."""
        self.node.tell("persistence", AutoSaveTick(self.clock.now()))

    def _save_now(self) -> None:
        self.node.ask_future("persistence", SaveNow("an admin"))

    def handle(self, message: Any) -> None:
        """Nobody tells it anything."""


class Night:
    """A night of one seed. `run` it, then look at what is left."""

    def __init__(self, seed: int, disk: Disk, *, shy: bool = False) -> None:
        self.seed, self.disk = seed, disk
        rng = self.rng = random.Random(seed)  # noqa: S311  # chance that can be had again
        self.calm = rng.random() < 0.3
        self.settings = make_settings(rng, disk)
        accounts = [str(number) for number in range(1, rng.randint(1, 4) + 1)]
        members = (
            [str(9000 + number) for number in range(rng.randint(1, 4))] if self.settings.watch_party_plex_user else []
        )
        self.script: Script = make_script(rng, accounts, members, self.calm)
        self.shy = Shy(seed, self.script) if shy else None
        """Who does not want to be tracked any more, in some nights."""
        self.faults: list[Fault] = make_faults(rng, self.script.length_s, self.calm)
        self.timeline = Timeline()
        self.clock = FakeClock(self.timeline, rng.choice(EVENINGS))
        self.evening_s = self.clock.wall_s
        self.network = Network(self.timeline, rng)
        self.survey = Survey()
        self.announced: list[Any] = []
        self.posted: set[str] = set()
        self.problems: list[str] = []
        alerts, odd = rng.random() < 0.5, rng.choice([0.0, 0.0, 0.0, 0.1])
        sessions, poll_s = Sessions(self.script), self.settings.plex_poll_seconds
        self.hosts = {
            "persistence": Host(
                self.network, "persistence", lambda host: PersistenceResident(Persistence(self._context(host)), self)
            ),
            "tracker": Host(self.network, "tracker", lambda host: TrackerResident(Tracker(self._context(host)), self)),
            "discord": Host(
                self.network,
                "discord",
                lambda host: DiscordNeighbour(host, self.clock, self.script, self.announced, self.posted),
            ),
            "plex": Host(
                self.network,
                "plex",
                lambda host: PlexNeighbour(
                    host, self.clock, self.script, sessions, poll_s, alerts, 0.0 if self.calm else odd, rng
                ),
            ),
        }
        self.launcher = Host(self.network, "launcher", lambda host: Launcher(self, host))
        self.restarts = True
        self.records: list[WatchRecord] = []
        """What the store holds in the end."""
        self.refused = 0
        """How often the disk was full."""

    def today(self, zone: ZoneInfo) -> date:
        """The local day, by the clock of the host."""
        return datetime.fromtimestamp(self.clock.now().wall_s, zone).date()

    def _context(self, host: Host) -> Context:
        return Context(host.node, self.settings, self.clock, Path(self.settings.data_dir))

    def seconds(self, steady_s: float) -> float:
        """Seconds of the night of a moment, by the steady clock of this boot."""
        return steady_s - self.clock.steady_s

    def is_tracking(self) -> bool:
        """Whether a tracker holds the running watches."""
        resident = self.hosts["tracker"].resident
        return isinstance(resident, TrackerResident) and self.hosts["tracker"].up and resident.actor._ready  # type: ignore[attr-defined]

    def run(self) -> None:
        """From the first start to the ordered stop."""
        self.disk.format()
        with self.disk.mounted():
            self.disk.point = self.hosts["persistence"].point
            for host in self.hosts.values():
                host.on_death = self._restarting(host)
            self.start_all()
            self.launcher.start()
            for fault in self.faults:
                self.timeline.at(fault.at_s, self._striking(fault))
            self.timeline.run(self.script.length_s + 5)
            self._wind_down()
            self.refused = self.disk.refused
            self.problems += [crash for host in (*self.hosts.values(), self.launcher) for crash in host.crashes]

    def start_all(self) -> None:
        """As the launcher does."""
        for name in ORDER:
            if not self.hosts[name].up:
                self.hosts[name].start()

    def _restarting(self, host: Host) -> Callable[[], None]:
        def restart() -> None:
            if self.restarts:
                self.timeline.after(
                    self.rng.uniform(0.3, LONGEST_RESTART_S),
                    lambda: None if host.up or not self.restarts else host.start(),
                )

        return restart

    def _striking(self, fault: Fault) -> Callable[[], None]:
        return lambda: fault.strike(self)

    def kill_all(self, away_s: float, reboot: bool) -> None:
        """Everything dies at once; only the store survives."""
        self.restarts = False
        for name in ("tracker", "persistence", "plex", "discord"):
            self.hosts[name].kill()
        if reboot:
            self.clock.reboot()

        def back() -> None:
            self.restarts = True
            self.start_all()

        self.timeline.after(away_s, back)

    def restart_all(self, away_s: float) -> None:
        """An ordered stop and a new start: persistence saves last."""
        persistence = self.hosts["persistence"]
        persistence.run(self._stop_persistence)
        self.kill_all(away_s, reboot=False)

    def _stop_persistence(self) -> None:
        resident = self.hosts["persistence"].resident
        assert isinstance(resident, PersistenceResident)
        resident.actor.on_stop()
        if self.survey.mirrored_s is not None and not resident.actor._save_error:
            self.survey.saved_s = self.survey.mirrored_s

    def _wind_down(self) -> None:
        """Let everything settle; then one more tick, and the ordered stop."""
        end_s = self.timeline.now_s + TAIL_S
        while self.timeline.now_s < end_s and not self._settled():
            self.timeline.run(self.timeline.now_s + 10)
        if not self._settled():
            self.problems.append(f"not settled {TAIL_S:g} s after everybody had left: {self._unsettled()}")
        launcher = self.launcher.resident
        assert isinstance(launcher, Launcher)
        launcher.tick()
        self.timeline.run(self.timeline.now_s + 10)
        self.restarts = False
        self.hosts["persistence"].run(self._stop_persistence)
        for host in (*self.hosts.values(), self.launcher):
            host.kill()

    def _settled(self) -> bool:
        return not self._unsettled()

    def _unsettled(self) -> str:
        resident = self.hosts["tracker"].resident
        if not self.is_tracking() or not isinstance(resident, TrackerResident):
            return "no tracker is ready"
        tracker: Any = resident.actor
        if tracker._tracking.running or tracker._finished.waiting:
            return f"{tracker._tracking.running} watches run, {tracker._finished.waiting} are not stored"
        unacknowledged = {name: host.node.count_unacknowledged() for name, host in self.hosts.items() if host.up}
        if any(unacknowledged.values()) or len(unacknowledged) < len(ORDER):
            return f"kept messages wait: {unacknowledged}"
        return ""


def make_settings(rng: random.Random, disk: Disk) -> Settings:
    """Settings of a night: mostly the defaults."""
    party = rng.random() < 0.6
    return Settings(
        plex_poll_seconds=rng.choice([5.0, 10.0, 10.0, 10.0]),
        auto_save_interval_minutes=rng.choice([1.0, 2.0, 5.0, 5.0, 5.0]),
        end_grace_seconds=rng.choice([0.0, 30.0, 30.0, 30.0]),
        ghost_after_seconds=rng.choice([40.0, 60.0, 60.0]),
        ghost_end_seconds=rng.choice([150.0, 300.0]),
        watch_party_plex_user="1" if party else "",
        excluded_plex_users=("1",) if party and rng.random() < 0.4 else (),
        backup_interval_hours=0.0,
        timezone=rng.choice(["UTC", "Europe/Berlin", "America/New_York"]),
        data_dir=str(disk.folder),
        database_url=disk.store_url,
    )

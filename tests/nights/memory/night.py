"""One random night: the real tracker and the real persistence between stand-ins for the others, with faults."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from actors.address import join_address
from actors.persistence.actor import Persistence
from actors.runtime import Context
from actors.tracker.actor import Tracker
from config import Settings
from messages import WatchRecord
from simulator.nights.observation import NEVER, Observation, Window, gaps
from simulator.nights.script import Cue
from tests.nights.memory.disk import Disk
from tests.nights.memory.network import Network, SimulatedTransport, Weather
from tests.nights.memory.processes import SimulatedProcess
from tests.nights.memory.random_night import (
    AT_POINT,
    LONGEST_AWAY_S,
    LONGEST_RESTART_S,
    REBOOT,
    STORMS,
    write_faults,
    write_script,
)
from tests.nights.memory.residents import LauncherStandIn, MemorySurvey, PersistenceResident, TrackerResident
from tests.nights.memory.stand_ins import VOICE_EVERY_S, DiscordStandIn, PlexStandIn
from tests.nights.memory.timeline import FakeClock, Timeline
from tests.nights.memory.untracked_viewer import UntrackedViewer
from tests.nights.world import WORLD_VERBS, MemoryWorld

LATE_S = 1.0
"""Frames and answers take their time."""
EVENINGS = (1_795_000_000.0, 1_793_484_000.0 - 900, 1_793_400_000.0 + 20 * 3600)
TAIL_S = 1500.0
"""Within this time after the last one left, all must be in the store."""
ORDER = ("persistence", "tracker", "discord", "plex")


@dataclass(frozen=True)
class NightPlace:
    """What the nights of several communities of one installation share, and how each is told from the others."""

    community: str = ""
    settings: Settings | None = None
    """By default such as the seed gives."""
    timeline: Timeline | None = None
    lines: dict[str, SimulatedTransport] | None = None
    """Of the one network."""
    label: str = ""
    """What is in every title and name."""


class MemoryNight:
    """A night of one seed. `run` it, then look at what is left."""

    def __init__(self, seed: int, disk: Disk, *, with_untracked: bool = False, place: NightPlace | None = None) -> None:
        """`place`: where it is one of several communities' of an installation."""
        self.seed, self.disk = seed, disk
        place = place or NightPlace()
        self.persistence = join_address("persistence", place.community)
        rng = self.rng = random.Random(seed)  # noqa: S311  # chance that can be had again
        self.calm = rng.random() < 0.3
        self.settings = place.settings or make_settings(rng, disk)
        accounts = [str(number) for number in range(1, rng.randint(1, 4) + 1)]
        members = (
            [str(9000 + number) for number in range(rng.randint(1, 4))] if self.settings.watch_party_plex_user else []
        )
        self.script, items = write_script(rng, accounts, members, self.calm, label=place.label)
        self.untracked = UntrackedViewer(seed, self.script) if with_untracked else None
        """Who does not want to be tracked any more, in some nights."""
        self.faults: list[Cue] = write_faults(rng, self.script.length_s, self.calm)
        self.timeline = place.timeline or Timeline()
        self.clock = FakeClock(self.timeline, rng.choice(EVENINGS))
        self.evening_s = self.clock.wall_s
        self.network = Network(self.timeline, rng, place.lines)
        self.survey = MemorySurvey()
        self.announced: list[Any] = []
        self.posted: set[str] = set()
        self.problems: list[str] = []
        alerts, odd = rng.random() < 0.5, rng.choice([0.0, 0.0, 0.0, 0.1])
        poll_s = self.settings.plex_poll_seconds
        self.world = MemoryWorld(self.script, accounts, items, lambda: self.timeline.now_s, place.label)
        self.processes = {
            "persistence": SimulatedProcess(
                self.network,
                self.persistence,
                lambda process: PersistenceResident(Persistence(self._context(process)), self),
            ),
            "tracker": SimulatedProcess(
                self.network,
                join_address("tracker", place.community),
                lambda process: TrackerResident(Tracker(self._context(process)), self),
            ),
            "discord": SimulatedProcess(
                self.network,
                join_address("discord", place.community),
                lambda process: DiscordStandIn(
                    process, self.clock, self.script, self.world, self.announced, self.posted
                ),
            ),
            "plex": SimulatedProcess(
                self.network,
                join_address("plex", place.community),
                lambda process: PlexStandIn(
                    process, self.clock, self.script, self.world, poll_s, alerts, 0.0 if self.calm else odd, rng
                ),
            ),
        }
        self.launcher = SimulatedProcess(
            self.network, "launcher" + place.community, lambda process: LauncherStandIn(self, process)
        )
        self.is_over = False
        self.restarts = True
        self.records: list[WatchRecord] = []
        """What the store holds in the end."""
        self.refused = 0
        """How often the disk was full."""

    def today(self, zone: ZoneInfo) -> date:
        """The local day, by the clock of the host."""
        return datetime.fromtimestamp(self.clock.now().wall_s, zone).date()

    def _context(self, process: SimulatedProcess) -> Context:
        return Context(process.node, self.settings, self.clock, Path(self.settings.data_dir))

    def seconds(self, steady_s: float) -> float:
        """Seconds of the night of a moment, by the steady clock of this boot."""
        return steady_s - self.clock.steady_s

    def is_tracking(self) -> bool:
        """Whether a tracker holds the running watches."""
        resident = self.processes["tracker"].resident
        return isinstance(resident, TrackerResident) and self.processes["tracker"].up and resident.actor._ready  # type: ignore[attr-defined]

    def run(self, begin_s: float = 0.0) -> None:
        """From the first start, so many seconds into the night, to the ordered stop."""
        self.disk.format()
        with self.disk.mount():
            self.timeline.run(begin_s)
            self.begin()
            self.timeline.run(self.script.length_s + 5)
            self.end()

    def begin(self) -> None:
        """Start all, and plan what happens in the night."""
        self.disk.point = self.processes["persistence"].point
        for process in self.processes.values():
            process.on_death = self._restart_after(process)
        for cue in self.script.cues:
            self.timeline.at(cue.at_s, functools.partial(self.play, cue))
        self.start_all()
        self.launcher.start()
        for fault in self.faults:
            self.timeline.at(fault.at_s, functools.partial(self.play, fault))

    def end(self) -> None:
        """Wait until all is in the store, and stop in order."""
        self._wind_down()
        self.world.performer.end_all()  # a film that has run out since its account's last cue is over as well
        self.refused = self.disk.refused
        self.problems += [crash for process in (*self.processes.values(), self.launcher) for crash in process.crashes]
        self.is_over = True

    def start_all(self) -> None:
        """As the launcher does."""
        for name in ORDER:
            if not self.processes[name].up:
                self.processes[name].start()

    def _restart_after(self, process: SimulatedProcess) -> Callable[[], None]:
        def restart() -> None:
            if self.restarts:
                self.timeline.call_after(
                    self.rng.uniform(0.3, LONGEST_RESTART_S),
                    lambda: None if process.up or not self.restarts else process.start(),
                )

        return restart

    def play(self, cue: Cue) -> None:
        """Play a cue of the people, of the world around the service, or of what goes wrong with it."""
        if cue.verb in WORLD_VERBS:
            self.world.play(cue)
            return
        match cue.verb:
            case "kill" if cue.who == "all":
                self.kill_all(cue.amount, reboot=cue.what == REBOOT)
            case "kill" if cue.what == AT_POINT:
                self.processes[cue.who].kill_at_point(round(cue.amount))
            case "kill":
                self.processes[cue.who].kill()
            case "restart":
                self.restart_all(cue.amount)
            case "storm":
                self.network.weather = STORMS[cue.what]
            case "calm":
                self.network.weather = Weather()
            case "disk_full":
                self.disk.full = True
            case "disk_free":
                self.disk.full = False
            case "set_clock":
                self.clock.wall_s += cue.amount
            case _:
                raise ValueError(f"nothing that can happen here: {cue}")

    def kill_all(self, away_s: float, reboot: bool) -> None:
        """Everything dies at once; only the store survives."""
        self.restarts = False
        for name in ("tracker", "persistence", "plex", "discord"):
            self.processes[name].kill()
        if reboot:
            self.clock.reboot()

        def back() -> None:
            self.restarts = True
            self.start_all()

        self.timeline.call_after(away_s, back)

    def restart_all(self, away_s: float) -> None:
        """An ordered stop and a new start: persistence saves last."""
        persistence = self.processes["persistence"]
        persistence.run(self._stop_persistence)
        self.kill_all(away_s, reboot=False)

    def _stop_persistence(self) -> None:
        resident = self.processes["persistence"].resident
        assert isinstance(resident, PersistenceResident)
        resident.actor.on_stop()
        if self.survey.mirrored_s is not None and not resident.actor._save_error:
            self.survey.saved_s = self.survey.mirrored_s

    def _wind_down(self) -> None:
        """Let everything settle; then one more tick, and the ordered stop."""
        end_s = self.timeline.now_s + TAIL_S
        while self.timeline.now_s < end_s and not self._is_settled():
            self.timeline.run(self.timeline.now_s + 10)
        if not self._is_settled():
            self.problems.append(f"not settled {TAIL_S:g} s after everybody had left: {self._find_unsettled()}")
        launcher = self.launcher.resident
        assert isinstance(launcher, LauncherStandIn)
        launcher.tick()
        self.timeline.run(self.timeline.now_s + 10)
        self.restarts = False
        self.processes["persistence"].run(self._stop_persistence)
        for process in (*self.processes.values(), self.launcher):
            process.kill()

    def observation(self) -> Observation:
        """Return what the tracker was told and did not forget again.

        In a calm night a kill costs what the specification promises, and no more: two polls for an actor that died
        alone, the time since the last save for all of them.
        """
        poll_s, grace_s = self.settings.plex_poll_seconds, self.settings.end_grace_seconds
        longest_silence_s = 1.5 * VOICE_EVERY_S + LATE_S
        plex_dark = gaps(self.survey.polls, 1.5 * poll_s + LATE_S)
        return Observation(
            sorted(self.survey.polls),
            plex_dark,
            gaps(self.survey.voices, longest_silence_s),
            dark_cost_limit_s=sum(map(self._promised_cost_s, self.faults)) if self.calm else NEVER,
            arrival_s=max(grace_s, longest_silence_s) + 2 * (poll_s + LATE_S),
            unmeasured=self._find_unmeasured(plex_dark),
        )

    def _find_unmeasured(self, dark: list[Window]) -> list[Window]:
        """Return when nobody looked, and no clock says for how long: a boot, and the wall clock set back meanwhile."""
        reboots = [fault.at_s for fault in self.faults if fault.verb == "kill" and fault.what == REBOOT]
        set_back = [fault.at_s for fault in self.faults if fault.verb == "set_clock" and fault.amount < 0]
        return [
            (a, b)
            for a, b in dark
            if any(a <= at_s <= b for at_s in reboots) and any(a <= at_s <= b for at_s in set_back)
        ]

    def _promised_cost_s(self, fault: Cue) -> float:
        """Return what a kill may cost by the specification, and the time until the actor is back."""
        two_polls_s = 2 * self.settings.plex_poll_seconds
        if fault.verb == "restart":
            return LONGEST_AWAY_S + two_polls_s
        if fault.who == "all":
            return self.settings.auto_save_interval_minutes * 60 + LONGEST_AWAY_S + two_polls_s
        return two_polls_s + LONGEST_RESTART_S

    def _is_settled(self) -> bool:
        return not self._find_unsettled()

    def _find_unsettled(self) -> str:
        resident = self.processes["tracker"].resident
        if not self.is_tracking() or not isinstance(resident, TrackerResident):
            return "no tracker is ready"
        tracker: Any = resident.actor
        if tracker._tracking.running or tracker._finished.waiting:
            return f"{tracker._tracking.running} watches run, {tracker._finished.waiting} are not stored"
        running = {name: process for name, process in self.processes.items() if process.up}
        unacknowledged = {name: process.node.count_unacknowledged() for name, process in running.items()}
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

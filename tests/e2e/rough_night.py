"""A rough night: each actor is killed with -9 while films run, then everything at once; people come and go meanwhile.

Killed actors come back in real time, so this night runs slowly enough that two polls are longer than a restart.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.nights.director import Director
from simulator.nights.ledger import TrueWatch
from simulator.nights.script import Cue
from simulator.nights.stage import ServiceStage
from tests.deadlines import WITHIN_S
from tests.nights.evidence import evening, family, find_alive, load, read_opening, sql

SPEED = 12.0
POLL_S = 24.0
"""2 real seconds."""
REPORT_S = 10.0
"""How often the players tell their position."""
SAVE_MINUTES = 0.25
SETTINGS = {
    "PLEX_POLL_SECONDS": f"{POLL_S:g}",
    "END_GRACE_SECONDS": "24",
    "POSITION_SLACK_SECONDS": "60",  # five real seconds
    "MIN_WATCH_SECONDS": "10",
    "AUTO_SAVE_INTERVAL_MINUTES": f"{SAVE_MINUTES:g}",
    "HEALTH_INTERVAL_SECONDS": "0.5",
    "LOG_LEVEL": "INFO",
}
HOST_FILM = "Rashomon"
PLEX_FILMS = {
    "Rosa": HOST_FILM,
    "Anton": "The General",
    "Berta": "Sunrise",
    "Cem": "M",
    "Dörte": "Alien",
    "Emil": "Big Buck Bunny",
}
JOINS_AT_MINUTE = {"Emil": 8.3}
"""Emil is near the end of his ten minutes: what he stops while nobody looks stands in Plex's own history."""
Action = tuple[Callable[[str], None], str]
"""What somebody does, and who."""
ACTORS = ("plex", "tracker", "persistence", "discord")


@dataclasses.dataclass(frozen=True)
class ActorKill:
    """One kill -9: the processes before it, and when the killed actor ran again."""

    actor: str
    before: dict[str, tuple[int, int]]
    """Process and number of restarts of each actor."""
    after: dict[str, tuple[int, int]]


@dataclasses.dataclass
class RoughNight:
    """What happened, and what it left behind."""

    data_dir: Path
    opened: datetime.datetime = datetime.datetime.min
    """What the clock showed at minute 0."""
    truth: dict[tuple[str, str], TrueWatch] = dataclasses.field(default_factory=dict)
    """By name and source."""
    kills: list[ActorKill] = dataclasses.field(default_factory=list)
    running_before: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    """The checkpoint when everything was killed, by watch_id."""
    running_after: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    """The first checkpoint of the service that came after."""
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    rows: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    log: str = ""
    outlived: list[Any] = dataclasses.field(default_factory=list)
    exit_status: int = -1


class Night:
    """The night as it goes on."""

    def __init__(self, stage: ServiceStage, found: RoughNight) -> None:
        self.stage = stage
        self.found = found
        self.director = Director(stage, report_s=REPORT_S)

    def plays(self, who: str) -> None:
        """Let somebody start their film on Plex."""
        self.director.perform(Cue(0.0, "play", who, PLEX_FILMS[who], JOINS_AT_MINUTE.get(who, 0.0) * 60))

    def stops(self, who: str) -> None:
        """Let them stop it."""
        self.director.perform(Cue(0.0, "stop", who))

    def comes(self, member: str) -> None:
        """Let somebody come into the voice channel, where the host's film runs."""
        self.director.perform(Cue(0.0, "join", member))

    def goes(self, member: str) -> None:
        """Let them leave it."""
        self.director.perform(Cue(0.0, "leave", member))

    def began(self, *names: str) -> None:
        """Wait until the tracker has opened their watches."""
        log = self.stage.service_log
        self._wait(lambda: all(f"{name} began “" in log() for name in names), f"watches of {names}")

    def goes_on(self, minutes: float) -> None:
        """Let the films run."""
        self.stage.wait_until(self.stage.minute + minutes)

    def wait_recorded(self, *names: str) -> None:
        """Wait until their watches are in the history."""
        self._wait(lambda: set(names) <= {found["username"] for found in self.stage.history()}, f"records of {names}")

    def kill(self, actor: str, *meanwhile: Action) -> None:
        """kill -9 of one actor; something happens while it is away; wait until it runs again."""
        before = self._processes()
        self.stage.kill(actor)
        for act, who in meanwhile:
            act(who)
        self._wait(lambda: self._processes()[actor][0] not in (0, before[actor][0]), f"{actor} to run again")
        self._wait(lambda: self.stage.discord.is_connected, "the bot to be there")
        self.found.kills.append(ActorKill(actor, before, self._processes()))

    def kill_all(self, *meanwhile: Action) -> None:
        """kill -9 of launcher and actors at once; something happens; a new service starts."""
        self._wait(lambda: len(self.checkpoint()) == 5, "five watches in the checkpoint")
        self.found.running_before = self.checkpoint()
        processes = family(self.stage)
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        self.stage.kill_launcher()  # it is dead already: this takes leave of it
        self._wait(lambda: len(find_alive(processes)) == 0 and not self.stage.discord.is_connected, "all to be dead")
        for act, who in meanwhile:
            act(who)
        self.stage.start_service()

    def checkpoint(self) -> dict[str, dict[str, Any]]:
        """The store's copy of the running watches, by watch_id."""
        query = "SELECT watch_id, viewer_id, saved_at_s FROM checkpoint"
        return {str(row["watch_id"]): row for row in sql(self.stage.data_dir, query)}

    def _processes(self) -> dict[str, tuple[int, int]]:
        running = ("running", "degraded")
        return {
            row["actor"]: (row["pid"] if row["state"] in running else 0, row["restarts"]) for row in self.stage.health()
        }

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        self.stage.wait_for(condition, WITHIN_S, what)


def spend(folder: Path) -> RoughNight:
    """Live through it."""
    found = RoughNight(folder / "data")
    stage = ServiceStage(found.data_dir, speed=SPEED, party_user="Rosa", evening=evening(), **SETTINGS)
    with stage:
        found.opened = read_opening(stage)
        night = Night(stage, found)
        _each_actor(night)
        _everything(night)
        _last_guests(night)
        found.outlived = family(stage)
        found.exit_status, _ = stage.stop_service()
        found.outlived = find_alive(found.outlived)
    truth = night.director.performer.ledger.true_watches("Rosa")
    found.truth = {(watch.name, "voice" if watch.guest else "plex"): watch for watch in truth}
    found.history = load(found.data_dir, "watch_history.json")
    found.rows = sql(found.data_dir, "SELECT * FROM watches")
    found.log = stage.service_log()
    return found


def _each_actor(night: Night) -> None:
    """Kill each actor; somebody comes and somebody leaves while it is dead."""
    for name in ("Rosa", "Anton", "Berta"):
        night.plays(name)
    for name in ("Iris", "Björn", "Chiara"):
        night.comes(name)
    night.began("Rosa", "Anton", "Berta", "Iris", "Björn", "Chiara")
    night.goes_on(1.0)
    night.kill("plex", (night.stops, "Berta"), (night.plays, "Cem"))
    night.began("Cem")
    night.wait_recorded("Berta")
    night.kill("tracker", (night.goes, "Björn"), (night.plays, "Dörte"))
    night.began("Dörte")
    night.wait_recorded("Björn")
    night.kill("persistence", (night.goes, "Chiara"), (night.stops, "Cem"))
    night.wait_recorded("Chiara", "Cem")
    night.kill("discord", (night.goes, "Iris"), (night.comes, "אורי"))
    night.began("אורי")
    night.wait_recorded("Iris")


def _everything(night: Night) -> None:
    """Kill everything: three watches continue, one ends with a row in Plex's history, one without."""
    night.plays("Emil")
    night.began("Emil")
    night.goes_on(0.9)
    night.kill_all((night.stops, "Emil"), (night.stops, "Dörte"))
    night.wait_recorded("Emil", "Dörte")
    since_s = max(row["saved_at_s"] for row in night.found.running_before.values())
    night.stage.wait_for(
        lambda: any(row["saved_at_s"] > since_s for row in night.checkpoint().values()), WITHIN_S, "a new checkpoint"
    )
    night.found.running_after = night.checkpoint()


def _last_guests(night: Night) -> None:
    night.goes("אורי")
    night.stops("Anton")
    night.stops("Rosa")
    night.wait_recorded("אורי", "Anton", "Rosa")

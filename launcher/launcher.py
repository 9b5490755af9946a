"""The launcher: starts, supervises and stops the actors, sends the ticks, and writes the health log."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import IO

import msgspec

from actors.registry import ACTORS, actor_names
from actors.runtime.clock import Clock
from actors.runtime.communities.host import STOP_EACH_S
from actors.runtime.transport.factory import DEFAULT_ENGINE
from config import Settings
from launcher.community_roster import CommunityRoster
from launcher.connection.launcher_link import LauncherLink
from launcher.connection.lock import FolderLock
from launcher.connection.orphans import wait_for_orphans
from launcher.connection.run_state import ProcessIdentity, RunFile, RunState
from launcher.health import HealthLogs
from launcher.supervision.actor_process import SupervisedActor
from launcher.supervision.child import FATAL, ActorChild
from launcher.supervision.interval import Interval
from launcher.supervision.reaper import reap_orphans
from launcher.supervision.supervision_settings import SupervisionSettings
from launcher.supervision.supervisor import OrderedStop, Supervisor
from messages import ActorHealth, AutoSaveTick, HealthReport, Message
from messages.envelope import Heartbeat
from wording.file_failures import explain_os_error

_log = logging.getLogger("launcher")
_ORPHANS_WITHIN_S = 10.0
_LOOK_EVERY_S = 5.0
"""How often the run folder is checked, real seconds."""

STOPPED, CANNOT_START, AT_ONCE = 0, 1, 130
"""Exit statuses: stopped in order; persistence crashes at each start; stopped at once by a second signal. If the store
or its address can never work, the status is the actor's REFUSED: starting the service again would not help."""


class Launcher:
    """One service on one data folder. `run` is for the command line, `launcher.background_launcher` for tests and
    demos.

    Everything happens in the thread that calls `open`, `step` and `close`; it owns the sockets.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        timings: SupervisionSettings | None = None,
        actors: Mapping[str, str] | None = None,
        stderr: IO[bytes] | None = None,
        engine: str = DEFAULT_ENGINE,
        frames_dir: Path | None = None,
    ) -> None:
        """Prepare a service.

        `actors` names other classes for the actors ("module:Class", in the order of their start), for tests; `stderr`
        gets the children's logs (default: this process's own). `frames_dir`, an existing folder, gets a copy of every
        frame that is sent, in one file for each sender.
        """
        self.data_dir = Path(settings.data_dir).absolute()
        self.settings = msgspec.structs.replace(settings, data_dir=str(self.data_dir))
        self.clock = clock or Clock()
        self._timings = timings or SupervisionSettings()
        self._classes = dict(actors or {})
        self._names = tuple(self._classes) or actor_names(settings)
        self._stderr = stderr
        self._engine = engine
        self._frames_dir = frames_dir
        self._signals = 0
        self._opened = False
        self._communities = CommunityRoster(self.settings)

    def open(self) -> None:
        """Lock the data folder and prepare the start. Raises AlreadyRunningError and OSError."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as held:
            held.enter_context(FolderLock(self.data_dir))
            self._run_file = RunFile(self.data_dir)
            self._clean_up_after_the_last()
            held.callback(self._run_file.remove)
            self._link = self._open_link()
            held.callback(lambda: self._link.close())
            self._health_log = HealthLogs(self.data_dir)
            held.callback(self._health_log.close)
            self._held = held.pop_all()
        self._supervisor = self._make_supervisor()
        now_s = time.monotonic()
        self._save_tick = Interval(self.clock.to_real_s(self.settings.auto_save_interval_minutes * 60), now_s)
        self._health_tick = Interval(self.settings.health_interval_seconds, now_s)
        self._look_tick = Interval(_LOOK_EVERY_S, now_s)
        self._ping_tick = Interval(self._timings.ping_every_s, now_s, at_once=True)
        self._was_ready = False
        self._note_run()
        self._opened = True

    def _open_link(self) -> LauncherLink:
        """Open a network for the actors. Raises OSError."""
        return LauncherLink(
            self._names,
            self._classes,
            self.settings,
            self.clock,
            engine=self._engine,
            frames_dir=self._frames_dir,
            on_heartbeat=self._on_heartbeat,
            health=self.health,
            on_told=self._on_told,
        )

    def _make_supervisor(self) -> Supervisor:
        return Supervisor(
            self._names,
            self._spawn,
            self._timings,
            essential=frozenset(entry.name for entry in ACTORS if entry.is_essential),
            changed=self._on_change,
        )

    def step(self) -> None:
        """Handle the messages that have arrived, check the actors, and do what is due; takes at most `look_every_s`."""
        now_s = time.monotonic()
        self._link.pump(min(self._timings.look_every_s, self._save_tick.remaining_s(now_s)))
        now_s = time.monotonic()
        self._supervisor.step(now_s)
        if self._ping_tick.is_due(now_s):
            self._ping()
        if self._save_tick.is_due(now_s):
            self._link.tell("persistence", AutoSaveTick(at=self.clock.now()))
        for address in self._communities.take_to_save(now_s, self._save_tick.every_s):
            self._link.tell(address, AutoSaveTick(at=self.clock.now()))
        if self._health_tick.is_due(now_s):
            if os.getpid() == 1:
                reap_orphans({actor.pid for actor in self._supervisor.actors.values()})
            self._health_log.write(self._list_rows(now_s))
        if self._look_tick.is_due(now_s) and not self._link.is_reachable():
            self._move_run_folder()
        if self.is_ready and not self._was_ready:
            self._was_ready = True
            _log.info("Usher runs: %s.", ", ".join(self._names))

    def _move_run_folder(self) -> None:
        """Stop all actors in order and start them in another run folder.

        A logout removes the folder of the login session (XDG_RUNTIME_DIR), which cannot be created again: open
        connections stay, but no new ones are possible.
        """
        try:
            elsewhere = self._open_link()
        except OSError as error:
            _log.error("The run folder is gone, and no other can be made (%s): 'python run.py health' is deaf.", error)
            return
        _log.warning("The run folder is gone: the actors save, stop, and start again in another one.")
        stopping = self._begin_stop()
        while not stopping.step(time.monotonic()):
            self._link.pump(0.02)
        self._link.close()
        self._link, self._supervisor, self._was_ready = elsewhere, self._make_supervisor(), False
        self._note_run()

    @property
    def is_ready(self) -> bool:
        """Whether every actor answers."""
        return self._supervisor.is_ready

    @property
    def cannot_start(self) -> str:
        """The essential actor that cannot start; empty if there is none."""
        return self._supervisor.cannot_start

    @property
    def status(self) -> int:
        """The exit status if the service ended now."""
        if not self.cannot_start:
            return STOPPED
        return FATAL if self._supervisor.actors[self.cannot_start].refused else CANNOT_START

    def health(self) -> HealthReport:
        """Return the health of every actor."""
        rows, names = self._list_rows(time.monotonic()), self._communities.names
        return HealthReport(at=self.clock.now(), actors=rows, launcher_pid=os.getpid(), communities=names)

    def _list_rows(self, now_s: float) -> tuple[ActorHealth, ...]:
        return self._supervisor.health(now_s) + self._communities.health(now_s)

    def close(self, at_once: Callable[[], bool] = lambda: False) -> None:
        """Stop all actors in order (or kill them once `at_once` returns True), and clean up."""
        if not self._opened:
            return
        self._opened = False
        stopping = self._begin_stop()
        while not stopping.step(time.monotonic()):
            if at_once():
                self._supervisor.kill_all()
            self._link.pump(0.02)
        self._held.close()

    def _begin_stop(self) -> OrderedStop:
        more_s = STOP_EACH_S * len(self._communities.names)
        return self._supervisor.begin_stop(self._link.ask_to_stop, time.monotonic(), more_s)

    def run(self) -> int:
        """Run until SIGTERM, SIGINT or SIGHUP, then stop in order; on a second signal, stop at once. Return the exit
        status.

        Raises what `open` raises. Only for the main thread.
        """
        before = {number: signal.signal(number, self._on_signal) for number in _stop_signals()}
        try:
            self.open()
            try:
                while not self._signals and not self.cannot_start:
                    self.step()
                if self.cannot_start:
                    _log.error(
                        "%s cannot start, so nothing could be kept: Usher stops. Mend what its log lines "
                        "above name ('python run.py check' helps), then start again.",
                        self.cannot_start,
                    )
                else:
                    _log.info("Stopping: intake first, the last save at the end.")
                status = self.status
            finally:
                self.close(at_once=lambda: self._signals > 1)
            return AT_ONCE if self._signals > 1 else status
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _spawn(self, name: str, poison_ids: tuple[str, ...]) -> ActorChild:
        return ActorChild(name, self._link.encode_boot(name, poison_ids), stderr=self._stderr)

    def _on_heartbeat(self, name: str, heartbeat: Heartbeat) -> None:
        self._supervisor.on_heartbeat(name, heartbeat, time.monotonic())
        self._communities.on_heartbeat(name, heartbeat, time.monotonic())

    def _on_told(self, message: Message) -> bool:
        return self._communities.on_told(message, time.monotonic())

    def _on_change(self, actor: SupervisedActor) -> None:
        self._health_log.write([actor.health(time.monotonic())])
        if actor.state == "starting":
            self._note_run()
            self._link.ping(actor.name)

    def _ping(self) -> None:
        for actor in self._supervisor.actors.values():
            if actor.process is not None:
                self._link.ping(actor.name)
        for address in self._communities.take_to_ping():
            self._link.ping(address)
        if changed := self._communities.take_changed(time.monotonic()):
            self._health_log.write(changed)

    def _note_run(self) -> None:
        children = {
            name: ProcessIdentity.from_pid(actor.pid)
            for name, actor in self._supervisor.actors.items()
            if actor.process
        }
        state = RunState(ProcessIdentity.from_pid(os.getpid()), self._link.network, children)
        try:
            self._run_file.write(state)
        except OSError as error:
            _log.warning(
                "'python run.py health' will not find this service, for %s cannot be written: %s",
                self._run_file.path,
                explain_os_error(error),
            )

    def _clean_up_after_the_last(self) -> None:
        left = self._run_file.read()
        if left is not None:
            _log.warning(
                "The launcher before (process %d) was killed; its actors get %g s to save and go.",
                left.launcher.pid,
                _ORPHANS_WITHIN_S,
            )
            killed = wait_for_orphans(left, _ORPHANS_WITHIN_S, lambda: self._signals > 0)
            if killed:
                _log.error("Killed what did not go: %s.", ", ".join(map(str, killed)))
            self._run_file.remove()


def _stop_signals() -> tuple[signal.Signals, ...]:
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    return tuple(signal.Signals[name] for name in names if name in signal.Signals.__members__)

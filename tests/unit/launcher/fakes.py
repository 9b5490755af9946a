"""Processes that are only pretended, and a supervisor over them."""

from __future__ import annotations

import itertools

from actors.runtime.boot.exit_report import ExitReport
from launcher.supervision.supervision_settings import SupervisionSettings
from launcher.supervision.supervisor import Supervisor
from messages.envelope import Heartbeat

QUICK = SupervisionSettings(
    hung_after_s=5, start_within_s=20, start_next_after_s=3, first_retry_s=1, longest_retry_s=8, jitter=0.0,
    crash_limit=3, crash_window_s=60, failed_pause_s=100, stop_within_s=8,
)  # fmt: skip


class FakeProcess:
    """A process whose end the test decides."""

    pids = itertools.count(1000)

    def __init__(self, name: str, poison_ids: tuple[str, ...] = ()) -> None:
        self.name = name
        self.poison_ids = poison_ids
        self.pid = next(self.pids)
        self.status: int | None = None
        self.asked_to_stop = False
        self.obeys = True
        self.report = ExitReport()

    def exit_status(self) -> int | None:
        return self.status

    def kill(self) -> None:
        self.status = -9

    def exit_report(self) -> ExitReport:
        return self.report

    def ask_to_stop(self) -> None:
        self.asked_to_stop = True
        if self.obeys:
            self.status = 0


def pulse_of(pid: int, degraded: str = "", *, ready: bool = True) -> Heartbeat:
    """What a process with this pid answers."""
    return Heartbeat(pid, ready, degraded, "", 0, 0.0, 0, 0.0, 0.0, 0)


class Stage:
    """A supervisor over fakes, with its time, what was started, and every change of state."""

    def __init__(
        self, *names: str, essential: frozenset[str] = frozenset(), timings: SupervisionSettings = QUICK
    ) -> None:
        self.now_s = 0.0
        self.started: list[FakeProcess] = []
        self.changes: list[tuple[str, str]] = []
        self.supervisor = Supervisor(
            names,
            self._spawn,
            timings,
            essential=essential,
            changed=lambda actor: self.changes.append((actor.name, actor.state)),
        )

    def _spawn(self, name: str, poison_ids: tuple[str, ...]) -> FakeProcess:
        process = FakeProcess(name, poison_ids)
        self.started.append(process)
        return process

    def latest(self, name: str) -> FakeProcess:
        """The newest process of an actor."""
        return next(process for process in reversed(self.started) if process.name == name)

    def answer(self, *names: str, degraded: str = "") -> None:
        """Let the newest process of each answer."""
        for name in names:
            self.supervisor.on_heartbeat(name, pulse_of(self.latest(name).pid, degraded), self.now_s)

    def run(self, seconds: float, *answering: str, step_s: float = 0.5) -> None:
        """Let time pass in small steps, in which those named answer."""
        until = self.now_s + seconds
        while self.now_s < until - 1e-9:
            self.now_s += step_s
            self.answer(*answering)
            self.supervisor.step(self.now_s)

    def start_all(self) -> None:
        """Start everything, each answering as soon as it is there."""
        self.supervisor.step(self.now_s)
        for name in self.supervisor.actors:
            self.run(0.5)
            self.answer(name)
        assert self.supervisor.is_ready

    def state(self, name: str) -> str:
        return self.supervisor.actors[name].state

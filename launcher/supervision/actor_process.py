"""One actor under supervision: its process, its state, and when it is restarted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from actors.runtime.boot.exit_report import ExitReport
from actors.runtime.restarts.poison_record import PoisonRecord
from actors.runtime.restarts.restart_policy import RestartPolicy
from launcher.health import read_rss_mb
from launcher.supervision import child as children
from launcher.supervision.supervision_settings import SupervisionSettings
from messages import ActorHealth, ActorState, Problem
from messages.envelope import NO_HEARTBEAT, Heartbeat
from wording.problems import english

_log = logging.getLogger("launcher")
_OWN_PAUSE_S = 1.0


class ChildProcess(Protocol):
    """What a supervised actor needs of its process: `launcher.supervision.child.ActorChild`, or a fake in tests."""

    @property
    def pid(self) -> int: ...
    def exit_status(self) -> int | None: ...
    def kill(self) -> None: ...
    def ask_to_stop(self) -> None: ...
    def exit_report(self) -> ExitReport: ...


class SupervisedActor:
    """The state machine of one actor. `now_s` is always steady real time."""

    def __init__(
        self,
        name: str,
        spawn: Callable[[str, tuple[str, ...]], ChildProcess],
        timings: SupervisionSettings,
        changed: Callable[[SupervisedActor], None] = lambda _: None,
        *,
        essential: bool = False,
    ) -> None:
        """Prepare the actor: `spawn` starts its process, `changed` is called at every change of state.

        The service cannot run if an `essential` actor fails before it ever answered.
        """
        self.name = name
        self.state: ActorState = "stopped"
        self.process: ChildProcess | None = None
        self.ever_answered = False
        self._spawn = spawn
        self._timings = timings
        self._changed = changed
        self._essential = essential
        self._restarts = RestartPolicy(timings)
        self._poison = PoisonRecord()
        self._last_heartbeat: Heartbeat | None = None
        self._last_error = ""
        self._problems: tuple[Problem, ...] = ()
        """The same as `_last_error`, as coded problems if it has any."""
        self._resolved_s: float | None = None
        """Since when the last error is over; None while it lasts."""
        self._waits_said_s: float | None = None
        self.refused = False
        """Whether it refused to start: starting it again would not help."""
        self._killed_for: Problem | None = None
        self._started_s = 0.0
        self._retry_s = 0.0
        self._silent_s = 0.0
        self._looked_s = 0.0

    @property
    def pid(self) -> int:
        """Its process id; 0 if it has no process."""
        return self.process.pid if self.process else 0

    @property
    def is_answering(self) -> bool:
        """Whether it has answered since its last start."""
        return self.state in ("running", "degraded")

    def start(self, now_s: float) -> None:
        """Start its process."""
        self._started_s = self._looked_s = now_s
        self._silent_s = 0.0
        self._last_heartbeat = None
        try:
            self.process = self._spawn(self.name, self._poison.poison_ids())
        except OSError as error:  # no memory, no process slot: temporary, like a crash
            self._handle_crash(now_s, Problem.of("process.not_started", error=str(error)))
            return
        self._become("starting")

    def on_heartbeat(self, heartbeat: Heartbeat, now_s: float) -> None:
        """Handle an answer to a ping; ignore one of an earlier process (another pid)."""
        if self.process is None or heartbeat.pid != self.process.pid or self.state == "stopped":
            return
        self._silent_s = 0.0
        if not heartbeat.ready:  # it is alive, but still starting
            return
        self._last_heartbeat = heartbeat
        self.ever_answered = True
        self._restarts.on_started()
        if self._waits_said_s is not None:
            self._waits_said_s, self._last_error, self._problems = None, "", ()
            _log.info("%s has what it waited for.", self.name)
        error = heartbeat.degraded or heartbeat.last_error
        problems = heartbeat.problems if error else self._problems
        error = error or self._last_error
        if heartbeat.degraded or not error:
            self._resolved_s = None
        elif self._resolved_s is None or error != self._last_error:
            self._resolved_s = now_s  # the actor runs: the last error is over
        self._last_error, self._problems = error, problems
        if now_s - self._started_s > self._timings.crash_window_s:
            self._restarts.on_steady(now_s)
        self._become("degraded" if heartbeat.degraded else "running")

    def check(self, now_s: float) -> None:
        """Check whether it has ended or was silent for too long, and start it again if that is due."""
        if self.process is not None:
            status = self.process.exit_status()
            if status is not None:
                how, self._killed_for = self._killed_for or children.describe_exit(status), None
                report = self.process.exit_report()
                if status == children.DEPENDENCY_UNAVAILABLE:
                    self._wait_for_dependency(now_s, report.startup_failure or how)
                else:
                    if report.message_in_hand:
                        self._poison.add_death(report.message_in_hand)
                    self.refused = status == children.FATAL
                    self._handle_crash(now_s, how, hopeless=self.refused)
            else:
                self._check_silence(now_s)
        elif self.state in ("restarting", "failed") and now_s >= self._retry_s:
            self._restarts.count += 1
            self.start(now_s)

    def check_ended(self) -> bool:
        """Return, during a stop, whether its process has ended (or it had none)."""
        if self.process is None or self.process.exit_status() is not None:
            self.process = None
            self._become("stopped")
            return True
        return False

    @property
    def has_never_answered(self) -> bool:
        """Whether it is essential and has never answered: then no other actor ever ran, and nothing needs saving."""
        return self._essential and not self.ever_answered

    @property
    def cannot_start(self) -> bool:
        """Whether an essential actor failed before it ever answered: then the service cannot run."""
        return self.has_never_answered and self.state == "failed"

    def health(self, now_s: float) -> ActorHealth:
        """Return its row of the health log."""
        heartbeat = self._last_heartbeat or NO_HEARTBEAT
        return ActorHealth(
            actor=self.name,
            pid=self.pid,
            state=self.state,
            uptime_s=round(now_s - self._started_s, 3) if self.process else 0.0,
            restarts=self._restarts.count,
            mailbox_depth=heartbeat.mailbox_depth,
            handled=heartbeat.handled,
            handle_ms_p50=round(heartbeat.handle_ms_p50, 3),
            handle_ms_p99=round(heartbeat.handle_ms_p99, 3),
            rss_mb=read_rss_mb(self.pid),
            last_error=self._last_error,
            oldest_ms=round(heartbeat.oldest_ms, 3),
            dead_letters=heartbeat.dead_letters,
            resolved_for_s=None if self._resolved_s is None else round(now_s - self._resolved_s, 3),
            problems=self._problems,
        )

    def _check_silence(self, now_s: float) -> None:
        # A pause of the launcher itself (a suspended machine, a debugger) does not count as the actor's silence.
        self._silent_s += min(now_s - self._looked_s, _OWN_PAUSE_S)
        self._looked_s = now_s
        limit = self._timings.hung_after_s if self.is_answering else self._timings.start_within_s
        if self._silent_s <= limit or self.process is None:
            return
        self.process.kill()
        self._killed_for = Problem.of("process.hung", seconds=float(limit))
        _log.error(
            "%s (pid %d) has not answered for %g s: it hangs and is killed; it starts again at once. "
            "If this comes back, look at its last log lines.",
            self.name,
            self.process.pid,
            limit,
        )
        self._silent_s = 0.0

    def _handle_crash(self, now_s: float, reason: Problem, *, hopeless: bool = False) -> None:
        how = english(reason)
        self._last_error, self._problems, self._resolved_s = how, (reason,), None
        self.process = None
        self._last_heartbeat = None
        retry = self._restarts.on_crash(now_s, hopeless=hopeless)
        self._retry_s = now_s + retry.after_s
        self._become("failed" if retry.failed else "restarting")
        if self.cannot_start:
            if not self.refused:  # its own last log line said why
                _log.error("%s %s.", self.name, how)
        elif retry.failed:
            _log.error(
                "%s %s. It has failed and rests for %g s before one more try; the others go on and what is "
                "meant for it waits. Mend the cause that its log lines name, then restart Usher.",
                self.name,
                how,
                retry.after_s,
            )
        else:
            _log.warning("%s %s; it starts again in %.1f s.", self.name, how, retry.after_s)

    def _wait_for_dependency(self, now_s: float, reason: Problem) -> None:
        what = english(reason)
        is_new = self._waits_said_s is None or what != self._last_error
        if is_new or now_s - (self._waits_said_s or 0.0) >= self._timings.waits_said_every_s:
            self._waits_said_s = now_s
            _log.error("%s", what)
        self._last_error, self._problems, self._resolved_s = what, (reason,), None
        self.process = None
        self._last_heartbeat = None
        self._retry_s = now_s + self._restarts.on_dependency_unavailable().after_s
        self._become("restarting")

    def _become(self, state: ActorState) -> None:
        if state != self.state:
            self.state = state
            self._changed(self)

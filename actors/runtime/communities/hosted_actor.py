"""One actor of a further community: started in this process, and started again alone if it ends by an error."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from actors.runtime.actor import Actor, DependencyUnavailable, FatalStartupError
from actors.runtime.boot.memory_limit import end_out_of_memory
from actors.runtime.communities.start_gate import StartGate
from actors.runtime.logs import mask_secrets
from actors.runtime.middleware.poison_guard import PoisonGuard
from actors.runtime.owner_loop import Timer
from actors.runtime.restarts.poison_record import PoisonRecord
from actors.runtime.restarts.restart_policy import RestartPolicy, RestartTimings
from config import Settings
from messages import CommunityActorDown, Problem
from wording.problems import english

START_WITHIN_S: Final = 60.0
"""How long a start may take before others start beside it and an administrator is told; real seconds."""
SETTLED_AFTER_S: Final = 2.0
"""How long to wait for another change of settings after the last one, real seconds: a setup makes several."""
LONGEST_SETTLING_S: Final = 10.0
"""Longest wait after the first of several changes; real seconds."""
Starter = Callable[[str, Settings, PoisonGuard, Callable[[Actor], None]], Actor]
"""Starts an actor by its address; the last argument is called when it has ended, on its own thread."""


class HostedActor:
    """Starts, restarts and stops one actor. All methods are for the thread of the process's main actor."""

    def __init__(
        self,
        address: str,
        settings: Settings,
        main: Actor,
        start: Starter,
        gate: StartGate,
        timings: RestartTimings | None = None,
    ) -> None:
        timings = timings or RestartTimings()
        self.address = address
        self.actor: Actor | None = None
        self._wanted: Settings | None = settings
        self._main = main
        self._start_actor = start
        self._gate = gate
        self._policy = RestartPolicy(timings)
        self._steady_after_s = timings.crash_window_s
        self._began_s = 0.0
        """When the actor was last started, real seconds of a steady clock."""
        self._poison = PoisonRecord()
        self._notes = _MessageInHand()
        self._retry: Timer | None = None
        self._runs_with: Settings | None = None
        """The settings with which the actor was last started."""
        self._overdue: Timer | None = None
        """Set while the actor starts; due when the start takes too long."""
        self._settling: Timer | None = None
        """Set after a change of settings, while more changes may follow."""
        self._first_change_s = 0.0
        self._restarts = 0
        self._last_problem: Problem | None = None
        self._log = logging.getLogger(address)

    @property
    def is_over(self) -> bool:
        """Whether the actor was removed and has ended."""
        return self._wanted is None and self.actor is None

    def start(self) -> None:
        """Start the actor when it is its turn, with the settings that it should have by then."""
        self._retry = None
        self._gate.enter(self.address, self._start_now)

    def _start_now(self) -> None:
        if self._wanted is None or self.actor is not None:
            self._gate.leave(self.address)
            return
        self._notes.clear()
        self._runs_with = self._wanted
        self._began_s = time.monotonic()
        guard = PoisonGuard(self._poison.poison_ids(), self._notes)
        try:
            self.actor = self._start_actor(self.address, self._wanted, guard, self._on_ended)
        except Exception as error:  # noqa: BLE001  # of its constructor or the system: tried again like a crash
            self._log.error("%s cannot start: %s: %s", self.address, type(error).__name__, error, exc_info=error)
            self._gate.leave(self.address)
            self._start_later(error)
            return
        self._overdue = self._call_after(START_WITHIN_S, self._report_overdue)
        # The actor's own thread calls this once its start is over (or waits for another actor).
        self.actor.endpoint.submit(self._on_started)

    def _on_started(self) -> None:
        """Leave the gate: the actor's start is over. Called on the actor's own thread."""
        self._main.endpoint.submit(self._leave_gate)

    def _leave_gate(self) -> None:
        """Let other actors start: this start is over, or will not happen."""
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
        self._gate.leave(self.address)

    def _report_overdue(self) -> None:
        """Let other actors start, and report that this start takes too long: a thread cannot be ended from outside."""
        self._leave_gate()
        problem = Problem.of("community.start_overdue", within=round(START_WITHIN_S))
        self._log.error("%s: %s", self.address, english(problem))
        self._main.ref("launcher").tell(CommunityActorDown(self.address, problem, self._restarts))

    def change_settings(self, settings: Settings) -> None:
        """Run the actor with these settings; if they differ from its present ones, restart it.

        Waits until no further change comes for a moment, so that several changes need one restart.
        """
        if settings == self._wanted:
            return
        self._wanted = settings
        now_s = self._main.endpoint.now()
        if self._settling is None:
            self._first_change_s = now_s
        else:
            self._settling.cancel()
        left_s = self._first_change_s + LONGEST_SETTLING_S - now_s
        self._settling = self._call_after(min(SETTLED_AFTER_S, max(0.0, left_s)), self._take_settings)

    def _take_settings(self) -> None:
        self._settling = None
        if self.actor is None or self._runs_with != self._wanted:
            self._stop_or_start()

    def _call_after(self, after_s: float, act: Callable[[], None]) -> Timer:
        return self._main.endpoint.call_at(self._main.endpoint.now() + after_s, act)

    def remove(self) -> None:
        """Stop the actor in order, for good."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        if self._wanted is not None:
            self._wanted = None
            self._stop_or_start()

    def _stop_or_start(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        if self.actor is not None:
            self.actor.stop_in_order()
        elif self._wanted is None:
            self._leave_gate()
        else:
            self.start()

    def _on_ended(self, actor: Actor) -> None:
        """Note that the actor has ended; called on its own thread, which ends after this."""
        self._main.endpoint.submit(lambda: self._take_end(actor))

    def _take_end(self, actor: Actor) -> None:
        if self.actor is not actor:
            return
        self.actor = None
        self._leave_gate()
        self._note_run(actor)
        if isinstance(actor.crash, MemoryError):  # the limit is that of the process: its other actors lack memory too
            end_out_of_memory(self.address)
        if actor.crash is None:
            if self._wanted is not None:
                self.start()
        else:
            if self._notes.message_id:
                self._poison.add_death(self._notes.message_id)
            self._start_later(actor.crash)

    def _note_run(self, actor: Actor) -> None:
        """Forget earlier failures if the actor ran well, as the launcher does for a process."""
        if actor.ready:
            self._policy.on_started()
            now_s = time.monotonic()
            if now_s - self._began_s > self._steady_after_s:
                self._policy.on_steady(now_s)

    def _start_later(self, error: BaseException) -> None:
        if isinstance(error, DependencyUnavailable):
            decision = self._policy.on_dependency_unavailable()
        else:
            is_hopeless = isinstance(error, FatalStartupError)
            decision = self._policy.on_crash(time.monotonic(), hopeless=is_hopeless)
        problem = _describe(error).map_texts(mask_secrets)
        if isinstance(error, DependencyUnavailable) and problem != self._last_problem:
            self._log.error("%s", error)
        self._last_problem = problem
        down = CommunityActorDown(self.address, problem, self._restarts, decision.failed)
        self._main.ref("launcher").tell(down)
        if self._wanted is not None:
            self._restarts += 1
            self._retry = self._call_after(decision.after_s, self.start)


class _MessageInHand:
    """Remembers which message an actor was handling when it ended; see MessageNotes."""

    def __init__(self) -> None:
        self.message_id = ""

    def note_message(self, message_id: str) -> None:
        """See MessageNotes."""
        self.message_id = message_id

    def clear(self) -> None:
        """See MessageNotes."""
        self.message_id = ""


def _describe(error: BaseException) -> Problem:
    if isinstance(error, FatalStartupError | DependencyUnavailable):
        return error.problem
    return Problem.of("process.actor_crashed", error=f"{type(error).__name__}: {error}")

"""Runs a launcher in a thread of its own, for tests and the simulated night."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from launcher.launcher import Launcher
from messages import ActorHealth, ActorState

T = TypeVar("T")


class BackgroundLauncher:
    """A started service. Every method may be called from any thread and has a deadline."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._opened: Future[None] = Future()
        self._status: Future[int] = Future()
        self._thread = threading.Thread(target=self._serve, name="launcher")
        self._thread.start()
        try:
            self._opened.result()
        except BaseException:
            self._thread.join()
            raise

    def health(self) -> tuple[ActorHealth, ...]:
        """Return a row for each actor, in the order in which the actors start."""
        return self._call(lambda: self._launcher.health().actors)

    def pids(self) -> dict[str, int]:
        """Return each actor's process id; 0 if it has no process."""
        return {row.actor: row.pid for row in self.health()}

    def kill(self, actor: str, number: int = getattr(signal, "SIGKILL", signal.SIGTERM)) -> int:
        """Send a signal to an actor's process; return its pid. Raises ProcessLookupError if the actor has none."""
        pid = self.pids()[actor]
        if not pid:
            raise ProcessLookupError(f"{actor} has no process now")
        os.kill(pid, number)
        return pid

    def wait_ready(self, timeout_s: float = 30.0) -> None:
        """Wait until every actor answers. Raises TimeoutError."""
        self.wait_for(lambda rows: all(r.state in ("running", "degraded") for r in rows), timeout_s)

    def wait_state(self, actor: str, state: ActorState, timeout_s: float = 30.0) -> ActorHealth:
        """Wait until an actor is in a state; return its row. Raises TimeoutError."""
        rows = self.wait_for(lambda rows: any(r.actor == actor and r.state == state for r in rows), timeout_s)
        return next(row for row in rows if row.actor == actor)

    def wait_for(self, wanted: Callable[[tuple[ActorHealth, ...]], bool], timeout_s: float) -> tuple[ActorHealth, ...]:
        """Wait until `wanted` accepts the health rows; return them. Raises TimeoutError with the last ones."""
        until = time.monotonic() + timeout_s
        while not wanted(rows := self.health()):
            if time.monotonic() > until:
                shown = ", ".join(f"{row.actor} {row.state} ({row.last_error})" for row in rows)
                raise TimeoutError(f"not so within {timeout_s:g} s: {shown}")
            time.sleep(0.02)
        return rows

    @property
    def is_alive(self) -> bool:
        """Whether the launcher still runs."""
        return self._thread.is_alive()

    def stop(self) -> int:
        """Stop in order; return the exit status. Safe to call again."""
        self._stop.set()
        self._thread.join()
        return self._status.result()

    def _call(self, what: Callable[[], T]) -> T:
        answer: Future[T] = Future()
        self._calls.put((what, answer))
        if not self._thread.is_alive():
            raise RuntimeError("the launcher has stopped")
        return answer.result(timeout=15)

    def _serve(self) -> None:
        launcher = self._launcher
        try:
            launcher.open()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        try:
            while not self._stop.is_set() and not launcher.cannot_start:
                launcher.step()
                self._answer()
            self._status.set_result(launcher.status)
        except BaseException as error:  # noqa: BLE001 - it is raised again by stop()
            self._status.set_exception(error)
        finally:
            launcher.close()
            self._answer()

    def _answer(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                what, answer = self._calls.get_nowait()
                try:
                    answer.set_result(what())
                except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
                    answer.set_exception(error)


@contextlib.contextmanager
def run_in_background(launcher: Launcher) -> Iterator[BackgroundLauncher]:
    """Run a launcher in a thread; stop it in order at the end of the block."""
    running = BackgroundLauncher(launcher)
    try:
        yield running
    finally:
        running.stop()

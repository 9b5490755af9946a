"""Kills processes of a running service with SIGKILL, and notes when they work again."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgpack
import psutil

from launcher.connection.run_state import read_running_state
from simulator.nights.kill_matrix.random_night import ACTORS
from simulator.nights.observation import Kill
from simulator.nights.script import Cue
from simulator.nights.stage import ServiceStage

LOOK_S = 0.0005
"""Interval for checking the store for a commit, real seconds: far shorter than a save takes."""
AWAIT_S = 1.5
"""How long a kill waits for its commit before it is carried out anyway, real seconds."""
BACK_WITHIN_S = 30.0


class ProcessKiller:
    """Carries out kills, each on its own thread, and restarts the service if its launcher was killed."""

    def __init__(self, stage: ServiceStage, frames_dir: Path) -> None:
        self.stage = stage
        self.kills: list[Kill] = []
        self.problems: list[str] = []
        self._frames_dir = frames_dir
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()

    def begin_kill(self, cue: Cue) -> None:
        """Begin a kill, and return at once."""
        thread = threading.Thread(target=self._kill_safely, args=(cue,), name=f"kill {cue.who}")
        self._threads.append(thread)
        thread.start()

    @property
    def busy(self) -> bool:
        """Whether a killed process does not work again yet."""
        return any(kill.back_s == float("inf") for kill in self.kills)

    def wait_until_all_work(self) -> None:
        """Wait until every kill is over and all killed processes work again."""
        for thread in self._threads:
            thread.join()

    def _kill_safely(self, cue: Cue) -> None:
        try:
            self._carry_out(cue)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs into the result
            self.problems.append(f"after the kill of {cue.who}: {type(error).__name__}: {error}")

    def _carry_out(self, cue: Cue) -> None:
        if cue.what in ("at a commit", "in a save"):
            self._await_commit(finished=cue.what == "at a commit")
        kill = self._kill(cue.who, cue.what)
        if kill is None:
            return
        if cue.what == "while it starts":
            self._await_start(cue.who)
            time.sleep(cue.amount)
            self._kill(cue.who, cue.what, kill)
        if cue.who in ACTORS:
            self.stage.wait_for(lambda: self._works(cue.who, kill.pids), BACK_WITHIN_S, f"{cue.who} to work again")
        else:
            with self._starting:
                self.stage.kill_launcher()  # it is already dead: this only cleans up
                self.stage.start_service()
        kill.back_s = self.stage.clock.now().wall_s

    def _await_commit(self, *, finished: bool) -> None:
        """Wait for the commit of any save, or of a finished watch."""
        until = time.monotonic() + AWAIT_S
        with _open_store(self.stage.data_dir) as store:
            before = _read_mark(store, finished=finished)
            while time.monotonic() < until and _read_mark(store, finished=finished) == before:
                time.sleep(LOOK_S)

    def _kill(self, victim: str, moment: str, earlier: Kill | None = None) -> Kill | None:
        """Send SIGKILL; return None if the victim is not running."""
        state = read_running_state(self.stage.data_dir)
        if state is None:
            return earlier
        children = {name: child.find() for name, child in state.children.items()}
        targets = {"launcher": [state.launcher.find()], "all": [state.launcher.find(), *children.values()]}
        struck: set[int] = set()
        for target in targets.get(victim, [children.get(victim)]):
            if target is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(target.pid, signal.SIGKILL)
                    struck.add(target.pid)
        if not struck:
            return earlier
        if earlier is None:
            earlier = Kill(victim, moment, self.stage.clock.now().wall_s)
            self.kills.append(earlier)
        earlier.pids |= struck
        if victim in ("persistence", "all"):
            with contextlib.suppress(psutil.TimeoutExpired):
                psutil.wait_procs([child for child in children.values() if child is not None][:1], timeout=0.2)
            earlier.unacknowledged = earlier.unacknowledged or self._is_unacknowledged()
        return earlier

    def _await_start(self, victim: str) -> None:
        """Wait until the launcher has restarted it."""

        def is_restarted() -> bool:
            state = read_running_state(self.stage.data_dir)
            return state is not None and victim in state.children and state.children[victim].is_alive()

        self.stage.wait_for(is_restarted, BACK_WITHIN_S, f"{victim} to be started anew")

    def _works(self, actor: str, dead: set[int]) -> bool:
        """Tell whether the health log shows the actor as running in a process that was not killed."""
        state = read_running_state(self.stage.data_dir)
        child = state.children.get(actor) if state is not None else None
        row = next((row for row in self.stage.health() if row["actor"] == actor), None)
        if child is None or row is None or child.pid in dead or row["pid"] != child.pid or not child.is_alive():
            return False
        return row["state"] in ("running", "degraded") and (actor != "discord" or self.stage.discord.is_connected)

    def _is_unacknowledged(self) -> bool:
        """Tell whether the killed process never acknowledged the store's last finished watch."""
        with _open_store(self.stage.data_dir) as store:
            query = "SELECT message_id FROM handled_messages ORDER BY handled_at_s DESC, rowid DESC LIMIT 1"
            last = store.execute(query).fetchone()
        return last is not None and last[0] not in set(read_acknowledged(self._frames_dir / "persistence.frames"))


@contextlib.contextmanager
def _open_store(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection to the service's store, for reading."""
    with contextlib.closing(sqlite3.connect(f"file:{data_dir / 'usher.db'}?mode=ro", uri=True)) as connection:
        yield connection


def _read_mark(store: sqlite3.Connection, *, finished: bool) -> tuple[int, ...]:
    """Return a value that changes with each commit of another process."""
    version = int(store.execute("PRAGMA data_version").fetchone()[0])
    if not finished:
        return (version,)
    return (int(store.execute("SELECT COUNT(*) FROM handled_messages").fetchone()[0]),)


def frames(recording: Path) -> Iterator[bytes]:
    """Yield every frame of a recording in the order of sending, without one that is still being written."""
    content = recording.read_bytes() if recording.exists() else b""
    start = 0
    while start + 4 <= len(content):
        (size,) = struct.unpack_from(">I", content, start)
        frame = content[start + 4 : start + 4 + size]
        if len(frame) < size:
            return
        yield frame
        start += 4 + size


def read_acknowledged(recording: Path) -> Iterator[str]:
    """Return the ids of the kept messages that a recorded sender acknowledged."""
    envelopes = map(msgpack.unpackb, frames(recording))
    return (str(envelope[1]) for envelope in envelopes if envelope[0] == "done")

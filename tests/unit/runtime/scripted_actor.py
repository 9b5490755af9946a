"""An actor that does as a test tells it, and the stage it is on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pykka

from actors.runtime import Actor, Clock, Context, Endpoint
from actors.runtime.boot.exit_report import ExitReportFile, ExitReportWriter
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.middleware.poison_guard import PoisonGuard
from actors.runtime.restarts.poison_record import PoisonRecord
from actors.runtime.transport.memory import MemoryNetwork
from config import Settings
from messages import GetSaveStatus, Message, SaveNow, SaveStatus, WatchFinished
from tests.deadlines import WITHIN_S
from tests.unit.runtime.endpoint_pair import watch_id

STATUS = SaveStatus(1.0, 5.0)


def until(condition: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Wait for it, or fail."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "not so in time"
        time.sleep(0.002)


class Bob(Actor):
    """Does what each message says; a test may put its own handlers in."""

    def __init__(self, context: Context, **handlers: Any) -> None:
        self.own = handlers
        self.told: list[str] = []
        self.ended: list[str] = []
        super().__init__(context)

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Any]]:
        """Saves are words, watches are kept."""
        return {
            SaveNow: self.own.get("save", self._save),
            GetSaveStatus: self.own.get("status", lambda _asked: STATUS),
            WatchFinished: self.own.get("watch", self._save_watch),
        }

    def on_start(self) -> None:
        """What the test wants."""
        self.own.get("start", lambda _actor: None)(self)

    def on_stop(self) -> None:
        """Note it."""
        self.ended.append("stop")
        self.own.get("stop", lambda: None)()

    def on_failure(self, *_: object) -> None:
        """Note it."""
        self.ended.append("failure")

    def _save(self, word: SaveNow) -> None:
        if word.requested_by == "crash":
            raise ValueError("told to crash")
        self.told.append(word.requested_by)

    def _save_watch(self, message: WatchFinished) -> None:
        self._save(SaveNow(watch_id(message)))


class Stage:
    """An actor under the name `bob`, and an endpoint `ann` that the test holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.network = MemoryNetwork()
        self.ann = Endpoint("ann", self.network.transport("ann"), DeadLetters(folder / "ann.jsonl", "ann"))
        self.actors: list[Bob] = []
        self.report_file = ExitReportFile()
        self._poison = PoisonRecord()

    def start(self, **handlers: Any) -> Bob:
        """A new life of bob."""
        endpoint = Endpoint("bob", self.network.transport("bob"), DeadLetters(self.folder / "bob.jsonl", "bob"))
        if in_hand := self.report_file.read().message_in_hand:
            self._poison.add_death(in_hand)
        report = ExitReportWriter(self.report_file.fileno())
        report.clear()
        guard = PoisonGuard(self._poison.poison_ids(), report)
        actor = Bob(Context(endpoint, Settings(), Clock(), self.folder, guard), **handlers)
        self.actors.append(actor)
        pykka.ActorRegistry.register(actor.actor_ref)
        actor._start_actor_loop()
        return actor

    def pump_until(self, condition: Callable[[], object]) -> None:
        """Let ann send and hear until it is so."""
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            self.ann.pump(0.01)
            assert time.monotonic() < deadline, "not so in time"

    def letters(self) -> str:
        """Bob's dead letters."""
        file = self.folder / "bob.jsonl"
        return file.read_text(encoding="utf-8") if file.exists() else ""

"""Processes of the simulation: each has a node and somebody who lives there, and can be killed at any moment."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any, Protocol

from actors.runtime import Actor, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from tests.nights.memory.network import Network, SimulatedTransport
from tests.nights.memory.timeline import Killed

LOOK_S = 3600.0


class Resident(Protocol):
    """Who lives in a process."""

    def start(self) -> None:
        """Begin."""

    def next(self) -> Any:
        """The next message that waits; None where none does."""

    def handle(self, message: Any) -> None:
        """Take a message in."""

    def die(self) -> None:
        """Give back what a kill gives back: open files and connections. Save nothing."""


class SimulatedProcess:
    """One process after another under one name."""

    def __init__(self, network: Network, name: str, move_in: Callable[[SimulatedProcess], Resident]) -> None:
        self.name = name
        self.network = network
        self.up = False
        self.waits = False
        """In the middle of a handler: a look into the mailbox is a wait for an answer."""
        self.lives = 0
        self.crashes: list[str] = []
        self.on_death: Callable[[], None] = lambda: None
        self.resident: Resident | None = None
        self._move_in = move_in
        self._busy = False
        self._points_left: int | None = None
        self._wake_s = -1.0

    def start(self) -> None:
        """A new process."""
        timeline = self.network.timeline
        self.lives += 1
        self.up, self._points_left, self._wake_s = True, None, -1.0
        self.line: SimulatedTransport = self.network.line(self)
        self.node = Endpoint(self.name, self.line, DeadLetters(None, self.name), now=lambda: timeline.now_s)
        self.node.incarnation = f"{self.name}{self.lives}"  # a random one would make another night of the same seed
        self._run_guarded(self._begin)
        self.step()

    def _begin(self) -> None:
        self.resident = self._move_in(self)
        self.waits = True
        self.resident.start()

    def kill_at_point(self, points: int) -> None:
        """Kill it at the so-manieth point from now: before or after a frame is sent, or a file written."""
        if self.up:
            self._points_left = points

    def point(self) -> None:
        """A moment at which a kill makes a difference."""
        if self._points_left is not None:
            self._points_left -= 1
            if self._points_left < 0:
                raise Killed

    def kill(self) -> None:
        """kill -9: memory and frames are gone. In the middle of a handler it ends as soon as that looks up."""
        if self.up:
            self.up, self.line.dead = False, True
            if not self._busy:
                self._bury()

    def run(self, act: Callable[[], None]) -> None:
        """Have the process do something of itself, between two messages."""
        if self.up and not self._busy:
            self._run_guarded(act)
            self.step()

    def step(self) -> None:
        """Take in what arrived and handle it, as the actor's own loop does."""
        if self.up and not self._busy:
            self._run_guarded(self._loop)

    def _loop(self) -> None:
        resident = self.resident
        assert resident is not None
        self.node.pump(LOOK_S)
        while True:
            message = resident.next()
            if message is not None:
                self.waits = True
                resident.handle(message)
                self.waits = False
                continue
            self.node.pump(LOOK_S)
            message = resident.next()
            if message is None:
                break
            self.waits = True
            resident.handle(message)
            self.waits = False
        self._wake_in(self.line.patience_s)

    def _wake_in(self, patience_s: float) -> None:
        timeline = self.network.timeline
        wake_s = timeline.now_s + max(patience_s, 0.001)
        if patience_s < LOOK_S and not timeline.now_s < self._wake_s <= wake_s:
            self._wake_s = wake_s
            timeline.at(wake_s, self.step)

    def _run_guarded(self, act: Callable[[], None]) -> None:
        """Run the process; a kill ends it, and so does an error that nobody caught."""
        self._busy = True
        try:
            act()
        except Killed:
            self.up, self.line.dead = False, True
        except Exception:  # noqa: BLE001  # whatever ends a process is a finding
            self.crashes.append(f"{self.name}: {traceback.format_exc(limit=-6)}")
            self.up, self.line.dead = False, True
        finally:
            self._busy = self.waits = False
        if not self.up:
            self._bury()

    def _bury(self) -> None:
        if self.resident is not None:
            self.resident.die()
            self.resident = None
        self.on_death()


class ActorResident:
    """A real actor of the service, stepped without its thread."""

    def __init__(self, actor: Actor, bury: Callable[[], None] = lambda: None) -> None:
        self.actor = actor
        self._bury = bury

    def start(self) -> None:
        """As pykka does before the first message."""
        self.actor.on_start()

    def next(self) -> Any:
        """First what the actor told itself, as its inbox has it."""
        local = self.actor._inbox._local
        return local.popleft().message if local else self.actor.endpoint.mailbox.get()

    def handle(self, message: Any) -> None:
        """As pykka does with each."""
        self.actor.on_receive(message)

    def die(self) -> None:
        """Nothing is saved."""
        self._bury()

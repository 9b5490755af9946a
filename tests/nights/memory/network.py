"""The in-memory transport of the stage in memory: every frame takes its time, and may be lost or come twice."""

from __future__ import annotations

import collections
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.runtime.transport.base import Origin
from tests.nights.memory.timeline import Killed, Timeline

if TYPE_CHECKING:
    from tests.nights.memory.processes import SimulatedProcess


@dataclass(frozen=True)
class Weather:
    """How bad the transport is."""

    delay_s: float = 0.002
    """The longest that a frame takes."""
    lost: float = 0.0
    """Share of frames that vanish."""
    twice: float = 0.0
    """Share of frames that arrive twice."""


class Network:
    """Where lines find one another. Frames of one sender to one receiver stay in order, as in a socket."""

    def __init__(
        self, timeline: Timeline, rng: random.Random, lines: dict[str, SimulatedTransport] | None = None
    ) -> None:
        """`lines`: those of another network, where both are parts of one: each with its own weather."""
        self.timeline = timeline
        self.rng = rng
        self.weather = Weather()
        self.lines: dict[str, SimulatedTransport] = {} if lines is None else lines
        self._due: dict[tuple[str, str], float] = {}
        self._lives = 0
        self.frames = 0

    def line(self, process: SimulatedProcess) -> SimulatedTransport:
        """Return a new end under the process's name; frames for an older one of that name are lost."""
        self._lives += 1
        made = self.lines[process.name] = SimulatedTransport(self, process, f"{process.name}#{self._lives}")
        return made

    def carry(
        self, sender: SimulatedTransport, receiver: SimulatedTransport, origin: Origin | None, frame: bytes
    ) -> None:
        """Bring a frame to a line, some time from now, if both live until then."""
        weather, rng = self.weather, self.rng
        self.frames += 1
        times = 1 if rng.random() >= weather.twice else 2
        for _ in range(0 if rng.random() < weather.lost else times):
            way = (sender.life, receiver.life)
            arrives_s = max(self._due.get(way, 0.0), self.timeline.now_s + rng.uniform(0, weather.delay_s))
            self._due[way] = arrives_s
            self.timeline.at(arrives_s, lambda: self._arrive(sender, receiver, origin, frame))

    def _arrive(
        self, sender: SimulatedTransport, receiver: SimulatedTransport, origin: Origin | None, frame: bytes
    ) -> None:
        # What a killed process had sent may have left its socket, or not.
        if not receiver.dead and not (sender.dead and self.rng.random() < 0.5):
            receiver.take(origin, frame)


class SimulatedTransport:
    """One process's end; see transport.Line. A wait lets simulated time pass for all others."""

    def __init__(self, network: Network, process: SimulatedProcess, life: str) -> None:
        self.life = life
        self.dead = False
        self.patience_s = 0.0
        """How long the last look would have waited: until the node's next timer."""
        self._network = network
        self._process = process
        self._frames: collections.deque[tuple[Origin | None, bytes]] = collections.deque()

    def take(self, origin: Origin | None, frame: bytes) -> None:
        """A frame arrived."""
        self._frames.append((origin, frame))
        self._process.step()

    def send(self, peer: str, frame: bytes) -> bool:
        """See Transport."""
        self._process.point()
        receiver = self._network.lines.get(peer)
        if receiver is not None and not receiver.dead:
            self._network.carry(self, receiver, self.life.encode(), frame)
        self._process.point()
        return True  # a socket takes frames for a process that is not there

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """See Transport."""
        self._process.point()
        life = origin.decode()
        receiver = self._network.lines.get(life.partition("#")[0])
        reached = receiver is not None and receiver.life == life and not receiver.dead
        if receiver is not None and reached:
            self._network.carry(self, receiver, None, frame)
        self._process.point()
        return reached

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """See Transport. In the middle of a handler (an ask) it waits; between two messages it only looks."""
        self.patience_s = timeout_s
        if self._process.waits and not self._frames and timeout_s > 0:
            timeline = self._network.timeline
            with timeline.wait_as(self._process.name):
                timeline.run(timeline.now_s + timeout_s, self._is_woken)
        if self.dead:
            raise Killed
        found = list(self._frames)
        self._frames.clear()
        return found

    def _is_woken(self) -> bool:
        return self.dead or bool(self._frames)

    def is_connected(self, peer: str) -> bool:
        """See Transport."""
        receiver = self._network.lines.get(peer)
        return receiver is not None and not receiver.dead

    def is_listening(self) -> bool:
        """See Transport."""
        return not self.dead

    def wake(self) -> None:
        """See Transport."""

    def close(self) -> None:
        """See Transport."""
        self.dead = True

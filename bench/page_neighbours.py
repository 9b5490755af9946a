"""The tracker and Discord for a measured web page: they answer its questions, and send it what plays."""

from __future__ import annotations

import threading
import time
from typing import Any

from actors.runtime import Clock, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.base import Network
from bench.answers import _make_item, _running
from messages import (
    ActiveWatches,
    Attendee,
    AutoSaveTick,
    ListActiveWatches,
    ListUpcomingNights,
    Moment,
    NowPlaying,
    PositionMs,
    Screening,
    ServersReported,
    UpcomingNights,
    WatchesReported,
)
from messages.base import DurationMs


class Neighbours(threading.Thread):
    """Acts as the tracker and Discord: answers the page's questions, and sends the messages of the benchmark."""

    def __init__(self, net: Network) -> None:
        super().__init__(daemon=True)
        self._net = net
        self.clock = Clock()
        self.ready = threading.Event()
        self.over = threading.Event()
        self.screening = make_screening(self.clock.now(), 30)

    def run(self) -> None:
        """Handle messages until the end."""
        self.tracker, self._discord = self._open("tracker"), self._open("discord")
        self.ready.set()
        while not self.over.is_set():
            for node in (self.tracker, self._discord):
                node.pump(0.005)
                while (incoming := node.mailbox.get()) is not None:
                    if isinstance(incoming.message, ListActiveWatches):
                        node.answer(incoming, ActiveWatches(self.clock.now(), (), (self.screening,)))
                    elif isinstance(incoming.message, ListUpcomingNights):
                        node.answer(incoming, UpcomingNights(()))
                    elif incoming.delivery_id:
                        node.acknowledge(incoming)
        self.tracker.close()
        self._discord.close()

    def _open(self, name: str) -> Endpoint:
        node = Endpoint(name, self._net.transport(name), DeadLetters(None, name))
        node.bind_thread()
        return node

    def tell(self, peer: str, message: Any) -> None:
        """Send a message as the tracker; from any thread."""
        self.tracker.submit(lambda: self.tracker.tell(peer, message))

    def ask(self, question: Any) -> Any:
        """Ask persistence a question."""
        return self.tracker.ask_future("persistence", question, 30.0).result(30)

    def step(self, minute: float) -> float:
        """Send the page the film's position in minutes; return the time of sending, seconds since 1970."""
        at = self.clock.now()
        self.screening = make_screening(at, minute)
        self.tell("web", NowPlaying(at, (self.screening,), "srv"))
        return time.time()

    def save(self) -> None:
        """Report forty running watches and have them saved."""
        at = self.clock.now()
        running = [_running(number) for number in range(40)]
        states, records = tuple(each.state for each in running), tuple(each.record for each in running)
        self.tell("persistence", WatchesReported(at, states, records, "srv"))
        self.tell("persistence", ServersReported(at, ("srv",)))
        self.tell("persistence", AutoSaveTick(at))


def make_screening(at: Moment, minute: float) -> Screening:
    """Return a watch party of twelve at this minute of the film."""
    item = _make_item(1)
    end = round(minute * 60_000)
    seats = tuple(
        Attendee(str(n), f"Viewer {n:05}", at.wall_s - minute * 60, PositionMs(0), minute * 60, DurationMs(end),
                 100 * end / (item.duration_ms or 1), spans=((0, end),))
        for n in range(12)
    )  # fmt: skip
    return Screening(
        "now", "srv", "7", item, "Viewer 00000", "TV", "playing", PositionMs(end), at, at.wall_s - minute * 60, True,
        seats,
    )  # fmt: skip

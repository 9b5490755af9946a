"""Many Plex servers at once: CPU of tracker and persistence and bytes between them, and whether they grow in step.

Both run as in the service, each in its own process; polls arrive as messages, and messages to Discord are only
received. There is no HTTP and no Plex: it measures the work of the two for a poll, from its message to the report of
its server. `python -m bench.load --servers 1000 --seconds 600` for the full size.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import psutil

from actors.runtime import Clock, Endpoint
from actors.runtime.boot.boot_config import BootConfig, write_boot
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.base import Network, NetworkSpec, Transport
from actors.runtime.transport.factory import create_network
from actors.tracker.actor import Tracker
from config import Settings
from messages import (
    AutoSaveTick,
    GetSaveStatus,
    Item,
    ListActiveWatches,
    Message,
    Moment,
    Playback,
    PlaybackSnapshot,
    SaveStatus,
)
from messages.base import DurationMs, PositionMs

SERVERS = (25, 50, 100)
"""Number of Plex servers in each run of `make bench`."""
SECONDS = 20.0
SESSIONS = 10
"""Sessions on each server."""
POLL_S = 10.0
"""Time between two polls of a server."""
WARM_UP_S = 12.0
"""Time until each server was polled once and all watches are open."""
MOST_CORES, MOST_MB_PER_S = 1.5, 1.5
"""The aims for 1,000 servers with 10,000 sessions: CPU of both processes, and the traffic between them."""
ROOT = Path(__file__).parents[1]


class CountedTracker(Tracker):
    """The tracker, with a count of the bytes that it sends to persistence."""

    def on_start(self) -> None:
        """Insert the counting transport."""
        self._counted = _CountedTransport(self.endpoint._transport)
        self.endpoint._transport = self._counted
        super().on_start()

    def handlers(self) -> Mapping[type[Any], Callable[[Any], Message | None]]:
        """Return the tracker's handlers, and one that answers with the count."""
        return {**super().handlers(), GetSaveStatus: lambda _: SaveStatus(None, float(self._counted.to_persistence))}


class _CountedTransport:
    """Wraps a transport and counts its bytes."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.to_persistence = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def send(self, peer: str, frame: bytes) -> bool:
        """Count the frame and send it."""
        if peer == "persistence":
            self.to_persistence += len(frame)
        return self._transport.send(peer, frame)


class Load(NamedTuple):
    """The load of a number of servers."""

    servers: int
    sessions: int
    polls: int
    tracker_cores: float
    persistence_cores: float
    mb_per_s: float
    save_ms: float
    """Duration of an auto-save of all running watches."""
    memory_mb: float
    """Memory of both processes."""


def run(servers: int, seconds: float = SECONDS) -> Load:
    """Measure this many servers for this long."""
    names = ("tracker", "persistence", "discord", "plex")
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as folder, contextlib.closing(create_network(names)) as net:
        settings = Settings(data_dir=folder, log_level="WARNING", backup_interval_hours=0.0)
        with contextlib.ExitStack() as stack:
            processes = [
                stack.enter_context(_process(name, settings, net.spec, actor_class))
                for name, actor_class in (("persistence", ""), ("tracker", "bench.load:CountedTracker"))
            ]
            plex, discord = (
                stack.enter_context(contextlib.closing(_open_endpoint(name, net))) for name in ("plex", "discord")
            )
            driver = _Driver(plex, discord, servers)
            plex.ask("tracker", ListActiveWatches(), 30.0)
            driver.drive(WARM_UP_S)
            save_ms = driver.save()
            found = [psutil.Process(process.pid) for process in processes]
            before, sent, polls = [_read_cpu_s(each) for each in found], driver.bytes_to_persistence(), driver.polls
            began = time.perf_counter()
            driver.drive(seconds)
            took_s = time.perf_counter() - began
            persistence, tracker = (
                (_read_cpu_s(each) - used) / took_s for each, used in zip(found, before, strict=True)
            )
            mb_per_s = (driver.bytes_to_persistence() - sent) / took_s / 1e6
            memory_mb = sum(each.memory_full_info().uss for each in found) / 1e6
            expected = seconds * servers / POLL_S
            assert driver.polls - polls > 0.9 * expected, f"{driver.polls - polls} polls instead of {expected:.0f}"
            listed = plex.ask("tracker", ListActiveWatches(), 60.0)
            watching = len(listed.watches) + listed.more_watches
            assert watching == servers * SESSIONS, f"{watching} watches run instead of {servers * SESSIONS}"
            for name in ("tracker", "persistence"):
                plex.stop_peer(name)
            return Load(servers, watching, driver.polls - polls, tracker, persistence, mb_per_s, save_ms, memory_mb)


@contextlib.contextmanager
def _process(name: str, settings: Settings, spec: NetworkSpec, actor_class: str) -> Iterator[subprocess.Popen[bytes]]:
    boot = BootConfig(name=name, settings=settings, network=spec, actor_class=actor_class)
    command = [sys.executable, "-OO", "-m", "actors", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        write_boot(boot, cast(BinaryIO, process.stdin))
        try:
            yield process
        finally:
            process.stdin.close()  # its end tells the process to stop
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _open_endpoint(name: str, network: Network) -> Endpoint:
    return Endpoint(name, network.transport(name), DeadLetters(None, name))


def _read_cpu_s(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


class _Driver:
    """Acts as all pollers, and as Discord."""

    def __init__(self, plex: Endpoint, discord: Endpoint, servers: int) -> None:
        self._plex, self._discord = plex, discord
        self._clock = Clock()
        self._began_s = self._clock.now().steady_s
        self._items = [[_make_item(server, number) for number in range(SESSIONS)] for server in range(servers)]
        self.polls = 0

    def drive(self, seconds: float) -> None:
        """Send a poll of each server every POLL_S, evenly; receive Discord's messages."""
        every_s = POLL_S / len(self._items)
        began_s, until_s, first = time.monotonic(), time.monotonic() + seconds, self.polls
        while time.monotonic() < until_s:
            due_s = began_s + (self.polls - first) * every_s
            if (wait_s := due_s - time.monotonic()) > 0:
                self._discord.pump(min(wait_s, 0.05))
                while self._discord.mailbox.get() is not None:
                    pass
                self._plex.pump(0.0)
                continue
            server = self.polls % len(self._items)
            self._plex.tell("tracker", self._make_snapshot(server, self._clock.now()))
            self.polls += 1

    def _make_snapshot(self, server: int, at: Moment) -> PlaybackSnapshot:
        position = PositionMs(round((at.steady_s - self._began_s) * 1000))
        playbacks = tuple(
            Playback(str(number), item, str(number), f"viewer-{number}", f"tv-{number}", "TV", "playing", position)
            for number, item in enumerate(self._items[server])
        )
        return PlaybackSnapshot(f"server-{server:05d}", f"Cinema {server}", "plex", at, playbacks)

    def bytes_to_persistence(self) -> float:
        """Return how many bytes the tracker has sent to persistence."""
        return self._plex.ask("tracker", GetSaveStatus(), 60.0).auto_save_minutes

    def save(self) -> float:
        """Have all running watches saved; return how long persistence took, milliseconds."""
        self._plex.ask("persistence", GetSaveStatus(), 60.0)
        began = time.perf_counter()
        self._plex.tell("persistence", AutoSaveTick(self._clock.now()))
        status = self._plex.ask("persistence", GetSaveStatus(), 120.0)
        assert not status.problem, status.problem
        return (time.perf_counter() - began) * 1000


def _make_item(server: int, number: int) -> Item:
    return Item(
        server_id=f"server-{server:05d}",
        rating_key=str(number),
        kind="movie",
        title=f"Film {number} of server {server}",
        year=1995,
        duration_ms=DurationMs(7_200_000),
        genres=("Crime", "Drama"),
        directors=("Michael Mann",),
        guid=f"plex://movie/{server:05d}{number:019d}",
        key=f"/library/metadata/{number}",
        thumb=f"/library/metadata/{number}/thumb/1700000000",
        library_section_id=1,
    )


def show(loads: list[Load]) -> None:
    """Print the figures, the figures per server, and the aims."""
    heads = ("servers", "sessions", "tracker", "persist.", "MB/s", "save ms", "MB")
    print("".join(f"{head:>10}" for head in heads) + "   each server")
    for load in loads:
        cores = load.tracker_cores + load.persistence_cores
        print(
            f"{load.servers:>10}{load.sessions:>10}{load.tracker_cores:>10.3f}{load.persistence_cores:>10.3f}"
            f"{load.mb_per_s:>10.3f}{load.save_ms:>10.0f}{load.memory_mb:>10.1f}   "
            f"{cores / load.servers * 1e3:.2f} millicores, {load.mb_per_s / load.servers * 1e3:.2f} kB/s"
        )
    last = loads[-1]
    cores = (last.tracker_cores + last.persistence_cores) / last.servers * 1000
    print(
        f"for 1,000 servers that comes to {cores:.2f} cores (aim <= {MOST_CORES}) and "
        f"{last.mb_per_s / last.servers * 1000:.2f} MB/s (aim <= {MOST_MB_PER_S})"
    )


def main() -> None:
    """Print the figures for several sizes."""
    show([run(servers) for servers in SERVERS])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--servers", type=int, nargs="+", default=list(SERVERS))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    chosen = parser.parse_args()
    show([run(servers, chosen.seconds) for servers in chosen.servers])

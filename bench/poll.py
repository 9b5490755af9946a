"""CPU time of one poll of Plex beside a bare request and parse of the same body, and how soon a start is told.

The simulated server runs in this process; only the CPU time of the polling thread is counted.
"""

import statistics
import tempfile
import threading
import time
import xml.etree.ElementTree as ET  # for the bare reference, on our own simulator's body
from collections.abc import Callable
from pathlib import Path

import requests

from actors.media.plex import PlexPoller
from actors.media.plex.client import PlexClient
from actors.media.plex.http import BoundedSession
from actors.media.plex.session_parser import SESSIONS_PATH
from actors.runtime import Clock, Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.memory import MemoryNetwork
from config import Settings
from messages import PlaybackSnapshot
from simulator.plex import BROWSER, TELEVISION, SimulatedPlex

SIZES = (1, 40, 100)
ROUNDS = 30
STARTS = 15
APART_S = 0.6
"""Time between two starts: longer than the poller's minimum between two polls caused by alerts."""


def run() -> dict[str, dict[int, float] | float]:
    """Return CPU milliseconds of a poll and of a bare one, the median of their ratios, and the delay of a start."""
    polls: dict[int, float] = {}
    bares: dict[int, float] = {}
    ratios: dict[int, float] = {}
    sizes_kb: dict[int, float] = {}
    for sessions in SIZES:
        with SimulatedPlex() as plex:
            for number in range(sessions):
                plex.play(("Anton", "Berta", "Cem")[number % 3], "Metropolis", BROWSER, at_ms=number * 1000)
            taken, bare, sizes_kb[sessions] = _compare(plex)
        polls[sessions], bares[sessions] = statistics.median(taken), statistics.median(bare)
        ratios[sessions] = statistics.median(ours / theirs for ours, theirs in zip(taken, bare, strict=True))
    return {
        "poll_cpu_ms": polls,
        "bare_cpu_ms": bares,
        "ratio": ratios,
        "body_kb": sizes_kb,
        "start_to_snapshot_p50_ms": statistics.median(_time_starts()) * 1e3,
    }


def _compare(plex: SimulatedPlex) -> tuple[list[float], list[float], float]:
    """Return CPU milliseconds of polls and of bare requests, in turns, and the size of the body in kB."""
    with BoundedSession(plex.url) as http, requests.Session() as session:
        source = PlexClient(plex.url, plex.token, http)
        source.connect()

        def poll() -> None:
            assert source.parse_sessions(source.fetch_sessions()).playbacks

        def bare() -> int:
            answer = session.get(plex.url + SESSIONS_PATH, headers={"X-Plex-Token": plex.token}, timeout=10)
            assert len(ET.fromstring(answer.content))  # noqa: S314  # as above
            return len(answer.content)

        size_kb = bare() / 1000
        poll()
        turns = [(_measure_cpu_ms(poll), _measure_cpu_ms(bare)) for _ in range(ROUNDS)]
    return [ours for ours, _ in turns], [theirs for _, theirs in turns], size_kb


def _measure_cpu_ms(act: Callable[[], object]) -> float:
    began_s = time.thread_time()
    act()
    return (time.thread_time() - began_s) * 1000


def _time_starts() -> list[float]:
    """Return the seconds from a start on the server to the tracker's snapshot, by the websocket."""
    took_s = []
    network = MemoryNetwork()
    endpoint = Endpoint("plex", network.transport("plex"), DeadLetters(None, "plex"))
    tracker = Endpoint("tracker", network.transport("tracker"), DeadLetters(None, "tracker"))
    with SimulatedPlex() as plex, tempfile.TemporaryDirectory() as folder:
        settings = Settings(plex_url=plex.url, plex_token=plex.token, plex_poll_seconds=3600)
        actor = PlexPoller.start(Context(endpoint, settings, Clock(), Path(folder)))
        _wait_for_snapshot(tracker, 0)
        while not plex.listener_count:
            threading.Event().wait(0.01)
        for number in range(1, STARTS + 1):
            threading.Event().wait(APART_S)
            began_s = time.perf_counter()
            plex.play("Anton", "Metropolis", TELEVISION)
            _wait_for_snapshot(tracker, number)
            took_s.append(time.perf_counter() - began_s)
        actor.stop()
    endpoint.close()
    tracker.close()
    return took_s


def _wait_for_snapshot(tracker: Endpoint, sessions: int) -> None:
    """Wait for a snapshot with this many sessions."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        tracker.pump(0.5)
        while (incoming := tracker.mailbox.get()) is not None:
            told = incoming.message
            if isinstance(told, PlaybackSnapshot) and len(told.playbacks) == sessions:
                return
    raise TimeoutError(f"no snapshot of {sessions} sessions within 10 s")


def main() -> None:
    """Print the figures."""
    figures = run()
    print(f"{'sessions':>10} {'body kB':>9} {'poll ms':>9} {'bare ms':>9} {'ratio':>7}")
    columns = [figures[name] for name in ("body_kb", "poll_cpu_ms", "bare_cpu_ms", "ratio")]
    for sessions in SIZES:
        row = [column[sessions] for column in columns if isinstance(column, dict)]
        print(f"{sessions:>10} {row[0]:>9.1f} {row[1]:>9.2f} {row[2]:>9.2f} {row[3]:>7.2f}")
    print(f"a start is told after {figures['start_to_snapshot_p50_ms']:.1f} ms (p50, by the websocket)")


if __name__ == "__main__":
    main()

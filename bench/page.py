"""The web page: first byte cached and not, 500 live pages with a save running, a step on its way to the DOM, memory.

Persistence and web run as in the service, each in its own process; this process acts as the tracker and Discord. The
reference is /robots.txt of the same server in the same run: a request that asks no actor. The DOM is measured in
Debian's Chromium, if it is installed.

`python -m bench.page --keep FOLDER` for a large community: it copies the store that `python -m bench.answers
--watches 1000000 --viewers 2000 --films 3000 --keep FOLDER` left there. `python -m bench.page --watches 10000
--films 1` has a film with 10,000 watches.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import http.client
import importlib
import itertools
import re
import selectors
import shutil
import socket
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from actors.runtime.transport.factory import create_network
from bench.answers import BUSIEST, RULES, _fill, _sum_up
from bench.load import _process
from bench.page_neighbours import Neighbours
from config import Settings
from messages import GetViewerStats
from persistence.store import Store
from simulator.nights.stage import find_free_port

ROUNDS, REPEATS = 20, 3
"""Requests for each page, and repeats of the whole; the spread is that of the repeats' medians."""
STREAMS, A_BROWSER = 500, 20
STEPS = 40
ADDRESSES = tuple(f"127.0.{part}.{last}" for part in (1, 2, 3) for last in range(1, 200))
"""Client addresses: each address has a request limit, and the loopback network has many addresses."""
AIMS_MS = {"cached": (3, 20), "not cached": (25, 120), "not cached, 500 pages, saves": (50, 360)}
HEAVY_AIMS_MS = {"cached": (3, 20), "not cached": (120, 500), "not cached, 500 pages, saves": (240, 1500)}
"""Aims for pages that read all watches of a film, or of a year."""
MOST_WIRE_KB = 15.0
READY_S = 900.0
"""How long persistence may take to write the files beside a store of a million watches."""


class Taken(NamedTuple):
    """How long something took, milliseconds."""

    p50: float
    p99: float
    low: float
    """The lowest median of the repeats."""
    high: float


def measure(ask: Callable[[int], None], rounds: int = ROUNDS, repeats: int = REPEATS) -> Taken:
    """Return how long a call takes; it gets the number of the round."""
    numbers = itertools.count()
    medians, every = [], []
    for _ in range(repeats):
        taken = []
        for _ in range(rounds):
            number = next(numbers)
            began = time.perf_counter()
            ask(number)
            taken.append((time.perf_counter() - began) * 1000)
        medians.append(statistics.median(taken))
        every += taken
    every.sort()
    return Taken(
        statistics.median(every), every[min(len(every) - 1, len(every) * 99 // 100)], min(medians), max(medians)
    )


class Page:
    """Sends requests to the page, each from another address."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._addresses = itertools.cycle(ADDRESSES)
        self.declined = 0
        """Number of pages whose answer took too long, on a busy machine."""

    def get(self, path: str) -> bytes:
        """Return the content. Raises AssertionError if there is none."""
        with contextlib.closing(self._connect()) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            content = answer.read()
        assert answer.status == 200, (path, answer.status, content[-300:])
        return content

    def is_there(self, path: str) -> bool:
        """Tell whether a page answers with its content."""
        with contextlib.suppress(OSError, AssertionError):
            return bool(self.get(path))
        return False

    def wait_first_byte(self, path: str) -> None:
        """Send a request, and wait for the first byte."""
        with contextlib.closing(self._connect()) as connection:
            connection.request("GET", path)
            status = connection.getresponse().status
            assert status in (200, 503), (path, status)
            self.declined += status == 503

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, 30, source_address=(next(self._addresses), 0))

    @contextlib.contextmanager
    def open_streams(self, count: int) -> Iterator[list[float]]:
        """Keep this many live pages open; the list gets the time when each received the hero, seconds since 1970."""
        heard: list[float] = []
        over = threading.Event()
        chooser = selectors.DefaultSelector()
        for number in range(count):
            address = f"127.0.9.{number // A_BROWSER + 1}"
            stream = socket.create_connection(("127.0.0.1", self.port), 10, source_address=(address, 0))
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            chooser.register(stream, selectors.EVENT_READ)

        def listen() -> None:
            while not over.is_set():
                for key, _ in chooser.select(0.1):
                    if b'"part":"hero"' in key.fileobj.recv(1 << 16):  # type: ignore[union-attr]  # a socket
                        heard.append(time.time())

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            over.set()
            thread.join(5)
            for key in list(chooser.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]  # a socket
            chooser.close()


def list_pages(page: Page) -> dict[str, str]:
    """Return a path of each kind of page."""
    films = page.get("/films").decode()
    viewers = page.get("/viewers").decode()
    film = re.search(r'href="(/films/[a-z2-7]+)"', films)
    viewer = re.search(r'href="(/viewers/[a-z2-7]+)"', viewers)
    night = re.search(r'href="(/nights/[^"]+)"', page.get("/nights?m=2026-10").decode())
    assert film is not None and viewer is not None and night is not None
    return {
        "Tonight": "/", "night": night[1], "nights": "/nights?m=2026-10", "films": "/films",
        "board": "/board?by=time", "viewer": viewer[1], "history": "/history", "films as JSON": "/api/v1/films",
        f"a film with {_count_watches(page, film[1])} watches": film[1], "a community's year": "/server/2026",
    }  # fmt: skip


def _count_watches(page: Page, path: str) -> str:
    found = re.search(r"<b><bdi>([\d,]+)</bdi></b><span>watch(?:es)?<", page.get(path).decode())
    assert found is not None, path
    return found[1]


def measure_pages(page: Page, paths: dict[str, str], what: str) -> dict[str, Taken]:
    """Return each page's time to first byte; "cached" requests the same page each time."""

    def build(path: str) -> Callable[[int], None]:
        mark = "&" if "?" in path else "?"
        tag = what.replace(" ", "")[:12]
        if what == "cached":
            return lambda _number: page.wait_first_byte(path)
        return lambda number: page.wait_first_byte(f"{path}{mark}bench={tag.replace(',', '')}{number}")

    found = {}
    for name, path in paths.items():
        page.wait_first_byte(path)
        found[name] = measure(build(path))
    return found


def copy_store(source: Path, target: Path) -> None:
    """Copy a store that an earlier run filled, with SQLite's backup, which includes its -wal."""
    source_of = contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True))
    with source_of as opened, contextlib.closing(sqlite3.connect(target)) as copied:
        opened.backup(copied)


def run(watches: int, viewers: int, films: int, keep: Path | None = None) -> None:
    """Measure, and print each result. `keep`: a folder with a filled store, which is copied."""
    port = find_free_port()
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as folder, contextlib.ExitStack() as stack:
        file = Path(folder) / "usher.db"
        if keep is not None:
            copy_store((keep / "usher.db").absolute(), file)
        store = Store(f"sqlite:///{file}", Path(folder), RULES)
        if keep is None:
            _fill(store, watches, viewers, films)
        elif store.summary_progress is not None:
            _sum_up(store, watches)
        store.close()
        net = stack.enter_context(
            contextlib.closing(create_network(("tracker", "persistence", "discord", "plex", "web", "launcher")))
        )
        settings = Settings(
            data_dir=folder, log_level="WARNING", backup_interval_hours=0.0, timezone="Europe/Berlin", web_port=port
        )
        persistence = stack.enter_context(_process("persistence", settings, net.spec, ""))
        began = time.perf_counter()
        web = stack.enter_context(_process("web", settings, net.spec, ""))
        neighbours = Neighbours(net)
        neighbours.start()
        neighbours.ready.wait(10)
        page = Page(port)
        _wait_for(lambda: page.get("/robots.txt"))
        took_s, cpu_s = time.perf_counter() - began, sum(psutil.Process(web.pid).cpu_times()[:2])
        print(f"  listens after {took_s:.2f} s (aim <= 1 s), {cpu_s:.2f} s of CPU", flush=True)
        _wait_for(lambda: page.is_there("/board"), READY_S)
        _wait_until_idle(psutil.Process(persistence.pid))
        print(f"  everything is there after {time.perf_counter() - began:.1f} s", flush=True)
        process = psutil.Process(web.pid)
        print(f"  PSS idle {_read_pss(process):.1f} MB (aim <= 36 MB)", flush=True)
        neighbours.step(30.5)
        wire_kb = len(gzip.compress(page.get("/"), 6)) / 1000
        print(f"  Tonight over the wire {wire_kb:.1f} KB (aim <= {MOST_WIRE_KB:g} KB)", flush=True)
        paths = list_pages(page)
        bare = measure(lambda _number: page.wait_first_byte("/robots.txt"))
        print(f"  {'/robots.txt, the reference':34} p50 {bare.p50:7.1f}  p99 {bare.p99:7.1f}")
        for what in ("cached", "not cached"):
            _print_pages(what, measure_pages(page, paths, what), bare)
        with page.open_streams(STREAMS) as heard:
            _wait_for(lambda: len(heard) >= STREAMS)
            heard.clear()
            neighbours.step(31)
            _wait_for(lambda: len(heard) >= STREAMS)
            print(f"  PSS with {STREAMS} live pages {_read_pss(process):.1f} MB (aim <= 50 MB)", flush=True)
            _measure_steps(neighbours, heard, page)
            over = threading.Event()
            saving = threading.Thread(target=_save_on, args=(neighbours, over), daemon=True)
            saving.start()
            what = "not cached, 500 pages, saves"
            _print_pages(what, measure_pages(page, paths, what), bare)
            stats = measure(lambda _number: neighbours.ask(GetViewerStats(BUSIEST, BUSIEST)))
            print(f"  {'!stats meanwhile':34} p50 {stats.p50:7.1f}  p99 {stats.p99:7.1f}  (aim 100, 500)")
            over.set()
            saving.join(10)
        print(f"  declined as too slow: {page.declined}")
        neighbours.over.set()
        neighbours.join(5)


def _measure_steps(neighbours: Neighbours, heard: list[float], page: Page) -> None:
    """Measure the time from the tracker's message to the median and the last open page, and to the DOM."""
    with _open_dom(page) as changes:
        to_pages: list[float] = []
        to_dom: list[float] = []
        for number in range(STEPS):
            heard.clear()
            before = len(changes()) if changes is not None else 0
            sent_s = neighbours.step(32 + number * 0.5)
            _wait_for(lambda: len(heard) >= STREAMS, 20.0)
            to_pages += [(at_s - sent_s) * 1000 for at_s in heard]
            if changes is not None:
                _wait_for(lambda before=before: len(changes()) > before, 20.0)  # type: ignore[misc]  # of this round
                to_dom.append(changes()[before] - sent_s * 1000)
    for name, taken in (("a step to 500 pages' sockets", sorted(to_pages)), ("a step to the DOM", sorted(to_dom))):
        if taken:
            p99 = taken[min(len(taken) - 1, len(taken) * 99 // 100)]
            print(f"  {name:34} p50 {statistics.median(taken):7.1f}  p99 {p99:7.1f}  (aim 150, 1000)", flush=True)


@contextlib.contextmanager
def _open_dom(page: Page) -> Iterator[Callable[[], Sequence[float]] | None]:
    """Open Tonight in Chromium; yield a function for the times of its hero's updates, ms since 1970, or None."""
    chromium = shutil.which("chromium")
    if chromium is None:
        yield None
        return
    playwright: Any = importlib.import_module("playwright.sync_api")  # of the development packages
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page()
        shown.goto(f"http://127.0.0.1:{page.port}/")
        shown.evaluate(
            "window.changes = []; new MutationObserver(() => window.changes.push(Date.now()))"
            ".observe(document.getElementById('live'), {childList: true})"
        )
        yield lambda: shown.evaluate("window.changes")
        browser.close()


def _save_on(neighbours: Neighbours, over: threading.Event) -> None:
    while not over.is_set():
        neighbours.save()
        over.wait(1.0)


def _print_pages(what: str, found: dict[str, Taken], bare: Taken) -> None:
    print(f"  first byte, {what}, ms", flush=True)
    for name, taken in found.items():
        spread = f"{taken.low:.1f}-{taken.high:.1f}"
        is_heavy = name.startswith("a film with") or name == "a community's year"
        p50_aim, p99_aim = (HEAVY_AIMS_MS if is_heavy else AIMS_MS)[what]
        verdict = "" if taken.p50 <= p50_aim and taken.p99 <= p99_aim else "  ABOVE"
        figures = f"p50 {taken.p50:7.1f} ({spread:>11})  p99 {taken.p99:7.1f}  / bare {taken.p50 / bare.p50:6.2f}"
        print(f"    {name:32} {figures}  (aim {p50_aim}, {p99_aim}){verdict}")


def _wait_until_idle(process: psutil.Process) -> None:
    """Wait until a process is idle for a second, so that its start is over."""
    used_s = -1.0
    end = time.monotonic() + READY_S
    while (now_s := sum(process.cpu_times()[:2])) - used_s > 0.1:
        assert time.monotonic() < end, "it is still at work"
        used_s = now_s
        time.sleep(1.0)  # the measured second


def _read_pss(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / 1e6


def _wait_for(holds: Callable[[], Any], within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while True:
        with contextlib.suppress(OSError, AssertionError):
            if holds():
                return
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def main(arguments: list[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench.page")
    parser.add_argument("--watches", type=int, default=60_000)
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--films", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="take a copy of the filled store there")
    asked = parser.parse_args([] if arguments is None else arguments)
    if asked.keep is not None and not (asked.keep / "usher.db").exists():
        parser.error(f"there is no usher.db in {asked.keep}: python -m bench.answers --keep {asked.keep} makes one")
    filled = f"{asked.watches:,} watches of {asked.viewers:,} viewers, {asked.films:,} films"
    print(f"a copy of {asked.keep / 'usher.db'}" if asked.keep else filled)
    run(asked.watches, asked.viewers, asked.films, asked.keep)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

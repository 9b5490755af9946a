"""The whole service against the simulators: latency to an announcement, memory and CPU, idle and busy.

Real time, real processes, on an existing store: it is not the first start of the service.
The reference for latency is one GET of /status/sessions and one POST to the simulated Discord by bare HTTP in the
same run, which every service needs.
"""

import datetime
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests

from simulator.nights.stage import ANNOUNCE, ServiceStage
from simulator.plex import Player, SimulatedAccount

ROUNDS = 15
MANY = 40
SETTLE_S = 5.0
MEASURED_S = 30.0
APART_S = 1.2
"""Time between two starts: longer than the poller's minimum between polls caused by alerts, and the bot's by posts."""
POLL_S = 1.0
"""PLEX_POLL_SECONDS while the websocket does not work."""


def run() -> dict[str, Any]:
    """Return every figure: milliseconds (`_ms`, sorted if several), MB (10^6 bytes), CPU seconds per minute.

    `..._mb` and `..._cpu` are by process: launcher, persistence, tracker, discord, plex. `bare_ms` is the reference.
    """
    with tempfile.TemporaryDirectory() as folder, open_stage(folder) as stage:
        stage.stop_service()
        stage.start_service()
        time.sleep(SETTLE_S)
        found: dict[str, Any] = {"idle_cpu": measure_cpu_a_minute(stage), "idle_mb": measure_pss_mb(stage)}
        found["bare_ms"] = _measure_bare_ms(stage)
        found["websocket_ms"] = _measure_latencies(stage, lambda: time.sleep(APART_S))
        for session in stage.plex.sessions:
            stage.plex.vanish(session)
        found["all_ms"] = _measure_many_ms(stage)
        found |= {"busy_cpu": measure_cpu_a_minute(stage), "busy_mb": measure_pss_mb(stage)}
    with tempfile.TemporaryDirectory() as folder, open_stage(folder, PLEX_POLL_SECONDS=str(POLL_S)) as stage:
        stage.plex.set_socket_fault("rejected")
        stage.plex.close_listeners()
        chance = random.Random(2)  # a start happens at any time between two polls
        found["polling_ms"] = _measure_latencies(stage, lambda: time.sleep(APART_S + chance.random() * POLL_S))
    return found


def open_stage(folder: str, stage_class: type[ServiceStage] = ServiceStage, **settings: str) -> ServiceStage:
    """Return a stage with service and simulators in real time, with its data in a folder."""
    evening = datetime.datetime.now(datetime.UTC)
    return stage_class(Path(folder) / "data", speed=1.0, party_user="nobody", evening=evening, **settings)


def list_processes(stage: ServiceStage) -> dict[str, psutil.Process]:
    """Return the service's processes by name, the launcher's first."""
    actors = {row["actor"]: psutil.Process(int(row["pid"])) for row in stage.health() if "@" not in row["actor"]}
    return {"launcher": psutil.Process(stage.launcher_pid), **actors}


def measure_pss_mb(stage: ServiceStage) -> dict[str, float]:
    """Return each process's share of memory (PSS); its private memory if the system has no PSS."""
    memory = {name: process.memory_full_info() for name, process in list_processes(stage).items()}
    return {name: getattr(info, "pss", info.uss) / 1e6 for name, info in memory.items()}


def measure_cpu_a_minute(stage: ServiceStage) -> dict[str, float]:
    """Return the CPU seconds per minute of each process, measured over MEASURED_S."""
    before = {name: process.cpu_times() for name, process in list_processes(stage).items()}
    time.sleep(MEASURED_S)
    after = {name: process.cpu_times() for name, process in list_processes(stage).items()}
    used = {name: sum(after[name][:2]) - sum(times[:2]) for name, times in before.items()}
    return {name: seconds * 60 / MEASURED_S for name, seconds in used.items()}


def _measure_announcement_ms(stage: ServiceStage, titles: list[str], begin: Callable[[], None]) -> float:
    """Return the time from `begin()` until every title is posted in the channel, milliseconds."""

    def has_posts() -> bool:
        posted = "\n".join(message.text for message in stage.discord.messages(ANNOUNCE)[-MANY:])
        return all(title in posted for title in titles)

    began = time.perf_counter()
    begin()
    if not stage.discord.wait_until(has_posts, 60.0):
        raise TimeoutError(
            f"not all of {titles} were announced within 60 s; the log ends:\n{stage.service_log()[-2000:]}"
        )
    return (time.perf_counter() - began) * 1000


def _measure_latencies(stage: ServiceStage, pause: Callable[[], None]) -> list[float]:
    found = []
    for number in range(ROUNDS):
        pause()
        title = f"Quick film {number:02d} of {time.time_ns()}"
        item = stage.plex.add_movie(title, minutes=90)
        player = Player(f"quick-{number}", f"Player {number}", report_every_s=10.0)
        account = SimulatedAccount(9000 + number, f"Viewer {number}")
        begin = _make_starter(stage, [(account, item, player)])
        found.append(_measure_announcement_ms(stage, [title], begin))
    return sorted(found)


def _measure_many_ms(stage: ServiceStage) -> float:
    titles = [f"Film number {number:02d}" for number in range(MANY)]
    starts = []
    for number, title in enumerate(titles):
        player = Player(f"many-{number}", f"TV {number}", report_every_s=10.0)
        starts.append(
            (SimulatedAccount(9500 + number, f"Viewer {number}"), stage.plex.add_movie(title, minutes=100), player)
        )
    time.sleep(APART_S)
    return _measure_announcement_ms(stage, titles, _make_starter(stage, starts))


def _make_starter(stage: ServiceStage, starts: list[tuple[SimulatedAccount, Any, Player]]) -> Callable[[], None]:
    def begin() -> None:
        for account, item, player in starts:
            stage.plex.play(account, item, player)

    return begin


def _measure_bare_ms(stage: ServiceStage) -> float:
    """Return the time of one GET from Plex and one POST to Discord on open connections, milliseconds."""
    channel = stage.discord.channel(ANNOUNCE).id
    times = []
    with requests.Session() as plex, requests.Session() as discord:
        plex.headers["X-Plex-Token"] = stage.plex.token
        discord.headers["Authorization"] = f"Bot {stage.discord.token}"
        for _ in range(ROUNDS):
            began = time.perf_counter()
            plex.get(f"{stage.plex.url}/status/sessions", timeout=5).raise_for_status()
            posted = discord.post(
                f"{stage.discord.api_url}/channels/{channel}/messages", json={"content": "bare"}, timeout=5
            )
            times.append((time.perf_counter() - began) * 1000)
            posted.raise_for_status()
            time.sleep(APART_S)  # Discord accepts five messages in five seconds
    return statistics.median(times)


def main() -> None:
    """Print the figures beside their aims."""
    found = run()
    print("from a session on Plex to its announcement on Discord, milliseconds")
    print(f"  bare GET and POST, same run      p50 {found['bare_ms']:7.1f}")
    print(f"  by websocket (aim: p50 < 50)     {_format_spread(found['websocket_ms'])}")
    print(f"  by polling every {POLL_S:g} s            {_format_spread(found['polling_ms'])}")
    print(f"  the last of {MANY} at once (aim: < 1000) {found['all_ms']:7.1f}")
    print("each process                       " + "".join(f"{name:>12}" for name in [*found["idle_mb"], "all"]))
    _print_row("PSS, nobody watches (all < 100 MB)", found["idle_mb"], 1)
    _print_row(f"PSS, {MANY} sessions, MB", found["busy_mb"], 1)
    _print_row("CPU, nobody (all < 0.5 s a minute)", found["idle_cpu"], 2)
    _print_row(f"CPU, {MANY} sessions (all < 4)", found["busy_cpu"], 2)


def _format_spread(values: list[float]) -> str:
    return f"p50 {statistics.median(values):7.1f}   min {values[0]:7.1f}   max {values[-1]:7.1f}"


def _print_row(what: str, by_process: dict[str, float], digits: int) -> None:
    values = [*by_process.values(), sum(by_process.values())]
    print(f"  {what:<33}" + "".join(f"{value:12.{digits}f}" for value in values))


if __name__ == "__main__":
    main()

"""The whole service against the simulators: latency to an announcement, memory and CPU, idle and busy.

Real time, real processes. The reference for latency is one GET of /status/sessions and one POST to the simulated
Discord by bare HTTP in the same run: what no service could do without.
"""

from __future__ import annotations

import datetime
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import requests

from simulator.night.stage import ANNOUNCE, Stage
from simulator.plex import Account, Player

ROUNDS = 15
MANY = 40
IDLE_S = 20.0


def pss_mb(pid: int) -> float:
    """Proportional set size of a process and its children, MB (10^6 bytes)."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(process.memory_full_info().pss for process in family) / 1e6


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children so far."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in family)


def _post_within(stage: Stage, count: int, act: Any, timeout_s: float) -> float:
    """Seconds from `act()` until `count` further titles were posted to the channel."""
    before = {message.id for message in stage.discord.messages(ANNOUNCE)}

    def announced() -> bool:
        new = [m for m in stage.discord.messages(ANNOUNCE) if m.id not in before]
        return sum(max(1, len(m.embeds)) for m in new) >= count or (
            count > 1 and sum(text in "\n".join(m.text for m in new) for text in titles) >= count
        )

    titles = [f"Film number {number:02d}" for number in range(count)]
    began = time.perf_counter()
    act()
    stage.discord.wait_for(announced, timeout_s, f"{count} announcements")
    return time.perf_counter() - began


def _bare_ms(stage: Stage) -> float:
    times = []
    for _ in range(20):
        began = time.perf_counter()
        requests.get(f"{stage.plex.url}/status/sessions", headers={"X-Plex-Token": stage.plex.token}, timeout=5)
        requests.get(f"{stage.discord.api_url}/gateway", timeout=5)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _latencies(stage: Stage, *, rounds: int, pause_s: float) -> list[float]:
    found = []
    for number in range(rounds):
        item = stage.plex.add_movie(f"Latency {time.time_ns()}", minutes=90)
        player = Player(f"latency-{number}", f"Player {number}", report_every_s=10.0)
        took = _post_within(
            stage,
            1,
            lambda item=item, player=player, n=number: stage.plex.play(Account(9000 + n, f"V{n}"), item, player),
            30.0,
        )
        found.append(took * 1000)
        time.sleep(pause_s)
    return sorted(found)


def run() -> dict[str, Any]:
    """All figures: milliseconds, MB, CPU seconds a minute."""
    result: dict[str, Any] = {}
    evening = datetime.datetime.now(datetime.UTC)
    with tempfile.TemporaryDirectory() as folder:
        with Stage(Path(folder) / "data", speed=1.0, party_user="nobody", evening=evening) as stage:
            time.sleep(3.0)
            cpu = cpu_s(stage.launcher_pid)
            time.sleep(IDLE_S)
            result["idle_cpu_s_per_min"] = (cpu_s(stage.launcher_pid) - cpu) * 60 / IDLE_S
            result["idle_pss_mb"] = pss_mb(stage.launcher_pid)
            result["bare_ms"] = _bare_ms(stage)
            result["websocket_ms"] = _latencies(stage, rounds=ROUNDS, pause_s=1.2)
            for session in stage.plex.sessions:
                stage.plex.vanish(session)
            result["forty_ms"] = _forty(stage) * 1000
            cpu = cpu_s(stage.launcher_pid)
            time.sleep(IDLE_S)
            result["busy_cpu_s_per_min"] = (cpu_s(stage.launcher_pid) - cpu) * 60 / IDLE_S
            result["busy_pss_mb"] = pss_mb(stage.launcher_pid)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder) / "data", speed=1.0, party_user="nobody", evening=evening, PLEX_POLL_SECONDS="1")
        stage.plex.socket_fault("rejected")
        with stage:
            result["polling_1s_ms"] = _latencies(stage, rounds=ROUNDS, pause_s=0.37)
    return result


def _forty(stage: Stage) -> float:
    items = [stage.plex.add_movie(f"Film number {number:02d}", minutes=100) for number in range(MANY)]

    def start() -> None:
        for number, item in enumerate(items):
            player = Player(f"forty-{number}", f"TV {number}", report_every_s=10.0)
            stage.plex.play(Account(9500 + number, f"Viewer {number}"), item, player)

    return _post_within(stage, MANY, start, 60.0)


def main() -> None:
    """Print the figures beside their aims."""
    found = run()

    def spread(values: list[float]) -> str:
        return f"p50 {statistics.median(values):7.1f}   min {values[0]:7.1f}   max {values[-1]:7.1f}"

    print("session on Plex -> announcement on Discord (ms)")
    print(f"  bare GET + GET, same run            p50 {found['bare_ms']:7.1f}")
    print(f"  by websocket (aim p50 < 50)         {spread(found['websocket_ms'])}")
    print(f"  by polling every 1 s                {spread(found['polling_1s_ms'])}")
    print(f"  last of {MANY} at once (aim < 1000)      {found['forty_ms']:11.1f}")
    print("all processes together")
    print(f"  PSS, idle (aim < 100 MB)            {found['idle_pss_mb']:11.1f} MB")
    print(f"  PSS, {MANY} sessions                    {found['busy_pss_mb']:11.1f} MB")
    print(f"  CPU, idle (aim < 0.5 s a minute)    {found['idle_cpu_s_per_min']:11.2f} s/min")
    print(f"  CPU, {MANY} sessions (aim < 4)          {found['busy_cpu_s_per_min']:11.2f} s/min")


if __name__ == "__main__":
    main()

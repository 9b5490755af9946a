"""Twenty communities with sixty Plex servers in one installation: memory and CPU, beside the one community alone.

Real processes against the simulators, in the same run: first the environment's community alone, then the twenty beside
it, each with a Discord server and three Plex servers of its own. Everybody's Plex servers are three simulated ones.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from typing import Any

from actors.media.sealing import TokenSealer, make_key
from bench.service import measure_cpu_a_minute, measure_pss_mb, open_stage
from config import PlexServer, write_servers
from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import ActorHealth, CommunityList, GetHealth, SaveCommunity
from simulator.nights.stage import ServiceStage
from simulator.plex import SimulatedPlex

COMMUNITIES = 20
SERVERS = 3
READY_WITHIN_S = 120.0
SETTLE_S = 10.0


def run(communities: int = COMMUNITIES) -> dict[str, Any]:
    """Measure MB of 10^6 bytes and CPU seconds a minute by process, and how long the twenty took to answer, seconds."""
    key = make_key()
    with contextlib.ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        stage = opened.enter_context(open_stage(folder, USHER_KEYS=key, ALLOW_PRIVATE_PLEX="true"))
        time.sleep(SETTLE_S)
        found: dict[str, Any] = {"alone_mb": measure_pss_mb(stage), "alone_cpu": measure_cpu_a_minute(stage)}
        servers = [_start_plex(opened) for _ in range(SERVERS)]
        began = time.perf_counter()
        for number in range(communities):
            _add_community(stage, number, servers, TokenSealer((key,)))
        _await_ready(stage, communities)
        found["ready_s"] = time.perf_counter() - began
        time.sleep(SETTLE_S)
        found |= {"all_mb": measure_pss_mb(stage), "all_cpu": measure_cpu_a_minute(stage)}
    return found


def _start_plex(opened: contextlib.ExitStack) -> SimulatedPlex:
    plex = SimulatedPlex()
    plex.start()
    opened.callback(plex.stop)
    return plex


def _add_community(stage: ServiceStage, number: int, servers: list[SimulatedPlex], sealer: TokenSealer) -> None:
    guild = stage.discord.add_guild(f"Film club {number + 1}")
    text_channel = next(channel.id for channel in guild.channels.values() if channel.kind == 0)
    sealed = [
        PlexServer(plex.url, sealer.seal(plex.token, str(guild.id), plex.machine_id), plex.name, plex.machine_id)
        for plex in servers
    ]
    chosen = {"DISCORD_ANNOUNCE_CHANNEL_ID": str(text_channel), "PLEX_SERVERS": write_servers(sealed)}
    with ServiceClient(stage.data_dir) as service:
        answer = service.ask(SaveCommunity(str(guild.id), guild.name, chosen, "the measurement"))
    assert isinstance(answer, CommunityList) and len(answer.communities) == number + 1


def _await_ready(stage: ServiceStage, communities: int) -> None:
    """Wait until every actor of every community runs. TimeoutError."""
    until_s = time.monotonic() + READY_WITHIN_S
    rows: tuple[ActorHealth, ...] = ()
    while time.monotonic() < until_s:
        with contextlib.suppress(NotReachedError), ServiceClient(stage.data_dir) as service:
            rows = service.ask(GetHealth()).actors
        running = [row for row in rows if "@" in row.actor and row.state == "running"]
        if len(running) == communities * (3 + SERVERS):
            return
        time.sleep(0.5)
    others = ", ".join(f"{row.actor} {row.state} {row.last_error}" for row in rows if row.state != "running")
    raise TimeoutError(f"not all run after {READY_WITHIN_S:g} s: {others or len(rows)}")


def main(arguments: list[str] | None = None) -> None:
    """Print the figures beside their aims."""
    parser = argparse.ArgumentParser(prog="bench.communities")
    parser.add_argument("--communities", type=int, default=COMMUNITIES)
    asked = parser.parse_args([] if arguments is None else arguments)
    found = run(asked.communities)
    many = f"{asked.communities} communities, {asked.communities * SERVERS} servers"
    print("each process                       " + "".join(f"{name:>12}" for name in [*found["alone_mb"], "all"]))
    _print_row("PSS, one community", found["alone_mb"], 1)
    _print_row(f"PSS, {many} (20: aim 250)", found["all_mb"], 1)
    _print_row("CPU s a minute, one community", found["alone_cpu"], 2)
    _print_row(f"CPU s a minute, {many}", found["all_cpu"], 2)
    print(f"  all answer after {found['ready_s']:.1f} s")


def _print_row(what: str, by_process: dict[str, float], digits: int) -> None:
    values = [*by_process.values(), sum(by_process.values())]
    print(f"  {what:<44}" + "".join(f"{value:12.{digits}f}" for value in values))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

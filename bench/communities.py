"""Many communities with many Plex servers in one installation: memory, CPU and traffic, compared to one community.

Real processes against simulators, which are not counted. By default: first the environment's community alone, then
twenty beside it, each with its own Discord server and three Plex servers on which nobody watches; all share the same
three simulated Plex servers. With `--sessions` each Plex server is a separate one with this many sessions, and commands
are given on Discord meanwhile: `python -m bench.communities --communities 300 --servers 1000 --sessions 10 --seconds
600` is the full size, `--communities 6 --servers 20 --sessions 10 --seconds 20` a trial run.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import psutil

from actors.media.sealing import TokenSealer, make_key
from bench import light_plex
from bench.counted_service import CountedStage
from bench.service import list_processes, measure_cpu_a_minute, measure_pss_mb, open_stage
from config import PlexServer, write_servers
from launcher.connection.service_client import NotReachedError, ServiceClient
from messages import ActorHealth, CommunityList, GetHealth, SaveCommunity
from simulator.discord.model.guild import Guild
from simulator.nights.stage import ServiceStage
from simulator.plex import SimulatedPlex

COMMUNITIES = 20
SERVERS = 3
READY_WITHIN_S = 120.0
SETTLE_S = 10.0
STOPPED_WITHIN_S = 60.0
"""An orderly stop saves the stores of all communities: it may take 10 s, plus a tenth of a second for each."""
COMMANDS = ("!activewatches", "!nowplaying", "!moviestats", "!leaderboard", "!stats", "!history")
COMMAND_EVERY_S = 0.5
ANSWERED_WITHIN_S = 10.0
NEWEST = 200
"""Number of messages that are searched for an answer: others come in between."""
WARM_UP_S = 30.0
"""Time until each server was polled twice and all watches are open."""
MOST_CORES, MOST_MB, MOST_MB_PER_S, MOST_P99_MS = 1.5, 2000, 1.5, 300
"""The aims for 300 communities with 1,000 servers and 10,000 sessions."""


def run(communities: int = COMMUNITIES) -> dict[str, Any]:
    """Measure MB (10^6 bytes) and CPU seconds per minute by process, and the seconds until the twenty ran."""
    key = make_key()
    with contextlib.ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        stage = opened.enter_context(open_stage(folder, ServiceStage, **_build_settings(key)))
        time.sleep(SETTLE_S)
        found: dict[str, Any] = {"alone_mb": measure_pss_mb(stage), "alone_cpu": measure_cpu_a_minute(stage)}
        plexes = [_start_plex(opened) for _ in range(SERVERS)]
        servers = [PlexServer(plex.url, plex.token, plex.name, plex.machine_id) for plex in plexes]
        began = time.perf_counter()
        for number in range(communities):
            _add_community(stage, number, servers, TokenSealer((key,)))
        _await_ready(stage, communities * (3 + SERVERS), READY_WITHIN_S)
        found["ready_s"] = time.perf_counter() - began
        time.sleep(SETTLE_S)
        found |= {"all_mb": measure_pss_mb(stage), "all_cpu": measure_cpu_a_minute(stage)}
    return found


def run_busy(communities: int, servers: int, sessions: int, seconds: float) -> None:
    """Print cores and MB by process with this many sessions on each server, and the times of commands and restarts."""
    key = make_key()
    with contextlib.ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        address = opened.enter_context(light_plex.run_server(servers, sessions))
        stage = opened.enter_context(open_stage(folder, CountedStage, **_build_settings(key)))
        assert isinstance(stage, CountedStage)
        began = time.perf_counter()
        guilds = []
        for number in range(communities):
            own = [_describe_server(address, each) for each in range(number, servers, communities)]
            guilds.append(_add_community(stage, number, own, TokenSealer((key,))))
        _await_ready(stage, 3 * communities + servers, READY_WITHIN_S + servers)
        found: dict[str, Any] = {"ready_s": time.perf_counter() - began}
        time.sleep(WARM_UP_S)
        found |= _measure_busy(stage, guilds, seconds)
        print(f"{communities} communities, {servers:,} servers, {servers * sessions:,} sessions")
        _print_busy(found)
        _print_restarts(_measure_restarts(stage, 3 * communities + servers, READY_WITHIN_S + servers))


def _build_settings(key: str) -> dict[str, str]:
    return {"USHER_KEYS": key, "ALLOW_PRIVATE_PLEX": "true", "MAX_COMMUNITIES": "1000"}


def _start_plex(opened: contextlib.ExitStack) -> SimulatedPlex:
    plex = SimulatedPlex()
    plex.start()
    opened.callback(plex.stop)
    return plex


def _describe_server(address: str, number: int) -> PlexServer:
    return PlexServer(f"{address}/s{number}", light_plex.TOKEN, f"Cinema {number}", light_plex.name_server(number))


def _add_community(stage: ServiceStage, number: int, servers: Sequence[PlexServer], sealer: TokenSealer) -> Guild:
    guild = stage.discord.add_guild(f"Film club {number + 1}")
    text_channel = next(channel.id for channel in guild.channels.values() if channel.kind == 0)
    sealed = [
        PlexServer(each.url, sealer.seal(each.token, str(guild.id), each.server_id), each.name, each.server_id)
        for each in servers
    ]
    chosen = {"DISCORD_ANNOUNCE_CHANNEL_ID": str(text_channel), "PLEX_SERVERS": write_servers(sealed)}
    with ServiceClient(stage.data_dir) as service:
        answer = service.ask(SaveCommunity(str(guild.id), guild.name, chosen, "the measurement"))
    assert isinstance(answer, CommunityList) and answer.added
    return guild


def _await_ready(stage: ServiceStage, actors: int, within_s: float, without: int = 0) -> None:
    """Wait until this many actors of further communities run, none in the process `without`. Raises TimeoutError."""
    until_s = time.monotonic() + within_s
    rows: tuple[ActorHealth, ...] = ()
    while time.monotonic() < until_s:
        with contextlib.suppress(NotReachedError), ServiceClient(stage.data_dir) as service:
            rows = service.ask(GetHealth()).actors
        running = [row for row in rows if "@" in row.actor and row.state == "running" and row.pid != without]
        if len(running) == actors:
            return
        time.sleep(0.5)
    others = [f"{row.actor} {row.state} {row.last_error}" for row in rows if row.state != "running"]
    raise TimeoutError(f"not all run after {within_s:g} s: {', '.join(others[:10]) or len(rows)}")


def _measure_busy(stage: CountedStage, guilds: Sequence[Guild], seconds: float) -> dict[str, Any]:
    processes = list_processes(stage)
    before = {name: _read_cpu_s(process) for name, process in processes.items()}
    sent, began = stage.read_traffic(), time.monotonic()
    taken, missed = _give_commands(stage, guilds, seconds)
    took_s = time.monotonic() - began
    cores = {name: (_read_cpu_s(process) - before[name]) / took_s for name, process in processes.items()}
    taken.sort()
    return {
        "cores": cores, "mb": measure_pss_mb(stage), "mb_per_s": (stage.read_traffic() - sent) / took_s / 1e6,
        "commands": len(taken), "missed": missed, "p50_ms": statistics.median(taken) if taken else 0.0,
        "p99_ms": taken[min(len(taken) - 1, len(taken) * 99 // 100)] if taken else 0.0,
    }  # fmt: skip


def _measure_restarts(stage: ServiceStage, actors: int, within_s: float) -> dict[str, float]:
    """Measure the time until all actors run again after a kill -9 of the tracker, and after an orderly stop, s."""
    began = time.monotonic()
    killed = stage.kill("tracker")
    _await_ready(stage, actors, within_s, without=killed)
    killed_s = time.monotonic() - began
    _, stopped_s = stage.stop_service(STOPPED_WITHIN_S)
    began = time.monotonic()
    stage.start_service()
    _await_ready(stage, actors, within_s)
    return {"killed_s": killed_s, "stopped_s": stopped_s, "restarted_s": time.monotonic() - began}


def _give_commands(stage: ServiceStage, guilds: Sequence[Guild], seconds: float) -> tuple[list[float], int]:
    """Give commands on one server after the other; return each answer's time, ms, and the number of missing answers."""
    taken: list[float] = []
    missed = 0
    asked = zip(itertools.cycle(guilds), itertools.cycle(COMMANDS), strict=False)
    until_s = time.monotonic() + seconds
    for guild, command in asked:
        next_s = time.monotonic() + COMMAND_EVERY_S
        if next_s > until_s:
            return taken, missed
        channel = next(channel for channel in guild.channels.values() if channel.kind == 0)
        began = time.perf_counter()
        message = stage.discord.say(_find_member(guild), channel.id, command)
        if stage.discord.wait_until(functools.partial(_is_answered, stage, message.id), ANSWERED_WITHIN_S):
            taken.append((time.perf_counter() - began) * 1000)
        else:
            missed += 1
        time.sleep(max(0.0, next_s - time.monotonic()))
    raise AssertionError("they come round")


def _is_answered(stage: ServiceStage, message_id: int) -> bool:
    newest = itertools.islice(reversed(stage.discord.world.messages.values()), NEWEST)
    return any(message.reply_to == message_id for message in newest)


def _find_member(guild: Guild) -> Any:
    """Return a member of a server who is not a bot."""
    return next(member for member in guild.members.values() if not member.user.bot)


def _read_cpu_s(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def main(arguments: list[str] | None = None) -> None:
    """Print the figures beside their aims."""
    parser = argparse.ArgumentParser(prog="bench.communities")
    parser.add_argument("--communities", type=int, default=COMMUNITIES)
    parser.add_argument("--servers", type=int, default=0, help="Plex servers of all together (default: three each)")
    parser.add_argument("--sessions", type=int, default=0, help="sessions on each server; with it commands are given")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long it is measured with sessions")
    asked = parser.parse_args([] if arguments is None else arguments)
    servers = asked.servers or asked.communities * SERVERS
    if asked.sessions:
        run_busy(asked.communities, servers, asked.sessions, asked.seconds)
        return
    found = run(asked.communities)
    many = f"{asked.communities} communities, {asked.communities * SERVERS} servers"
    print("each process                       " + "".join(f"{name:>12}" for name in [*found["alone_mb"], "all"]))
    _print_row("PSS, one community", found["alone_mb"], 1)
    _print_row(f"PSS, {many} (20: aim 250)", found["all_mb"], 1)
    _print_row("CPU s a minute, one community", found["alone_cpu"], 2)
    _print_row(f"CPU s a minute, {many}", found["all_cpu"], 2)
    print(f"  all answer after {found['ready_s']:.1f} s")


def _print_busy(found: dict[str, Any]) -> None:
    print(f"  all actors run after {found['ready_s']:.0f} s")
    print("each process                       " + "".join(f"{name:>12}" for name in [*found["cores"], "all"]))
    _print_row(f"cores (1,000 servers: aim {MOST_CORES})", found["cores"], 3)
    _print_row(f"PSS, MB (aim {MOST_MB})", found["mb"], 1)
    print(f"  from the trackers to persistence {found['mb_per_s']:.3f} MB/s (aim {MOST_MB_PER_S})")
    print(
        f"  {found['commands']} commands on Discord: p50 {found['p50_ms']:.0f} ms, p99 {found['p99_ms']:.0f} ms "
        f"(aim {MOST_P99_MS}), {found['missed']} without an answer",
        flush=True,
    )


def _print_restarts(found: dict[str, float]) -> None:
    print(
        f"  all run again {found['killed_s']:.0f} s after a kill of the tracker, {found['restarted_s']:.0f} s after a "
        f"start; an ordered stop took {found['stopped_s']:.1f} s"
    )


def _print_row(what: str, by_process: dict[str, float], digits: int) -> None:
    values = [*by_process.values(), sum(by_process.values())]
    print(f"  {what:<44}" + "".join(f"{value:12.{digits}f}" for value in values))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

"""The stage of a night: a Plex server, a Discord, and the real service between them, all on one clock."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from actors.runtime import Clock, Pace
from config import COMMUNITIES_DIR
from launcher.connection.run_state import read_running_state
from simulator.discord.server import SimulatedDiscord
from simulator.nights.ledger import Ledger
from simulator.nights.performer import Performer
from simulator.plex import SimulatedPlex
from simulator.plextv import SimulatedPlexTv

ROOT = Path(__file__).resolve().parent.parent.parent
ANNOUNCE, CINEMA = "film-club", "Cinema"
START_WITHIN_S = 40.0
STOP_WITHIN_S = 15.0
MOST_READS = 100


def find_free_port() -> int:
    """Return a port of this machine that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


class DiscordVoiceRoom:
    """A voice channel of the simulated Discord."""

    def __init__(self, discord: SimulatedDiscord, channel: str) -> None:
        self._discord, self._channel = discord, channel

    def join(self, name: str) -> str:
        """Let a member come into the channel; return the member's id."""
        member = self._discord.member(name)
        self._discord.join_voice(member, self._channel)
        return str(member.id)

    def leave(self, name: str) -> str:
        """Let a member leave the channel; return the member's id."""
        member = self._discord.member(name)
        self._discord.leave_voice(member)
        return str(member.id)

    def present(self) -> list[str]:
        """Return the names of the members in the channel."""
        return [member.display_name for member in self._discord.voice_members(self._channel)]


class ServiceStage:
    """All servers of a night. Minutes are minutes of the night; `speed` of them pass in a real one."""

    def __init__(self, data_dir: Path, *, speed: float, party_user: str, evening: datetime.datetime,
                 frames_dir: str = "", **settings: str) -> None:  # fmt: skip
        """Set up the stage.

        `evening` is when the night begins; `frames_dir`, if given, gets a copy of the frames between the service's
        processes.
        """
        self.data_dir = data_dir
        self.clock = Clock(Pace.starting_now(speed, evening.timestamp()))
        self._began_s = self.clock.now().steady_s
        self.plex = SimulatedPlex(now=lambda: self.clock.now().wall_s, speed=speed)
        self.plex_tv = SimulatedPlexTv(self.plex)
        # Its limits are per real second; at higher speed a minute of normal messages would exceed them.
        self.discord = SimulatedDiscord(rate_limits=speed == 1.0, now=lambda: self.clock.now().wall_s)
        self.log_path = data_dir.parent / "service.log"
        self._party_user = party_user
        self._frames_dir = frames_dir
        self._settings = settings
        self._service: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as cleared:
            self.plex.start()
            cleared.callback(self.plex.stop)
            cleared.enter_context(self.plex_tv)
            self.discord.start()
            cleared.callback(self.discord.stop)
            cleared.callback(self.stop_service)
            self.prepare()
            self.start_service()
            self._cleared = cleared.pop_all()
        # The evening begins now, however long the start took on a busy machine.
        self._began_s = self.clock.now().steady_s
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleared.close()

    def prepare(self) -> None:
        """Hook for subclasses: runs before the first start of the service, with both servers running."""

    def performer(self, report_s: Mapping[str, float] | float | None = None) -> Performer:
        """Return a performer for this stage; `report_s`: seconds between a player's reports, by account or for all."""
        return Performer(
            self.plex,
            DiscordVoiceRoom(self.discord, CINEMA),
            lambda: self.clock.now().wall_s,
            Ledger(self.plex.machine_id),
            report_s,
        )

    # -- time ----------------------------------------------------------------------------------------------

    @property
    def minute(self) -> float:
        """Minutes since the night began."""
        return (self.clock.now().steady_s - self._began_s) / 60.0

    def next_evening(self, evening: datetime.datetime) -> None:
        """Begin another night with the same people. Only while the service is stopped, because clocks must not jump."""
        self.clock = Clock(Pace.starting_now(self.clock.pace.speed, evening.timestamp()))
        self._began_s = self.clock.now().steady_s

    def wait_until(self, minute: float) -> None:
        """Wait until a minute of the night."""
        left = self.clock.to_real_s((minute - self.minute) * 60.0)
        if left > 0:
            time.sleep(left)

    # -- the service ---------------------------------------------------------------------------------------

    def start_service(self) -> None:
        """Start the launcher and wait until every actor answers and the bot is logged in."""
        with self.log_path.open("ab") as log:
            # In a separate session: Ctrl-C in the terminal goes to the stage, which then stops the service in order.
            self._service = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self.command(), cwd=ROOT, env=self._environment(), stdin=subprocess.PIPE, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.wait_for(self._is_up, START_WITHIN_S, "the service to start")

    def command(self) -> list[str]:
        """Return the command that runs the service; tests replace it, for other clocks or fewer rights."""
        pace = self.clock.pace
        command = [sys.executable, "-OO", "-m", "simulator.nights.service"]
        command += [repr(pace.speed), repr(pace.anchor_wall_s), repr(pace.anchor_steady_s)]
        return command + ([self._frames_dir] if self._frames_dir else [])

    def _environment(self) -> dict[str, str]:
        kept = {
            key: os.environ[key]
            for key in ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR", "HOME", "LANG")
            if key in os.environ
        }
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "PLEX_URL": self.plex.url,
            "PLEX_TOKEN": self.plex.token,
            "PLEX_TV_URL": self.plex_tv.url,
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "DISCORD_GUILD_ID": str(self.discord.guild.id),
            "DISCORD_ANNOUNCE_CHANNEL_ID": str(self.discord.channel(ANNOUNCE).id),
            "WATCH_PARTY_VOICE_CHANNEL_ID": str(self.discord.channel(CINEMA).id),
            "WATCH_PARTY_PLEX_USER": self._party_user,
            "DATA_DIR": str(self.data_dir),
            **self._settings,
        }

    def _is_up(self) -> bool:
        if self._service is not None and self._service.poll() is not None:
            raise RuntimeError(f"the service ended at its start; its log:\n{self.service_log()[-4000:]}")
        state = read_running_state(self.data_dir)
        pids = {child.pid for child in state.children.values()} if state is not None else set()
        # Without the actors of a previous service, and those of further communities, which start later.
        rows = [row for row in self.health() if row["pid"] in pids and "@" not in row["actor"]]
        expected = 4 + sum(name in self._settings for name in ("WEB_PORT", "WEBHOOK_URLS"))
        return len(rows) >= expected and all(row["state"] == "running" for row in rows) and self.discord.is_connected

    def stop_service(self, within_s: float = STOP_WITHIN_S) -> tuple[int, float]:
        """Stop the service; return its exit status and the real seconds it took. Safe to call again."""
        service = self._service
        if service is None:
            return 0, 0.0
        began = time.monotonic()
        if service.poll() is None:
            service.send_signal(signal.SIGTERM)
        try:
            status = service.wait(within_s)
        except subprocess.TimeoutExpired:
            service.kill()
            status = service.wait()
        _close_stdin(service)
        return status, time.monotonic() - began

    def kill(self, actor: str) -> int:
        """Kill an actor with kill -9; return its pid."""
        pid = next(int(row["pid"]) for row in self.health() if row["actor"] == actor)
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_launcher(self) -> None:
        """Kill only the launcher with kill -9."""
        if self._service is not None:
            self._service.kill()
            self._service.wait()
            _close_stdin(self._service)

    @property
    def launcher_pid(self) -> int:
        """The launcher's process id."""
        return self._service.pid if self._service is not None else 0

    @property
    def page_url(self) -> str:
        """Address of the web page; empty if there is none."""
        port = self._settings.get("WEB_PORT", "")
        return f"http://127.0.0.1:{port}/" if port else ""

    # -- what can be observed --------------------------------------------------------------------------------

    def health(self) -> list[dict[str, Any]]:
        """Return the newest row of each actor in the health logs, in the order in which the actors started."""
        rows: dict[str, dict[str, Any]] = {}
        file = Path("logs") / "actor_health.jsonl"
        for path in (self.data_dir / file, *sorted(self.data_dir.glob(f"{COMMUNITIES_DIR}/*/{file}"))):
            if not path.exists():
                continue
            # The last line may be incomplete.
            whole, _, _ = path.read_text(encoding="utf-8", errors="replace").rpartition("\n")
            for line in whole.splitlines():
                row = json.loads(line)
                rows[row["actor"]] = row
        return list(rows.values())

    def service_log(self) -> str:
        """Return the service's log so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def files(self) -> dict[str, bytes]:
        """Return the three JSON copies that exist, by name."""
        names = ("user_stats.json", "user_badges.json", "watch_history.json")
        return {name: (self.data_dir / name).read_bytes() for name in names if (self.data_dir / name).exists()}

    def history(self) -> list[dict[str, Any]]:
        """Return the records of watch_history.json, read again if a record was just being appended."""
        for _ in range(MOST_READS):
            with contextlib.suppress(json.JSONDecodeError):
                found: list[dict[str, Any]] = json.loads(self.files().get("watch_history.json", b"[]"))
                return found
        raise ValueError("watch_history.json is no JSON")

    def wait_for(self, found: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until a condition holds (real seconds). The TimeoutError contains `what` and the end of the log."""
        deadline = time.monotonic() + timeout_s
        while not found():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"not within {timeout_s:g} s: {what}; the service's log:\n{self.service_log()[-3000:]}"
                )
            time.sleep(0.03)


def _close_stdin(service: subprocess.Popen[bytes]) -> None:
    """Close the pipe whose end tells the service that this process has ended."""
    if service.stdin is not None:
        service.stdin.close()

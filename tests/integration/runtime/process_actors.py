"""Small actors that live in processes of their own, and the stage that starts, kills and asks them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from msgspec.structs import replace

from actors.runtime import Actor, Endpoint, FatalStartupError, RetryLater
from actors.runtime.boot.boot_config import BootConfig, write_boot
from actors.runtime.boot.exit_report import ExitReport, ExitReportFile
from actors.runtime.process import make_endpoint
from actors.runtime.restarts.poison_record import PoisonRecord
from actors.runtime.transport.base import NetworkSpec
from actors.runtime.transport.factory import DEFAULT_ENGINE, create_network, open_transport
from config import Settings
from messages import GetSaveStatus, Message, SaveNow, SaveStatus, SuggestTitles, TitlesSuggested, WatchFinished
from messages.envelope import Heartbeat
from tests.deadlines import WITHIN_S
from tests.golden.write import example

ROOT = Path(__file__).resolve().parents[3]
WATCH = cast("WatchFinished", example(WatchFinished))
SECRET = "plex-token-0123456789"


class Player(Actor):
    """Notes what it is told in `NAME.told`, and does what the words of SaveNow and the ids of watches say."""

    def on_start(self) -> None:
        """Refuse or fail where `NAME.start` says so."""
        self._done = set(self._lines("done"))
        how = "".join(self._lines("start"))
        if how == "refuse":
            raise FatalStartupError(f"the store is corrupt ({SECRET}): restore a backup")
        if how == "crash":
            raise RuntimeError(f"no good start with {SECRET}")

    def on_stop(self) -> None:
        """Save."""
        self._note("saved", str(os.getpid()))

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Any]]:
        """Words, questions and kept watches."""
        return {
            SaveNow: lambda told: self._do(told.requested_by),
            GetSaveStatus: lambda _asked: SaveStatus(None, float(os.getpid())),
            SuggestTitles: self._suggest,
            WatchFinished: self._keep,
        }

    def was_handled_before(self, message_id: str) -> bool:
        """As persistence: what was written down with its id is not done again."""
        return message_id in self._done

    def _do(self, words: str) -> None:
        verb, _, rest = words.partition(" ")
        if verb == "crash":
            raise ValueError(f"told to crash with {SECRET}")
        if verb == "exit":
            raise SystemExit(0)
        if verb == "sleep":
            time.sleep(float(rest))
        elif verb == "await":
            until(Path(rest).exists)
        elif verb == "log":
            self.log.info("%s", rest)
        elif verb == "ask":
            self._note("told", repr(self.ref(rest).ask(SuggestTitles("Nos"), 5.0)))
        else:
            self._note("told", words)

    def _suggest(self, asked: SuggestTitles) -> TitlesSuggested:
        if asked.part == "fail":
            raise LookupError(f"no titles for {SECRET}")
        return TitlesSuggested((asked.part,))

    def _keep(self, told: WatchFinished) -> None:
        name = told.record.watch_id
        if name.startswith("poison"):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("later") and not self._lines("now"):
            raise RetryLater("not before NAME.now is there")
        self._done.add(self.handling_id)
        self._note("done", self.handling_id)
        self._note("told", name)

    def _lines(self, what: str) -> list[str]:
        file = self.context.data_dir / f"{self.context.name}.{what}"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def _note(self, what: str, line: str) -> None:
        with (self.context.data_dir / f"{self.context.name}.{what}").open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Quick(Player):
    """Notes the id and the name of each kept watch in one write, and nothing else: for thousands of them."""

    def _keep(self, told: WatchFinished) -> None:
        with (self.context.data_dir / f"{self.context.name}.done").open("a", encoding="utf-8") as file:
            file.write(f"{self.handling_id}\n")
        self._done.add(self.handling_id)


def until(condition: Callable[[], object], what: str = "not so in time", within_s: float = WITHIN_S) -> None:
    """Wait for it, or fail saying what did not happen."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def watch(name: str) -> WatchFinished:
    """A kept message."""
    return replace(WATCH, record=replace(WATCH.record, watch_id=name))


class Stage:
    """A network of `bob`, `cat` and the test's own endpoint `ann`, and the processes."""

    def __init__(self, data_dir: Path, *, engine: str = DEFAULT_ENGINE) -> None:
        self.data_dir = data_dir
        self._network = create_network(("ann", "bob", "cat"), engine)
        self.spec: NetworkSpec = self._network.spec
        self.ann: Endpoint = make_endpoint("ann", open_transport("ann", self.spec), data_dir)
        self.poison = PoisonRecord()
        self._reports: dict[int, ExitReportFile] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = data_dir / "log.txt"

    def start(
        self,
        name: str = "bob",
        role: str = "Player",
        *,
        ready: bool = True,
        env: Mapping[str, str] | None = None,
        record_frames: str = "",
        **settings: Any,
    ) -> subprocess.Popen[bytes]:
        """A process of an actor, its log in `self.log`; `ready` waits for its first answer."""
        with self.log.open("ab") as log:
            report = ExitReportFile()
            process = subprocess.Popen(
                [sys.executable, "-m", "actors", name], cwd=ROOT, stdin=subprocess.PIPE, stderr=log,
                stdout=report.fileno(), env={**os.environ, **(env or {})},
            )  # fmt: skip
        self._reports[process.pid] = report
        self.processes.append(process)
        known: dict[str, Any] = {"data_dir": str(self.data_dir), "plex_url": "http://127.0.0.1:1", "plex_token": SECRET}
        config = BootConfig(
            name=name, settings=Settings(**known, **settings),
            network=self.spec, poison_ids=self.poison.poison_ids(), has_exit_report=True, record_frames=record_frames,
            actor_class=f"{__name__}:{role}",
        )  # fmt: skip
        write_boot(config, cast("BinaryIO", process.stdin))
        if ready:
            self.heartbeat(name)
        return process

    def read_report(self, process: subprocess.Popen[bytes]) -> ExitReport:
        """Wait for the end of a process; return what it left, which is counted as the launcher counts it."""
        self.pump_until(lambda: process.poll() is not None)
        report = self._reports[process.pid].read()
        if report.message_in_hand:
            self.poison.add_death(report.message_in_hand)
        return report

    def second_life(self) -> None:
        """Ann, as after a restart."""
        self.ann.close()
        self.ann = make_endpoint("ann", open_transport("ann", self.spec), self.data_dir)

    def heartbeat(self, name: str = "bob") -> Heartbeat:
        """Ping until it answers."""
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            ping = self.ann.ping(name)
            again = time.monotonic() + 1.0
            while not (ping.done() and ping.exception(0) is None) and time.monotonic() < again:
                self.ann.pump(0.05)
            if ping.done() and ping.exception(0) is None:  # its queue may be full
                return ping.result(0)
        raise AssertionError(f"{name} does not answer; its log: {self.read_log()[-2000:]}")

    def pump_until(
        self, condition: Callable[[], object], what: str = "not so in time", within_s: float = WITHIN_S
    ) -> None:
        """Let ann send and hear until it is so."""
        deadline = time.monotonic() + within_s
        while not condition():
            self.ann.pump(0.01)
            assert time.monotonic() < deadline, f"not so in time; the log: {self.read_log()[-2000:]}"

    def lines(self, what: str, name: str = "bob") -> list[str]:
        """What a player wrote down."""
        file = self.data_dir / f"{name}.{what}"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def read_log(self) -> str:
        """The log of all players."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def letters(self) -> str:
        """The dead letters of all."""
        file = self.data_dir / "logs" / "dead_letters.jsonl"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def close(self) -> None:
        """Nobody is left."""
        for process in self.processes:
            process.kill()
            process.communicate()
        for report in self._reports.values():
            report.close()
        self.ann.close()
        self._network.close()


@contextlib.contextmanager
def stage(data_dir: Path, *, engine: str = DEFAULT_ENGINE) -> Iterator[Stage]:
    """A stage that leaves nothing behind."""
    with contextlib.closing(Stage(data_dir, engine=engine)) as made:
        yield made

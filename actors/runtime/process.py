"""An actor's process: the launcher starts it with a boot config on stdin, which stays open as its life line."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import signal
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from actors.registry import find_actor
from actors.runtime.actor import Actor, Context, DependencyUnavailable, FatalStartupError
from actors.runtime.boot.boot_config import BootConfig, read_boot
from actors.runtime.boot.exit_report import ExitReportWriter
from actors.runtime.boot.memory_limit import EXIT_OUT_OF_MEMORY, end_on_memory_error_in_threads, limit_memory
from actors.runtime.boot.open_files import allow_open_files
from actors.runtime.clock import Clock
from actors.runtime.communities.host import CommunityHost
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.endpoint import Endpoint
from actors.runtime.logs import SecretFilter, set_up_logging
from actors.runtime.middleware.poison_guard import PoisonGuard
from actors.runtime.transport.base import Transport
from actors.runtime.transport.factory import open_transport
from messages import ListCommunities

EXIT_CRASHED = 70
"""An exception ended the actor (EX_SOFTWARE of sysexits.h)."""
EXIT_FATAL = 78
"""The actor refuses to start, and starting it again will not help (EX_CONFIG of sysexits.h)."""
EXIT_DEPENDENCY_UNAVAILABLE = 69
"""A dependency is unreachable; starting again later will help (EX_UNAVAILABLE of sysexits.h)."""
EXIT_STUCK = 75
"""The actor did not stop in time (EX_TEMPFAIL of sysexits.h)."""
THREAD_STACK_BYTES = 1 << 20
"""Stack of each thread. The system's default (8 MB) counts against the memory limit, used or not, and the actors of
further communities have hundreds of threads."""
STOP_WITHIN_S = 8.0
"""Real seconds for an ordered stop, and more for each further community; after that the process ends at once."""

_SIGNAL_WITHIN_S = 0.3
"""Real seconds within which the signal of a living launcher may follow the end of the life line."""


def load_actor_class(path: str) -> type[Actor]:
    """Import the actor class at module:Class."""
    module, _, name = path.partition(":")
    actor_class = getattr(importlib.import_module(module), name)
    if not (isinstance(actor_class, type) and issubclass(actor_class, Actor)):
        raise TypeError(f"{path} is no actor")
    return actor_class


def make_endpoint(name: str, transport: Transport, data_dir: Path, record_frames: str = "") -> Endpoint:
    """Return an endpoint with the dead-letter log of the data folder."""
    letters = DeadLetters(data_dir / "logs" / "dead_letters.jsonl", name)
    return Endpoint(name, transport, letters, record=_make_recorder(Path(record_frames)) if record_frames else None)


def _make_recorder(path: Path) -> Callable[[bytes], None]:
    target = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def record(frame: bytes) -> None:
        os.write(target, struct.pack(">I", len(frame)) + frame)

    return record


def run(config: BootConfig, life_line: BinaryIO) -> int:
    """Run the actor that the boot config names until it is told to stop; return the exit status."""
    settings = config.settings
    set_up_logging(
        settings.log_level, settings.log_format, settings.secrets(), config.name, keeps_tail=settings.web_port > 0
    )
    limit_memory(config.memory_limit_mb)
    threading.stack_size(THREAD_STACK_BYTES)
    allow_open_files()
    end_on_memory_error_in_threads(config.name)
    log = logging.getLogger(config.name)
    report = ExitReportWriter.from_stdout() if config.has_exit_report else None
    stop = _Stop(log)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the launcher gets Ctrl-C too, and stops its actors in order
    signal.signal(signal.SIGTERM, stop.on_signal)
    try:
        actor_class = load_actor_class(config.actor_class or find_actor(config.name).path)
        host = make_host(config, actor_class)
        actor = _start(config, actor_class, host, stop, report)
    except FatalStartupError as error:
        log.error("%s", error)
        return EXIT_FATAL
    except Exception as error:  # logged here, without secrets
        log.error("%s cannot start: %s: %s", config.name, type(error).__name__, error, exc_info=error)
        return EXIT_OUT_OF_MEMORY if isinstance(error, MemoryError) else EXIT_CRASHED
    gc.collect()
    gc.freeze()  # the loaded modules: full collections skip them from now on, and hold up answers less
    watching = (life_line, stop, log, actor)
    threading.Thread(target=_watch, args=watching, name="life-line", daemon=True).start()
    while not actor.terminated.wait(3600):  # with a timeout, so that signals are handled on every system
        pass
    if host is not None:
        host.finish_stop(STOP_WITHIN_S / 2 + host.stop_takes_more_s)
    if isinstance(actor.crash, DependencyUnavailable):
        if report is None:
            log.error("%s", actor.crash)
        else:
            report.note_startup_failure(actor.crash.problem.map_texts(SecretFilter(settings.secrets()).mask))
    return _exit_status(actor)


def make_host(config: BootConfig, actor_class: type[Actor]) -> CommunityHost | None:
    """Return the host of the further communities' actors in a process, or None if it can have none."""
    try:
        entry = find_actor(config.name)
    except LookupError:  # the actor class of a test
        return None
    if entry.community_count is None or entry.name != config.name:
        return None
    if config.actor_class and not issubclass(actor_class, load_actor_class(entry.path)):
        return None
    return CommunityHost(entry, actor_class, config.settings, config.network, memory_limit_mb=config.memory_limit_mb)


def _start(
    config: BootConfig,
    actor_class: type[Actor],
    host: CommunityHost | None,
    stop: _Stop,
    report: ExitReportWriter | None,
) -> Actor:
    data_dir = Path(config.settings.data_dir)
    transport = open_transport(config.name, config.network)
    endpoint = make_endpoint(config.name, transport, data_dir, config.record_frames)
    context = Context(
        endpoint, config.settings, Clock(config.pace), data_dir, PoisonGuard(config.poison_ids, report), host
    )
    actor = actor_class.start(context)._actor_weakref()
    assert actor is not None  # noqa: S101 - its endpoint holds it, and we hold the endpoint
    stop.attach_actor(actor, host)
    if host is not None and config.name != ListCommunities.receiver:  # persistence itself knows the communities
        actor.endpoint.submit(host.ask)
    return actor


class _Stop:
    """An ordered stop, requested by a signal, the end of the life line or a frame; begins once, in limited time."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._actor: Actor | None = None
        self._host: CommunityHost | None = None
        self.begun = threading.Event()
        """Set once a stop was requested."""

    def attach_actor(self, actor: Actor, host: CommunityHost | None) -> None:
        """Set the actor to stop; stop it at once if a stop was requested before."""
        self._actor, self._host = actor, host
        actor.endpoint.on_stop_request = self.begin
        if self.begun.is_set():
            actor.stop_in_order()

    def begin(self) -> None:
        """Tell the actor to handle its waiting messages and stop; end the process if that takes too long."""
        if self.begun.is_set():
            return
        self.begun.set()
        within_s = STOP_WITHIN_S + (self._host.stop_takes_more_s if self._host is not None else 0.0)
        guard = threading.Timer(within_s, self._give_up, (within_s,))
        guard.daemon = True
        guard.start()
        if self._host is not None:
            self._host.begin_stop()
        if self._actor is not None:
            self._actor.stop_in_order()

    def on_signal(self, *_: object) -> None:
        """Stop at SIGTERM."""
        self.begin()

    def _give_up(self, within_s: float) -> None:
        self._log.error("Not stopped within %g s: the process ends as it is", within_s)
        os._exit(EXIT_STUCK)


def _watch(life_line: BinaryIO, stop: _Stop, log: logging.Logger, actor: Actor) -> None:
    with contextlib.suppress(OSError):
        while life_line.read(1):
            pass
    if not stop.begun.wait(_SIGNAL_WITHIN_S):
        log.warning("The launcher is gone: saving and stopping")
    actor.terminated.wait(actor.outlives_launcher_s)
    stop.begin()


def _exit_status(actor: Actor) -> int:
    if actor.crash is None:
        return 0
    if isinstance(actor.crash, DependencyUnavailable):
        return EXIT_DEPENDENCY_UNAVAILABLE
    if isinstance(actor.crash, MemoryError):
        return EXIT_OUT_OF_MEMORY
    return EXIT_FATAL if isinstance(actor.crash, FatalStartupError) else EXIT_CRASHED


def main() -> int:
    """Read the boot config from stdin and run the actor."""
    stdin = sys.stdin.buffer
    try:
        config = read_boot(stdin)
    except (EOFError, ValueError) as error:  # the input is not shown: it holds the tokens
        sys.stderr.write(f"An actor's process is started by the launcher (python run.py): {type(error).__name__}\n")
        return EXIT_FATAL
    status = run(config, stdin)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(status)  # threads of libraries (a reader that hangs in a socket) must not keep the process

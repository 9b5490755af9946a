"""How the launcher speaks with its actors: its own endpoint, their addresses, and what each is told at its birth."""

from __future__ import annotations

import contextlib
import functools
import io
import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path

import msgspec
import zmq

from actors.runtime.clock import Clock
from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.errors import ActorError
from actors.runtime.process import BootConfig, make_endpoint, write_boot
from actors.runtime.transport.zmq import Addresses, Keys, ZmqTransport
from config import Settings
from messages import GetHealth, HealthReport, Message
from messages.envelope import Heartbeat

NAME = "launcher"
LONGEST_ERROR = 300
"""Characters of an error in the health log and table."""


def make_addresses(names: Iterable[str], folder: Path, *, force_tcp: bool = False) -> Addresses:
    """Where each listens: sockets in the run folder, or encrypted loopback TCP where the system has none."""
    names = list(names)
    if zmq.has("ipc") and not force_tcp:
        return Addresses({name: f"ipc://{folder / name}" for name in names})
    with contextlib.ExitStack() as held:  # all at once, so that no port is given twice
        found = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in names]
        ports = [one.getsockname()[1] for one in found]
    return Addresses({n: f"tcp://127.0.0.1:{p}" for n, p in zip(names, ports, strict=True)}, Keys.new())


class LauncherLink:
    """The launcher's endpoint. For one thread."""

    def __init__(
        self,
        names: Iterable[str],
        roles: Mapping[str, str],
        run_folder: Path,
        settings: Settings,
        clock: Clock,
        *,
        force_tcp: bool,
        frames_dir: Path | None = None,
        on_heartbeat: Callable[[str, Heartbeat], None],
        health: Callable[[], HealthReport],
    ) -> None:
        """`settings.data_dir` is absolute. `on_heartbeat` hears every answer to a ping, `health` answers GetHealth;
        `frames_dir` takes the frames that are sent."""
        self.addresses = make_addresses((NAME, *names), run_folder, force_tcp=force_tcp)
        self._roles = roles
        self._run_folder = run_folder
        self._settings = settings
        self._clock = clock
        self._on_heartbeat = on_heartbeat
        self._health = health
        self._frames_dir = frames_dir
        line = ZmqTransport(NAME, self.addresses)
        self._endpoint = make_endpoint(NAME, line, Path(settings.data_dir), self._frames_path(NAME))

    def encode_boot(self, name: str) -> bytes:
        """What an actor's process reads from its stdin at its birth."""
        stream = io.BytesIO()
        config = BootConfig(
            name=name,
            settings=self._settings,
            addresses=self.addresses,
            run_dir=str(self._run_folder),
            pace=self._clock.pace,
            role=self._roles.get(name, ""),
            record_frames=self._frames_path(name),
        )
        write_boot(config, stream)
        return stream.getvalue()

    def _frames_path(self, name: str) -> str:
        """Where that sender's frames are recorded; empty where none are."""
        return str(self._frames_dir / f"{name}.frames") if self._frames_dir else ""

    def pump(self, timeout_s: float) -> None:
        """Hear what arrived, waiting up to `timeout_s` for the first; answer who asks."""
        self._endpoint.pump(timeout_s)
        while (incoming := self._endpoint.mailbox.get()) is not None:
            self._answer(incoming)

    def ping(self, name: str) -> None:
        """Ask an actor whether it lives; `on_heartbeat` hears the answer."""
        self._endpoint.ping(name).add_done_callback(functools.partial(self._take_heartbeat, name))

    def ask_to_stop(self, name: str) -> None:
        """Tell an actor to stop in order."""
        self._endpoint.stop_peer(name)

    def tell(self, name: str, message: Message) -> None:
        """Tell an actor something."""
        self._endpoint.tell(name, message)

    def close(self) -> None:
        """Give the sockets back."""
        self._endpoint.close()

    def _answer(self, incoming: ReceivedMessage) -> None:
        if incoming.ask_id and isinstance(incoming.message, GetHealth):
            self._endpoint.answer(incoming, self._health())
        elif incoming.ask_id:
            self._endpoint.answer_error(incoming, LookupError("the launcher answers GetHealth alone"))
        else:
            self._endpoint.dead_letters.add("the launcher does not hear it", sender=incoming.sender)

    def _take_heartbeat(self, name: str, reply: Future[Heartbeat]) -> None:
        with contextlib.suppress(ActorError, CancelledError, ValueError):  # no answer: the silence grows
            heartbeat = reply.result(timeout=0)
            degraded, last_error = self._clean_text(heartbeat.degraded), self._clean_text(heartbeat.last_error)
            self._on_heartbeat(name, msgspec.structs.replace(heartbeat, degraded=degraded, last_error=last_error))

    def _clean_text(self, text: str) -> str:
        """An actor's words on one line, of a length to be read, and without any secret."""
        for secret in self._settings.secrets():
            text = text.replace(secret, "***")
        text = " ".join(text.split())
        return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"

"""The launcher's connection to its actors: its own endpoint, their addresses, and the boot configuration of each."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path

import msgspec

from actors.registry import find_actor, shared_endpoints
from actors.runtime.boot.boot_config import BootConfig, write_boot
from actors.runtime.clock import Clock
from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.errors import ActorError
from actors.runtime.logs import SecretFilter, read_log_tail
from actors.runtime.process import make_endpoint
from actors.runtime.transport.addressed_frames import AddressedTransport
from actors.runtime.transport.base import NetworkSpec
from actors.runtime.transport.factory import DEFAULT_ENGINE, create_network
from config import Settings
from launcher.service_facts import build_service_facts
from messages import GetHealth, GetLogTail, GetServiceFacts, HealthReport, Message
from messages.envelope import Heartbeat

NAME = "launcher"
LONGEST_ERROR = 300
"""Longest text of an error in the health log and table, in characters."""


class LauncherLink:
    """The launcher's endpoint. Not thread-safe."""

    def __init__(
        self,
        names: Iterable[str],
        classes: Mapping[str, str],
        settings: Settings,
        clock: Clock,
        *,
        engine: str = DEFAULT_ENGINE,
        frames_dir: Path | None = None,
        on_heartbeat: Callable[[str, Heartbeat], None],
        health: Callable[[], HealthReport],
        on_told: Callable[[Message], bool] = lambda _: False,
    ) -> None:
        """Open the endpoint. `settings.data_dir` must be absolute.

        `on_heartbeat` gets every answer to a ping, `health` answers GetHealth, and `on_told` handles a message for the
        launcher, or returns False. If given, `frames_dir` gets a copy of every frame that is sent.
        """
        self._classes = classes
        self._settings = settings
        self._clock = clock
        self._on_heartbeat = on_heartbeat
        self._health = health
        self._on_told = on_told
        self._frames_dir = frames_dir
        self._secrets = SecretFilter(settings.secrets())
        with contextlib.ExitStack() as stack:
            self._network = create_network((NAME, *names, *shared_endpoints()), engine)
            stack.callback(self._network.close)
            self._transport = AddressedTransport(NAME, self._network.transport(NAME))
            self._endpoint = make_endpoint(NAME, self._transport, Path(settings.data_dir), self._frames_path(NAME))
            stack.callback(self._endpoint.close)
            self._stack = stack.pop_all()

    @property
    def network(self) -> NetworkSpec:
        """The network through which the actors and the launcher reach each other."""
        return self._network.spec

    def is_reachable(self) -> bool:
        """Return whether others can connect to the launcher; False if its socket is lost and cannot be recreated."""
        return self._transport.is_listening()

    def encode_boot(self, name: str, poison_ids: tuple[str, ...] = ()) -> bytes:
        """Return the boot configuration that an actor's process reads from its stdin."""
        stream = io.BytesIO()
        config = BootConfig(
            name=name,
            settings=self._share_settings(name),
            network=self.network,
            pace=self._clock.pace,
            actor_class=self._classes.get(name, ""),
            poison_ids=poison_ids,
            has_exit_report=True,
            memory_limit_mb=self._choose_memory_limit(name),
            record_frames=self._frames_path(name),
        )
        write_boot(config, stream)
        return stream.getvalue()

    def _share_settings(self, name: str) -> Settings:
        """Return the settings that an actor needs; test actors, which are not in the registry, get none."""
        try:
            groups = find_actor(name).groups
        except LookupError:
            groups = frozenset()
        return self._settings.share(groups)

    def _choose_memory_limit(self, name: str) -> int:
        """Return the memory limit of an actor's process, MB; 0 for no limit, as for test actors."""
        try:
            return find_actor(name).memory_mb * self._settings.memory_limit_percent // 100
        except LookupError:
            return 0

    def _frames_path(self, name: str) -> str:
        """Return the file in which that sender's frames are recorded; empty if they are not."""
        return str(self._frames_dir / f"{name}.frames") if self._frames_dir else ""

    def pump(self, timeout_s: float) -> None:
        """Handle all messages that have arrived, waiting up to `timeout_s` for the first; answer questions."""
        self._endpoint.pump(timeout_s)
        while (incoming := self._endpoint.mailbox.get()) is not None:
            self._answer(incoming)

    def ping(self, name: str) -> None:
        """Ping an actor; `on_heartbeat` gets the answer."""
        self._endpoint.ping(name).add_done_callback(functools.partial(self._take_heartbeat, name))

    def ask_to_stop(self, name: str) -> None:
        """Tell an actor to stop in order."""
        self._endpoint.stop_peer(name)

    def tell(self, name: str, message: Message) -> None:
        """Send a message to an actor."""
        self._endpoint.tell(name, message)

    def close(self) -> None:
        """Close the endpoint and the network."""
        self._stack.close()

    def _answer(self, incoming: ReceivedMessage) -> None:
        if incoming.ask_id and isinstance(incoming.message, GetHealth):
            self._endpoint.answer(incoming, self._health())
        elif incoming.ask_id and isinstance(incoming.message, GetServiceFacts):
            self._endpoint.answer(incoming, build_service_facts(self._settings, Path(self._settings.data_dir)))
        elif incoming.ask_id and isinstance(incoming.message, GetLogTail):
            self._endpoint.answer(incoming, read_log_tail(incoming.message.limit))
        elif incoming.ask_id:
            self._endpoint.answer_error(incoming, LookupError("the launcher does not answer that"))
        elif not self._on_told(incoming.message):
            self._endpoint.dead_letters.add("the launcher does not hear it", sender=incoming.sender)

    def _take_heartbeat(self, name: str, reply: Future[Heartbeat]) -> None:
        with contextlib.suppress(ActorError, CancelledError, ValueError):  # no answer: the actor's silence grows
            heartbeat = reply.result(timeout=0)
            cleaned = msgspec.structs.replace(
                heartbeat,
                degraded=self._clean_text(heartbeat.degraded),
                last_error=self._clean_text(heartbeat.last_error),
                problems=tuple(problem.map_texts(self._clean_text) for problem in heartbeat.problems),
            )
            self._on_heartbeat(name, cleaned)

    def _clean_text(self, text: str) -> str:
        """Return an actor's text as one line, shortened and without secrets."""
        text = " ".join(self._secrets.mask(text).split())
        return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"

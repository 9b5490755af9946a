"""A receiver of webhooks on loopback, and the webhooks actor with a persistence that the test works."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from actors.runtime import Clock, Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.transport.memory import MemoryNetwork
from actors.webhooks.actor import WebhooksActor
from config import Settings
from messages import GetVisibleViewers, Message, VisibleViewers
from tests.deadlines import WITHIN_S

KEY = "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class WebhookReceiver:
    """Takes requests, and answers with the statuses that it was given; then with 204."""

    def __init__(
        self, *statuses: int, headers: dict[str, str] | None = None, listening: socket.socket | None = None
    ) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses = list(statuses)
        self.probes = 0
        """How often it was asked without an event."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                lower = {name.lower(): value for name, value in self.headers.items()}
                # Before the answer: once it is sent, the next request may be recorded by another thread.
                receiver.requests.append((self.path, lower, body))
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_HEAD(self) -> None:
                receiver.probes += 1
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=listening is None)
        if listening is not None:
            self._server.socket.close()
            self._server.socket = listening
            self._server.server_address = listening.getsockname()
            self._server.server_port = listening.getsockname()[1]
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def documents(self) -> list[dict[str, Any]]:
        """Return the bodies that came."""
        return [json.loads(body) for _, _, body in self.requests]

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WITHIN_S)


class WebhookStage:
    """The actor on a thread of its own, beside a tracker and a persistence that the test works."""

    def __init__(self, folder: Path, *urls: str, **settings: Any) -> None:
        self._network = MemoryNetwork()
        self.clock = Clock()
        self._folder, self._urls, self._settings = folder, urls, settings
        self.viewers = VisibleViewers((), ())
        self.answers = True
        """Whether persistence answers."""
        self.acknowledged: list[Message] = []
        self.tracker, self._persistence = self._add("tracker"), self._add("persistence")
        self.start()

    def start(self) -> None:
        """Start the actor."""
        chosen = Settings(webhook_urls=self._urls, timezone="Europe/Berlin", **self._settings)
        node = Endpoint("webhooks", self._network.transport("webhooks"), DeadLetters(None, "webhooks"))
        self.ref = WebhooksActor.start(Context(node, chosen, self.clock, self._folder))
        actor = self.ref._actor_weakref()
        assert isinstance(actor, WebhooksActor)
        self.actor = actor

    def restart(self, *urls: str) -> None:
        """Stop the service, and start it again, with other addresses where some are given."""
        self.close()
        self._urls = urls or self._urls
        self.tracker, self._persistence = self._add("tracker"), self._add("persistence")
        self.start()

    def _add(self, name: str) -> Endpoint:
        return Endpoint(name, self._network.transport(name), DeadLetters(None, name))

    def tell(self, message: Message) -> None:
        """Tell what happened, as the tracker does."""
        self.tracker.tell("webhooks", message, lambda: self.acknowledged.append(message))

    def work_until(self, is_done: Callable[[], bool], deadline_s: float = WITHIN_S) -> None:
        """Work the neighbours until something is so."""
        end = time.monotonic() + deadline_s
        while not is_done():
            assert time.monotonic() < end, "not in time"
            self.tracker.pump(0.01)
            self._persistence.pump(0.01)
            while (incoming := self._persistence.mailbox.get()) is not None:
                if isinstance(incoming.message, GetVisibleViewers) and self.answers:
                    self._persistence.answer(incoming, self.viewers)

    def close(self) -> None:
        """Stop the actor."""
        self.ref.stop()
        for neighbour in (self.tracker, self._persistence):
            neighbour.close()


@contextlib.contextmanager
def open_stage(folder: Path, *urls: str, **settings: Any) -> Iterator[WebhookStage]:
    """Yield the actor between its neighbours."""
    stage = WebhookStage(folder, *urls, **settings)
    try:
        yield stage
    finally:
        stage.close()


@contextlib.contextmanager
def serve_on(listening: socket.socket) -> Iterator[WebhookReceiver]:
    """Yield a receiver on a socket that listens."""
    receiver = WebhookReceiver(listening=listening)
    try:
        yield receiver
    finally:
        receiver.close()


@contextlib.contextmanager
def open_receiver(*statuses: int, headers: dict[str, str] | None = None) -> Iterator[WebhookReceiver]:
    """Yield a receiver."""
    receiver = WebhookReceiver(*statuses, headers=headers)
    try:
        yield receiver
    finally:
        receiver.close()

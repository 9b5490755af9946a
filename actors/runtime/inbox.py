"""The inbox that pykka uses: polls the transport in the actor's own thread."""

from __future__ import annotations

import collections
import threading
from typing import Any, Protocol

import msgspec
import pykka
from pykka._envelope import Envelope as PykkaEnvelope

from actors.runtime.endpoint import Endpoint

LOOK_AROUND_S = 0.005
"""While messages wait, the sockets are read this often (real seconds), so that pings are answered in time."""
DRAIN_S = 4.0
"""At an ordered stop, waiting messages are still handled for this long (real seconds)."""
LATER_S = 0.5
"""At an ordered stop, handlers that answer later are waited for this long (real seconds)."""


class InboxOwner(Protocol):
    """What the inbox needs of its actor."""

    ready: bool

    @property
    def has_deferred_answers(self) -> bool: ...
    def stop(self) -> None: ...


class Inbox:
    """pykka's inbox: returns local messages, then those that the endpoint received; waits on the sockets between."""

    def __init__(self, actor: InboxOwner, endpoint: Endpoint) -> None:
        self._actor = actor
        self._endpoint = endpoint
        self._local: collections.deque[PykkaEnvelope[Any]] = collections.deque()
        self._putting = threading.Lock()
        self._closed = False
        self._looked_s = 0.0
        self._stop_asked_s: float | None = None

    def put(self, envelope: PykkaEnvelope[Any]) -> None:
        """Add a local message, one of pykka's own too; from any thread."""
        with self._putting:
            taken = not self._closed
            if taken:
                self._local.append(envelope)
        if not taken:
            _give_back(envelope)
        elif not self._endpoint.is_owner_thread:
            self._endpoint.submit(noop)

    def put_first(self, message: object) -> None:
        """Add a message before all others. Actor's thread only."""
        self._local.appendleft(PykkaEnvelope(message))

    def empty(self) -> bool:
        """Tell whether no local message waits."""
        return not self._local

    def close(self) -> None:
        """Refuse local messages, waiting or later: an ask that races a stop gets an error."""
        with self._putting:
            self._closed = True
        while self._local:
            _give_back(self._local.popleft())

    def stop_in_order(self) -> None:
        """Handle the waiting messages, then stop."""
        if self._stop_asked_s is None:
            self._stop_asked_s = self._endpoint.now()

    def get(self) -> PykkaEnvelope[Any]:
        """Return the next message, waiting for it. Never raises: pykka would end its thread without a word."""
        self._actor.ready = True
        while True:
            try:
                envelope = self._next()
            except Exception as error:  # noqa: BLE001  # raised again inside pykka's handling
                envelope = PykkaEnvelope(InternalFailure(error))
            if envelope is not None:
                return envelope

    def _next(self) -> PykkaEnvelope[Any] | None:
        now_s = self._endpoint.now()
        if now_s - self._looked_s > LOOK_AROUND_S:
            self._pump(0.0)
        if self._stop_asked_s is not None and not self._local:
            return self._next_before_stop(now_s - self._stop_asked_s)
        envelope = self._take_waiting()
        if envelope is None:
            self._pump(60.0)
            envelope = self._take_waiting()  # a message is handled at once: its asker waits
        return envelope

    def _take_waiting(self) -> PykkaEnvelope[Any] | None:
        if self._local:
            return self._local.popleft()
        incoming = self._endpoint.mailbox.get()
        return None if incoming is None else PykkaEnvelope(incoming)

    def _next_before_stop(self, asked_s: float) -> PykkaEnvelope[Any] | None:
        """Return the next waiting message while there is time; after that, pykka's stop."""
        if asked_s <= DRAIN_S:
            if not len(self._endpoint.mailbox):
                self._pump(0.0)
            incoming = self._endpoint.mailbox.get()
            if incoming is not None:
                return PykkaEnvelope(incoming)
            if self._actor.has_deferred_answers and asked_s <= LATER_S:
                self._pump(LATER_S / 10)
                return None
        if not self._local:
            self._actor.stop()
        return None

    def _pump(self, timeout_s: float) -> None:
        self._endpoint.pump(timeout_s)
        self._looked_s = self._endpoint.now()


class InternalFailure(msgspec.Struct, frozen=True):
    """An error of work between two messages; it ends the actor as the error of a message would."""

    error: Exception


def noop() -> None:
    """Do nothing: submitting it wakes the thread."""


def _give_back(envelope: PykkaEnvelope[Any]) -> None:
    """Tell the sender that its message will not be handled."""
    if envelope.reply_to is None:
        return
    if isinstance(envelope.message, pykka.messages._ActorStop):
        envelope.reply_to.set(None)
    else:
        error = pykka.ActorDeadError("the actor stopped before it handled the message")
        envelope.reply_to.set_exception((pykka.ActorDeadError, error, None))

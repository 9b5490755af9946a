"""The inbox that pykka uses: the transport, polled in the actor's own thread."""

from __future__ import annotations

import collections
import dataclasses
import threading
from typing import Any, Protocol

import pykka
from pykka._envelope import Envelope as PykkaEnvelope

from actors.runtime.endpoint import Endpoint

LOOK_AROUND_S = 0.005
"""While messages wait, the sockets are looked at this often (real seconds), so that pings are answered in time."""
DRAIN_S = 4.0
"""At an ordered stop, what waits is still handled for this long (real seconds)."""
LATER_S = 0.5
"""At an ordered stop, handlers that answer later are waited for this long (real seconds)."""


class InboxOwner(Protocol):
    """What the inbox needs of its actor."""

    ready: bool

    @property
    def has_deferred_answers(self) -> bool: ...
    def stop(self) -> None: ...


class Inbox:
    """pykka's inbox: local messages first, then what the endpoint received, waiting on the sockets in between."""

    def __init__(self, actor: InboxOwner, endpoint: Endpoint) -> None:
        self._actor = actor
        self._endpoint = endpoint
        self._local: collections.deque[PykkaEnvelope[Any]] = collections.deque()
        self._putting = threading.Lock()
        self._closed = False
        self._looked_s = 0.0
        self._stop_asked_s: float | None = None

    def put(self, envelope: PykkaEnvelope[Any]) -> None:
        """Add a local message, pykka's own among them; from any thread."""
        with self._putting:
            taken = not self._closed
            if taken:
                self._local.append(envelope)
        if not taken:
            _give_back(envelope)
        elif not self._endpoint.is_owner_thread:
            self._endpoint.submit(noop)

    def put_first(self, message: object) -> None:
        """Add a message before all that waits. Actor's thread only."""
        self._local.appendleft(PykkaEnvelope(message))

    def empty(self) -> bool:
        """Tell whether nothing local waits."""
        return not self._local

    def close(self) -> None:
        """Refuse what waits, and whatever is put from now on: an ask that races a stop gets an error."""
        with self._putting:
            self._closed = True
        while self._local:
            _give_back(self._local.popleft())

    def stop_in_order(self) -> None:
        """Handle what waits, then stop."""
        if self._stop_asked_s is None:
            self._stop_asked_s = self._endpoint.now()

    def get(self) -> PykkaEnvelope[Any]:
        """Return the next message, waiting for it. Never raises: pykka would end its thread without a word."""
        self._actor.ready = True
        while True:
            try:
                envelope = self._next()
            except Exception as error:  # noqa: BLE001  # raised again where pykka handles it
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
            envelope = self._take_waiting()  # what came is handled at once: whoever asked waits for it
        return envelope

    def _take_waiting(self) -> PykkaEnvelope[Any] | None:
        if self._local:
            return self._local.popleft()
        incoming = self._endpoint.mailbox.get()
        return None if incoming is None else PykkaEnvelope(incoming)

    def _next_before_stop(self, asked_s: float) -> PykkaEnvelope[Any] | None:
        """Return the next of what still waits, as long as there is time; then pykka's stop."""
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


@dataclasses.dataclass(frozen=True)
class InternalFailure:
    """Something that runs between two messages failed; it ends the actor as a message would."""

    error: Exception


def noop() -> None:
    """Do nothing; it wakes the thread."""


def _give_back(envelope: PykkaEnvelope[Any]) -> None:
    """Tell the sender that nobody handles it."""
    if envelope.reply_to is None:
        return
    if isinstance(envelope.message, pykka.messages._ActorStop):
        envelope.reply_to.set(None)
    else:
        error = pykka.ActorDeadError("the actor stopped before it handled the message")
        envelope.reply_to.set_exception((pykka.ActorDeadError, error, None))

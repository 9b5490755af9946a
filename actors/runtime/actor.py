"""A pykka actor in a process of its own: its mailbox is a socket, and its refs reach into other processes.

pykka asks an actor type for its inbox; ours polls the transport in the actor's own thread. So no thread hands
messages to another, and pykka's loop, hooks and refs work as they always do.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import pykka
from pykka._envelope import Envelope as PykkaEnvelope

from actors.runtime.clock import Clock
from actors.runtime.errors import NotNow
from actors.runtime.handling import Handling
from actors.runtime.mailbox import Incoming
from actors.runtime.node import DEFAULT_TIMEOUT_S, Node, Reply, Timer, tag_of
from messages import Message
from messages.envelope import Pulse

if TYPE_CHECKING:
    from config import Settings

Answer = Message | Reply | None
Handler = Callable[[Any], Answer]

LOOK_AROUND_S = 0.005
"""While messages wait, the sockets are looked at this often (real seconds), so that pings are answered in time."""
DRAIN_S = 4.0
"""At an ordered stop, what waits is still handled for this long (real seconds)."""


class RefusesToStart(Exception):
    """Raised in on_start where starting again cannot help (a corrupt store, say): the launcher gives up at once."""


@dataclasses.dataclass(frozen=True)
class Context:
    """What an actor is given at its birth."""

    node: Node
    settings: Settings
    clock: Clock
    data_dir: Path
    run_dir: Path | None = None
    """Where the marker of the message in hand is kept; None keeps none (tests)."""

    @property
    def name(self) -> str:
        """The actor's name in this run: plex, plex-2, tracker..."""
        return self.node.name


class Ref:
    """An actor in another process, as pykka's ActorRef: `tell` and `ask`. Every ask has a deadline."""

    def __init__(self, node: Node, name: str) -> None:
        self._node = node
        self.name = name

    def __repr__(self) -> str:
        return f"Ref({self.name})"

    def tell(self, message: Message, done: Callable[[], None] | None = None) -> None:
        """Send by the message class's declared delivery; from any thread.

        `done` is called on the owner's thread when a kept message was acknowledged. OutboxFull where too many wait.
        """
        self._node.tell(self.name, message, done)

    def ask(self, message: Message, timeout: float = DEFAULT_TIMEOUT_S) -> Message:
        """Send and wait up to `timeout` real seconds for the answer.

        AskTimeout, ActorUnavailable, MailboxFull, or RemoteError where the other's handler raised.
        """
        return self._node.ask(self.name, message, timeout)

    def ask_future(self, message: Message, timeout: float = DEFAULT_TIMEOUT_S) -> Reply:
        """As `ask`, but brings the answer later (`asyncio.wrap_future`); from any thread."""
        return self._node.ask_future(self.name, message, timeout)


class _Inbox:
    """pykka's inbox: local messages first, then what the node received, waiting on the sockets in between."""

    def __init__(self, actor: Actor, node: Node) -> None:
        self._actor = actor
        self._node = node
        self._local: collections.deque[PykkaEnvelope[Any]] = collections.deque()
        self._looked_s = 0.0
        self._stop_by_s: float | None = None

    def put(self, envelope: PykkaEnvelope[Any]) -> None:
        """From any thread: a local message, pykka's own among them."""
        self._local.append(envelope)
        if not self._node.owned_here:
            self._node.submit(lambda: None)

    def empty(self) -> bool:
        """Whether nothing local waits; what the node holds is given back to its senders at a stop."""
        return not self._local

    def stop_in_order(self) -> None:
        """Handle what waits, then stop."""
        if self._stop_by_s is None:
            self._stop_by_s = self._node.now() + DRAIN_S

    def get(self) -> PykkaEnvelope[Any]:
        """The next message, waiting for it."""
        self._node.own()
        self._actor.ready = True
        while True:
            now = self._node.now()
            if now - self._looked_s > LOOK_AROUND_S:
                self._look(0.0)
            if self._local:
                return self._local.popleft()
            incoming = self._node.mailbox.get()
            if self._stop_by_s is not None and (incoming is None or now > self._stop_by_s):
                self._actor.stop()
                continue
            if incoming is not None:
                return PykkaEnvelope(incoming)
            self._look(60.0)

    def _look(self, timeout_s: float) -> None:
        self._node.pump(timeout_s)
        self._looked_s = self._node.now()


class Actor(pykka.ThreadingActor):
    """An actor of Usher. Subclasses say what they hear; see `docs/architecture.md` for how to add one."""

    use_daemon_thread: ClassVar[bool] = True

    name: ClassVar[str] = ""
    """plex, tracker, persistence or discord."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.node = context.node
        self.log = logging.getLogger(context.name)
        self.ready = False
        self.gone = threading.Event()
        """Set when the actor has run its last line, on_stop included."""
        self.crash: BaseException | None = None
        self.handling_id = ""
        """Id of the kept message that is being handled; empty for others."""
        self._inbox = _Inbox(self, context.node)
        super().__init__()
        self._handlers = dict(self.hears())
        self._refs: dict[str, Ref] = {}
        self._handling = Handling(context.run_dir, context.name)
        self._durations_ms: collections.deque[float] = collections.deque(maxlen=1000)
        self._handled = 0
        self._degraded = ""
        self._last_error = ""
        self.node.pulse = self._pulse
        self.node.on_stop_frame = self._inbox.stop_in_order
        self.node.already_done = self.already_done

    def _create_actor_inbox(self) -> Any:  # type: ignore[override]  # pykka's is static; ours needs the node
        return self._inbox

    # -- for subclasses ------------------------------------------------------------------------------------

    def hears(self) -> Mapping[type[Message], Handler]:
        """The dispatch table. What a handler returns answers an ask; a Future answers (or acknowledges) later."""
        return {}

    def already_done(self, message_id: str) -> bool:
        """Whether a kept message was done in an earlier life; override where that is written down."""
        return False

    def ref(self, name: str) -> Ref:
        """An actor in another process."""
        if name not in self._refs:
            self._refs[name] = Ref(self.node, name)
        return self._refs[name]

    def after(self, delay_s: float, message: object) -> Timer:
        """Put a message into the own mailbox after `delay_s` seconds of service time. Actor's thread only."""
        at_s = self.node.now() + self.context.clock.real_s(delay_s)
        return self.node.at(at_s, lambda: self._inbox.put(PykkaEnvelope(message)))

    def degraded(self, reason: str) -> None:
        """Something is wrong, and this is what and what to do: shown in the health table. From any thread."""
        self._degraded = self._last_error = reason

    def recovered(self) -> None:
        """All is well again."""
        self._degraded = ""

    # -- handling ------------------------------------------------------------------------------------------

    def on_receive(self, message: Any) -> Any:
        """pykka's hook: hands the message to the handler of its class."""
        if isinstance(message, Incoming):
            return self._handle(message)
        handler = self._handlers.get(type(message))
        if handler is None:
            return super().on_receive(message)
        return self._timed(handler, message)

    def _handle(self, incoming: Incoming) -> None:
        handler = self._handlers.get(type(incoming.message))
        if handler is None or (incoming.kept_id and self._handling.deadly(incoming.kept_id)):
            self._put_aside(incoming, unheard=handler is None)
            return
        self.handling_id = incoming.kept_id
        if incoming.kept_id:
            self._handling.begin(incoming.kept_id)
        try:
            result = self._timed(handler, incoming.message)
        except NotNow as error:
            self._not_now(incoming, error)
            return
        except Exception as error:
            if not incoming.ask_id:
                raise
            self._failed_ask(incoming, error)
            return
        finally:
            self.handling_id = ""
        if incoming.kept_id:
            self._handling.end()
        if isinstance(result, concurrent.futures.Future):
            result.add_done_callback(lambda future: self.node.submit(lambda: self._finish_later(incoming, future)))
        else:
            self._finish(incoming, result)

    def _timed(self, handler: Handler, message: Any) -> Answer:
        began = time.perf_counter()
        try:
            return handler(message)
        except (SystemExit, KeyboardInterrupt) as error:  # pykka would stop every actor without a word
            raise RuntimeError(f"{type(error).__name__} while handling {type(message).__name__}") from error
        finally:
            self._durations_ms.append((time.perf_counter() - began) * 1000)
            self._handled += 1

    def _finish(self, incoming: Incoming, result: Message | None) -> None:
        if incoming.kept_id:
            self.node.acknowledge(incoming)
        elif incoming.ask_id and result is not None:
            self.node.answer(incoming, result)
        elif incoming.ask_id:
            self.node.refuse(incoming, TypeError(f"{tag_of(incoming.message)} is told, not asked"))

    def _finish_later(self, incoming: Incoming, future: Reply) -> None:
        error = future.exception()
        if error is None:
            self._finish(incoming, future.result())
        elif incoming.ask_id:
            self._failed_ask(incoming, error)
        else:
            self._not_now(incoming, error)

    def _not_now(self, incoming: Incoming, error: BaseException) -> None:
        self._last_error = f"{tag_of(incoming.message)}: {error}"
        self._handling.end()
        if incoming.ask_id:
            self.node.refuse(incoming, error)
        elif incoming.kept_id:
            self.node.not_now(incoming)

    def _failed_ask(self, incoming: Incoming, error: BaseException) -> None:
        self._last_error = f"{tag_of(incoming.message)}: {error}"
        self.log.warning("%s for %s failed: %s", tag_of(incoming.message), incoming.sender, error, exc_info=error)
        self.node.refuse(incoming, error)

    def _put_aside(self, incoming: Incoming, *, unheard: bool) -> None:
        tag = tag_of(incoming.message)
        reason = f"{self.context.name} does not hear it" if unheard else "it killed its actor twice: set aside"
        self.node.dead_letters.add(
            reason, sender=incoming.sender, tag=tag, message_id=incoming.kept_id,
            body=msgspec.to_builtins(incoming.message), whole=True,
        )  # fmt: skip
        if incoming.kept_id:
            self.node.acknowledge(incoming, set_aside=True)
        elif incoming.ask_id:
            self.node.refuse(incoming, LookupError(f"{self.context.name} does not hear {tag}"))

    # -- life ----------------------------------------------------------------------------------------------

    def stop_in_order(self) -> None:
        """Handle what waits, then stop; from any thread."""
        self._inbox.stop_in_order()
        self.node.submit(lambda: None)

    def _actor_loop(self) -> None:
        try:
            super()._actor_loop()
        finally:
            self._handling.close()
            self.node.close()
            self.gone.set()

    def _handle_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """pykka calls this for every failure that ends the actor, also one in on_start."""
        self.crash = exception_value
        super()._handle_failure(exception_type, exception_value, traceback)

    def _pulse(self) -> Pulse:
        durations = sorted(self._durations_ms)
        mailbox = self.node.mailbox
        return Pulse(
            pid=os.getpid(),
            ready=self.ready,
            degraded=self._degraded,
            last_error=self._last_error,
            mailbox_depth=len(mailbox),
            oldest_ms=mailbox.oldest_ms(self.node.now()),
            handled=self._handled,
            handle_ms_p50=durations[len(durations) // 2] if durations else 0.0,
            handle_ms_p99=durations[int(len(durations) * 0.99)] if durations else 0.0,
            dead_letters=self.node.dead_letters.count,
        )

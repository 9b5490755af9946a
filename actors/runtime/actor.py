"""A pykka actor in a process of its own: its mailbox is a socket, and its refs reach into other processes.

pykka asks an actor type for its inbox; ours polls the transport in the actor's own thread. So no thread hands
messages to another, and pykka's loop, hooks and refs work as they always do.
"""

from __future__ import annotations

import concurrent.futures
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec
import pykka
from pykka._envelope import Envelope as PykkaEnvelope

from actors.address import join_address, split_address
from actors.runtime.clock import Clock
from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.endpoint import DEFAULT_TIMEOUT_S, AnswerT, Endpoint, Timer
from actors.runtime.inbox import Inbox, InternalFailure, noop
from actors.runtime.logs import read_log_tail
from actors.runtime.middleware.dispatcher import BatchHandler, Dispatcher, Handler
from actors.runtime.middleware.health import HealthState
from actors.runtime.middleware.poison_guard import PoisonGuard
from messages import CommunitiesChanged, Community, GetLogTail, Message, Problem, Question
from messages.envelope import Heartbeat
from wording.problems import ProblemError, join_english

if TYPE_CHECKING:
    from config import Settings


class FatalStartupError(ProblemError):
    """Raised in on_start if another start cannot help (a corrupt store, say): the launcher gives up at once."""


class DependencyUnavailable(ProblemError):
    """Raised in on_start if a dependency (a database, say) is unreachable for now: the launcher keeps trying."""


class ActorHost(Protocol):
    """Starts the actors of further communities in a process; see `communities/host.py`."""

    def attach(self, main: Actor) -> None:
        """Set the actor whose process this is."""

    def apply(self, communities: Sequence[Community]) -> None:
        """Run the actors of these communities, and no others."""

    def on_changed(self, changed: CommunitiesChanged) -> None:
        """Take the list of communities that persistence sent."""


class Context(msgspec.Struct, frozen=True):
    """What an actor gets when it is created."""

    endpoint: Endpoint
    settings: Settings
    clock: Clock
    data_dir: Path
    poison_guard: PoisonGuard = msgspec.field(default_factory=PoisonGuard)
    host: ActorHost | None = None
    """Starts the further communities' actors in this process; None in those actors themselves, and in tests."""
    main: Actor | None = None
    """In a further community's actor: the actor of the environment's community that lives in the same process."""
    on_terminated: Callable[[Actor], None] | None = None
    """Called when the actor has run its last line, on its thread."""

    @property
    def name(self) -> str:
        """The actor's address in this run: plex, plex-2, tracker, tracker@123..."""
        return self.endpoint.name

    @property
    def community(self) -> str:
        """The community that the actor belongs to: the id of its Discord server; "" for the environment's."""
        return split_address(self.name)[1]


class Ref:
    """An actor in another process, as pykka's ActorRef: `tell` and `ask`. Every ask has a deadline."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self._endpoint = endpoint
        self.name = name

    def __repr__(self) -> str:
        return f"Ref({self.name})"

    def tell(self, message: Message, done: Callable[[], None] | None = None) -> None:
        """Send with the delivery that the message's class declares; from any thread.

        `done` is called on the owner's thread once an at-least-once message is acknowledged. Raises OutboxFull if too
        many wait.
        """
        self._endpoint.tell(self.name, message, done)

    def report(self, message: Message) -> None:
        """Send a state report; if it does not get through, a newer one follows. Actor's thread only.

        Raises ActorUnavailable if the queue to the actor is full, UnsendableMessage if the message is too long, say.
        """
        self._endpoint.report(self.name, message)

    def ask(self, question: Question[AnswerT], timeout: float = DEFAULT_TIMEOUT_S) -> AnswerT:
        """Send and wait up to `timeout` real seconds for the answer.

        Raises AskTimeout, ActorUnavailable, MailboxFull, UnexpectedAnswer; RemoteError if the other's handler raised.
        """
        return self._endpoint.ask(self.name, question, timeout)

    def ask_future(
        self, question: Question[AnswerT], timeout: float = DEFAULT_TIMEOUT_S
    ) -> concurrent.futures.Future[AnswerT]:
        """Ask as `ask` does, and return a Future of the answer (`asyncio.wrap_future`); from any thread."""
        return self._endpoint.ask_future(self.name, question, timeout)


class Actor(pykka.ThreadingActor):
    """An actor of Usher. Subclasses name their handlers; see `docs/architecture.md` for how to add one.

    Tests step it without its thread, on a clock and a transport of their own (`tests/simulation`): make it, call
    `on_start`, then in turns call `endpoint.pump(0)` and give what `endpoint.mailbox.get()` returns to `on_receive`.
    """

    use_daemon_thread: ClassVar[bool] = True

    name: ClassVar[str] = ""
    """plex, tracker, persistence or discord."""

    outlives_launcher_s: ClassVar[float] = 0.0
    """How long it goes on after the launcher's death before it stops, to receive the last messages of others."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.endpoint = context.endpoint
        self.log = logging.getLogger(context.name)
        self.ready = False
        self.terminated = threading.Event()
        """Set when the actor has run its last line, on_stop included."""
        self.crash: BaseException | None = None
        self._inbox = Inbox(self, context.endpoint)
        super().__init__()
        self._health = HealthState()
        handlers: dict[type[Message], Handler] = {GetLogTail: lambda asked: read_log_tail(asked.limit)}
        handlers |= self.handlers()
        if context.host is not None:
            context.host.attach(self)
            handlers[CommunitiesChanged] = context.host.on_changed
        self._dispatcher = Dispatcher(
            context.endpoint, handlers, context.poison_guard, self._health, self.log, self.batch_handlers()
        )
        self._refs: dict[str, Ref] = {}
        self.endpoint.heartbeat = self._heartbeat
        self.endpoint.on_internal_failure = lambda error: self._inbox.put_first(InternalFailure(error))
        self.endpoint.on_stop_request = self._inbox.stop_in_order
        self.endpoint.was_handled_before = self.was_handled_before

    def _create_actor_inbox(self) -> Any:  # type: ignore[override]  # pykka's is static; ours needs the endpoint
        return self._inbox

    # -- for subclasses --------------------------------------------------------------------------------------

    def handlers(self) -> Mapping[type[Message], Handler]:
        """Return the handler of each message class. Its result answers an ask; a Future answers it later."""
        return {}

    def batch_handlers(self) -> Mapping[type[Message], BatchHandler]:
        """Return the handlers that take several waiting at-least-once messages of one class at once."""
        return {}

    def was_handled_before(self, message_id: str) -> bool:
        """Return whether an earlier incarnation handled a message; override it in an actor that records this."""
        return False

    def ask(self, question: Question[AnswerT], timeout: float = DEFAULT_TIMEOUT_S) -> AnswerT:
        """Ask the actor that the question is for; see Ref.ask."""
        return self.ref(question.receiver).ask(question, timeout)

    def ref(self, name: str) -> Ref:
        """Return a reference to an actor of the same community, in another process."""
        if name not in self._refs:
            self._refs[name] = Ref(self.endpoint, join_address(name, self.context.community))
        return self._refs[name]

    def send_to_self_after(self, delay_s: float, message: object) -> Timer:
        """Put a message into the actor's own mailbox after `delay_s` seconds of service time. Actor's thread only."""
        at_s = self.endpoint.now() + self.context.clock.to_real_s(delay_s)
        return self.endpoint.call_at(at_s, lambda: self._inbox.put(PykkaEnvelope(message)))

    def report_degraded(self, *problems: Problem) -> None:
        """Show in the health table that something is wrong, and what to do about it. From any thread."""
        self._health.report_degraded(problems)

    def report_recovered(self) -> None:
        """Show in the health table that the actor works again. From any thread."""
        self._health.report_recovered()

    @property
    def handling_id(self) -> str:
        """Id of the at-least-once message that is being handled; empty for others."""
        return self._dispatcher.handling_id

    # -- handling --------------------------------------------------------------------------------------------

    def on_receive(self, message: Any) -> Any:
        """Hand the message to the handler of its class; pykka's hook."""
        if isinstance(message, ReceivedMessage):
            return self._dispatcher.handle(message)
        if isinstance(message, InternalFailure):
            raise message.error
        handler = self._dispatcher.get_handler(message)
        if handler is None:
            return super().on_receive(message)
        return self._dispatcher.timing.run(handler, message)

    @property
    def has_deferred_answers(self) -> bool:
        """Whether a handler returned a Future that is not done yet."""
        return self._dispatcher.has_deferred_answers

    # -- start and stop --------------------------------------------------------------------------------------

    def stop_in_order(self) -> None:
        """Handle the messages that wait, then stop; from any thread."""
        self._inbox.stop_in_order()
        self.endpoint.submit(noop)

    def _actor_loop(self) -> None:
        self.endpoint.bind_thread()
        try:
            super()._actor_loop()
        except BaseException as error:  # noqa: BLE001  # SystemExit in a hook too: the thread would end silently
            self._handle_failure(type(error), error, error.__traceback__)
        finally:
            self._terminate()

    def _actor_loop_setup(self) -> None:
        try:
            self.on_start()
        except BaseException as error:  # noqa: BLE001  # whatever the error, the actor did not start
            details = (type(error), error, error.__traceback__)
            self._handle_failure(*details)
            try:
                self.on_failure(*details)  # pykka does not call it here, but what was opened must be closed
            except Exception as another:  # the first one counts
                self.log.error("on_failure failed too: %s", another, exc_info=another)

    def _actor_loop_teardown(self) -> None:
        self._inbox.close()

    def _terminate(self) -> None:
        self._inbox.close()
        try:
            self.endpoint.run_submitted()  # answers that other threads finished meanwhile can still be sent
            self._dispatcher.refuse_deferred()
            self.endpoint.close()
        except Exception as error:  # noqa: BLE001  # threads that wait for the end must be told
            self._handle_failure(type(error), error, error.__traceback__)
        finally:
            self.terminated.set()
            if self.context.on_terminated is not None:
                self.context.on_terminated(self)

    def _handle_receive(self, message: Any) -> Any:
        try:
            if type(message) is ReceivedMessage:  # nearly all are; pykka would check for five other kinds first
                return self._dispatcher.handle(message)
            return super()._handle_receive(message)
        except Exception:
            raise
        except BaseException as error:  # pykka would stop every actor of the process, without a word
            what = message.message if isinstance(message, ReceivedMessage) else message
            raise RuntimeError(f"{type(error).__name__} while handling {type(what).__name__}") from error

    def _handle_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Log a failure that ends the actor; pykka calls this for every failure, in on_start and on_stop too."""
        error = exception_value or RuntimeError("unknown")
        if isinstance(error, FatalStartupError):
            self.log.error("%s", error)
        elif not isinstance(error, DependencyUnavailable):  # the launcher logs that one, once for all its tries
            self.log.error("%s crashed: %s: %s", self.context.name, type(error).__name__, error, exc_info=error)
        self.crash = self.crash or error
        pykka.ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()

    def _heartbeat(self) -> Heartbeat:
        p50_ms, p99_ms = self._dispatcher.timing.percentiles_ms()
        mailbox, queues = self.endpoint.mailbox, self.endpoint.find_queue_problems()
        health = self._health
        return Heartbeat(
            pid=os.getpid(),
            ready=self.ready,
            degraded="; ".join(filter(None, (health.degraded, join_english(queues)))),
            last_error=health.last_error,
            mailbox_depth=len(mailbox),
            oldest_ms=mailbox.oldest_ms(self.endpoint.now()),
            handled=self._dispatcher.timing.handled,
            handle_ms_p50=p50_ms,
            handle_ms_p99=p99_ms,
            dead_letters=self.endpoint.dead_letters.count,
            problems=(*(health.problems if health.degraded or not queues else ()), *queues),
        )

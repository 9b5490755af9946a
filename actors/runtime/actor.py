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

import pykka
from pykka._envelope import Envelope as PykkaEnvelope

from actors.runtime.clock import Clock
from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.endpoint import DEFAULT_TIMEOUT_S, AnswerT, Endpoint, Reply, Timer
from actors.runtime.errors import ActorUnavailable, Declined, Reject, RetryLater
from actors.runtime.inbox import Inbox, InternalFailure, noop
from actors.runtime.middleware.poison_guard import PoisonGuard
from messages import Message, Problem, Question
from messages.codec import tag_of
from messages.envelope import Heartbeat
from wording.problems import ProblemError, join_english

if TYPE_CHECKING:
    from config import Settings

Answer = Message | Reply | None
Handler = Callable[[Any], Answer]


class FatalStartupError(ProblemError):
    """Raised in on_start where starting again cannot help (a corrupt store, say): the launcher gives up at once."""


class DependencyUnavailable(ProblemError):
    """Raised in on_start where what it needs is away for now (a database): the launcher tries again until it is not."""


@dataclasses.dataclass(frozen=True)
class Context:
    """What an actor is given at its birth."""

    endpoint: Endpoint
    settings: Settings
    clock: Clock
    data_dir: Path
    poison_guard: PoisonGuard = dataclasses.field(default_factory=PoisonGuard)

    @property
    def name(self) -> str:
        """The actor's name in this run: plex, plex-2, tracker..."""
        return self.endpoint.name


class Ref:
    """An actor in another process, as pykka's ActorRef: `tell` and `ask`. Every ask has a deadline."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self._endpoint = endpoint
        self.name = name

    def __repr__(self) -> str:
        return f"Ref({self.name})"

    def tell(self, message: Message, done: Callable[[], None] | None = None) -> None:
        """Send by the message class's declared delivery; from any thread.

        `done` is called on the owner's thread when a kept message was acknowledged. OutboxFull where too many wait.
        """
        self._endpoint.tell(self.name, message, done)

    def ask(self, question: Question[AnswerT], timeout: float = DEFAULT_TIMEOUT_S) -> AnswerT:
        """Send and wait up to `timeout` real seconds for the answer.

        AskTimeout, ActorUnavailable, MailboxFull, UnexpectedAnswer, or RemoteError where the other's handler raised.
        """
        return self._endpoint.ask(self.name, question, timeout)

    def ask_future(
        self, question: Question[AnswerT], timeout: float = DEFAULT_TIMEOUT_S
    ) -> concurrent.futures.Future[AnswerT]:
        """As `ask`, but brings the answer later (`asyncio.wrap_future`); from any thread."""
        return self._endpoint.ask_future(self.name, question, timeout)


class Actor(pykka.ThreadingActor):
    """An actor of Usher. Subclasses say what they hear; see `docs/architecture.md` for how to add one.

    Tests step it without its thread, on a clock and a transport of their own (`tests/simulation`): make it, call
    `on_start`, then in turns call `endpoint.pump(0)` and give what `endpoint.mailbox.get()` returns to `on_receive`.
    """

    use_daemon_thread: ClassVar[bool] = True

    name: ClassVar[str] = ""
    """plex, tracker, persistence or discord."""

    outlives_launcher_s: ClassVar[float] = 0.0
    """How long it goes on after the launcher's death before it stops, to hear the last words of others."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.endpoint = context.endpoint
        self.log = logging.getLogger(context.name)
        self.ready = False
        self.terminated = threading.Event()
        """Set when the actor has run its last line, on_stop included."""
        self.crash: BaseException | None = None
        self.handling_id = ""
        """Id of the kept message that is being handled; empty for others."""
        self._inbox = Inbox(self, context.endpoint)
        super().__init__()
        self._handlers = dict(self.handlers())
        self._refs: dict[str, Ref] = {}
        self._poison_guard = context.poison_guard
        self._deferred: dict[int, ReceivedMessage] = {}
        self._last_retried_id = ""
        self._durations_ms: collections.deque[float] = collections.deque(maxlen=1000)
        self._handled = 0
        self._degraded = ""
        self._last_error = ""
        self._problems: tuple[Problem, ...] = ()
        self.endpoint.heartbeat = self._heartbeat
        self.endpoint.on_internal_failure = lambda error: self._inbox.put_first(InternalFailure(error))
        self.endpoint.on_stop_request = self._inbox.stop_in_order
        self.endpoint.was_handled_before = self.was_handled_before

    def _create_actor_inbox(self) -> Any:  # type: ignore[override]  # pykka's is static; ours needs the endpoint
        return self._inbox

    # -- for subclasses ------------------------------------------------------------------------------------

    def handlers(self) -> Mapping[type[Message], Handler]:
        """The dispatch table. What a handler returns answers an ask; a Future answers (or acknowledges) later."""
        return {}

    def was_handled_before(self, message_id: str) -> bool:
        """Whether a kept message was done in an earlier incarnation; override where that is written down."""
        return False

    def ask(self, question: Question[AnswerT], timeout: float = DEFAULT_TIMEOUT_S) -> AnswerT:
        """Ask the actor that the question is for; see Ref.ask."""
        return self.ref(question.receiver).ask(question, timeout)

    def ref(self, name: str) -> Ref:
        """An actor in another process."""
        if name not in self._refs:
            self._refs[name] = Ref(self.endpoint, name)
        return self._refs[name]

    def send_to_self_after(self, delay_s: float, message: object) -> Timer:
        """Put a message into the own mailbox after `delay_s` seconds of service time. Actor's thread only."""
        at_s = self.endpoint.now() + self.context.clock.to_real_s(delay_s)
        return self.endpoint.call_at(at_s, lambda: self._inbox.put(PykkaEnvelope(message)))

    def report_degraded(self, *problems: Problem) -> None:
        """Show in the health table that something is wrong, and what to do about it. From any thread."""
        self._degraded = self._last_error = join_english(problems)
        self._problems = problems

    def report_recovered(self) -> None:
        """Show in the health table that all is well again. From any thread."""
        self._degraded = ""

    def _note_failure(self, message: Message, error: BaseException) -> None:
        """Have the health table say what last went wrong."""
        self._last_error = f"{tag_of(message)}: {error}"
        if not self._degraded:
            problem = getattr(error, "problem", None)
            self._problems = (problem,) if isinstance(problem, Problem) else ()

    # -- handling ------------------------------------------------------------------------------------------

    def on_receive(self, message: Any) -> Any:
        """pykka's hook: hands the message to the handler of its class."""
        if isinstance(message, ReceivedMessage):
            return self._handle(message)
        if isinstance(message, InternalFailure):
            raise message.error
        handler = self._handlers.get(type(message))
        if handler is None:
            return super().on_receive(message)
        return self._run_timed(handler, message)

    def _handle(self, incoming: ReceivedMessage) -> None:
        handler = self._handlers.get(type(incoming.message))
        if handler is None or (incoming.delivery_id and self._poison_guard.is_poison(incoming.delivery_id)):
            unheard = f"{self.context.name} does not hear it" if handler is None else ""
            self._dead_letter(incoming, unheard or "it killed its actor twice: set aside")
            return
        self.handling_id = incoming.delivery_id
        if incoming.delivery_id:
            self._poison_guard.begin(incoming.delivery_id)
        try:
            result = self._run_timed(handler, incoming.message)
        except RetryLater as error:
            self._retry_later(incoming, error)
            return
        except Reject as error:
            self._reject(incoming, error)
            return
        except Exception as error:
            if not incoming.ask_id:
                raise  # the marker stays: this message killed its actor
            self._answer_failure(incoming, error)
            return
        except (SystemExit, KeyboardInterrupt) as error:
            if incoming.ask_id:
                self.endpoint.answer_error(incoming, error)
            raise  # and _handle_receive makes a crash of it
        finally:
            self.handling_id = ""
        if incoming.delivery_id:
            self._poison_guard.end()
        if isinstance(result, concurrent.futures.Future):
            self._deferred[id(incoming)] = incoming
            result.add_done_callback(
                lambda future: self.endpoint.submit(lambda: self._finish_deferred(incoming, future))
            )
        else:
            self._finish(incoming, result)

    def _run_timed(self, handler: Handler, message: Any) -> Answer:
        began = time.perf_counter()
        try:
            return handler(message)
        finally:
            self._durations_ms.append((time.perf_counter() - began) * 1000)
            self._handled += 1

    def _finish(self, incoming: ReceivedMessage, result: Message | None) -> None:
        if incoming.delivery_id:
            self.endpoint.acknowledge(incoming)
        elif incoming.ask_id and result is not None:
            self.endpoint.answer(incoming, result)
        elif incoming.ask_id:
            self.endpoint.answer_error(incoming, TypeError(f"{tag_of(incoming.message)} is told, not asked"))

    @property
    def has_deferred_answers(self) -> bool:
        """Whether a handler returned a Future that is not done yet."""
        return bool(self._deferred)

    def _finish_deferred(self, incoming: ReceivedMessage, future: Reply) -> None:
        self._deferred.pop(id(incoming), None)
        error = RetryLater("it was given up") if future.cancelled() else future.exception()
        if error is None:
            self._finish(incoming, future.result())
        elif incoming.delivery_id or isinstance(error, RetryLater):
            self._retry_later(incoming, error, in_order=False)
        elif incoming.ask_id:
            self._answer_failure(incoming, error)
        else:  # as from any handler of a tell
            raise error

    def _retry_later(self, incoming: ReceivedMessage, error: BaseException, *, in_order: bool = True) -> None:
        tag = tag_of(incoming.message)
        self._note_failure(incoming.message, error)
        if incoming.ask_id:
            self.endpoint.answer_error(incoming, error)
        elif incoming.delivery_id:
            level = (
                logging.DEBUG if incoming.delivery_id == self._last_retried_id else logging.WARNING
            )  # it comes every 2 s
            self._last_retried_id = incoming.delivery_id
            self.log.log(level, "%s could not be done now, and will be tried again: %s", tag, error)
            self._poison_guard.end()
            self.endpoint.requeue(incoming, in_order=in_order)
        else:
            self.endpoint.dead_letters.add(f"not now: {error}", sender=incoming.sender, message=incoming.message)

    def _reject(self, incoming: ReceivedMessage, error: Reject) -> None:
        if incoming.ask_id:
            self._answer_failure(incoming, error)
            return
        self._note_failure(incoming.message, error)
        if incoming.delivery_id:
            self._poison_guard.end()
        self._dead_letter(incoming, str(error), error.then)

    def _answer_failure(self, incoming: ReceivedMessage, error: BaseException) -> None:
        self._note_failure(incoming.message, error)
        trace = None if isinstance(error, Declined) else error
        self.log.warning("%s for %s failed: %s", tag_of(incoming.message), incoming.sender, error, exc_info=trace)
        self.endpoint.answer_error(incoming, error)

    def _dead_letter(self, incoming: ReceivedMessage, reason: str, then: Callable[[], None] | None = None) -> None:
        tag, is_kept = tag_of(incoming.message), bool(incoming.delivery_id)
        written = self.endpoint.dead_letters.add(
            reason, sender=incoming.sender, message=incoming.message, message_id=incoming.delivery_id,
            whole=is_kept, comes_again=is_kept,
        )  # fmt: skip
        if is_kept and not written:  # acknowledged, it would be nowhere
            why = f"{reason}; and the dead letters, where it belongs, cannot be written: free the disk"
            self._retry_later(incoming, RetryLater(why))
            return
        if then is not None:
            then()
        if incoming.delivery_id:
            self.endpoint.acknowledge(incoming, set_aside=True)
        elif incoming.ask_id:
            self.endpoint.answer_error(incoming, LookupError(f"{self.context.name} does not hear {tag}"))

    # -- life ----------------------------------------------------------------------------------------------

    def stop_in_order(self) -> None:
        """Handle what waits, then stop; from any thread."""
        self._inbox.stop_in_order()
        self.endpoint.submit(noop)

    def _actor_loop(self) -> None:
        self.endpoint.bind_thread()
        try:
            super()._actor_loop()
        except BaseException as error:  # noqa: BLE001  # SystemExit in a hook: a thread would end without a word
            self._handle_failure(type(error), error, error.__traceback__)
        finally:
            self._terminate()

    def _actor_loop_setup(self) -> None:
        try:
            self.on_start()
        except BaseException as error:  # noqa: BLE001  # whatever it is, the actor did not start
            details = (type(error), error, error.__traceback__)
            self._handle_failure(*details)
            try:
                self.on_failure(*details)  # pykka leaves it out here; what was opened must be closed all the same
            except Exception as another:  # the first one counts
                self.log.error("on_failure failed too: %s", another, exc_info=another)

    def _actor_loop_teardown(self) -> None:
        self._inbox.close()

    def _terminate(self) -> None:
        self._inbox.close()
        try:
            self.endpoint.run_submitted()  # what other threads finished meanwhile can still be answered
            for incoming in self._deferred.values():
                if incoming.ask_id:
                    self.endpoint.answer_error(incoming, ActorUnavailable(f"{self.context.name} is stopping"))
            self.endpoint.close()
        except Exception as error:  # noqa: BLE001  # whoever waits for the end must hear of it
            self._handle_failure(type(error), error, error.__traceback__)
        finally:
            self.terminated.set()

    def _handle_receive(self, message: Any) -> Any:
        try:
            if type(message) is ReceivedMessage:  # nearly all are; pykka would first ask of five other kinds
                return self._handle(message)
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
        """pykka calls this for every failure that ends the actor, also one in on_start or on_stop."""
        error = exception_value or RuntimeError("unknown")
        if isinstance(error, FatalStartupError):
            self.log.error("%s", error)
        elif not isinstance(error, DependencyUnavailable):  # that one the launcher says, once for all its tries
            self.log.error("%s crashed: %s: %s", self.context.name, type(error).__name__, error, exc_info=error)
        self.crash = self.crash or error
        pykka.ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()

    def _heartbeat(self) -> Heartbeat:
        durations = sorted(self._durations_ms)
        mailbox = self.endpoint.mailbox
        return Heartbeat(
            pid=os.getpid(),
            ready=self.ready,
            degraded=self._degraded,
            last_error=self._last_error,
            mailbox_depth=len(mailbox),
            oldest_ms=mailbox.oldest_ms(self.endpoint.now()),
            handled=self._handled,
            handle_ms_p50=durations[len(durations) // 2] if durations else 0.0,
            handle_ms_p99=durations[int(len(durations) * 0.99)] if durations else 0.0,
            dead_letters=self.endpoint.dead_letters.count,
            problems=self._problems,
        )

"""Calls the handler of a received message, and sends the result back."""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.endpoint import Endpoint, Reply
from actors.runtime.errors import ActorUnavailable, Declined, Reject, RetryLater
from actors.runtime.middleware.dead_letter import DeadLetterOffice
from actors.runtime.middleware.health import HealthState
from actors.runtime.middleware.poison_guard import PoisonGuard
from actors.runtime.middleware.retry import Retry
from actors.runtime.middleware.timing import HandlerTiming
from messages import Message
from messages.codec import tag_of

HandlerResult = Message | Reply | None
Handler = Callable[[Any], HandlerResult]
Outcome = Reject | RetryLater | None
"""Result for one message of a batch: None if it was handled, otherwise why not."""
BatchHandler = Callable[[Sequence[tuple[Any, str]]], Sequence[Outcome]]
"""Takes messages with their ids, and returns an outcome for each, up to the first that was not handled."""

BATCH_LIMIT = 250
"""Messages in a batch at most: pings are answered between two batches."""
BATCH_ID = "batch"
"""Noted as the id of the message that is being handled during a batch. After batches have killed the actor twice,
messages are handled one by one, so that the one at fault is found."""


class Dispatcher:
    """Takes a message through poison guard, timing and handler; then acknowledges, answers, retries or rejects it."""

    def __init__(
        self, endpoint: Endpoint, handlers: Mapping[type[Message], Handler], poison_guard: PoisonGuard,
        health: HealthState, log: logging.Logger, batch_handlers: Mapping[type[Message], BatchHandler] | None = None,
    ) -> None:  # fmt: skip
        self.timing = HandlerTiming()
        self.handling_id = ""
        """Id of the at-least-once message that is being handled; empty for others."""
        self._endpoint = endpoint
        self._handlers: dict[type[Any], Handler] = dict(handlers)
        self._batch_handlers: dict[type[Any], BatchHandler] = dict(batch_handlers or {})
        self._poison_guard = poison_guard
        self._health = health
        self._log = log
        self._retry = Retry(endpoint, log)
        self._dead_letters = DeadLetterOffice(endpoint)
        self._deferred: dict[int, ReceivedMessage] = {}

    @property
    def has_deferred_answers(self) -> bool:
        """Whether a handler returned a Future that is not done yet."""
        return bool(self._deferred)

    def get_handler(self, message: object) -> Handler | None:
        """Return the handler of a message's class."""
        return self._handlers.get(type(message))

    def handle(self, received: ReceivedMessage) -> None:
        """Handle one message. Raises what its handler raises unless an asker can be told: that ends the actor."""
        handler = self._handlers.get(type(received.message))
        if handler is None:
            self._dead_letter(received, f"{self._endpoint.name} has no handler for it")
            return
        if received.delivery_id and self._poison_guard.is_poison(received.delivery_id):
            self._dead_letter(received, "it killed its actor twice: set aside")
            return
        if received.delivery_id and type(received.message) in self._batch_handlers:
            batch = [received, *self._take_batch(received)]
            if len(batch) > 1:
                self._handle_batch(batch)
                return
        self.handling_id = received.delivery_id
        if received.delivery_id:
            self._poison_guard.begin(received.delivery_id)
        try:
            result = self.timing.run(handler, received.message)
        except RetryLater as error:
            self._retry_later(received, error)
            return
        except Reject as error:
            self._reject(received, error)
            return
        except Exception as error:
            if not received.ask_id or isinstance(error, MemoryError):
                raise  # the poison guard keeps its note: this message killed its actor
            self._answer_failure(received, error)
            return
        except (SystemExit, KeyboardInterrupt) as error:
            if received.ask_id:
                self._endpoint.answer_error(received, error)
            raise  # the actor treats it as a crash
        finally:
            self.handling_id = ""
        if received.delivery_id:
            self._poison_guard.end()
        if isinstance(result, concurrent.futures.Future):
            self._defer(received, result)
        else:
            self._finish(received, result)

    def _take_batch(self, first: ReceivedMessage) -> list[ReceivedMessage]:
        """Return the waiting messages that can be handled together with `first`."""
        if self._poison_guard.is_poison(BATCH_ID):
            return []
        mailbox = self._endpoint.mailbox
        waiting = mailbox.take_alike(first, BATCH_LIMIT - 1)
        is_poison = self._poison_guard.is_poison
        good = next((n for n, each in enumerate(waiting) if is_poison(each.delivery_id)), len(waiting))
        mailbox.put_back(waiting[good:])
        return waiting[:good]

    def _handle_batch(self, batch: Sequence[ReceivedMessage]) -> None:
        """Handle several messages of one class at once. Raises what the handler raises: that ends the actor."""
        handler = self._batch_handlers[type(batch[0].message)]
        self._poison_guard.begin(BATCH_ID)
        outcomes: Sequence[Outcome]
        try:
            outcomes = self.timing.run(handler, [(each.message, each.delivery_id) for each in batch])
        except RetryLater as error:
            outcomes = [error]
        self._poison_guard.end()
        self.timing.handled += len(batch) - 1
        for number, (received, outcome) in enumerate(zip(batch, outcomes, strict=False), 1):
            if outcome is None:
                self._finish(received, None)
                continue
            # The messages behind it wait again: some may depend on it. Those that are done already are recognised.
            self._endpoint.mailbox.put_back(batch[number:])
            if isinstance(outcome, Reject):
                self._reject(received, outcome)
            else:
                self._retry_later(received, outcome)
            return

    def refuse_deferred(self) -> None:
        """Answer the questions whose handlers will not finish with an error."""
        for received in self._deferred.values():
            if received.ask_id:
                self._endpoint.answer_error(received, ActorUnavailable(f"{self._endpoint.name} is stopping"))

    def _finish(self, received: ReceivedMessage, result: Message | None) -> None:
        if received.delivery_id:
            self._endpoint.acknowledge(received)
        elif received.ask_id and result is not None:
            self._endpoint.answer(received, result)
        elif received.ask_id:
            self._endpoint.answer_error(received, TypeError(f"{tag_of(received.message)} is told, not asked"))

    def _defer(self, received: ReceivedMessage, future: Reply) -> None:
        self._deferred[id(received)] = received
        future.add_done_callback(lambda done: self._endpoint.submit(lambda: self._finish_deferred(received, done)))

    def _finish_deferred(self, received: ReceivedMessage, future: Reply) -> None:
        self._deferred.pop(id(received), None)
        error = RetryLater("it was given up") if future.cancelled() else future.exception()
        if isinstance(error, MemoryError):
            raise error
        if error is None:
            self._finish(received, future.result())
        elif received.delivery_id or isinstance(error, RetryLater):
            self._retry_later(received, error, in_order=False)
        elif received.ask_id:
            self._answer_failure(received, error)
        else:  # as from any handler of a tell
            raise error

    def _retry_later(self, received: ReceivedMessage, error: BaseException, *, in_order: bool = True) -> None:
        self._health.note_failure(received.message, error)
        if received.delivery_id:
            self._poison_guard.end()
        self._retry.retry_later(received, error, in_order=in_order)

    def _reject(self, received: ReceivedMessage, error: Reject) -> None:
        if received.ask_id:
            self._answer_failure(received, error)
            return
        self._health.note_failure(received.message, error)
        if received.delivery_id:
            self._poison_guard.end()
        self._dead_letter(received, str(error), error.then)

    def _answer_failure(self, received: ReceivedMessage, error: BaseException) -> None:
        self._health.note_failure(received.message, error)
        tag, trace = tag_of(received.message), None if isinstance(error, Declined) else error
        self._log.warning("%s for %s failed: %s", tag, received.sender, error, exc_info=trace)
        self._endpoint.answer_error(received, error)

    def _dead_letter(self, received: ReceivedMessage, reason: str, then: Callable[[], None] | None = None) -> None:
        if not self._dead_letters.set_aside(received, reason):
            why = f"{reason}; and the dead letters, where it belongs, cannot be written: the log says why"
            self._retry_later(received, RetryLater(why))
            return
        if then is not None:
            then()
        unknown = f"{self._endpoint.name} has no handler for {tag_of(received.message)}"
        self._dead_letters.tell_sender(received, LookupError(unknown))

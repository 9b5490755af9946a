"""Sends and receives messages: every actor has an endpoint, and so have the launcher and the command line.

An endpoint belongs to the thread that pumps it: that thread owns the transport (see `owner_loop`).
"""

from __future__ import annotations

import concurrent.futures
import itertools
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.delivery.mailbox import Mailbox, ReceivedMessage
from actors.runtime.delivery.reliable_delivery import ReliableDelivery
from actors.runtime.errors import ActorError, ActorUnavailable, AskTimeout, MailboxFull, OutboxFull, UnsendableMessage
from actors.runtime.owner_loop import OwnerLoop, Timer
from actors.runtime.pending_asks import Awaited, LocalReply, PendingAsks, Reply
from actors.runtime.transport.base import Origin, Transport
from messages import Answer, Delivery, Message, Problem, Question
from messages.codec import DecodeError, decode_body, decode_envelope, encode, tag_of
from messages.envelope import Envelope, Heartbeat

__all__ = ["DEFAULT_TIMEOUT_S", "AnswerT", "Endpoint", "Reply", "Timer", "tag_of"]

AnswerT = TypeVar("AnswerT", bound=Answer)

DEFAULT_TIMEOUT_S = 5.0
PINGS_EACH = 40
"""Unanswered pings that are remembered for each peer: a late answer shows that it is alive too."""
LAST_LOOKS = 20
"""Batches of frames that are still read and refused while closing."""


class Endpoint(OwnerLoop):
    """Sends, receives, keeps and answers messages, each in an envelope."""

    def __init__(self, name: str, transport: Transport, dead_letters: DeadLetters, *,
                 record: Callable[[bytes], None] | None = None,
                 now: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        super().__init__(now, transport.wake)
        self.name = name
        self.incarnation = uuid.uuid4().hex[:12]
        self.mailbox = Mailbox()
        self.dead_letters = dead_letters
        self.heartbeat: Callable[[], Heartbeat] | None = None
        """Returns the state of the endpoint's owner, which answers a ping. Without it, pings are not answered."""
        self.on_stop_request: Callable[[], None] | None = None
        self.was_handled_before: Callable[[str], bool] = lambda _id: False
        self.on_dead_lettered: Callable[[Message], None] | None = None
        """Called with each at-least-once message of ours that its receiver, or we, put among the dead letters."""
        self._log = logging.getLogger(name)
        self._transport = transport
        self._record = record
        self._numbers = itertools.count()
        self._pending_asks = PendingAsks()
        self._reliable_delivery = ReliableDelivery(self)
        self._pending_pings: dict[str, dict[str, concurrent.futures.Future[Heartbeat]]] = {}
        """Pings that wait for an answer, by peer and by id: a silent peer's pings displace no other peer's."""

    # -- sending -------------------------------------------------------------------------------------------

    def tell(self, peer: str, message: Message, done: Callable[[], None] | None = None) -> None:
        """Send with the delivery that the message declares; from any thread. `done` is called when it is acknowledged.

        Raises OutboxFull if too many at-least-once messages wait; on another thread than the owner's, logs it instead.
        """
        if self.is_owner_thread:
            self._tell(peer, message, done)
        elif not self.submit(lambda: self._tell_for_another(peer, message, done)):
            self._dead_letter_unsent(peer, message, f"{self.name} is stopping")

    def _tell(self, peer: str, message: Message, done: Callable[[], None] | None) -> None:
        if message.delivery is Delivery.AT_LEAST_ONCE:
            if self.closed:
                raise ActorUnavailable(f"{self.name} is stopping: {peer} was not told {tag_of(message)}")
            self._reliable_delivery.tell(peer, message, done)
            return
        try:
            sent = self.send(peer, Envelope("tell", "", self.name, self.incarnation, message))
        except DecodeError as error:
            self._dead_letter_unsent(peer, message, f"{type(error).__name__}: {error}")
            return
        if not sent:
            self._dead_letter_unsent(peer, message, f"{peer} is not known here, or its queue is full")

    def report(self, peer: str, message: Message) -> None:
        """Send a state report (`Delivery.CONFLATED`); if it gets lost, the caller's next report replaces it.

        Raises ActorUnavailable if the queue to the peer is full, and UnsendableMessage. Owner's thread only.
        """
        try:
            sent = self.send(peer, Envelope("tell", "", self.name, self.incarnation, message))
        except DecodeError as error:
            raise UnsendableMessage(f"{type(error).__name__}: {error}") from error
        if not sent:
            raise ActorUnavailable(f"{peer} is not known here, or its queue is full")

    def _tell_for_another(self, peer: str, message: Message, done: Callable[[], None] | None) -> None:
        """Send on behalf of another thread, which does not wait: errors are logged, not raised."""
        try:
            self._tell(peer, message, done)
        except (OutboxFull, ActorUnavailable) as error:
            self._log.error("%s was not told %s: %s", peer, tag_of(message), error)
            self._dead_letter_unsent(peer, message, f"{type(error).__name__}: {error}", whole=True)

    def ask(self, peer: str, message: Question[AnswerT], timeout_s: float = DEFAULT_TIMEOUT_S) -> AnswerT:
        """Send and wait for the answer; see Ref.ask. On the owner's thread the sockets are pumped meanwhile."""
        if self.is_owner_thread:
            own = LocalReply()
            self._ask(peer, message, timeout_s, own)
            while not own.is_done:
                self.pump(timeout_s)
            answer: AnswerT = own.take()
            return answer
        try:
            return self.ask_future(peer, message, timeout_s).result(timeout_s + 1.0)
        except concurrent.futures.TimeoutError:  # the owner's thread is held up
            raise AskTimeout(_timeout_text(peer, message, timeout_s)) from None

    def ask_future(
        self, peer: str, message: Question[AnswerT], timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> concurrent.futures.Future[AnswerT]:
        """Send, and return a Future of the answer; from any thread."""
        reply: concurrent.futures.Future[AnswerT] = concurrent.futures.Future()

        def ask() -> None:
            if not reply.cancelled():
                self._ask(peer, message, timeout_s, reply)

        if self.is_owner_thread:
            ask()
        elif not self.submit(ask):
            reply.set_exception(self._stopping_error())
        return reply

    def _ask(self, peer: str, message: Question[Any], timeout_s: float, reply: Awaited) -> None:
        ask_id = f"{self.incarnation}:{next(self._numbers)}"
        try:
            sent = self.send(peer, Envelope("ask", ask_id, self.name, self.incarnation, message))
        except DecodeError as error:
            reply.set_exception(error)
            return
        if not sent:
            why = f"{peer} cannot be reached: not known here, or its queue is full"
            reply.set_exception(self._stopping_error() if self.closed else ActorUnavailable(why))
            return
        deadline = self.call_at(
            self.now() + timeout_s,
            lambda: self._pending_asks.fail(ask_id, self._no_answer_error(peer, message, timeout_s)),
        )
        answer_type = message.answer_type if isinstance(message, Question) else Message
        self._pending_asks.add(ask_id, peer, answer_type, reply, deadline)

    def _no_answer_error(self, peer: str, message: Message, timeout_s: float) -> ActorError:
        """Return the error for a missing answer: the peer is slow, or not connected."""
        if self._transport.is_connected(peer):
            return AskTimeout(_timeout_text(peer, message, timeout_s))
        return ActorUnavailable(f"{peer} does not run now, and did not come back within {timeout_s:g} s")

    def _stopping_error(self) -> ActorUnavailable:
        return ActorUnavailable(f"{self.name} is stopping")

    def ping(self, peer: str) -> concurrent.futures.Future[Heartbeat]:
        """Ask for a peer's heartbeat; it answers between two of its messages. Owner's thread only."""
        ping_id = f"{self.incarnation}:{next(self._numbers)}"
        future: concurrent.futures.Future[Heartbeat] = concurrent.futures.Future()
        if not self.send(peer, Envelope("ping", ping_id, self.name, self.incarnation)):
            future.set_exception(ActorUnavailable(f"{peer} cannot be reached"))
            return future
        waiting = self._pending_pings.setdefault(peer, {})
        waiting[ping_id] = future
        if len(waiting) > PINGS_EACH:
            waiting.pop(next(iter(waiting))).cancel()
        return future

    def stop_peer(self, peer: str) -> None:
        """Tell a peer to stop in order."""
        self.send(peer, Envelope("stop", "", self.name, self.incarnation))

    def find_queue_problems(self) -> tuple[Problem, ...]:
        """Return which queues were full within the last FULL_SHOWN_S: this mailbox, and outboxes for peers."""
        since_s = self.now() - FULL_SHOWN_S
        problems = [
            Problem.of("queue.outbox_full", peer=peer, count=waiting)
            for peer, waiting in self._reliable_delivery.find_full(since_s)
        ]
        refused_s = self.mailbox.refused_s
        if refused_s is not None and refused_s >= since_s:
            megabytes = round(self.mailbox.size / 1e6)
            problems.append(Problem.of("queue.mailbox_full", count=len(self.mailbox), megabytes=megabytes))
        return tuple(problems)

    def count_unacknowledged(self) -> int:
        """Return how many at-least-once messages of ours wait for acknowledgement."""
        return self._reliable_delivery.count_unacknowledged()

    def send(self, peer: str, envelope: Envelope) -> bool:
        """Send an envelope; return False if it is not taken. Raises DecodeError if it cannot be encoded."""
        if self.closed:
            return False
        frame = encode(envelope)
        if self._record is not None:
            self._record(frame)
        return self._transport.send(peer, frame)

    def reply(self, origin: Origin | None, envelope: Envelope) -> None:
        """Send an envelope back to where another came from."""
        if origin is None:
            return
        frame = encode(envelope)
        if self._record is not None:
            self._record(frame)
        if not self._transport.answer(origin, frame) and envelope.kind in ("answer", "error"):
            self.dead_letters.add("the asker is gone", sender=self.name, message_id=envelope.id)

    def _dead_letter_unsent(self, peer: str, message: Message, why: str, *, whole: bool = False) -> None:
        self.dead_letters.add(f"not sent to {peer}: {why}", sender=self.name, message=message, whole=whole)

    # -- the owner's loop ----------------------------------------------------------------------------------

    def pump(self, timeout_s: float) -> None:
        """Receive frames, waiting up to timeout_s for the first; then run submitted work and due timers."""
        for origin, frame in self._transport.receive(self.wait_limit_s(timeout_s, self._reliable_delivery.next_at())):
            self._receive(origin, frame)
        self.run_submitted()
        now_s = self.now()
        self.run_due(now_s)
        self._reliable_delivery.send_due(now_s)

    def close(self) -> None:
        """Refuse waiting messages, fail our asks that wait, and close the transport. Owner's thread; idempotent.

        At-least-once messages of others stay with their senders; ours are lost, unless the actor stores them itself.
        """
        if not self.close_submissions():
            return
        self.on_internal_failure = lambda error: self._log.error("At the end: %s", error, exc_info=error)
        self.run_submitted()
        while (incoming := self.mailbox.get()) is not None:
            self._refuse_late(incoming)
        for _ in range(LAST_LOOKS):
            frames = self._transport.receive(0.0)
            for origin, frame in frames:
                self._receive(origin, frame)
            if not frames:
                break
        self._pending_asks.fail_all(self._stopping_error())
        for waiting in self._pending_pings.values():
            for future in waiting.values():
                future.cancel()
        self._pending_pings.clear()
        self._transport.close()

    def _refuse_late(self, incoming: ReceivedMessage) -> None:
        """Answer a question that came too late, or waited during a crash; note a message that is lost."""
        if incoming.ask_id:
            self.answer_error(incoming, self._stopping_error())
        elif incoming.message.delivery is Delivery.AT_MOST_ONCE:
            self.dead_letters.add(f"{self.name} is stopping", sender=incoming.sender, message=incoming.message)
        # A state report would be out of date after a restart; an at-least-once message comes again.

    # -- receiving -----------------------------------------------------------------------------------------

    def _receive(self, origin: Origin | None, frame: bytes) -> None:
        try:
            envelope = decode_envelope(frame)
        except DecodeError as error:
            self.dead_letters.add(f"{type(error).__name__}: {error}", size=len(frame), body=frame)
            return
        if self.closed and envelope.kind not in ("tell", "ask"):
            return
        self._reliable_delivery.on_peer_seen(envelope.sender, envelope.incarnation)
        _RECEIVERS[envelope.kind](self, origin, envelope, frame)

    def _receive_message(self, origin: Origin | None, envelope: Envelope, frame: bytes) -> None:
        asked = envelope.kind == "ask"
        try:
            message = decode_body(envelope.body)
        except DecodeError as error:
            self.dead_letter_unreadable(envelope, frame, error)
            if asked:
                self._answer_error(origin, envelope.id, error)
            return
        incoming = ReceivedMessage(
            message, envelope.sender, self.now(), origin, envelope.id if asked else "", size=len(frame)
        )
        if self.closed:
            self._refuse_late(incoming)
        elif not self.mailbox.put(incoming):
            full = MailboxFull(f"{self.name} has {len(self.mailbox)} messages waiting; try again later")
            if asked:
                self._answer_error(origin, envelope.id, full)
            else:
                self.dead_letters.add("the mailbox is full", sender=envelope.sender, message=message)

    def dead_letter_unreadable(self, envelope: Envelope, frame: bytes, error: DecodeError) -> bool:
        """Write a message that this version cannot read to the dead letters; return whether that succeeded."""
        is_kept = envelope.kind == "kept"
        return self.dead_letters.add(
            f"{type(error).__name__}: {error}", sender=envelope.sender, message_id=envelope.id,
            size=len(frame), body=envelope.body, whole=is_kept, comes_again=is_kept,
        )  # fmt: skip

    def acknowledge(self, incoming: ReceivedMessage, *, set_aside: bool = False) -> None:
        """See ReliableDelivery.acknowledge."""
        self._reliable_delivery.acknowledge(incoming, set_aside=set_aside)

    def requeue(self, incoming: ReceivedMessage, *, in_order: bool = True) -> None:
        """See ReliableDelivery.requeue."""
        self._reliable_delivery.requeue(incoming, in_order=in_order)

    def answer(self, incoming: ReceivedMessage, message: Message) -> None:
        """Answer an ask."""
        try:
            self.reply(incoming.origin, Envelope("answer", incoming.ask_id, self.name, self.incarnation, message))
        except DecodeError as error:
            self.answer_error(incoming, error)

    def answer_error(self, incoming: ReceivedMessage, error: BaseException) -> None:
        """Answer an ask with an error."""
        self._answer_error(incoming.origin, incoming.ask_id, error)

    def _answer_error(self, origin: Origin | None, ask_id: str, error: BaseException) -> None:
        body: list[Any] = [type(error).__name__, str(error)[:LONGEST_ERROR]]
        if isinstance(problem := getattr(error, "problem", None), Problem):
            body.append(problem.map_texts(lambda text: text[:LONGEST_ERROR]))
        self.reply(origin, Envelope("error", ask_id, self.name, self.incarnation, body))

    def _receive_ping(self, origin: Origin | None, envelope: Envelope, _frame: bytes) -> None:
        if self.heartbeat is not None:
            self.reply(origin, Envelope("pong", envelope.id, self.name, self.incarnation, self.heartbeat()))

    def _receive_pong(self, _origin: Origin | None, envelope: Envelope, _frame: bytes) -> None:
        waiting = self._pending_pings.get(envelope.sender, {})
        future = waiting.pop(envelope.id, None)
        if not waiting:
            self._pending_pings.pop(envelope.sender, None)
        if future is not None and future.set_running_or_notify_cancel():
            try:
                future.set_result(msgspec.convert(envelope.body, Heartbeat))
            except msgspec.ValidationError as error:
                future.set_exception(error)

    def _receive_stop(self, _origin: Origin | None, _envelope: Envelope, _frame: bytes) -> None:
        if self.on_stop_request is not None:
            self.on_stop_request()


_RECEIVERS: dict[str, Callable[[Endpoint, Origin | None, Envelope, bytes], None]] = {
    "tell": Endpoint._receive_message,
    "ask": Endpoint._receive_message,
    "kept": lambda endpoint, origin, envelope, frame: endpoint._reliable_delivery.receive(origin, envelope, frame),
    "answer": lambda endpoint, _origin, envelope, _frame: endpoint._pending_asks.resolve(envelope),
    "error": lambda endpoint, _origin, envelope, _frame: endpoint._pending_asks.resolve(envelope),
    "done": lambda endpoint, _origin, envelope, _frame: endpoint._reliable_delivery.on_acknowledgement(envelope),
    "set_aside": lambda endpoint, _origin, envelope, _frame: endpoint._reliable_delivery.on_acknowledgement(envelope),
    "ping": Endpoint._receive_ping,
    "pong": Endpoint._receive_pong,
    "stop": Endpoint._receive_stop,
}

FULL_SHOWN_S = 30.0
"""How long the health table shows that a queue was full (real seconds)."""
LONGEST_ERROR = 2000
"""Characters of an error's text that are sent back at most."""


def _timeout_text(peer: str, message: Message, timeout_s: float) -> str:
    return f"{peer} did not answer {tag_of(message)} within {timeout_s:g} s"

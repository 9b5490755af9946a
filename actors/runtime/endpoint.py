"""One place that sends and receives: every actor's process has one, and so have the launcher and the command line.

An endpoint belongs to the thread that pumps it: that thread owns every socket. Other threads hand their work over
with `submit`, which wakes it.
"""

from __future__ import annotations

import collections
import concurrent.futures
import itertools
import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.delivery.mailbox import Mailbox, ReceivedMessage
from actors.runtime.delivery.reliable_delivery import ReliableDelivery
from actors.runtime.errors import ActorUnavailable, AskTimeout, MailboxFull, OutboxFull
from actors.runtime.pending_asks import PendingAsks, Reply
from actors.runtime.timers import Timer, Timers
from actors.runtime.transport.base import Origin, Transport
from messages import Answer, Delivery, Message, Problem, Question
from messages.codec import DecodeError, decode_body, decode_envelope, encode, tag_of
from messages.envelope import Envelope, Heartbeat

__all__ = ["DEFAULT_TIMEOUT_S", "AnswerT", "Endpoint", "Reply", "Timer", "tag_of"]

AnswerT = TypeVar("AnswerT", bound=Answer)

DEFAULT_TIMEOUT_S = 5.0
PINGS = 1000
"""Pings without an answer that are remembered."""
LAST_LOOKS = 20
"""Batches of frames that are still taken in at the end, to be turned away."""


class Endpoint:
    """Sends, receives, keeps and answers, by envelope."""

    def __init__(self, name: str, line: Transport, dead_letters: DeadLetters, *,
                 record: Callable[[bytes], None] | None = None,
                 now: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        self.name = name
        self.now = now
        """Real seconds of a steady clock: deadlines, pauses and timers keep to it. Tests give their own."""
        self.incarnation = uuid.uuid4().hex[:12]
        self.mailbox = Mailbox()
        self.dead_letters = dead_letters
        self.heartbeat: Callable[[], Heartbeat] | None = None
        """How whoever lives here is: the answer to a ping. Without it, pings are not answered."""
        self.on_stop_request: Callable[[], None] | None = None
        self.on_internal_failure: Callable[[Exception], None] | None = None
        """Hears what timers, submitted work and `done` callbacks raise; without it `pump` raises it."""
        self.was_handled_before: Callable[[str], bool] = lambda _id: False
        self.on_dead_lettered: Callable[[Message], None] | None = None
        """Hears of each kept message of ours that its receiver, or we, gave up for good."""
        self.closed = False
        self._log = logging.getLogger(name)
        self._transport = line
        self._record = record
        self._owner: int | None = None
        self._submitting = threading.RLock()  # reentrant: a signal may come while its own thread submits
        self._work: collections.deque[Callable[[], None]] = collections.deque()
        self._timers = Timers()
        self._numbers = itertools.count()
        self._pending_asks = PendingAsks()
        self._reliable_delivery = ReliableDelivery(self)
        self._pending_pings: dict[str, concurrent.futures.Future[Heartbeat]] = {}

    # -- sending -------------------------------------------------------------------------------------------

    def tell(self, peer: str, message: Message, done: Callable[[], None] | None = None) -> None:
        """Send by the message's declared delivery; from any thread. `done`: a kept message was acknowledged.

        OutboxFull where too many kept ones wait; told from another thread than the owner's, it is only logged.
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

    def _tell_for_another(self, peer: str, message: Message, done: Callable[[], None] | None) -> None:
        """For a thread that has long gone on: nobody is left to raise to."""
        try:
            self._tell(peer, message, done)
        except (OutboxFull, ActorUnavailable) as error:
            self._log.error("%s was not told %s: %s", peer, tag_of(message), error)
            self._dead_letter_unsent(peer, message, f"{type(error).__name__}: {error}", whole=True)

    def ask(self, peer: str, message: Question[AnswerT], timeout_s: float = DEFAULT_TIMEOUT_S) -> AnswerT:
        """Send and wait for the answer; see Ref.ask. On the owner's thread the sockets are pumped meanwhile."""
        reply = self.ask_future(peer, message, timeout_s)
        if self.is_owner_thread:
            while not reply.done():
                self.pump(timeout_s)
            return reply.result()
        try:
            return reply.result(timeout_s + 1.0)
        except concurrent.futures.TimeoutError:  # the owner's thread is held up
            raise AskTimeout(_timeout_text(peer, message, timeout_s)) from None

    def ask_future(
        self, peer: str, message: Question[AnswerT], timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> concurrent.futures.Future[AnswerT]:
        """Send, and bring the answer later; from any thread."""
        reply: concurrent.futures.Future[AnswerT] = concurrent.futures.Future()
        if self.is_owner_thread:
            self._ask(peer, message, timeout_s, reply)
        elif not self.submit(lambda: self._ask(peer, message, timeout_s, reply)):
            reply.set_exception(self._stopping_error())
        return reply

    def _ask(self, peer: str, message: Question[Any], timeout_s: float, reply: concurrent.futures.Future[Any]) -> None:
        if reply.cancelled():
            return
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
        text = _timeout_text(peer, message, timeout_s)
        deadline = self.call_at(self.now() + timeout_s, lambda: self._pending_asks.fail(ask_id, AskTimeout(text)))
        answer_type = message.answer_type if isinstance(message, Question) else Message
        self._pending_asks.add(ask_id, peer, answer_type, reply, deadline)

    def _stopping_error(self) -> ActorUnavailable:
        return ActorUnavailable(f"{self.name} is stopping")

    def ping(self, peer: str) -> concurrent.futures.Future[Heartbeat]:
        """Ask how a peer is; answered between two of its messages. Owner's thread only."""
        ping_id = f"{self.incarnation}:{next(self._numbers)}"
        future: concurrent.futures.Future[Heartbeat] = concurrent.futures.Future()
        if not self.send(peer, Envelope("ping", ping_id, self.name, self.incarnation)):
            future.set_exception(ActorUnavailable(f"{peer} cannot be reached"))
            return future
        self._pending_pings[ping_id] = future
        if len(self._pending_pings) > PINGS:
            self._pending_pings.pop(next(iter(self._pending_pings))).cancel()
        return future

    def stop_peer(self, peer: str) -> None:
        """Tell a peer to stop in order."""
        self.send(peer, Envelope("stop", "", self.name, self.incarnation))

    def count_unacknowledged(self) -> int:
        """Kept messages that wait for acknowledgement."""
        return self._reliable_delivery.count_unacknowledged()

    def send(self, peer: str, envelope: Envelope) -> bool:
        """Put an envelope on the way; False where it is not taken. DecodeError where it cannot be written."""
        if self.closed:
            return False
        frame = encode(envelope)
        if self._record is not None:
            self._record(frame)
        return self._transport.send(peer, frame)

    def reply(self, origin: Origin | None, envelope: Envelope) -> None:
        """Put an envelope on the way back to where another came from."""
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

    @property
    def is_owner_thread(self) -> bool:
        """Whether this thread is the one that pumps. The first that sends or pumps is."""
        if self._owner is None:
            self._owner = threading.get_ident()
        return self._owner == threading.get_ident()

    def bind_thread(self) -> None:
        """This thread pumps from now on."""
        self._owner = threading.get_ident()

    def submit(self, act: Callable[[], None]) -> bool:
        """Have the owner's thread do it; from any thread. False where it never will: the endpoint is closed."""
        with self._submitting:
            if self.closed:
                return False
            self._work.append(act)
        self._transport.wake()
        return True

    def call_at(self, at_s: float, act: Callable[[], None]) -> Timer:
        """Do it at that time of the real steady clock. Owner's thread only."""
        return self._timers.schedule(at_s, act)

    def pump(self, timeout_s: float) -> None:
        """Take in what arrived, waiting up to timeout_s for the first; do what is due."""
        for origin, frame in self._transport.receive(self._wait_limit_s(timeout_s)):
            self._take(origin, frame)
        self.run_submitted()
        now = self.now()
        while (act := self._timers.pop_due(now)) is not None:
            self.run_callback(act)
        self._reliable_delivery.send_due(now)

    def run_submitted(self) -> None:
        """Do what other threads handed over until now."""
        for _ in range(len(self._work)):
            self.run_callback(self._work.popleft())

    def run_callback(self, act: Callable[[], None]) -> None:
        """Run somebody's callback: what it raises is its actor's end, and not that of whoever pumps just now."""
        try:
            act()
        except Exception as error:
            if self.on_internal_failure is None:
                raise
            self.on_internal_failure(error)

    def _wait_limit_s(self, timeout_s: float) -> float:
        if self._work:
            return 0.0
        now = self.now()
        ends = (now + timeout_s, self._timers.next_at(), self._reliable_delivery.next_at())
        return max(0.0, min(end for end in ends if end is not None) - now)

    def close(self) -> None:
        """Refuse what waits here, fail what waits elsewhere, and close the transport. Owner's thread; idempotent.

        At-least-once messages of others stay with them; ours are lost, unless their actor keeps them elsewhere.
        """
        with self._submitting:
            if self.closed:
                return
            self.closed = True
        self.on_internal_failure = lambda error: self._log.error("At the end: %s", error, exc_info=error)
        self.run_submitted()
        while (incoming := self.mailbox.get()) is not None:
            self._turn_away(incoming)
        for _ in range(LAST_LOOKS):
            frames = self._transport.receive(0.0)
            for origin, frame in frames:
                self._take(origin, frame)
            if not frames:
                break
        self._pending_asks.fail_all(self._stopping_error())
        for future in self._pending_pings.values():
            future.cancel()
        self._pending_pings.clear()
        self._transport.close()

    def _turn_away(self, incoming: ReceivedMessage) -> None:
        """A message that came too late, or waited behind a crash."""
        if incoming.ask_id:
            self.answer_error(incoming, self._stopping_error())
        elif incoming.message.delivery is Delivery.AT_MOST_ONCE:
            self.dead_letters.add(f"{self.name} is stopping", sender=incoming.sender, message=incoming.message)
        # A state report is old by the time somebody is back; a kept message comes again.

    # -- receiving -----------------------------------------------------------------------------------------

    def _take(self, origin: Origin | None, frame: bytes) -> None:
        try:
            envelope = decode_envelope(frame)
        except DecodeError as error:
            self.dead_letters.add(f"{type(error).__name__}: {error}", size=len(frame), body=frame)
            return
        if self.closed and envelope.kind not in ("tell", "ask"):
            return
        self._reliable_delivery.on_peer_seen(envelope.sender, envelope.incarnation)
        _TAKERS[envelope.kind](self, origin, envelope, frame)

    def _take_message(self, origin: Origin | None, envelope: Envelope, frame: bytes) -> None:
        asked = envelope.kind == "ask"
        try:
            message = decode_body(envelope.body)
        except DecodeError as error:
            self.dead_letter_unreadable(envelope, frame, error)
            if asked:
                self._answer_error(origin, envelope.id, error)
            return
        incoming = ReceivedMessage(message, envelope.sender, self.now(), origin, envelope.id if asked else "")
        if self.closed:
            self._turn_away(incoming)
        elif not self.mailbox.put(incoming):
            full = MailboxFull(f"{self.name} has {len(self.mailbox)} messages waiting; try again later")
            if asked:
                self._answer_error(origin, envelope.id, full)
            else:
                self.dead_letters.add("the mailbox is full", sender=envelope.sender, message=message)

    def dead_letter_unreadable(self, envelope: Envelope, frame: bytes, error: DecodeError) -> bool:
        """Note a message that no message of this version is like; return whether it could be."""
        is_kept = envelope.kind == "kept"
        return self.dead_letters.add(
            f"{type(error).__name__}: {error}", sender=envelope.sender, message_id=envelope.id,
            size=len(frame), body=envelope.body, whole=is_kept, comes_again=is_kept,
        )  # fmt: skip

    def acknowledge(self, incoming: ReceivedMessage, *, set_aside: bool = False) -> None:
        """Tell the sender that a kept message was handled, or set aside."""
        self._reliable_delivery.acknowledge(incoming, set_aside=set_aside)

    def requeue(self, incoming: ReceivedMessage, *, in_order: bool = True) -> None:
        """A kept message could not be handled: its sender will send it again.

        What waits behind it comes again too, after it; not so with `in_order=False`, where later ones are done already.
        """
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

    def _take_ping(self, origin: Origin | None, envelope: Envelope, _frame: bytes) -> None:
        if self.heartbeat is not None:
            self.reply(origin, Envelope("pong", envelope.id, self.name, self.incarnation, self.heartbeat()))

    def _take_pong(self, _origin: Origin | None, envelope: Envelope, _frame: bytes) -> None:
        future = self._pending_pings.pop(envelope.id, None)
        if future is not None and future.set_running_or_notify_cancel():
            try:
                future.set_result(msgspec.convert(envelope.body, Heartbeat))
            except msgspec.ValidationError as error:
                future.set_exception(error)

    def _take_stop(self, _origin: Origin | None, _envelope: Envelope, _frame: bytes) -> None:
        if self.on_stop_request is not None:
            self.on_stop_request()


_TAKERS: dict[str, Callable[[Endpoint, Origin | None, Envelope, bytes], None]] = {
    "tell": Endpoint._take_message,
    "ask": Endpoint._take_message,
    "kept": lambda endpoint, origin, envelope, frame: endpoint._reliable_delivery.receive(origin, envelope, frame),
    "answer": lambda endpoint, _origin, envelope, _frame: endpoint._pending_asks.resolve(envelope),
    "error": lambda endpoint, _origin, envelope, _frame: endpoint._pending_asks.resolve(envelope),
    "done": lambda endpoint, _origin, envelope, _frame: endpoint._reliable_delivery.on_acknowledgement(envelope),
    "set_aside": lambda endpoint, _origin, envelope, _frame: endpoint._reliable_delivery.on_acknowledgement(envelope),
    "ping": Endpoint._take_ping,
    "pong": Endpoint._take_pong,
    "stop": Endpoint._take_stop,
}

LONGEST_ERROR = 2000
"""Characters of an error's text that are sent back."""


def _timeout_text(peer: str, message: Message, timeout_s: float) -> str:
    return f"{peer} did not answer {tag_of(message)} within {timeout_s:g} s"

"""A node: one place that sends and receives. Every actor's process has one; so have the launcher and the command line.

A node belongs to the thread that pumps it: that thread owns every socket. Other threads hand their work over
with `submit`, which wakes it.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import heapq
import itertools
import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from actors.runtime.dead_letters import DeadLetters
from actors.runtime.errors import (
    ActorError,
    ActorUnavailable,
    AskTimeout,
    MailboxFull,
    RemoteError,
)
from actors.runtime.mailbox import Incoming, Mailbox
from actors.runtime.outbox import Kept, PeerOutbox, Sequence
from actors.runtime.transport import Line, Origin
from messages import Delivery, Message
from messages.codec import DecodeError, decode_body, decode_envelope, encode
from messages.envelope import Envelope, Pulse

DEFAULT_TIMEOUT_S = 5.0
SEQUENCES = 64
"""Lives of senders that are remembered."""

Reply = concurrent.futures.Future[Message]


@dataclasses.dataclass(order=True, slots=True)
class Timer:
    """Something to do later. `cancel` it and it is not done."""

    at_s: float
    number: int
    act: Callable[[], None] | None = dataclasses.field(compare=False)

    def cancel(self) -> None:
        """Forget it."""
        self.act = None


@dataclasses.dataclass(slots=True)
class _Pending:
    reply: Reply
    peer: str
    deadline_s: float


class Node:
    """Sends, receives, keeps and answers, by envelope. `receive_ping` gives the pulse of whoever lives here."""

    def __init__(self, name: str, line: Line, dead_letters: DeadLetters, *,
                 record: Callable[[bytes], None] | None = None,
                 now: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        self.name = name
        self.now = now
        """Real seconds of a steady clock: deadlines, pauses and timers keep to it. Tests give their own."""
        self.life = uuid.uuid4().hex[:12]
        self.mailbox = Mailbox()
        self.dead_letters = dead_letters
        self.pulse: Callable[[], Pulse] | None = None
        self.on_stop_frame: Callable[[], None] | None = None
        self.already_done: Callable[[str], bool] = lambda _id: False
        self.on_set_aside: Callable[[Message], None] | None = None
        self._log = logging.getLogger(name)
        self._line = line
        self._record = record
        self._owner: int | None = None
        self._work: collections.deque[Callable[[], None]] = collections.deque()
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self._pending: dict[str, _Pending] = {}
        self._outboxes: dict[str, PeerOutbox] = {}
        self._sequences: collections.OrderedDict[tuple[str, str], Sequence] = collections.OrderedDict()
        self._lives: dict[str, str] = {}
        self._pulses: dict[str, concurrent.futures.Future[Pulse]] = {}
        self.closed = False

    # -- sending -------------------------------------------------------------------------------------------

    def tell(self, peer: str, message: Message, done: Callable[[], None] | None = None) -> None:
        """Send by the message's declared delivery; from any thread. `done`: a kept message was acknowledged."""
        if not self.owned_here:
            self.submit(lambda: self.tell(peer, message, done))
        elif message.delivery is Delivery.KEPT:
            outbox = self._outboxes.get(peer)
            if outbox is None:
                outbox = self._outboxes[peer] = PeerOutbox(peer, self.life)
            outbox.keep(message, done)
            self._send_due(outbox)
        elif not self._send(peer, Envelope("tell", "", self.name, self.life, message)):
            self._undeliverable(peer, message)

    def ask(self, peer: str, message: Message, timeout_s: float = DEFAULT_TIMEOUT_S) -> Message:
        """Send and wait for the answer; see Ref.ask. On the owner's thread the sockets are pumped meanwhile."""
        reply = self.ask_future(peer, message, timeout_s)
        if self.owned_here:
            while not reply.done():
                self.pump(timeout_s)
            return reply.result()
        try:
            return reply.result(timeout_s + 1.0)
        except concurrent.futures.TimeoutError:
            raise AskTimeout(_late(peer, message, timeout_s)) from None

    def ask_future(self, peer: str, message: Message, timeout_s: float = DEFAULT_TIMEOUT_S) -> Reply:
        """Send, and bring the answer later; from any thread."""
        reply: Reply = concurrent.futures.Future()
        if self.owned_here:
            self._ask(peer, message, timeout_s, reply)
        else:
            self.submit(lambda: self._ask(peer, message, timeout_s, reply))
        return reply

    def _ask(self, peer: str, message: Message, timeout_s: float, reply: Reply) -> None:
        ask_id = f"{self.life}:{next(self._numbers)}"
        try:
            sent = self._send(peer, Envelope("ask", ask_id, self.name, self.life, message))
        except DecodeError as error:
            reply.set_exception(error)
            return
        if not sent:
            reply.set_exception(ActorUnavailable(f"{peer} cannot be reached: not known here, or its queue is full"))
            return
        deadline = self.now() + timeout_s
        self._pending[ask_id] = _Pending(reply, peer, deadline)
        text = _late(peer, message, timeout_s)
        self.at(deadline, lambda: self._fail(ask_id, AskTimeout(text)))

    def ping(self, peer: str) -> concurrent.futures.Future[Pulse]:
        """Ask how a peer is; answered between two of its messages. Owner's thread only."""
        ping_id = f"{self.life}:{next(self._numbers)}"
        future: concurrent.futures.Future[Pulse] = concurrent.futures.Future()
        self._pulses[ping_id] = future
        if not self._send(peer, Envelope("ping", ping_id, self.name, self.life)):
            self._pulses.pop(ping_id)
            future.set_exception(ActorUnavailable(f"{peer} cannot be reached"))
        elif len(self._pulses) > 1000:
            self._pulses.pop(next(iter(self._pulses))).cancel()
        return future

    def stop_peer(self, peer: str) -> None:
        """Tell a peer to stop in order."""
        self._send(peer, Envelope("stop", "", self.name, self.life))

    def unacknowledged(self) -> int:
        """Kept messages that wait for acknowledgement."""
        return sum(len(outbox) for outbox in self._outboxes.values())

    def _send(self, peer: str, envelope: Envelope) -> bool:
        frame = encode(envelope)
        if self._record is not None:
            self._record(frame)
        return self._line.send(peer, frame)

    def _answer(self, origin: Origin | None, envelope: Envelope) -> None:
        if origin is None:
            return
        frame = encode(envelope)
        if self._record is not None:
            self._record(frame)
        if not self._line.answer(origin, frame) and envelope.kind in ("answer", "error"):
            self.dead_letters.add("the asker is gone", sender=self.name, message_id=envelope.id)

    def _undeliverable(self, peer: str, message: Message) -> None:
        self.dead_letters.add(
            f"{peer} is not known here, or its queue is full",
            sender=self.name,
            tag=tag_of(message),
            body=msgspec.to_builtins(message),
        )

    def _send_due(self, outbox: PeerOutbox) -> None:
        for kept in outbox.due(self.now()):
            if not self._send_kept(outbox, kept):
                break

    def _send_kept(self, outbox: PeerOutbox, kept: Kept) -> bool:
        envelope = Envelope("kept", kept.id, self.name, self.life, kept.message, kept.number, outbox.oldest)
        try:
            return self._send(outbox.peer, envelope)
        except DecodeError as error:
            outbox.acknowledge(kept.id)
            self._set_aside(kept.message, kept.id, f"cannot be sent: {error}")
            return True

    # -- the owner's loop ----------------------------------------------------------------------------------

    @property
    def owned_here(self) -> bool:
        """Whether this thread is the one that pumps. The first that sends or pumps is."""
        if self._owner is None:
            self._owner = threading.get_ident()
        return self._owner == threading.get_ident()

    def own(self) -> None:
        """This thread pumps from now on."""
        self._owner = threading.get_ident()

    def submit(self, act: Callable[[], None]) -> None:
        """Have the owner's thread do it; from any thread."""
        self._work.append(act)
        self._line.wake()

    def at(self, at_s: float, act: Callable[[], None]) -> Timer:
        """Do it at that time of the real steady clock. Owner's thread only."""
        timer = Timer(at_s, next(self._numbers), act)
        heapq.heappush(self._timers, timer)
        return timer

    def pump(self, timeout_s: float) -> None:
        """Take in what arrived, waiting up to timeout_s for the first; do what is due."""
        for origin, frame in self._line.receive(self._patience(timeout_s)):
            self._take(origin, frame)
        while self._work:
            self._work.popleft()()
        now = self.now()
        while self._timers and self._timers[0].at_s <= now:
            act = heapq.heappop(self._timers).act
            if act is not None:
                act()
        for outbox in self._outboxes.values():
            due = outbox.next_at()
            if due is not None and due <= now:
                self._send_due(outbox)

    def _patience(self, timeout_s: float) -> float:
        if self._work:
            return 0.0
        now = self.now()
        ends = [now + timeout_s]
        if self._timers:
            ends.append(self._timers[0].at_s)
        ends += [at for outbox in self._outboxes.values() if (at := outbox.next_at()) is not None]
        return max(0.0, min(ends) - now)

    def close(self) -> None:
        """Fail what waits for answers and give the line back."""
        self.closed = True
        for ask_id in list(self._pending):
            self._fail(ask_id, ActorUnavailable(f"{self.name} is stopping"))
        self._line.close()

    # -- receiving -----------------------------------------------------------------------------------------

    def _take(self, origin: Origin | None, frame: bytes) -> None:
        try:
            envelope = decode_envelope(frame)
        except DecodeError as error:
            self.dead_letters.add(f"{type(error).__name__}: {error}", size=len(frame), body=frame)
            return
        self._note_life(envelope)
        taker = _TAKERS.get(envelope.kind)
        if taker is not None:
            taker(self, origin, envelope, frame)

    def _note_life(self, envelope: Envelope) -> None:
        if self._lives.get(envelope.sender) == envelope.life:
            return
        if envelope.sender in self._lives and envelope.sender in self._outboxes:
            self._outboxes[envelope.sender].hurry()
        self._lives[envelope.sender] = envelope.life

    def _take_message(self, origin: Origin | None, envelope: Envelope, frame: bytes) -> None:
        try:
            message = decode_body(envelope.body)
        except DecodeError as error:
            self.dead_letters.add(
                f"{type(error).__name__}: {error}", sender=envelope.sender, message_id=envelope.id,
                size=len(frame), body=envelope.body,
            )  # fmt: skip
            self._refuse(origin, envelope, type(error).__name__, str(error))
            return
        incoming = Incoming(message, envelope.sender, self.now(), origin)
        if envelope.kind == "ask":
            incoming.ask_id = envelope.id
        if not self.mailbox.put(incoming):
            text = f"{self.name} has {len(self.mailbox)} messages waiting; try again later"
            if envelope.kind == "tell":
                self.dead_letters.add(
                    "the mailbox is full", sender=envelope.sender, tag=tag_of(message), body=envelope.body
                )
            self._refuse(origin, envelope, MailboxFull.__name__, text)

    def _refuse(self, origin: Origin | None, envelope: Envelope, kind: str, text: str) -> None:
        if envelope.kind == "ask":
            self._answer(origin, Envelope("error", envelope.id, self.name, self.life, [kind, text]))

    def _take_kept(self, origin: Origin | None, envelope: Envelope, frame: bytes) -> None:
        if self.mailbox.full:
            return  # no acknowledgement: its sender keeps it and sends it again
        key = (envelope.sender, envelope.life)
        sequence = self._sequences.get(key)
        if sequence is None:
            sequence = self._sequences[key] = Sequence(envelope.oldest)
            if len(self._sequences) > SEQUENCES:
                self._sequences.popitem(last=False)
        verdict = sequence.accept(envelope.number, envelope.id, envelope.oldest)
        if verdict is None:
            return
        if verdict is False or self.already_done(envelope.id):
            sequence.finished(envelope.id)
            self._answer(origin, Envelope("done", envelope.id, self.name, self.life))
            return
        try:
            message = decode_body(envelope.body)
        except DecodeError as error:
            self.dead_letters.add(
                f"{type(error).__name__}: {error}", sender=envelope.sender, message_id=envelope.id,
                size=len(frame), body=envelope.body, whole=True,
            )  # fmt: skip
            self.acknowledge(Incoming(Message(), envelope.sender, 0.0, origin, kept_id=envelope.id), set_aside=True)
            return
        self.mailbox.put(Incoming(message, envelope.sender, self.now(), origin, kept_id=envelope.id))

    def acknowledge(self, incoming: Incoming, *, set_aside: bool = False) -> None:
        """Tell the sender that a kept message was handled, or set aside."""
        for (sender, _life), sequence in self._sequences.items():
            if sender == incoming.sender:
                sequence.finished(incoming.kept_id)
        kind = "set_aside" if set_aside else "done"
        self._answer(incoming.origin, Envelope(kind, incoming.kept_id, self.name, self.life))  # type: ignore[arg-type]  # two of Kind's words

    def not_now(self, incoming: Incoming) -> None:
        """A kept message could not be handled: its sender will send it again."""
        for (sender, _life), sequence in self._sequences.items():
            if sender == incoming.sender:
                sequence.failed(incoming.kept_id)

    def answer(self, incoming: Incoming, message: Message) -> None:
        """Answer an ask."""
        try:
            self._answer(incoming.origin, Envelope("answer", incoming.ask_id, self.name, self.life, message))
        except DecodeError as error:
            self.refuse(incoming, error)

    def refuse(self, incoming: Incoming, error: BaseException) -> None:
        """Answer an ask with an error."""
        body = [type(error).__name__, str(error)]
        self._answer(incoming.origin, Envelope("error", incoming.ask_id, self.name, self.life, body))

    def _take_answer(self, _origin: Origin | None, envelope: Envelope, _frame: bytes) -> None:
        pending = self._pending.pop(envelope.id, None)
        if pending is None or not pending.reply.set_running_or_notify_cancel():
            return  # answered after the deadline: the asker was told already
        try:
            if envelope.kind == "error":
                kind, text = envelope.body
                error: Exception = MailboxFull(text) if kind == "MailboxFull" else RemoteError(pending.peer, kind, text)
                pending.reply.set_exception(error)
            else:
                pending.reply.set_result(decode_body(envelope.body))
        except (DecodeError, TypeError, ValueError) as error:
            pending.reply.set_exception(error)

    def _fail(self, ask_id: str, error: ActorError) -> None:
        pending = self._pending.pop(ask_id, None)
        if pending is not None and pending.reply.set_running_or_notify_cancel():
            pending.reply.set_exception(error)

    def _take_done(self, _origin: Origin | None, envelope: Envelope, _frame: bytes) -> None:
        outbox = self._outboxes.get(envelope.sender)
        kept = outbox.acknowledge(envelope.id) if outbox is not None else None
        if outbox is None or kept is None:
            return
        if envelope.kind == "set_aside":
            self._set_aside(kept.message, kept.id, f"{envelope.sender} set it aside", log_only=True)
        self._send_due(outbox)

    def _set_aside(self, message: Message, message_id: str, reason: str, *, log_only: bool = False) -> None:
        self._log.error("A message was set aside: %s (%s): see dead_letters.jsonl", reason, tag_of(message))
        if not log_only:
            self.dead_letters.add(
                reason, sender=self.name, tag=tag_of(message), message_id=message_id,
                body=msgspec.to_builtins(message), whole=True,
            )  # fmt: skip
        if self.on_set_aside is not None:
            self.on_set_aside(message)

    def _take_ping(self, origin: Origin | None, envelope: Envelope, _frame: bytes) -> None:
        if self.pulse is not None:
            self._answer(origin, Envelope("pong", envelope.id, self.name, self.life, self.pulse()))

    def _take_pong(self, _origin: Origin | None, envelope: Envelope, _frame: bytes) -> None:
        future = self._pulses.pop(envelope.id, None)
        if future is not None and future.set_running_or_notify_cancel():
            try:
                future.set_result(msgspec.convert(envelope.body, Pulse))
            except msgspec.ValidationError as error:
                future.set_exception(error)

    def _take_stop(self, _origin: Origin | None, _envelope: Envelope, _frame: bytes) -> None:
        if self.on_stop_frame is not None:
            self.on_stop_frame()


_TAKERS: dict[str, Callable[[Node, Origin | None, Envelope, bytes], None]] = {
    "tell": Node._take_message,
    "ask": Node._take_message,
    "kept": Node._take_kept,
    "answer": Node._take_answer,
    "error": Node._take_answer,
    "done": Node._take_done,
    "set_aside": Node._take_done,
    "ping": Node._take_ping,
    "pong": Node._take_pong,
    "stop": Node._take_stop,
}


def tag_of(message: Message) -> str:
    """A message's tag, for people."""
    return str(message.__struct_config__.tag or type(message).__name__)


def _late(peer: str, message: Message, timeout_s: float) -> str:
    return f"{peer} did not answer {tag_of(message)} within {timeout_s:g} s"


def as_json(message: Message) -> dict[str, Any]:
    """A message with its field names, for people."""
    return {
        "tag": tag_of(message),
        **{f: msgspec.to_builtins(getattr(message, f)) for f in message.__struct_fields__},
    }

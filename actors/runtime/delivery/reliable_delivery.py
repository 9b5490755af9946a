"""At-least-once delivery at one endpoint: the sender's side and the receiver's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal, Protocol

from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.delivery.dedup import DedupDecision, SenderSequences
from actors.runtime.delivery.mailbox import Mailbox, ReceivedMessage
from actors.runtime.delivery.outbox import PeerOutbox, PendingDelivery
from actors.runtime.transport.base import Origin
from messages import Message
from messages.codec import DecodeError, decode_body, encode, tag_of
from messages.envelope import Envelope


class Courier(Protocol):
    """What reliable delivery needs of the endpoint that it is a part of."""

    name: str
    incarnation: str
    mailbox: Mailbox
    dead_letters: DeadLetters
    now: Callable[[], float]
    was_handled_before: Callable[[str], bool]
    on_dead_lettered: Callable[[Message], None] | None

    def send(self, peer: str, envelope: Envelope) -> bool: ...
    def reply(self, origin: Origin | None, envelope: Envelope) -> None: ...
    def run_callback(self, act: Callable[[], None]) -> None: ...
    def dead_letter_unreadable(self, envelope: Envelope, frame: bytes, error: DecodeError) -> bool: ...


class ReliableDelivery:
    """An outbox for each peer, and the sequences of the senders. Owner's thread only."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._log = logging.getLogger(courier.name)
        self._outboxes: dict[str, PeerOutbox] = {}
        self._sequences = SenderSequences()

    # -- the sender's side -------------------------------------------------------------------------------------

    def tell(self, peer: str, message: Message, done: Callable[[], None] | None) -> None:
        """Send a message, and keep it until the peer acknowledges it. Raises OutboxFull."""
        outbox = self._outboxes.get(peer)
        if outbox is None:
            outbox = self._outboxes[peer] = PeerOutbox(peer, self._courier.incarnation)
        outbox.add(message, done, self._size_of(message), self._courier.now())
        self._send(outbox)

    def _size_of(self, message: Message) -> int:
        """Return the encoded length of a message, bytes; 0 if it cannot be encoded, which sending it will report."""
        try:
            return len(encode(Envelope("kept", "", self._courier.name, self._courier.incarnation, message)))
        except DecodeError:
            return 0

    def find_full(self, since_s: float) -> list[tuple[str, int]]:
        """Return the peers whose outbox was full at some time since `since_s`, and how many messages wait for each."""
        return [
            (peer, len(outbox))
            for peer, outbox in self._outboxes.items()
            if outbox.refused_s is not None and outbox.refused_s >= since_s
        ]

    def count_unacknowledged(self) -> int:
        """Return how many messages wait for acknowledgement."""
        return sum(len(outbox) for outbox in self._outboxes.values())

    def next_at(self) -> float | None:
        """Return when something is to be sent again, or None if nothing is."""
        earliest: float | None = None
        for outbox in self._outboxes.values():
            at_s = outbox.next_at()
            if at_s is not None and (earliest is None or at_s < earliest):
                earliest = at_s
        return earliest

    def send_due(self, now_s: float) -> None:
        """Send the messages that are due again."""
        for outbox in list(self._outboxes.values()):  # the callback of a message that is set aside may tell a new peer
            at_s = outbox.next_at()
            if at_s is not None and at_s <= now_s:
                self._send(outbox)

    def on_peer_seen(self, peer: str, incarnation: str) -> None:
        """Note that a peer is alive, and which incarnation it is."""
        outbox = self._outboxes.get(peer)
        if outbox is not None:
            outbox.on_peer_seen(incarnation)

    def on_acknowledgement(self, envelope: Envelope) -> None:
        """Release a message that a peer handled or set aside."""
        outbox = self._outboxes.get(envelope.sender)
        delivery = outbox.acknowledge(envelope.id, self._courier.now()) if outbox is not None else None
        if outbox is None or delivery is None:
            return
        if envelope.kind == "set_aside":
            self._report_dead_lettered(delivery, f"{envelope.sender} could not handle it")
        elif delivery.done is not None:
            self._courier.run_callback(delivery.done)
        self._send(outbox)

    def _send(self, outbox: PeerOutbox) -> None:
        for delivery in outbox.take_due(self._courier.now()):
            if not self._send_one(outbox, delivery):
                break

    def _send_one(self, outbox: PeerOutbox, delivery: PendingDelivery) -> bool:
        courier = self._courier
        envelope = Envelope(
            "kept", delivery.id, courier.name, courier.incarnation, delivery.message, delivery.number, outbox.oldest
        )
        try:
            return courier.send(outbox.peer, envelope)
        except DecodeError as error:
            why = f"it cannot be sent to {outbox.peer}: {type(error).__name__}: {error}"
            if courier.dead_letters.add(
                why,
                sender=courier.name,
                message=delivery.message,
                message_id=delivery.id,
                whole=True,
                comes_again=True,
            ):
                outbox.acknowledge(delivery.id, courier.now())
                self._report_dead_lettered(delivery, why)
            return True

    def _report_dead_lettered(self, delivery: PendingDelivery, why: str) -> None:
        self._log.error("A message was set aside: %s (%s): see dead_letters.jsonl", why, tag_of(delivery.message))
        on_dead_lettered, done = self._courier.on_dead_lettered, delivery.done
        if on_dead_lettered is not None:
            self._courier.run_callback(lambda: on_dead_lettered(delivery.message))
        if done is not None:  # nobody waits for it any more
            self._courier.run_callback(done)

    # -- the receiver's side -----------------------------------------------------------------------------------

    def receive(self, origin: Origin | None, envelope: Envelope, frame: bytes) -> None:
        """Put a message into the mailbox if it is its turn."""
        courier = self._courier
        if courier.mailbox.is_full:
            courier.mailbox.refused_s = courier.now()
            return  # without an acknowledgement its sender keeps it and sends it again
        sequence = self._sequences.get_or_create(envelope.sender, envelope.incarnation, envelope.oldest)
        decision = sequence.classify(envelope.number, envelope.oldest)
        if decision is DedupDecision.IGNORE:
            return
        if decision is DedupDecision.ACKNOWLEDGE or courier.was_handled_before(envelope.id):
            sequence.mark_finished(envelope.number)
            self._answer(origin, envelope.id, "done")
            return
        try:
            message = decode_body(envelope.body)
        except DecodeError as error:
            if not courier.dead_letter_unreadable(envelope, frame, error):
                sequence.rewind(envelope.number, [])  # without an acknowledgement it comes again
                return
            sequence.mark_finished(envelope.number)
            self._answer(origin, envelope.id, "set_aside")
            return
        courier.mailbox.put(
            ReceivedMessage(
                message,
                envelope.sender,
                courier.now(),
                origin,
                "",
                envelope.id,
                envelope.incarnation,
                envelope.number,
                len(frame),
            )
        )

    def acknowledge(self, incoming: ReceivedMessage, *, set_aside: bool) -> None:
        """Tell the sender that its message was handled, or set aside among the dead letters."""
        sequence = self._sequences.get(incoming.sender, incoming.incarnation)
        if sequence is not None:
            sequence.mark_finished(incoming.number)
        self._answer(incoming.origin, incoming.delivery_id, "set_aside" if set_aside else "done")

    def requeue(self, incoming: ReceivedMessage, *, in_order: bool) -> None:
        """Let the sender send a message again, which could not be handled.

        With `in_order`, the messages behind it come again after it; without, they are done already.
        """
        sequence = self._sequences.get(incoming.sender, incoming.incarnation)
        if sequence is None:
            return
        if in_order:
            sequence.rewind(incoming.number, self._courier.mailbox.withdraw(incoming.sender, incoming.incarnation))
        else:
            sequence.accept_again(incoming.number)

    def _answer(self, origin: Origin | None, delivery_id: str, kind: Literal["done", "set_aside"]) -> None:
        self._courier.reply(origin, Envelope(kind, delivery_id, self._courier.name, self._courier.incarnation))

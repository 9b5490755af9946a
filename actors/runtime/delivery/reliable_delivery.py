"""Both sides of kept messages at one endpoint: what we keep for others, and what others keep for us."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from actors.runtime.delivery.dedup import SenderSequences
from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.delivery.outbox import PeerOutbox, PendingDelivery
from actors.runtime.transport.base import Origin
from messages import Message
from messages.codec import DecodeError, decode_body, tag_of
from messages.envelope import Envelope

if TYPE_CHECKING:
    from actors.runtime.endpoint import Endpoint


class ReliableDelivery:
    """An endpoint's outboxes, one for each peer, and the sequences of its senders. Owner's thread only."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._log = logging.getLogger(endpoint.name)
        self._outboxes: dict[str, PeerOutbox] = {}
        self._sequences = SenderSequences()

    # -- ours ----------------------------------------------------------------------------------------------

    def tell(self, peer: str, message: Message, done: Callable[[], None] | None) -> None:
        """Keep a message until the peer acknowledges it. OutboxFull."""
        outbox = self._outboxes.get(peer)
        if outbox is None:
            outbox = self._outboxes[peer] = PeerOutbox(peer, self._endpoint.incarnation)
        outbox.add(message, done)
        self._send(outbox)

    def count_unacknowledged(self) -> int:
        """Messages that wait for acknowledgement."""
        return sum(len(outbox) for outbox in self._outboxes.values())

    def next_at(self) -> float | None:
        """When something is to be sent again."""
        return min((at for outbox in self._outboxes.values() if (at := outbox.next_at()) is not None), default=None)

    def send_due(self, now_s: float) -> None:
        """Send what is due again."""
        for outbox in list(self._outboxes.values()):  # who hears of a message set aside may tell somebody new
            at_s = outbox.next_at()
            if at_s is not None and at_s <= now_s:
                self._send(outbox)

    def on_peer_seen(self, peer: str, incarnation: str) -> None:
        """A peer said something, in this incarnation of it."""
        outbox = self._outboxes.get(peer)
        if outbox is not None:
            outbox.on_peer_seen(incarnation)

    def on_acknowledgement(self, envelope: Envelope) -> None:
        """A peer handled one, or set it aside."""
        outbox = self._outboxes.get(envelope.sender)
        delivery = outbox.acknowledge(envelope.id, self._endpoint.now()) if outbox is not None else None
        if outbox is None or delivery is None:
            return
        if envelope.kind == "set_aside":
            self._report_dead_lettered(delivery, f"{envelope.sender} could not handle it")
        elif delivery.done is not None:
            self._endpoint.run_callback(delivery.done)
        self._send(outbox)

    def _send(self, outbox: PeerOutbox) -> None:
        for delivery in outbox.take_due(self._endpoint.now()):
            if not self._send_one(outbox, delivery):
                break

    def _send_one(self, outbox: PeerOutbox, delivery: PendingDelivery) -> bool:
        endpoint = self._endpoint
        envelope = Envelope(
            "kept", delivery.id, endpoint.name, endpoint.incarnation, delivery.message, delivery.number, outbox.oldest
        )
        try:
            return endpoint.send(outbox.peer, envelope)
        except DecodeError as error:
            why = f"it cannot be sent to {outbox.peer}: {type(error).__name__}: {error}"
            if endpoint.dead_letters.add(
                why,
                sender=endpoint.name,
                message=delivery.message,
                message_id=delivery.id,
                whole=True,
                comes_again=True,
            ):
                outbox.acknowledge(delivery.id, endpoint.now())
                self._report_dead_lettered(delivery, why)
            return True

    def _report_dead_lettered(self, delivery: PendingDelivery, why: str) -> None:
        self._log.error("A message was set aside: %s (%s): see dead_letters.jsonl", why, tag_of(delivery.message))
        on_dead_lettered, done = self._endpoint.on_dead_lettered, delivery.done
        if on_dead_lettered is not None:
            self._endpoint.run_callback(lambda: on_dead_lettered(delivery.message))
        if done is not None:  # nothing is waited for any more
            self._endpoint.run_callback(done)

    # -- theirs --------------------------------------------------------------------------------------------

    def receive(self, origin: Origin | None, envelope: Envelope, frame: bytes) -> None:
        """One came: put it into the mailbox if it is its turn."""
        endpoint = self._endpoint
        if endpoint.mailbox.is_full:
            return  # no acknowledgement: its sender keeps it and sends it again
        sequence = self._sequences.get_or_create(envelope.sender, envelope.incarnation, envelope.oldest)
        verdict = sequence.classify(envelope.number, envelope.oldest)
        if verdict is None:
            return
        if verdict is False or endpoint.was_handled_before(envelope.id):
            sequence.mark_finished(envelope.number)
            self._answer(origin, envelope.id, "done")
            return
        try:
            message = decode_body(envelope.body)
        except DecodeError as error:
            if not endpoint.dead_letter_unreadable(envelope, frame, error):
                sequence.rewind(envelope.number, [])  # no acknowledgement: it comes again
                return
            sequence.mark_finished(envelope.number)
            self._answer(origin, envelope.id, "set_aside")
            return
        endpoint.mailbox.put(
            ReceivedMessage(
                message, envelope.sender, endpoint.now(), origin, "", envelope.id, envelope.incarnation, envelope.number
            )
        )

    def acknowledge(self, incoming: ReceivedMessage, *, set_aside: bool) -> None:
        """See Node.acknowledge."""
        sequence = self._sequences.get(incoming.sender, incoming.incarnation)
        if sequence is not None:
            sequence.mark_finished(incoming.number)
        self._answer(incoming.origin, incoming.delivery_id, "set_aside" if set_aside else "done")

    def requeue(self, incoming: ReceivedMessage, *, in_order: bool) -> None:
        """See Node.not_now."""
        sequence = self._sequences.get(incoming.sender, incoming.incarnation)
        if sequence is None:
            return
        if in_order:
            sequence.rewind(incoming.number, self._endpoint.mailbox.withdraw(incoming.sender, incoming.incarnation))
        else:
            sequence.accept_again(incoming.number)

    def _answer(self, origin: Origin | None, kept_id: str, kind: Literal["done", "set_aside"]) -> None:
        self._endpoint.reply(origin, Envelope(kind, kept_id, self._endpoint.name, self._endpoint.incarnation))

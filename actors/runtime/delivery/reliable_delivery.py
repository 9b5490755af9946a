"""Both sides of kept messages at one node: what we keep for others, and what others keep for us."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from actors.runtime.delivery.dedup import Sequences
from actors.runtime.delivery.mailbox import Incoming
from actors.runtime.delivery.outbox import Kept, PeerOutbox
from actors.runtime.transport.zmq import Origin
from messages import Message
from messages.codec import DecodeError, decode_body, tag_of
from messages.envelope import Envelope

if TYPE_CHECKING:
    from actors.runtime.endpoint import Node


class Keeping:
    """A node's outboxes, one for each peer, and the sequences of its senders. Owner's thread only."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._log = logging.getLogger(node.name)
        self._outboxes: dict[str, PeerOutbox] = {}
        self._sequences = Sequences()

    # -- ours ----------------------------------------------------------------------------------------------

    def tell(self, peer: str, message: Message, done: Callable[[], None] | None) -> None:
        """Keep a message until the peer acknowledges it. OutboxFull."""
        outbox = self._outboxes.get(peer)
        if outbox is None:
            outbox = self._outboxes[peer] = PeerOutbox(peer, self._node.life)
        outbox.keep(message, done)
        self._send(outbox)

    def unacknowledged(self) -> int:
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

    def heard(self, peer: str, life: str) -> None:
        """A peer said something, in this life of it."""
        outbox = self._outboxes.get(peer)
        if outbox is not None:
            outbox.heard(life)

    def acknowledged(self, envelope: Envelope) -> None:
        """A peer handled one, or set it aside."""
        outbox = self._outboxes.get(envelope.sender)
        kept = outbox.acknowledge(envelope.id, self._node.now()) if outbox is not None else None
        if outbox is None or kept is None:
            return
        if envelope.kind == "set_aside":
            self._set_aside(kept, f"{envelope.sender} could not handle it")
        elif kept.done is not None:
            self._node.run(kept.done)
        self._send(outbox)

    def _send(self, outbox: PeerOutbox) -> None:
        for kept in outbox.due(self._node.now()):
            if not self._send_one(outbox, kept):
                break

    def _send_one(self, outbox: PeerOutbox, kept: Kept) -> bool:
        node = self._node
        envelope = Envelope("kept", kept.id, node.name, node.life, kept.message, kept.number, outbox.oldest)
        try:
            return node.send(outbox.peer, envelope)
        except DecodeError as error:
            why = f"it cannot be sent to {outbox.peer}: {type(error).__name__}: {error}"
            if node.dead_letters.add(
                why, sender=node.name, message=kept.message, message_id=kept.id, whole=True, comes_again=True
            ):
                outbox.acknowledge(kept.id, node.now())
                self._set_aside(kept, why)
            return True

    def _set_aside(self, kept: Kept, why: str) -> None:
        self._log.error("A message was set aside: %s (%s): see dead_letters.jsonl", why, tag_of(kept.message))
        on_set_aside, done = self._node.on_set_aside, kept.done
        if on_set_aside is not None:
            self._node.run(lambda: on_set_aside(kept.message))
        if done is not None:  # nothing is waited for any more
            self._node.run(done)

    # -- theirs --------------------------------------------------------------------------------------------

    def take(self, origin: Origin | None, envelope: Envelope, frame: bytes) -> None:
        """One came: put it into the mailbox if it is its turn."""
        node = self._node
        if node.mailbox.full:
            return  # no acknowledgement: its sender keeps it and sends it again
        sequence = self._sequences.of(envelope.sender, envelope.incarnation, envelope.oldest)
        verdict = sequence.accept(envelope.number, envelope.oldest)
        if verdict is None:
            return
        if verdict is False or node.already_done(envelope.id):
            sequence.finished(envelope.number)
            self._answer(origin, envelope.id, "done")
            return
        try:
            message = decode_body(envelope.body)
        except DecodeError as error:
            if not node.unreadable(envelope, frame, error):
                sequence.turn_back(envelope.number, [])  # no acknowledgement: it comes again
                return
            sequence.finished(envelope.number)
            self._answer(origin, envelope.id, "set_aside")
            return
        node.mailbox.put(
            Incoming(
                message, envelope.sender, node.now(), origin, "", envelope.id, envelope.incarnation, envelope.number
            )
        )

    def acknowledge(self, incoming: Incoming, *, set_aside: bool) -> None:
        """See Node.acknowledge."""
        sequence = self._sequences.known(incoming.sender, incoming.life)
        if sequence is not None:
            sequence.finished(incoming.number)
        self._answer(incoming.origin, incoming.kept_id, "set_aside" if set_aside else "done")

    def not_now(self, incoming: Incoming, *, in_order: bool) -> None:
        """See Node.not_now."""
        sequence = self._sequences.known(incoming.sender, incoming.life)
        if sequence is None:
            return
        if in_order:
            sequence.turn_back(incoming.number, self._node.mailbox.take_back(incoming.sender, incoming.life))
        else:
            sequence.again(incoming.number)

    def _answer(self, origin: Origin | None, kept_id: str, kind: Literal["done", "set_aside"]) -> None:
        self._node.reply(origin, Envelope(kind, kept_id, self._node.name, self._node.life))

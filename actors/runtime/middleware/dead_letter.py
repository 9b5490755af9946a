"""Sets aside messages that will never be handled."""

from __future__ import annotations

from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.endpoint import Endpoint


class DeadLetterOffice:
    """Sets messages aside among the dead letters, and tells their senders."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def set_aside(self, received: ReceivedMessage, reason: str) -> bool:
        """Write a message to the dead letters. Return False if that fails for one that its sender must send again."""
        must_last = bool(received.delivery_id)
        is_written = self._endpoint.dead_letters.add(
            reason, sender=received.sender, message=received.message, message_id=received.delivery_id,
            whole=must_last, comes_again=must_last,
        )  # fmt: skip
        return is_written or not must_last

    def tell_sender(self, received: ReceivedMessage, error: BaseException) -> None:
        """Acknowledge a message that was set aside, so that its sender continues."""
        if received.delivery_id:
            self._endpoint.acknowledge(received, set_aside=True)
        elif received.ask_id:
            self._endpoint.answer_error(received, error)

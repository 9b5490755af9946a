"""Retries messages that could not be handled now."""

from __future__ import annotations

import logging

from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.endpoint import Endpoint
from messages.codec import tag_of


class Retry:
    """Requests an at-least-once message again; answers an asker with the error, so that it asks again."""

    def __init__(self, endpoint: Endpoint, log: logging.Logger) -> None:
        self._endpoint = endpoint
        self._log = log
        self._last_id = ""

    def retry_later(self, received: ReceivedMessage, error: BaseException, *, in_order: bool = True) -> None:
        """Put a message off. Without `in_order` the messages behind it do not wait for it."""
        if received.ask_id:
            self._endpoint.answer_error(received, error)
        elif received.delivery_id:
            self._log_once(received, error)
            self._endpoint.requeue(received, in_order=in_order)
        else:
            self._endpoint.dead_letters.add(f"not now: {error}", sender=received.sender, message=received.message)

    def _log_once(self, received: ReceivedMessage, error: BaseException) -> None:
        is_known = received.delivery_id == self._last_id  # it comes every 2 s
        self._last_id = received.delivery_id
        text = "%s could not be done now, and will be tried again: %s"
        self._log.log(logging.DEBUG if is_known else logging.WARNING, text, tag_of(received.message), error)

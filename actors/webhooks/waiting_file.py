"""Keeps the events that wait for receivers in a file, so that a stop of the service or a power cut loses none.

If this process alone restarts, the senders still have the unacknowledged events. They end with the service.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgpack
import msgspec

from actors.webhooks.payload import Notice, WebhookEvent, make_event
from atomic_file import PRIVATE, write_atomically
from foreign_input import ForeignInputError, read_binary_file
from messages import BadgesAwarded, NightPlanned, ScreeningEnded, ScreeningStarted
from messages.codec import DecodeError, decode_body

NAME: Final = "webhooks_waiting.msgpack"
MOST_BYTES: Final = 16 << 20
"""The file's size at most; if it would be larger, the oldest events are left out."""

Waiting = Mapping[str, Sequence[WebhookEvent]]
"""The events that wait for each receiver, in order, by its name: host and port, and a number if several share them."""


class WaitingFile:
    """The file in DATA_DIR. It names viewers, as the store does, and is removed as soon as no event waits."""

    def __init__(self, folder: Path, log: logging.Logger) -> None:
        self._file = folder / NAME
        self._log = log

    def read(self) -> dict[str, list[WebhookEvent]]:
        """Return the events that waited at the last write. Log and leave out what cannot be read."""
        waiting: dict[str, list[WebhookEvent]] = {}
        try:
            rows = msgpack.unpackb(read_binary_file(self._file, 2 * MOST_BYTES))
            for receiver, body in rows:
                waiting.setdefault(str(receiver), []).append(make_event(_decode_notice(body)))
        except FileNotFoundError:
            pass
        except (OSError, ForeignInputError, DecodeError, ValueError, TypeError, RecursionError) as error:
            self._log.warning("Events that waited for webhooks cannot be read from %s: %s", self._file, error)
        return waiting

    def write(self, waiting: Waiting) -> None:
        """Write the waiting events, or remove the file if there are none. Log what cannot be written."""
        try:
            if any(waiting.values()):
                write_atomically(self._file, [_encode_rows(waiting)], PRIVATE)
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            self._log.warning("Events that wait for webhooks cannot be kept in %s: %s", self._file, error)


def _encode_rows(waiting: Waiting) -> bytes:
    """Return the encoded events of each receiver, in order; if they are too long, only the newest."""
    rows: list[bytes] = []
    for receiver, events in waiting.items():
        left, kept = MOST_BYTES // len(waiting), list[bytes]()
        for event in reversed(events):
            row: bytes = msgpack.packb([receiver, msgspec.to_builtins(event.notice)], unicode_errors="replace")
            left -= len(row)
            if left < 0:
                break
            kept.append(row)
        rows += reversed(kept)
    header: bytes = msgpack.Packer().pack_array_header(len(rows))
    return header + b"".join(rows)


def _decode_notice(body: object) -> Notice:
    message = decode_body(body)
    if not isinstance(message, ScreeningStarted | ScreeningEnded | NightPlanned | BadgesAwarded):
        raise DecodeError(type(message).__name__)
    return message

"""The websocket of Plex's alerts, with limits on everything that the server can send."""

from __future__ import annotations

import time
from typing import Any, Final
from urllib.parse import urlsplit

import websocket
from websocket import ABNF, WebSocketException, WebSocketTimeoutException

from actors.media.public_address import resolve_public

HANDSHAKE_LIMIT: Final = 32_768
"""Bytes of the answer to the handshake, an error page included."""
MESSAGE_LIMIT: Final = 2**20
"""Bytes of a message, all fragments together: the alerts of 2,000 sessions have half as many."""
FRAGMENT_LIMIT: Final = 1000
"""Fragments of a message at most."""
READS_PER_SECOND: Final = 6000
"""Reads of the socket within a second, enough for 2,000 alerts. A server that sends more is slowed down."""
_READ_BYTES: Final = 1024
"""Each time so many bytes are read, they count as one more read."""


class AlertsTooLarge(WebSocketException):
    """The server sent more than any Plex server would."""


class AlertSocket(websocket.WebSocket):
    """A websocket that follows no redirect, and reads no more than a Plex server would send."""

    def __init__(self, tls_options: dict[str, Any]) -> None:
        # Texts are decoded once, by their reader: the library's own check is slow.
        super().__init__(sslopt=tls_options, skip_utf8_validation=True, enable_multithread=True)
        self.frame_buffer = _BoundedFrames(self._recv, skip_utf8_validation=True)
        self.cont_frame = _BoundedFragments(fire_cont_frame=False, skip_utf8_validation=True)

    @property
    def sock(self) -> Any:
        """The connection, which limits what is read."""
        return self._metered

    @sock.setter
    def sock(self, raw: Any) -> None:
        self._metered = None if raw is None else _MeteredConnection(raw)

    def open(self, address: str, within_s: float, *, only_public: bool = False) -> None:
        """Connect and shake hands within `within_s` real seconds in all. Raises WebSocketException and OSError.

        `only_public`: connect only to a public address, and not through a proxy, which would look names up itself.
        """
        connect: Any = self.connect  # it has no types
        options: dict[str, Any] = {}
        if only_public:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "wss" else 80)
            found = resolve_public(host, port)[0]
            address = parts._replace(netloc=f"[{found}]:{port}" if ":" in found else f"{found}:{port}").geturl()
            self.sock_opt.sslopt["server_hostname"] = host
            options = {"host": parts.netloc, "http_no_proxy": ["*"]}
        connect(address, timeout=within_s, redirect_limit=0, **options)
        self.sock.handshake_is_over()

    def close_at_once(self) -> None:
        """Close the socket without waiting for the server."""
        shutdown: Any = self.shutdown  # it has no types
        shutdown()

    def read(self, until_s: float) -> tuple[int, bytes]:
        """Return the next message or control frame: its opcode and content. `until_s`: steady time, real seconds.

        Raises WebSocketTimeoutException if it is not complete by then; another call continues where this one stopped.
        """
        self.sock.until_s = until_s
        opcode, frame = self.recv_data_frame(control_frame=True)
        return opcode, bytes(frame.data)


class _MeteredConnection:
    """A connection that limits how much and how often it is read."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.until_s = time.monotonic() + (raw.gettimeout() or 0.0)
        self._handshake_left = HANDSHAKE_LIMIT
        self._is_open = False
        self._reads_left = float(READS_PER_SECOND)
        self._counted_s = time.monotonic()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def handshake_is_over(self) -> None:
        """Limit the reads in a second from now on."""
        self._is_open = True

    def recv(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        now_s = time.monotonic()
        if now_s >= self.until_s:
            raise WebSocketTimeoutException("not within the time for it")
        if self._is_open:
            now_s = self._wait_for_turn(now_s)
        self.raw.settimeout(max(0.001, self.until_s - now_s))
        content: bytes = self.raw.recv(size)
        if self._is_open:
            self._reads_left -= 1 + len(content) / _READ_BYTES
        else:
            self._handshake_left -= len(content)
            if self._handshake_left < 0:
                raise AlertsTooLarge(f"an answer of more than {HANDSHAKE_LIMIT} bytes")
        return content

    def _wait_for_turn(self, now_s: float) -> float:
        """Wait until another read is allowed; return the time then."""
        self._reads_left = min(READS_PER_SECOND, self._reads_left + (now_s - self._counted_s) * READS_PER_SECOND)
        self._counted_s = now_s
        if self._reads_left < 0:
            time.sleep(min(1.0, -self._reads_left / READS_PER_SECOND))
            now_s = time.monotonic()
        return now_s


class _BoundedFrames(websocket.frame_buffer):
    """Frames of at most MESSAGE_LIMIT bytes."""

    def recv_length(self) -> None:
        """Read the length of a frame, before any of its content."""
        super().recv_length()
        if self.length is not None and self.length > MESSAGE_LIMIT:
            raise AlertsTooLarge(f"a frame of more than {MESSAGE_LIMIT} bytes")


class _BoundedFragments(websocket.continuous_frame):
    """Messages of at most MESSAGE_LIMIT bytes in FRAGMENT_LIMIT fragments."""

    _count = 0

    def add(self, frame: ABNF) -> None:
        """Add a fragment to the message."""
        self._count = self._count + 1 if self.cont_data else 1
        size = len(frame.data) + (len(self.cont_data[1]) if self.cont_data else 0)
        if size > MESSAGE_LIMIT or self._count > FRAGMENT_LIMIT:
            raise AlertsTooLarge(f"a message of more than {MESSAGE_LIMIT} bytes, or {FRAGMENT_LIMIT} fragments")
        super().add(frame)

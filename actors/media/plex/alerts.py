"""Plex's alerts: a websocket on which the server reports at once that something plays, pauses or stops.

Alerts only make polls come sooner. PlexAPI's own listener reads messages of any length into memory, follows any
redirect, never reconnects and does not notice a half-open connection; this one avoids all that.
"""

import contextlib
import logging
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import websocket

from actors.media.plex.alert_socket import MESSAGE_LIMIT, AlertSocket
from actors.media.plex.session_parser import key_of
from foreign_input import ForeignInputError, InputLimits, parse_json

PING_S: Final = 20.0
PONG_WITHIN_S: Final = 8.0
"""A half-open connection is closed after PING_S + PONG_WITHIN_S (real seconds)."""
OPEN_WITHIN_S: Final = 8.0
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0
"""Longest pause between two tries to connect (real seconds); it doubles. Each try follows a poll that succeeded."""
STEADY_S: Final = 60.0
"""After a connection that lasted this long, the pause is the first one again (real seconds)."""
ALERTS_PATH: Final = "/:/websockets/notifications"
_LIMITS: Final = InputLimits(size=MESSAGE_LIMIT, depth=16)
ALERT_LIMIT: Final = 2000
"""Sessions whose alerts are kept until the actor takes them."""


class PlayingAlert(NamedTuple):
    """The last `playing` alert of one session since the actor last took them."""

    session_key: str
    """Empty if the alert named none."""
    state: str
    """The last state."""
    rating_key: str
    stopped: bool
    """Whether the state is "stopped"."""


class AlertBuffer:
    """Alerts on their way from the reader thread to the actor: bounded, with one wake-up however many come."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._alerts: dict[str, PlayingAlert] = {}

    def put(self, alert: Any) -> None:
        """Add one alert, unless it names no session; called by the reader thread."""
        parsed = [playing for entry in _playing_entries(alert) if (playing := _parse_alert(entry)) is not None]
        with self._lock:
            was_empty = not self._alerts
            for playing in parsed:
                if playing.session_key in self._alerts or len(self._alerts) < ALERT_LIMIT:
                    self._alerts[playing.session_key] = playing
            wake = was_empty and bool(self._alerts)
        if wake:
            self._wake()

    def take(self) -> tuple[PlayingAlert, ...]:
        """Remove and return the alerts since the last call, one for each session."""
        with self._lock:
            alerts, self._alerts = self._alerts, {}
        return tuple(alerts.values())


class AlertConnection(threading.Thread):
    """One websocket, read by a thread of its own. Start it once; `stop` it at any time, from any thread."""

    def __init__(
        self,
        server: Any,
        on_alert: Callable[[Any], None],
        *,
        ping_s: float,
        pong_within_s: float,
    ) -> None:
        super().__init__(name="plex-alerts", daemon=True)
        self.opened = threading.Event()
        self.reason = "closed"
        """Why the connection ended: the class of the error, which contains no address."""
        self._address = _build_address(server)
        self._on_alert = on_alert
        self._ping_s = ping_s
        self._pong_within_s = pong_within_s
        self._stopping = threading.Event()
        self._socket = AlertSocket(trust_as(server._session.verify))
        self._only_public = bool(getattr(server._session, "only_public", False))

    def run(self) -> None:
        """Read until the connection ends."""
        try:
            if not self._stopping.is_set():
                self._socket.open(self._address, OPEN_WITHIN_S, only_public=self._only_public)
                self.opened.set()
                self._read()
        except MemoryError:
            raise  # which ends the process
        # Any other error of the library is only the reason why the connection ended.
        except Exception as error:  # noqa: BLE001
            status = getattr(error, "status_code", None)
            self.reason = type(error).__name__ + (f" {status}" if status else "")
        finally:
            self._socket.close_at_once()

    def stop(self) -> None:
        """End the connection without waiting for the server's closing frame."""
        self._stopping.set()
        connection = self._socket.sock
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.raw.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        """Read messages, and ping, for a half-open connection stays silent for ever. Raises the error that ends it."""
        ping_at_s = time.monotonic() + self._ping_s
        pong_until_s = math.inf
        while not self._stopping.is_set():
            now_s = time.monotonic()
            if now_s >= pong_until_s:
                raise websocket.WebSocketTimeoutException("no pong")
            if now_s >= ping_at_s:
                self._socket.ping()
                ping_at_s, pong_until_s = now_s + self._ping_s, min(pong_until_s, now_s + self._pong_within_s)
            try:
                opcode, content = self._socket.read(min(ping_at_s, pong_until_s))
            except websocket.WebSocketTimeoutException:
                continue
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return
            if opcode == websocket.ABNF.OPCODE_PONG:
                pong_until_s = math.inf
            elif opcode == websocket.ABNF.OPCODE_TEXT:
                self._take(content)

    def _take(self, content: bytes) -> None:
        """Pass a message on if it is an alert."""
        text = content.decode("utf-8")  # invalid UTF-8 ends the connection, as the protocol demands
        with contextlib.suppress(ForeignInputError):
            message = parse_json(text, _LIMITS)
            self._on_alert(message.get("NotificationContainer") if isinstance(message, dict) else None)


class AlertSubscription:
    """Keeps one connection open, with back-off. Belongs to the actor's thread."""

    def __init__(self, box: AlertBuffer, log: logging.Logger) -> None:
        self._box = box
        self._log = log
        self._listener: AlertConnection | None = None
        self._began_s = 0.0
        self._wait_s = FIRST_WAIT_S
        self._not_before_s = 0.0
        self._silent = False

    @property
    def listening(self) -> bool:
        """Whether the connection is open."""
        return self._listener is not None and self._listener.opened.is_set() and self._listener.is_alive()

    def keep_open(self, server: Any) -> bool:
        """Connect if there is no connection and the pause is over; return whether the last one has just ended."""
        now = time.monotonic()
        if self._listener is not None and self._listener.is_alive():
            if self._silent and self.listening:
                self._silent = False
                self._log.info("Plex's alerts are heard again")
            return False
        ended = self._listener
        if ended is not None:
            self._note_end(ended, now)
        if now >= self._not_before_s:
            self._began_s = now
            self._listener = AlertConnection(server, self._box.put, ping_s=PING_S, pong_within_s=PONG_WITHIN_S)
            self._listener.start()
        return ended is not None

    def close(self) -> None:
        """Close the connection."""
        if self._listener is not None:
            self._listener.stop()
            self._listener.join(1.0)
            self._listener = None

    def _note_end(self, ended: AlertConnection, now: float) -> None:
        """Set the pause before the next try: twice the last one, or the first one after a connection that lasted."""
        lasted = ended.opened.is_set() and now - self._began_s > STEADY_S
        self._wait_s = FIRST_WAIT_S if lasted else min(LONGEST_WAIT_S, self._wait_s * 2)
        self._not_before_s = now + self._wait_s
        self._listener = None
        if not self._silent:
            self._silent = True
            self._log.warning(
                "Plex's alerts are not heard (%s); polling goes on, and so does the counting", ended.reason
            )


def trust_as(verify: bool | str | None) -> dict[str, Any]:
    """Return websocket-client's options to trust the certificates that requests trusts (`Session.verify`).

    So a private authority in REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE is valid for the websocket too.
    """
    if isinstance(verify, str):
        return {"ca_cert_path" if Path(verify).is_dir() else "ca_certs": verify}
    return {"cert_reqs": ssl.CERT_NONE} if verify is False else {}


def _build_address(server: Any) -> str:
    """Return the websocket's address. PlexAPI would replace every "http" in it, even one inside the token."""
    base, _, rest = str(server.url(ALERTS_PATH)).partition("://")
    secure = "wss" if base == "https" else "ws"
    return f"{secure}://{rest}?X-Plex-Token={quote(server._token or '', safe='')}"


def _playing_entries(alert: Any) -> Iterable[Any]:
    if not isinstance(alert, dict) or alert.get("type") != "playing":
        return ()
    entries = alert.get("PlaySessionStateNotification", ())
    return entries[:ALERT_LIMIT] if isinstance(entries, list) else ()


def _parse_alert(entry: Any) -> PlayingAlert | None:
    if not isinstance(entry, dict):
        return None
    state = entry.get("state")
    if not isinstance(state, str):
        return None
    return PlayingAlert(
        key_of(entry.get("sessionKey")), state[:20], str(entry.get("ratingKey", ""))[:20], stopped=state == "stopped"
    )

"""Plex's alerts: a websocket on which the server reports at once that something plays, pauses or stops.

They only make polls come sooner. PlexAPI's AlertListener reads them; what it lacks is here: reconnecting, noticing a
half-open connection, quoting the token in the address, and stopping at any time.
"""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import websocket
from plexapi.alert import AlertListener

from actors.media.plex.session_parser import key_of

PING_S: Final = 20.0
PONG_WITHIN_S: Final = 8.0
"""A half-open connection is given up after PING_S + PONG_WITHIN_S (real seconds)."""
OPEN_WITHIN_S: Final = 8.0
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0
"""Between two tries to open, doubling (real seconds); tried with a poll that succeeded."""
STEADY_S: Final = 60.0
"""A connection that lasted this long begins with the first wait again."""
ALERT_LIMIT: Final = 2000
"""Sessions whose alerts are kept until the actor takes them."""


class PlayingAlert(NamedTuple):
    """The last `playing` alert of one session since the actor last took them."""

    session_key: str
    """Empty where the alert named none."""
    state: str
    """The last state."""
    rating_key: str
    stopped: bool
    """Whether the state is "stopped"."""


class AlertBuffer:
    """Alerts on their way from the reader thread to the actor: bounded, and one wake-up however many come."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._alerts: dict[str, PlayingAlert] = {}

    def put(self, alert: Any) -> None:
        """Add one alert; called by the reader thread. What names no session is left out."""
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
        """Return and remove the alerts since the last call, one a session."""
        with self._lock:
            alerts, self._alerts = self._alerts, {}
        return tuple(alerts.values())


class AlertConnection(AlertListener):
    """One websocket, read by a thread of its own. Start it once; `stop` it at any time, from any thread."""

    def __init__(
        self,
        server: Any,
        on_alert: Callable[[Any], None],
        *,
        ping_s: float,
        pong_within_s: float,
    ) -> None:
        super().__init__(server, callback=on_alert)
        self.name = "plex-alerts"
        self.opened = threading.Event()
        self.reason = "closed"
        """Why it ended: the kind of error, which carries no address."""
        self._ping_s = ping_s
        self._pong_within_s = pong_within_s
        self._tls_options = trust_as(server._session.verify)
        self._stopping = threading.Event()
        self._raw: socket.socket | None = None
        # Built here and not in run(), as PlexAPI does: so there is something to stop from the first moment.
        self._ws: Any = websocket.WebSocketApp(
            _build_address(server),
            on_open=self._on_open,
            on_message=self._onMessage,
            on_error=self._onError,
        )

    def run(self) -> None:
        """Read until the connection ends, for whatever reason."""
        try:
            if not self._stopping.is_set():
                self._ws.run_forever(
                    ping_interval=self._ping_s, ping_timeout=self._pong_within_s, sslopt=self._tls_options
                )
        finally:
            if self._raw is not None:
                self._raw.close()  # websocket-client leaves it open where the other end closed first

    def stop(self) -> None:
        """End it without waiting for the server's closing frame."""
        self._stopping.set()
        self._ws.keep_running = False
        if self._raw is not None:
            with contextlib.suppress(OSError):
                self._raw.shutdown(socket.SHUT_RDWR)

    def _on_open(self, app: Any) -> None:
        self._raw = app.sock.sock
        self.opened.set()
        if self._stopping.is_set():  # run_forever had taken back what stop() had set
            app.keep_running = False

    def _onError(self, *args: Any) -> None:  # noqa: N802  # PlexAPI's name
        status = getattr(args[-1], "status_code", None)
        self.reason = type(args[-1]).__name__ + (f" {status}" if status else "")


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
        websocket.setdefaulttimeout(OPEN_WITHIN_S)  # its own default is to wait for a handshake for ever

    @property
    def listening(self) -> bool:
        """Whether the connection is open."""
        return self._listener is not None and self._listener.opened.is_set() and self._listener.is_alive()

    def keep_open(self, server: Any) -> bool:
        """Connect where there is no connection and the wait is over; return whether the last one has just ended."""
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
        """Set the wait before the next try: it doubles, and begins anew after a connection that lasted."""
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

    A private authority in REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE is then good for the websocket too.
    """
    if isinstance(verify, str):
        return {"ca_cert_path" if Path(verify).is_dir() else "ca_certs": verify}
    return {"cert_reqs": ssl.CERT_NONE} if verify is False else {}


def _build_address(server: Any) -> str:
    """Return the websocket's address. PlexAPI would replace every "http" in it, also one inside the token."""
    base, _, rest = str(server.url(AlertListener.key)).partition("://")
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

"""The simulated Plex Media Server: real HTTP and websockets on loopback, controlled by method calls."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from simulator.plex.faults import Fault, FaultKind, SocketFault
from simulator.plex.http.lifecycle import ServerLifecycle
from simulator.plex.http.loop_thread import HOST
from simulator.plex.http.request_gate import PlexRequestGate, Request
from simulator.plex.http.routes import PlexRoutes
from simulator.plex.world.alerts import Listeners, unrelated_alerts
from simulator.plex.world.controls import PlexControls
from simulator.plex.world.sessions import PlayingSession
from simulator.plex.world.world import Alert, PlexWorld

ADMIN_TOKEN = "simulated-plex-admin"  # noqa: S105 - opens nothing but the simulator
MEMBER_TOKEN = "simulated-plex-member"  # noqa: S105 - opens nothing but the simulator
OLD_MEMBER_TOKEN = "simulated-plex-old-member"  # noqa: S105 - opens nothing but the simulator


class SimulatedPlex(PlexControls):
    """A Plex Media Server in a thread of its own. Every method may be called from any thread.

    `now` is the server's clock in seconds since 1970; positions, reports and history follow it. `speed` says how many
    of its seconds pass in a real one, so that the server knows how long to sleep; without both it runs in real time. A
    session is identified by any copy of it, however old, or by its session key; NoSuchSessionError is raised once it
    has ended. The owner's token is `token`; at addresses for the owner alone, MEMBER_TOKEN gets 403 and
    OLD_MEMBER_TOKEN 401.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        name: str = "Simulated Plex",
        machine_id: str = "5e1f0000000000000000000000000000decaf000",
        token: str = ADMIN_TOKEN,
        now: Callable[[], float] = time.time,
        speed: float = 1.0,
    ) -> None:
        super().__init__(PlexWorld(notify=self._notify), threading.RLock(), now)
        self.name, self.machine_id, self.token = name, machine_id, token
        self._speed = speed
        self._wanted_port = port
        self._hosting: ServerLifecycle | None = None
        self._listeners = Listeners()
        self._gate = PlexRequestGate(token, {MEMBER_TOKEN: 403, OLD_MEMBER_TOKEN: 401}, now, self._listeners)
        self._answers = PlexRoutes(self._world, self._lock, now, machine_id, name)

    def start(self) -> Self:
        """Listen; after a stop, on the same port. Raises an OSError that names the port if it cannot be opened."""
        if self._hosting is None:
            self._hosting = ServerLifecycle(
                self._answers, self._gate, self._listeners, port=self._wanted_port, nap_s=self._nap_s
            )
            self._wanted_port = self._hosting.port
        return self

    def stop(self) -> None:
        """Cut all connections and release the port. A second call does nothing."""
        hosting, self._hosting = self._hosting, None
        if hosting is not None:
            hosting.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on; 0 until it has started."""
        return self._wanted_port

    @property
    def url(self) -> str:
        """The address, for PLEX_URL."""
        return f"http://{HOST}:{self.port}"

    def restart(self, *, keep_sessions: bool = True, reverse: bool = False) -> None:
        """Restart as a real server does: connections are cut, and the remaining sessions get new keys from 1, in
        reverse order if asked, so that keys belong to other viewers than before.
        """
        with self._lock:
            if not keep_sessions:
                self._world.sessions.clear()
            self._world.rekey(reverse=reverse)
        self._running().cut()

    @property
    def requests(self) -> list[Request]:
        """Every request so far, including websocket handshakes."""
        return list(self._gate.requests)

    def requests_for(self, path: str) -> list[Request]:
        """Return the requests for exactly this path."""
        return [one for one in self.requests if one.path == path]

    def forget_requests(self) -> None:
        """Begin a new list of requests."""
        self._gate.requests.clear()

    @property
    def listener_count(self) -> int:
        """How many websockets are open."""
        return self._listeners.count

    @property
    def unsent_alerts(self) -> int:
        """Number of alerts that were not yet sent to every listener."""
        return self._running().unsent

    def send(self, alert: Alert) -> None:
        """Send any alert: the content of a NotificationContainer."""
        self._notify(alert)

    def send_unrelated_alerts(self) -> None:
        """Send one alert of each kind that has nothing to do with sessions."""
        for alert in unrelated_alerts(self.now()):
            self._notify(alert)

    def close_listeners(self) -> None:
        """Close every websocket with a closing handshake."""
        self._running().close_listeners()

    def set_fault(
        self,
        kind: FaultKind,
        *,
        paths: Sequence[str] = (),
        times: int | None = None,
        code: int = 500,
        seconds: float = 1.0,
        size: int = 0,
        location: str = "",
    ) -> None:
        """Replace the current fault by this one; see Fault for the arguments."""
        self._running().set_fault(Fault(kind, tuple(paths), times, code, seconds, size, location))

    def heal(self) -> None:
        """End the faults of HTTP and of the websocket."""
        self._listeners.fault = None
        self._running().set_fault(None)

    @contextmanager
    def with_fault(self, kind: FaultKind, **details: Any) -> Iterator[None]:
        """Have a fault inside the block; `details` as for `set_fault`."""
        self.set_fault(kind, **details)
        try:
            yield
        finally:
            self.heal()

    def set_socket_fault(self, kind: SocketFault | None) -> None:
        """Set the fault of the websocket; None ends it, and cuts handshakes left unanswered."""
        self._listeners.fault = kind
        self._running().release()
        if kind == "dropped":
            self._running().close_listeners()

    def cut_connections(self) -> None:
        """Reset every open connection; new ones are answered."""
        self._running().cut()

    def _running(self) -> ServerLifecycle:
        if self._hosting is None:
            raise RuntimeError("the simulated Plex server is not running; start() it first")
        return self._hosting

    def _notify(self, alert: Alert) -> None:
        if self._hosting is not None:
            self._hosting.send(alert)

    def _on_changed(self, one: PlayingSession) -> PlayingSession:
        if self._hosting is not None:
            self._hosting.recheck_clock()
        return one

    def _nap_s(self) -> float:
        """Return the real seconds until something is due."""
        with self._lock:
            now_s = self.now()
            due = self._world.next_due_s(now_s)
        return float("inf") if due is None else max(0.002, (due - now_s) / self._speed)

"""Faults of Discord, switched on and off at run time, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.discord.gateway import Gateway, GatewayConnection
from simulator.discord.model.guild import Payload
from simulator.discord.outage_switches import OutageSwitches


@dataclass(eq=False)
class RestFault:
    """One fault of REST requests. `times` counts down; None: until healed."""

    status: int = 0
    """The HTTP status of the answer; 0: the right answer, only late."""
    path: str = ""
    """Part of the path of the requests that it hits; "" for all."""
    method: str = ""
    times: int | None = None
    retry_after_s: float = 0.2
    is_global: bool = False
    delay_s: float = 0.0
    code: int = 0
    text: str = ""
    html: bool = False
    """Whether the answer is an HTML page of the proxies in front of Discord, instead of JSON."""
    cut: bool = False
    """Whether the connection is closed instead of an answer, and the request is not executed."""
    lost: bool = False
    """Whether the request is executed, and the connection closed instead of the answer."""

    def hits(self, method: str, path: str) -> bool:
        """Tell whether the fault hits this request."""
        return self.method in ("", method) and self.path in path


@dataclass
class DiscordFaults(OutageSwitches):
    """All faults. Lasting ones are healed by `heal`.

    Those of the gateway happen once, before the call returns.
    """

    _rest: list[RestFault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _gateway: Gateway | None = None

    def bind(self, gateway: Gateway) -> None:
        """Set the gateway that the sudden faults hit."""
        self._gateway = gateway

    def add(self, fault: RestFault) -> RestFault:
        """Add a REST fault; if several hit a request, the newest applies."""
        with self._lock:
            self._rest.insert(0, fault)
        return fault

    def rate_limit(
        self, path: str = "", *, times: int | None = None, retry_after_s: float = 0.2, is_global: bool = False
    ) -> RestFault:
        """Answer `times` requests with 429 (None: until healed)."""
        return self.add(RestFault(429, path, times=times, retry_after_s=retry_after_s, is_global=is_global))

    def fail_requests(self, status: int = 503, path: str = "", *, times: int | None = None) -> RestFault:
        """Answer with a 5xx and an HTML page, as the proxies in front of Discord do."""
        return self.add(RestFault(status, path, times=times, html=True))

    def ban_address(self, *, times: int | None = None) -> RestFault:
        """Answer as Cloudflare does after 10,000 bad requests: a 429 that comes from no rate limit of Discord's."""
        return self.add(RestFault(429, times=times, html=True))

    def refuse_requests(
        self, code: int, text: str, status: int = 403, path: str = "", *, times: int | None = None
    ) -> RestFault:
        """Refuse with an error of the API, such as 50013 "Missing Permissions"."""
        return self.add(RestFault(status, path, times=times, code=code, text=text))

    def delay_requests(self, seconds: float, path: str = "", *, times: int | None = None) -> RestFault:
        """Give the right answers, but late."""
        return self.add(RestFault(path=path, times=times, delay_s=seconds))

    def cut_requests(self, path: str = "", *, times: int | None = None) -> RestFault:
        """Close the connection instead of answering; the request is not executed."""
        return self.add(RestFault(path=path, times=times, cut=True))

    def lose_responses(self, path: str = "", *, method: str = "", times: int | None = None) -> RestFault:
        """Execute the requests, and send no response."""
        return self.add(RestFault(path=path, method=method, times=times, lost=True))

    def take(self, method: str, path: str) -> RestFault | None:
        """Return the fault that hits this request, and count it down; None if there is none."""
        with self._lock:
            for fault in self._rest:
                if fault.hits(method, path):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._rest.remove(fault)
                    return fault
        return None

    def heal(self, fault: RestFault | None = None) -> None:
        """End one fault, or all lasting ones."""
        with self._lock:
            if fault is not None:
                self._rest = [each for each in self._rest if each is not fault]
                return
            self._rest.clear()
            self.refuse_token = self.disallowed_intents = self.gateway_refused = False

    def request_reconnect(self) -> None:
        """Send op 7: connect again and resume."""
        self._for_each_connection(lambda connection: connection.send({"op": 7, "d": None}))

    def invalidate_sessions(self, *, resumable: bool) -> None:
        """Send op 9: the session is no longer valid; unless `resumable`, it is forgotten."""
        if not resumable:
            self.forget_sessions()
        self._for_each_connection(lambda connection: connection.send({"op": 9, "d": resumable}))

    def forget_sessions(self) -> None:
        """Forget the sessions: a bot that reconnects cannot resume."""
        gateway = self._require_gateway()
        gateway.call_and_wait(gateway.sessions.clear)

    def drop_connections(self) -> None:
        """Cut the connections, without a close frame."""
        self._for_each_connection(lambda connection: connection.drop())

    def close_connections(self, code: int = 4000) -> None:
        """Close the connections with a code (4004, 4014, 1000 ...)."""
        gateway = self._require_gateway()

        def closing(connection: GatewayConnection) -> None:
            connection.muted = True
            gateway.run_task(connection.socket.close(code=code))

        self._for_each_connection(closing)

    def mute_connections(self) -> None:
        """Leave the connections open, but send nothing on them any more, not even heartbeat acknowledgements."""

        def mute(connection: GatewayConnection) -> None:
            connection.muted = True

        self._for_each_connection(mute)

    def send_raw(self, text: str) -> None:
        """Send any text, JSON or not."""
        self._for_each_connection(lambda connection: connection.send_text(text))

    def send_malformed(self, event: str = "MESSAGE_CREATE", data: Payload | None = None) -> None:
        """Send a dispatch with keys missing."""
        gateway = self._require_gateway()
        gateway.dispatch(event, {"id": "1"} if data is None else data)

    def _require_gateway(self) -> Gateway:
        if self._gateway is None:
            raise RuntimeError("These faults have no gateway yet: bind one")
        return self._gateway

    def _for_each_connection(self, what: Callable[[GatewayConnection], Any]) -> None:
        gateway = self._require_gateway()
        gateway.call_and_wait(lambda: [what(connection) for connection in list(gateway.connections)])

"""The server's connections: their limits, and the answer to an unreadable request."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from actors.web.http.peers import find_network

MOST_CONNECTIONS = 1000
"""Connections at one time; any further one is closed at once."""
MOST_FOR_NETWORK = 100
"""Connections for each address or IPv6 network; a trusted proxy has no such limit."""
TAKE_S = 30.0
"""A client that does not read for so many real seconds while the write buffer is full is disconnected."""


class _HttpConnection(RequestHandler):
    """One connection. A request that is too long or not HTTP is answered with all headers, and not logged.

    A client that does not read its answer is disconnected.
    """

    __slots__ = ("_error_headers", "_taking")

    def __init__(self, manager: "_BoundedServer", error_headers: Mapping[str, str], **options: Any) -> None:
        super().__init__(manager, **options)
        self._error_headers = error_headers
        self._taking: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """Start the time limit within which the browser must read what was sent."""
        super().pause_writing()
        self._taking = self._loop.call_later(TAKE_S, self._abort)

    def resume_writing(self) -> None:
        """Stop the time limit: the browser has read."""
        self._stop_waiting()
        super().resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the time limit: the connection is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer without logging the error: clients that send nonsense must not fill the log."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        response = web.Response(status=status, text="This request cannot be read.\n", headers=self._error_headers)
        response.force_close()
        return response


class _BoundedServer(web.Server):
    """All connections, limited in total and for each address."""

    def __init__(
        self,
        application: web.Application,
        error_headers: Mapping[str, str],
        is_proxy: Callable[[str], bool],
        **options: Any,
    ) -> None:
        super().__init__(application._handle, request_factory=application._make_request, **options)  # type: ignore[arg-type]
        self._error_headers = error_headers
        self._is_proxy = is_proxy
        self._networks: dict[RequestHandler, str] = {}
        self._by_network: Counter[str] = Counter()

    def __call__(self) -> RequestHandler:
        """Return the protocol object of a new connection."""
        return _HttpConnection(self, self._error_headers, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: RequestHandler, transport: Any) -> None:
        """Accept a connection, or close it if there are too many."""
        super().connection_made(handler, transport)
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        is_too_many = False
        if not self._is_proxy(address):
            network = self._networks[handler] = find_network(address)
            self._by_network[network] += 1
            is_too_many = self._by_network[network] > MOST_FOR_NETWORK
        if is_too_many or len(self._connections) > MOST_CONNECTIONS:
            transport.abort()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Remove a connection from the counts."""
        network = self._networks.pop(handler, None)
        if network is not None:
            self._by_network[network] -= 1
            if not self._by_network[network]:
                del self._by_network[network]
        super().connection_lost(handler, exc)


class BoundedRunner(web.AppRunner):
    """Runs an application on a bounded number of connections."""

    __slots__ = ("_error_headers", "_is_proxy")

    def __init__(
        self,
        application: web.Application,
        error_headers: Mapping[str, str],
        is_proxy: Callable[[str], bool],
        **options: Any,
    ) -> None:
        """`is_proxy` tells whether an address is a trusted proxy's."""
        super().__init__(application, access_log=None, **options)
        self._error_headers = error_headers
        self._is_proxy = is_proxy

    async def _make_server(self) -> web.Server:
        await super()._make_server()  # prepares the application
        options = {name: value for name, value in self._kwargs.items() if name != "access_log_class"}
        return _BoundedServer(self._app, self._error_headers, self._is_proxy, **options)

"""The connections of the server: how many there may be, and what a request that cannot be read is answered."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

MOST_CONNECTIONS = 1000
"""One more is closed at once."""


class _HttpConnection(RequestHandler):
    """One connection. A request that is too long or not HTTP is answered with all headers, and not logged."""

    __slots__ = ("_error_headers",)

    def __init__(self, manager: "_BoundedServer", error_headers: Mapping[str, str], **options: Any) -> None:
        super().__init__(manager, **options)
        self._error_headers = error_headers

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return what is answered; whoever sends nonsense fills no log."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        response = web.Response(status=status, text="This request cannot be read.\n", headers=self._error_headers)
        response.force_close()
        return response


class _BoundedServer(web.Server):
    """Every connection; at most so many."""

    def __init__(self, application: web.Application, error_headers: Mapping[str, str], **options: Any) -> None:
        super().__init__(application._handle, request_factory=application._make_request, **options)  # type: ignore[arg-type]
        self._error_headers = error_headers

    def __call__(self) -> RequestHandler:
        """Return what speaks with one browser."""
        return _HttpConnection(self, self._error_headers, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: RequestHandler, transport: Any) -> None:
        """Take a connection in, or close it where there are enough."""
        super().connection_made(handler, transport)
        if len(self._connections) > MOST_CONNECTIONS:
            transport.abort()


class BoundedRunner(web.AppRunner):
    """Runs an application on a bounded number of connections."""

    __slots__ = ("_error_headers",)

    def __init__(self, application: web.Application, error_headers: Mapping[str, str], **options: Any) -> None:
        super().__init__(application, access_log=None, **options)
        self._error_headers = error_headers

    async def _make_server(self) -> web.Server:
        await super()._make_server()  # prepares the application
        options = {name: value for name, value in self._kwargs.items() if name != "access_log_class"}
        return _BoundedServer(self._app, self._error_headers, **options)

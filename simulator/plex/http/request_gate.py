"""The middleware of all requests: notes each, checks its token, and applies the current fault."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from simulator.plex.faults import ADMIN_ONLY, BOMB, HTML, Fault, huge_body, many_sessions
from simulator.plex.world.alerts import Listeners

WEBSOCKET = "/:/websockets/notifications"
"""Address of the websocket."""
OPEN_TO_ALL = ("/identity",)
"""Addresses that need no token."""
TOKEN = "X-Plex-Token"  # noqa: S105 - the name of the header, not a token
REMEMBERED = 50_000
"""Maximum number of kept requests; older ones are dropped, so that a long night does not fill the memory."""
NOTED_HEADERS = (
    hdrs.USER_AGENT,
    hdrs.ACCEPT,
    hdrs.HOST,
    hdrs.CONNECTION,
    "X-Plex-Client-Identifier",
    "X-Plex-Product",
    "X-Plex-Container-Start",
    "X-Plex-Container-Size",
)


@dataclass(frozen=True)
class Request:
    """A request that reached the server, whatever the answer."""

    method: str
    path: str
    query: Mapping[str, str]
    """The query without the token."""
    headers: Mapping[str, str]
    """The headers of interest."""
    at_s: float
    """Time by the server's clock."""
    token: str = field(repr=False)
    """The token in the header or the query; empty if none."""


@dataclass
class PlexRequestGate:
    """The middleware and its switches. Runs on the server's loop."""

    token: str = field(repr=False)
    guests: Mapping[str, int]
    """Tokens of members, each with the status (401 or 403) of its answers at the owner's addresses."""
    now: Callable[[], float]
    listeners: Listeners
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    fault: Fault | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def switch(self, fault: Fault | None) -> None:
        """Switch to another fault, or none; requests that hang because of the old one are reset."""
        self.fault = fault
        self._changed.set()
        self._changed = asyncio.Event()

    def middleware(self) -> Middleware:
        """Return the gate as a middleware for aiohttp."""

        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._note_request(request)
            fault = self._take_fault(request.path)
            if fault is not None and (broken := await self._answer_instead(fault, request)) is not None:
                return broken
            refused = self._refuse(request)
            if refused is not None:
                return refused
            if request.path == WEBSOCKET:
                return await self._listen(request)
            try:
                response = await handler(request)
            except web.HTTPNotFound:
                return _build_error_page(404, "Not Found")
            return response if fault is None else _mangle(fault, response)

        return gate

    def _note_request(self, request: web.Request) -> None:
        headers = {name: request.headers[name] for name in NOTED_HEADERS if name in request.headers}
        query = {name: value for name, value in request.query.items() if name != TOKEN}
        self.requests.append(Request(request.method, request.path, query, headers, self.now(), _read_token(request)))

    def _take_fault(self, path: str) -> Fault | None:
        """Return the fault for this request; a fault with a count is used up by it."""
        fault = self.fault
        if fault is None or not fault.hits(path) or fault.times == 0:
            return None
        if fault.times is not None:
            self.fault = replace(fault, times=fault.times - 1)
        return fault

    def _refuse(self, request: web.Request) -> web.Response | None:
        """Return 401 for a wrong token, and the guest's status at the owner's addresses."""
        token = _read_token(request)
        if token == self.token or request.path in OPEN_TO_ALL:
            return None
        if token not in self.guests:
            return _build_error_page(401, "Unauthorized")
        if request.path.startswith(ADMIN_ONLY) or request.path == "/library":
            status = self.guests[token]
            return _build_error_page(status, "Unauthorized" if status == 401 else "Forbidden")
        return None

    async def _answer_instead(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        """Return the fault's answer instead of the true one; None if the true answer is to follow."""
        match fault.kind:
            case "hang":
                return await self._hang(request)
            case "slow":
                await asyncio.sleep(fault.seconds)
                return None
            case "status":
                return _build_error_page(fault.code, "Simulated failure")
            case "html":
                return web.Response(body=HTML, content_type="text/html", charset="utf-8")
            case "empty":
                return web.Response(body=b"", content_type="text/xml", charset="utf-8")
            case "no_content":
                return web.Response(status=204)
            case "huge":
                return await _stream(request, huge_body(fault.size or 1 << 30))
            case "many_sessions":
                return await _stream(request, many_sessions(fault.size or 1_000_000))
            case "endless_redirect":
                return web.Response(status=302, headers={"Location": request.path_qs})
            case "redirect":
                return web.Response(status=302, headers={"Location": fault.location.rstrip("/") + request.path_qs})
            case "entity_bomb":
                return web.Response(body=BOMB, content_type="text/xml", charset="utf-8")
            case _:
                return None

    async def _hang(self, request: web.Request) -> web.StreamResponse:
        """Never answer; reset the connection when the fault is over."""
        await self._changed.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        if self.listeners.fault == "unanswered":
            return await self._hang(request)
        if self.listeners.fault == "rejected":
            return _build_error_page(503, "Service Unavailable")
        return await self.listeners.serve(request)


def _read_token(request: web.Request) -> str:
    return request.headers.get(TOKEN) or request.query.get(TOKEN, "")


def _build_error_page(status: int, reason: str) -> web.Response:
    """Return an error page like a real server's."""
    return web.Response(
        status=status,
        reason=reason,
        text=f"<html><head><title>{reason}</title></head><body><h1>{status} {reason}</h1></body></html>",
        content_type="text/html",
    )


def _mangle(fault: Fault, response: web.StreamResponse) -> web.StreamResponse:
    """Return the true answer, damaged by the fault."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    body = response.body
    match fault.kind:
        case "truncated":
            response.body = body[: len(body) // 2]
        case "no_charset":
            response.headers[hdrs.CONTENT_TYPE] = "text/xml"
        case "control_entity":
            response.body = body.replace(b'title="', b'title="&#4;', 1)
        case "raw_control":
            response.body = body.replace(b'title="', b'title="\x04\xff', 1)
        case _:
            pass
    return response


async def _stream(request: web.Request, blocks: AsyncIterator[bytes]) -> web.StreamResponse:
    """Send an answer of unknown length, as long as the client reads."""
    response = web.StreamResponse(headers={"Content-Type": "text/xml;charset=utf-8"})
    await response.prepare(request)
    try:
        async for block in blocks:
            await response.write(block)
        await response.write_eof()
    except ConnectionError:
        # The client stopped reading, which is what the fault tests.
        if request.transport is not None:
            request.transport.abort()
    return response

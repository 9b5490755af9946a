"""The middleware of every REST request: records it, applies faults, checks its token and counts limits."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulator.discord.faults import DiscordFaults, RestFault
from simulator.discord.request_recorder import RequestRecorder
from simulator.discord.rest.errors import ApiError, unauthorized_error
from simulator.discord.rest.rate_limits import RateLimiter
from simulator.discord.rest.request_body import BODY, read_body

PREFIX = re.compile(r"^/api(/v\d+)?(?=/)")
_WITHOUT_TOKEN = re.compile(r"^/(webhooks/\d+/|interactions/|gateway$|oauth2/(authorize|token))")
"""Routes whose path carries its own credential, or that need none."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def json_response(data: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON answer. Its type is exactly `application/json`, as Discord's: discord.py compares it."""
    body = json.dumps(data, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, headers={**(headers or {}), "Content-Type": "application/json"})


def no_content() -> web.Response:
    """Return a 204."""
    return web.Response(status=204)


class DiscordRequestGate:
    """The middleware of REST."""

    def __init__(
        self,
        token: str,
        faults: DiscordFaults,
        recorder: RequestRecorder,
        limiter: RateLimiter | None,
        count_bad: Callable[[], None],
    ) -> None:
        self._token = token
        self._faults = faults
        self._recorder = recorder
        self._limiter = limiter
        self._count_bad = count_bad

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass on, refuse or distort each request, as aiohttp's middleware."""
        if not PREFIX.match(request.path):
            return await handler(request)
        try:
            response = await self._handle_request(request, handler)
        except ApiError as error:
            response = json_response(error.body, error.status)
        except web.HTTPNotFound:
            response = json_response({"message": "404: Not Found", "code": 0}, 404)
        except web.HTTPMethodNotAllowed:
            response = json_response({"message": "405: Method Not Allowed", "code": 0}, 405)
        if response.status in (401, 403, 429):
            self._count_bad()
        return response

    async def _handle_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        await read_body(request)
        path = PREFIX.sub("", request.path)
        kept = None if path.startswith("/oauth2/") else request[BODY]  # codes and tokens of people
        self._recorder.add(request.method, path if kept is None else PREFIX.sub("", request.path_qs), kept)
        fault = self._faults.take(request.method, path)
        if fault is not None and fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault is not None and fault.cut and request.transport is not None:
            request.transport.close()
            return no_content()  # the fault drops the response
        if fault is not None and fault.status:
            return self._answer_fault(fault)
        is_persons = path == "/users/@me" and request.headers.get("Authorization", "").startswith("Bearer ")
        if not _WITHOUT_TOKEN.match(path) and not is_persons and not self._is_authorized(request):
            raise unauthorized_error()
        body = request[BODY]
        renames = isinstance(body, dict) and bool({"name", "topic"} & body.keys())
        verdict = self._limiter.judge(request.method, path, renames=renames) if self._limiter else None
        if verdict is not None and verdict.retry_after_s is not None:
            return too_many(verdict.retry_after_s, verdict.scope, verdict.headers)
        response = await handler(request)
        if fault is not None and fault.lost and request.transport is not None:
            request.transport.close()
        if verdict is not None:
            response.headers.update(verdict.headers)
        return response

    def _is_authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bot {self._token}" and not self._faults.refuse_token

    def _answer_fault(self, fault: RestFault) -> web.Response:
        if fault.html:
            text = f"<html><body><h1>Error {fault.status}</h1></body></html>"
            return web.Response(text=text, status=fault.status, content_type="text/html")
        if fault.status == 429:
            scope, more = "global" if fault.is_global else "user", {"message": fault.text, "code": fault.code}
            return too_many(fault.retry_after_s, scope, {}, more if fault.code else {})
        return json_response({"message": fault.text or "Error", "code": fault.code}, fault.status)


def too_many(
    retry_after_s: float, scope: str, headers: dict[str, str], said: dict[str, object] | None = None
) -> web.Response:
    """Return a 429; without the Via header, discord.py takes it for a ban by Cloudflare. `said`: code and text."""
    more = {"Retry-After": str(max(1, round(retry_after_s))), "Via": "1.1 google", "X-RateLimit-Scope": scope}
    if scope == "global":
        more["X-RateLimit-Global"] = "true"
    body = {"message": "You are being rate limited.", "retry_after": retry_after_s, "global": scope == "global"}
    return json_response({**body, **(said or {})}, 429, {**headers, **more})

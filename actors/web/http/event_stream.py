"""The stream of updates for an open page: the parts whose content changed, as server-sent events."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from actors.web.http.peers import find_peer
from actors.web.page import PageUnavailableError
from actors.web.readers import Reader, ReaderKind, View
from actors.web.rendering import Part

BEAT_S = 20.0
"""Seconds between beats: many proxies cut a silent connection, and a page reconnects after two missing beats."""
SEND_S = 10.0
"""A client that takes longer to read what was sent (seconds) is disconnected; the browser connects again by itself."""
MOST_STREAMS, MOST_FOR_NETWORK = 900, 20
RETRY_MS = 3000


class EventStream:
    """One open page."""

    def __init__(self, request: web.Request, view: View, versions: Mapping[str, str]) -> None:
        """`versions`: versions of the parts that the page has."""
        self.request = request
        self.view = view
        self._versions = dict(versions)
        self._waiting: dict[str, Part] = {}
        self._changed = asyncio.Event()

    def offer(self, parts: Mapping[str, Part]) -> None:
        """Queue the parts that differ from what the page has; a newer part replaces a waiting one."""
        for name, part in parts.items():
            if self._versions.get(name) == part.version:
                self._waiting.pop(name, None)
            else:
                self._waiting[name] = part
        if self._waiting:
            self._changed.set()

    async def run(self, response: web.StreamResponse, now_ms: Callable[[], int]) -> None:
        """Write to the page until it disconnects. Raises TimeoutError if the page does not read."""
        await _write(response, f"retry: {RETRY_MS}\n\n{_format_beat(now_ms())}")
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), BEAT_S)
            self._changed.clear()
            parts, self._waiting = self._waiting, {}
            self._versions |= {name: part.version for name, part in parts.items()}
            await _write(
                response, "".join(_format_part(self.view, *each) for each in parts.items()) + _format_beat(now_ms())
            )


class StreamHub:
    """Every open page."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """`now_ms` returns the service's time, ms since 1970, UTC: pages compute the film's position from it."""
        self._now_ms = now_ms
        self._streams: set[EventStream] = set()
        self._by_network: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._streams)

    def views(self) -> set[View]:
        """Return the views of the open pages."""
        return {stream.view for stream in self._streams}

    def publish(self, view: View, parts: Mapping[str, Part]) -> None:
        """Offer the parts to every page of this view."""
        for stream in self._streams:
            if stream.view == view:
                stream.offer(parts)

    async def drop_unwelcome(self, identify: Callable[[web.Request], Awaitable[Reader]]) -> None:
        """Close open pages whose reader is no longer of the kind that they were made for."""
        for stream in list(self._streams):
            if stream.view.kind not in (ReaderKind.MEMBER, ReaderKind.ADMIN):
                continue
            with contextlib.suppress(PageUnavailableError):  # not known now: checked again next time
                if (await identify(stream.request)).kind is not stream.view.kind:
                    _cut(stream.request)

    async def serve(self, request: web.Request, view: View, parts: Mapping[str, Part]) -> web.StreamResponse:
        """Keep a page up to date as long as it is connected."""
        network = find_peer(request).network
        if len(self._streams) >= MOST_STREAMS or self._by_network[network] >= MOST_FOR_NETWORK:
            raise web.HTTPServiceUnavailable(text="Too many open pages.\n", headers={"Retry-After": "30"})
        stream = EventStream(request, view, _read_versions(request.query.get("have", "")))
        stream.offer(parts)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        )
        self._streams.add(stream)
        self._by_network[network] += 1
        try:
            await response.prepare(request)
            await stream.run(response, self._now_ms)
        except (ConnectionError, TimeoutError):
            _cut(request)
        finally:
            self._streams.discard(stream)
            self._by_network[network] -= 1
            if not self._by_network[network]:
                del self._by_network[network]
        return response


def _read_versions(text: str) -> dict[str, str]:
    """Return the versions that a page has, from "hero:0123abcd,feed:4567cdef"."""
    pairs = (entry.partition(":") for entry in text[:500].split(",")[:20])
    return {name: version for name, _sep, version in pairs}


def _format_part(view: View, name: str, part: Part) -> str:
    if view.page == "api":
        return f"event: {name}\ndata: {part.html}\n\n"
    data = msgspec.json.encode({"part": name, "version": part.version, "html": part.html}).decode()
    return f"event: part\ndata: {data}\n\n"


def _format_beat(now_ms: int) -> str:
    return f": still here\nevent: beat\ndata: {now_ms}\n\n"


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(SEND_S):
        await response.write(text.encode())


def _cut(request: web.Request) -> None:
    """Abort the connection of a client that does not read: an orderly close would wait for it."""
    if request.transport is not None:
        request.transport.abort()

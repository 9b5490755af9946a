"""Posters, by an opaque key: no path or address from a reader is ever opened or fetched."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import web

from messages import Item, Poster

MOST_BYTES = 1_000_000
"""Bytes of a poster at most; a larger one is not shown."""
MOST_KEPT_BYTES = 8_000_000
MOST_KEYS = 4096
MISSING_S = 15.0
"""Pause before a missing poster is asked for again, real seconds: Plex may have been starting."""
_STARTS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}

FetchPoster = Callable[[Item], Awaitable[Poster]]


class PosterShelf:
    """A cache of the posters that pages showed, with the bytes of the most recent ones."""

    def __init__(self, fetch: FetchPoster, placeholder: bytes) -> None:
        """`fetch` returns an item's poster, without content if there is none; `placeholder` is an SVG for those."""
        self._fetch = fetch
        self._placeholder = placeholder
        self._secret = secrets.token_bytes(32)
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._kept_bytes = 0
        self._missing: OrderedDict[str, float] = OrderedDict()
        """Missing posters, and until when they are not asked for again, monotonic seconds; the earliest first."""
        self._one_at_a_time: dict[str, asyncio.Lock] = {}

    def find_address(self, item: Item) -> str:
        """Return the address of an item's poster; empty if it has none."""
        if not item.thumb:
            return ""
        place = f"{item.server_id}\0{item.thumb}".encode("utf-8", "replace")
        key = hmac.new(self._secret, place, hashlib.sha256).hexdigest()[:24]
        self._items[key] = item
        self._items.move_to_end(key)
        if len(self._items) > MOST_KEYS:
            self._items.popitem(last=False)
        return f"/posters/{key}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request for a poster; 404 if no page shows it."""
        key = request.match_info["key"]
        item = self._items.get(key)
        if item is None:
            raise web.HTTPNotFound
        found = await self._load(key, item)
        if found is None:
            content_type, content, keep = "image/svg+xml", self._placeholder, "private, max-age=60"
        else:
            (content_type, content), keep = found, "private, max-age=86400, immutable"
        return web.Response(body=content, content_type=content_type, headers={"Cache-Control": keep})

    async def load(self, item: Item) -> bytes:
        """Return the bytes of an item's poster; empty if it has none."""
        address = self.find_address(item)
        found = await self._load(address.rpartition("/")[2], item) if address else None
        return found[1] if found is not None else b""

    async def _load(self, key: str, item: Item) -> tuple[str, bytes] | None:
        """Return a poster's type and bytes; readers who ask at the same time share one question."""
        lock = self._one_at_a_time.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if self._missing.get(key, 0.0) > time.monotonic():
                    return None
                if key not in self._kept:
                    content = (await self._fetch(item)).content
                    content_type = detect_picture(content)
                    if not content_type or len(content) > MOST_BYTES:
                        self._note_missing(key)
                        return None
                    self._keep(key, content_type, content)
                self._kept.move_to_end(key)
                return self._kept[key]
        finally:
            if not lock.locked():
                self._one_at_a_time.pop(key, None)

    def _note_missing(self, key: str) -> None:
        self._missing.pop(key, None)
        self._missing[key] = time.monotonic() + MISSING_S
        if len(self._missing) > MOST_KEYS:
            self._missing.popitem(last=False)

    def _keep(self, key: str, content_type: str, content: bytes) -> None:
        self._kept[key] = (content_type, content)
        self._kept_bytes += len(content)
        while self._kept_bytes > MOST_KEPT_BYTES:
            _key, (_type, dropped) = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)


def detect_picture(content: bytes) -> str:
    """Return the type of a picture by its first bytes; empty if it is not one that is sent to browsers."""
    for start, content_type in _STARTS.items():
        if content.startswith(start):
            return content_type
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""

"""Long texts that are sent a piece at a time: nobody keeps others from theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actors.web.document import LongDocument
from actors.web.http.document_answers import answer_long_document
from actors.web.http.peers import Peer, note_peer


async def test_one_address_is_sent_one_at_a_time() -> None:
    """Who takes it slowly, and asks for another beside it, is told to wait; somebody else has theirs meanwhile."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def iterate_parts() -> AsyncIterator[str]:
        begun.set()
        yield "a"
        await go_on.wait()
        yield "b"

    async def serve(request: web.Request) -> web.StreamResponse:
        note_peer(request, Peer(request.query["from"], "localhost", is_https=False))
        return await answer_long_document(request, LongDocument(iterate_parts(), "text/csv"))

    application = web.Application()
    application.router.add_get("/", serve)
    async with TestClient(TestServer(application)) as client:
        first = asyncio.ensure_future(client.get("/?from=2001:db8::1"))
        await begun.wait()
        same = await client.get("/?from=2001:db8::2")
        assert (same.status, same.headers["Retry-After"]) == (503, "60")
        begun.clear()
        other = asyncio.ensure_future(client.get("/?from=203.0.113.9"))
        await begun.wait()
        assert (await client.get("/?from=203.0.113.10")).status == 503
        go_on.set()
        for answer in (await first, await other, await client.get("/?from=2001:db8::1")):
            assert (answer.status, await answer.text()) == (200, "ab")

"""Answers with a text: with an ETag for the browser's cache, or piece by piece if it is long."""

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator
from urllib.parse import quote

from aiohttp import web

from actors.web.document import Document, LongDocument
from actors.web.http.peers import find_peer
from actors.web.page import PageUnavailableError

SEND_S = 10.0
"""A client that takes longer to read a piece of a long text is disconnected; real seconds."""
MOST_AT_ONCE = 2
"""Long texts sent at the same time, at most one for each address: each asks the store many times."""
_long_texts = asyncio.Semaphore(MOST_AT_ONCE)
_taken_by: set[str] = set()
"""Addresses or IPv6 networks that are receiving a long text now. A slow one does not block the others."""


def answer_text(request: web.Request, text: str, content_type: str = "text/html", file_name: str = "") -> web.Response:
    """Return a text, or 304 if the reader has it already."""
    etag = f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": etag, "Vary": "Accept-Language, Accept-Encoding, Cookie"}
    headers |= _name_file(file_name)
    if etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    response = web.Response(text=text, content_type=content_type, charset="utf-8", headers=headers)
    response.enable_compression()
    return response


def answer_document(request: web.Request, document: Document) -> web.Response:
    """Return a document, or 304 if the reader has it already."""
    return answer_text(request, document.text, document.content_type, document.file_name)


async def answer_long_document(request: web.Request, document: LongDocument) -> web.StreamResponse:
    """Send a long document piece by piece; on an error abort the connection, so that it does not seem complete."""
    network = find_peer(request).network
    if _long_texts.locked() or network in _taken_by:
        raise web.HTTPServiceUnavailable(
            text="Another is being sent now: try again in a minute.\n", headers={"Retry-After": "60"}
        )
    async with _long_texts:
        with _note_taken(network):
            return await _send_parts(request, document)


async def _send_parts(request: web.Request, document: LongDocument) -> web.StreamResponse:
    response = web.StreamResponse(headers=_name_file(document.file_name))
    response.content_type, response.charset = document.content_type, "utf-8"
    response.enable_compression()
    await response.prepare(request)
    try:
        async for part in document.parts:
            async with asyncio.timeout(SEND_S):
                await response.write(part.encode())
    except (ConnectionError, TimeoutError, PageUnavailableError):
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


@contextlib.contextmanager
def _note_taken(network: str) -> Iterator[None]:
    _taken_by.add(network)
    try:
        yield
    finally:
        _taken_by.discard(network)


def _name_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"} if name else {}

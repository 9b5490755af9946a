"""`/me/data`: everything that is stored about the member who is signed in, as a file."""

import codecs
from collections.abc import AsyncIterator

from actors.web.document import LongDocument, document
from actors.web.page import PageNotFoundError, PageRequest
from actors.web.readers import Access
from messages import GetMyData, MyData

DATA_S = 60.0
"""Deadline of the question for all data about a member; real seconds."""


@document("my_data", "/me/data", access=Access.SIGNED_IN)
async def make_my_data(request: PageRequest) -> LongDocument:
    """Make the file; 404 if nothing is stored."""
    first = await request.ask(GetMyData(request.asker), DATA_S)
    if not first.content:
        raise PageNotFoundError
    return LongDocument(_iterate_parts(request, first), "application/json", "usher.json")


async def _iterate_parts(request: PageRequest, part: MyData) -> AsyncIterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()  # a letter may lie across two parts
    have, whole = 0, part.total_bytes
    while True:
        yield decoder.decode(part.content)
        have += len(part.content)
        if have >= whole or not part.content:
            return
        part = await request.ask(GetMyData(request.asker, have), DATA_S)

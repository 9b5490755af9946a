"""Preview pictures of shared pages for chats: drawn by a short-lived process, and kept until the content changes."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec
from msgspec.structs import replace

from actors.web.page import PageRequest
from actors.web.pages.share import SharedPage, find_shared_page
from charts.chart_renderer import ChartRenderer
from charts.picture import PreviewCard
from messages import Item
from wording.translation import use_language

MOST_KEPT = 50


class PreviewShelf:
    """A cache of recently drawn pictures. Runs on the server's loop."""

    def __init__(self, renderer: ChartRenderer, load_poster: Callable[[Item], Awaitable[bytes]]) -> None:
        """`load_poster` returns a poster's bytes; empty if there is none."""
        self._renderer = renderer
        self._load_poster = load_poster
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    async def draw(self, request: PageRequest) -> bytes:
        """Return the picture of a shared page, as PNG; empty if it cannot be drawn now.

        Raises PageNotFoundError and PageUnavailableError.
        """
        with use_language(request.language):
            shared = await find_shared_page(request)
        key = msgspec.msgpack.encode((shared.card, shared.poster))
        if key not in self._kept:
            drawn = await self._renderer.draw(await self._add_poster(shared))
            if not drawn:
                return b""
            self._kept[key] = drawn
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    async def _add_poster(self, shared: SharedPage) -> PreviewCard:
        if shared.poster is None:
            return shared.card
        return replace(shared.card, poster=await self._load_poster(shared.poster))

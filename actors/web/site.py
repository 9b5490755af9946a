"""Every page but Tonight, and every document: loaded, rendered, and cached until the store changes."""

import asyncio
import concurrent.futures
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast
from zoneinfo import ZoneInfo

from actors.ask_failures import explain_failure
from actors.runtime import Clock
from actors.web.document import Document, DocumentDeclaration, LongDocument, load_documents
from actors.web.documents.share_preview import PreviewShelf
from actors.web.page import ASK_S, PageDeclaration, PageRequest, PageUnavailableError
from actors.web.readers import Reader, View, make_unknown_reader
from actors.web.rendering import Renderer
from messages import Answer, GetPageKey, GetPublicNames, Item, Question, Screening, UpcomingNight
from viewers.public_names import NamelessView, ask_namelessly
from wording.translation import use_language

AnswerT = TypeVar("AnswerT", bound=Answer)
ContentT = TypeVar("ContentT")
AskFuture = Callable[[str, Question[Answer], float], "concurrent.futures.Future[Answer]"]

KEPT_S = 15.0
"""How long a page is reused if the store does not change, seconds: its figures include running watches."""
MOST_KEPT, MOST_KEPT_SIZE = 200, 4_000_000
"""Number of cached pages, and bytes of memory for all of them."""
MOST_PARAMETERS, LONGEST_PARAMETER = 10, 200


class _Kept(NamedTuple):
    made_s: float
    content: Any
    size: int
    """Bytes of memory; a page that contains an emoji takes four for each character."""


class Site:
    """Shows the pages that are declared with `page.py`. Its coroutines run on the server's loop."""

    def __init__(
        self,
        renderer: Renderer,
        ask_future: AskFuture,
        clock: Clock,
        zone: ZoneInfo,
        poster: Callable[[Item], str],
        playing: Callable[[], Sequence[Screening]],
        upcoming: Callable[[], Sequence[UpcomingNight]],
        log: logging.Logger,
        is_member: Callable[[str], Awaitable[bool]],
        *,
        access: str = "local",
    ) -> None:
        """Show pages with the screenings that `playing` returns, and the planned and running nights of `upcoming`.

        `access`: WEB_ACCESS. `is_member` returns whether somebody is still a member of the Discord server.
        """
        self._renderer = renderer
        self._ask_future = ask_future
        self._clock = clock
        self._zone = zone
        self._poster = poster
        self._playing = playing
        self._upcoming = upcoming
        self._log = log
        self._is_member = is_member
        self._access = access
        self._key = b""
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
        self._kept_size = 0
        self._changes = 0
        """How often the store changed: a page that was requested before the last change is shown but not cached."""
        self.public_names = NamelessView()
        """Who may be named on a public page, as of the last answer; before the first, nobody has a number."""
        self._notes: OrderedDict[str, str] = OrderedDict()
        """Notes on readers' last acts, by reader."""
        self._names_of = -1
        """The number of the store's change after which the public names were loaded."""

    def drop_kept(self) -> None:
        """Drop all cached pages: the store changed."""
        self._changes += 1
        self._kept.clear()
        self._kept_size = 0

    def note(self, reader: Reader, text: str) -> None:
        """Note a text for a reader's next own page."""
        self._notes[reader.asker] = text
        if len(self._notes) > MOST_KEPT:
            self._notes.popitem(last=False)

    async def show(
        self,
        declaration: PageDeclaration,
        language: str,
        reader: Reader,
        path: Mapping[str, str],
        query: Mapping[str, str],
        base_url: str = "",
    ) -> str:
        """Return a page for a reader who may open it. Raises PageNotFoundError and PageUnavailableError."""

        async def show(request: PageRequest) -> str:
            content = await declaration.show(request)
            return self._renderer.render_page(
                f"{declaration.name}.html",
                language,
                reader,
                section=declaration.section,
                title=content.title,
                poster=self._poster,
                **content.values,
            )

        return await self._make(
            declaration.name, show, language, reader, path, query, base_url, is_kept=declaration.is_kept
        )

    async def make_document(
        self,
        declaration: DocumentDeclaration,
        language: str,
        reader: Reader,
        path: Mapping[str, str],
        query: Mapping[str, str],
        base_url: str,
    ) -> Document | LongDocument:
        """Return a document; a long one is not cached. Raises PageNotFoundError and PageUnavailableError."""
        return await self._make(
            declaration.name, declaration.make, language, reader, path, query, base_url, is_kept=declaration.is_kept
        )

    async def answer_now(self, view: View) -> str:
        """Return what is playing, as the API's JSON. Raises PageUnavailableError."""
        now = next(each for each in load_documents() if each.name == "api/now")
        made = await self.make_document(now, view.language, Reader(view.kind), {}, {}, "")
        return made.text if isinstance(made, Document) else ""

    async def draw_preview(
        self, previews: PreviewShelf, language: str, path: Mapping[str, str], base_url: str
    ) -> bytes:
        """Return the preview picture of a shared page, as readers who are not signed in see it.

        Raises PageNotFoundError and PageUnavailableError.
        """
        return await self._make(
            "preview", previews.draw, language, make_unknown_reader(self._access), path, {}, base_url, is_kept=False
        )

    async def _make(
        self,
        name: str,
        make: Callable[[PageRequest], Awaitable[ContentT]],
        language: str,
        reader: Reader,
        path: Mapping[str, str],
        query: Mapping[str, str],
        base_url: str = "",
        *,
        is_kept: bool = True,
    ) -> ContentT:
        """Return what `make` returns for a request, or the cached result of the same request."""
        chosen = {name: value[:LONGEST_PARAMETER] for name, value in list(query.items())[:MOST_PARAMETERS]}
        key = (name, language, reader.cache_key, base_url, *sorted(path.items()), *sorted(chosen.items()))
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept.made_s < KEPT_S:
            self._kept.move_to_end(key)
            return cast(ContentT, kept.content)
        made_s, changes = time.monotonic(), self._changes
        with use_language(language):
            self._key = self._key or (await self.ask(GetPageKey())).key
            at = self._clock.now()
            content = await make(
                PageRequest(
                    self._ask_namelessly if reader.is_public else self.ask,
                    at,
                    self._zone,
                    language,
                    self._poster,
                    self._key,
                    dict(path),
                    chosen,
                    reader,
                    take_note=lambda: self._notes.pop(reader.asker, ""),
                    site_access=self._access,
                    is_member=self._is_member,
                    screenings=await self._list_screenings(reader),
                    upcoming=self._upcoming(),
                    base_url=base_url,
                )
            )
        if is_kept and changes == self._changes and not isinstance(content, LongDocument):
            text = content.text if isinstance(content, Document) else content
            self._keep(key, _Kept(made_s, content, sys.getsizeof(text)))
        return content

    def _keep(self, key: tuple[object, ...], made: _Kept) -> None:
        """Cache a result; drop the least recently used ones if there are too many."""
        before = self._kept.pop(key, None)
        self._kept_size += made.size - (before.size if before is not None else 0)
        self._kept[key] = made
        while len(self._kept) > MOST_KEPT or self._kept_size > MOST_KEPT_SIZE:
            _key, dropped = self._kept.popitem(last=False)
            self._kept_size -= dropped.size

    async def _list_screenings(self, reader: Reader) -> Sequence[Screening]:
        if not reader.is_public:
            return self._playing()
        names = await self.load_public_names()
        return [names.rename_struct(screening) for screening in self._playing()]

    async def load_public_names(self) -> NamelessView:
        """Return everybody's name on a public page. Raises PageUnavailableError."""
        if self._names_of != self._changes:
            changes = self._changes
            self.public_names = NamelessView((await self.ask(GetPublicNames())).viewers)
            self._names_of = changes
        return self.public_names

    async def _ask_namelessly(
        self, question: Question[AnswerT], timeout_s: float = ASK_S, *, target: str = ""
    ) -> AnswerT:
        """Return an actor's answer without the names of those who did not choose to be named."""
        names = await self.load_public_names()
        return names.rename(question, await self.ask(ask_namelessly(question), timeout_s, target=target))

    async def ask(self, question: Question[AnswerT], timeout_s: float = ASK_S, *, target: str = "") -> AnswerT:
        """Return an actor's answer. Raises PageUnavailableError."""
        actor = target or question.receiver
        try:
            async with asyncio.timeout(timeout_s + 0.5):
                answer = await asyncio.wrap_future(self._ask_future(actor, question, timeout_s))
        except Exception as error:
            failure = explain_failure(actor, error, timeout_s, self._log)
            raise PageUnavailableError(failure) from error
        return answer  # type: ignore[return-value]  # the endpoint has checked its class

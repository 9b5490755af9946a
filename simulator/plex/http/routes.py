"""The server's answer to each address. Faults and tokens are handled by the gate."""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from aiohttp import web

from simulator.plex.documents import library_xml, sessions_xml
from simulator.plex.documents.poster import draw_poster
from simulator.plex.world.library import SECTIONS, ItemGroup, LibraryItem
from simulator.plex.world.sessions import HistoryFilter
from simulator.plex.world.world import PlexWorld


@dataclass
class PlexRoutes:
    """The handlers, with the state that they read."""

    world: PlexWorld
    lock: threading.RLock
    now: Callable[[], float]
    machine_id: str
    name: str

    def tick(self) -> None:
        """Let the players report and end, if that is due."""
        with self.lock:
            self.world.tick(self.now())

    def routes(self) -> list[web.RouteDef]:
        """Return every address that the server knows."""
        table = {
            "/": self.root,
            "/identity": self.identity,
            "/accounts": self.accounts,
            "/devices": self.devices,
            "/status/sessions": self.sessions,
            "/status/sessions/history/all": self.history,
            "/library": self.library,
            "/library/sections": self.sections,
            "/library/sections/": self.sections,
            r"/library/sections/{section:\d+}/all": self.section,
            "/library/all": self.everything,
            "/library/metadata/{key}": self.metadata,
            "/library/metadata/{key}/children": self.children,
            "/library/metadata/{key}/allLeaves": self.leaves,
            "/library/metadata/{key}/thumb/{version}": self.thumb,
            "/photo/:/transcode": self.scale_picture,
            "/hubs/search": self.search,
        }
        return [web.get(path, handler) for path, handler in table.items()]

    async def root(self, _request: web.Request) -> web.Response:
        """Answer with the server's description."""
        with self.lock:
            transcodes = sum(one.transcoding for one in self.world.sessions)
        return xml(library_xml.server_root(self.machine_id, self.name, self.now(), transcodes))

    async def identity(self, _request: web.Request) -> web.Response:
        """Answer with the server's identity, even without a token."""
        return xml(library_xml.identity(self.machine_id))

    async def accounts(self, request: web.Request) -> web.Response:
        """Answer with all accounts, including 0 and 1."""
        with self.lock:
            return xml(page_of(request, [sessions_xml.account(one) for one in self.world.accounts.values()]))

    async def devices(self, request: web.Request) -> web.Response:
        """Answer with all players ever seen."""
        with self.lock:
            found = [sessions_xml.device(n, one) for n, one in enumerate(self.world.devices, start=1)]
        return xml(page_of(request, found))

    async def sessions(self, _request: web.Request) -> web.Response:
        """Answer with what plays now."""
        now_s = self.now()
        with self.lock:
            self.world.tick(now_s)
            playing = list(self.world.sessions)
        return xml(sessions_xml.sessions(playing, now_s))

    async def history(self, request: web.Request) -> web.Response:
        """Answer with completed plays, filtered and in pages."""
        query = request.query

        def number(name: str) -> int | None:
            return int(query[name]) if query.get(name) else None

        wanted = HistoryFilter(
            account_id=number("accountID"),
            rating_key=query.get("metadataItemID"),
            section_id=number("librarySectionID"),
            since_s=number("viewedAt>"),
            newest_first=query.get("sort", "").endswith(":desc"),
        )
        with self.lock:
            self.world.tick(self.now())
            rows = wanted.apply(self.world.history)
        return xml(page_of(request, [sessions_xml.history(row) for row in rows]))

    async def library(self, _request: web.Request) -> web.Response:
        """Answer with the library's root."""
        doors = [Element("Directory", {"key": key, "title": key.title()}) for key in ("sections", "recentlyAdded")]
        return xml(
            library_xml.container(
                doors,
                identifier="com.plexapp.plugins.library",
                mediaTagVersion=1700000000,
                title1="Plex Library",
            )
        )

    async def sections(self, _request: web.Request) -> web.Response:
        """Answer with the sections."""
        return xml(library_xml.container([library_xml.section(one) for one in SECTIONS], title1="Plex Library"))

    async def section(self, request: web.Request) -> web.Response:
        """Answer with one section's films, series, episodes..."""
        number = int(request.match_info["section"])
        known = next((one for one in SECTIONS if one.id == number), None)
        if known is None:
            raise web.HTTPNotFound
        found = self._list_items(request, number)
        return xml(page_of(request, found, librarySectionID=number, librarySectionTitle=known.title))

    async def everything(self, request: web.Request) -> web.Response:
        """Answer with all sections at once."""
        return xml(page_of(request, self._list_items(request, None)))

    async def metadata(self, request: web.Request) -> web.Response:
        """Answer with one item, or several with a comma between their keys."""
        found = [one for key in request.match_info["key"].split(",") if (one := self._build_element(key)) is not None]
        if not found:
            raise web.HTTPNotFound
        return xml(library_xml.container(found))

    async def children(self, request: web.Request) -> web.Response:
        """Answer with the seasons of a series, episodes of a season, albums of an artist, tracks of an album."""
        key = request.match_info["key"]
        with self.lock:
            groups = [self._build_group(one) for one in self.world.library.groups.values() if one.parent_key == key]
            items = [library_xml.metadata(one) for one in self.world.library if one.parent_key == key]
        index = request.query.get("index")
        found = [one for one in groups + items if index in (None, one.get("index"))]
        return xml(page_of(request, found))

    async def leaves(self, request: web.Request) -> web.Response:
        """Answer with all episodes of a series, all tracks of an artist."""
        key = request.match_info["key"]
        with self.lock:
            found = [library_xml.metadata(i) for i in self.world.library if key in (i.parent_key, i.grandparent_key)]
        return xml(page_of(request, found))

    async def thumb(self, request: web.Request) -> web.Response:
        """Answer with the poster, a real PNG."""
        key = request.match_info["key"]
        if self._build_element(key) is None:
            raise web.HTTPNotFound
        return web.Response(body=draw_poster(key), content_type="image/png")

    async def scale_picture(self, request: web.Request) -> web.Response:
        """Answer with a poster by its path, without scaling: the pictures here are small already."""
        found = re.fullmatch(r"/library/metadata/(\d+)/thumb/\d+", request.query.get("url", ""))
        if found is None or self._build_element(found[1]) is None:
            raise web.HTTPNotFound
        return web.Response(body=draw_poster(found[1]), content_type="image/png")

    async def search(self, request: web.Request) -> web.Response:
        """Answer with titles that contain the words, grouped by kind."""
        words = request.query.get("query", "")
        limit = int(request.query.get("limit", "10"))
        section = request.query.get("sectionId")
        with self.lock:
            library = self.world.library
            items: Sequence[LibraryItem | ItemGroup] = [*library.search(words), *library.groups.values()]
        hubs = []
        for kind in ("movie", "show", "episode", "artist", "track"):
            found = [
                one
                for one in items
                if one.kind == kind
                and words.casefold() in one.title.casefold()
                and section in (None, str(one.section_id))
            ]
            hubs.append(library_xml.hub(kind, [self._build_any(one) for one in found[:limit]]))
        return xml(library_xml.container(hubs))

    def _list_items(self, request: web.Request, section: int | None) -> list[Element]:
        """Return items and groups of a section (or all), filtered by the requested type and title."""
        title = request.query.get("title", "").casefold()
        wanted = request.query.get("type")
        with self.lock:
            held: list[LibraryItem | ItemGroup] = [*self.world.library.groups.values(), *self.world.library]
        default = {1: "movie", 2: "show", 3: "artist", 4: "photo"}.get(section or 0)
        numbers = library_xml.ITEM_TYPES | library_xml.GROUP_TYPES
        return [
            self._build_any(one)
            for one in held
            if (one.section_id == section if section else (one.section_id or 0) > 0)
            and (wanted == str(numbers[one.kind]) if wanted else default in (None, one.kind))
            and title in one.title.casefold()
        ]

    def _build_element(self, key: str) -> Element | None:
        with self.lock:
            held = self.world.library.items.get(key) or self.world.library.groups.get(key)
        return None if held is None else self._build_any(held)

    def _build_any(self, held: LibraryItem | ItemGroup) -> Element:
        return self._build_group(held) if isinstance(held, ItemGroup) else library_xml.metadata(held)

    def _build_group(self, held: ItemGroup) -> Element:
        with self.lock:
            key = held.rating_key
            leaves = sum(key in (item.parent_key, item.grandparent_key) for item in self.world.library)
        return library_xml.group(held, leaves)


def page_of(request: web.Request, children: Sequence[Element], **extra: str | int | None) -> Element:
    """Return the page that the request's headers or query ask for."""

    def read_parameter(name: str) -> str | None:
        return request.headers.get(name) or request.query.get(name)

    size = read_parameter("X-Plex-Container-Size")
    start = int(read_parameter("X-Plex-Container-Start") or 0)
    return library_xml.page(children, start, None if size is None else int(size), **extra)


def xml(root: Element) -> web.Response:
    """Return the document as a response, with a real server's headers."""
    return web.Response(
        body=library_xml.encode(root),
        headers={
            "Content-Type": "text/xml;charset=utf-8",
            "X-Plex-Protocol": "1.0",
            "Cache-Control": "no-cache",
        },
    )

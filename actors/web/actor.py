"""The web actor: receives what is playing, and shows it in a browser."""

import asyncio
import concurrent.futures
import contextlib
import errno
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from actors.asyncio_tasks import abort_connections, end_tasks
from actors.media.pollers import poller_names
from actors.runtime import (
    Actor,
    ActorUnavailable,
    AskTimeout,
    Context,
    DependencyUnavailable,
    FatalStartupError,
    MailboxFull,
    RemoteError,
    UnexpectedAnswer,
)
from actors.web.access.sessions import MEMBER_KNOWN_S, Sessions
from actors.web.access.sign_in import SignInOptions
from actors.web.action import ActionRequest
from actors.web.documents.metrics import format_metrics
from actors.web.documents.share_preview import PreviewShelf
from actors.web.evening_facts import EveningFacts
from actors.web.http.event_stream import StreamHub
from actors.web.http.guards import BURST, HostGuard
from actors.web.http.peers import PeerFinder
from actors.web.http.posters import PosterShelf
from actors.web.http.server import AccessControl, Contents, LivePage, Probes, ServerOptions, WebServer
from actors.web.http.static_files import StaticFiles
from actors.web.now_playing import ScreeningBoard
from actors.web.page import ASK_S, PageUnavailableError
from actors.web.pages.admin import build_actor_table
from actors.web.pages.tonight import Tonight, build_tonight
from actors.web.readers import Reader, ReaderKind, View
from actors.web.rendering import Part, Renderer
from actors.web.site import Site
from charts.chart_renderer import ChartRenderer
from messages import (
    GetHealth,
    GetPoster,
    Item,
    ListActiveWatches,
    Message,
    NowPlaying,
    Poster,
    Problem,
    Question,
    StoreChanged,
)
from setting_checks import is_loopback
from version import VERSION
from wording.translation import set_language, use_language

START_S, STOP_S = 10.0, 3.0
"""How long the server may take to listen, and to stop; real seconds."""
LOAD_AGAIN_S = 2.0
REFRESH_S = 15.0
"""How often open pages are rendered without a new report, for their note on the tracker's silence; real seconds."""
PAGE_KEPT_S = 1.0
"""How long a whole page is reused without a new report, for the position in it moves; real seconds."""
POSTER_S = 15.0
HEALTH_S = 2.0
"""How often an open page of administrators gets the actors' health; real seconds."""
_UNANSWERED = (ActorUnavailable, AskTimeout, MailboxFull, RemoteError, UnexpectedAnswer)


class WebActor(Actor):
    """pykka's thread receives the messages; the server runs on an event loop in its own thread."""

    name: ClassVar[str] = "web"
    burst: ClassVar[float] = BURST
    """How many requests an address may make at once."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = context.settings
        set_language(settings.bot_language)
        self._zone = ZoneInfo(settings.timezone)
        self._silent_after_s = max(30.0, 3 * settings.plex_poll_seconds)
        self._board = ScreeningBoard()
        self._facts = EveningFacts(self._ask, lambda: self._board.screenings, self._take_facts, _UNANSWERED)
        self._loop: asyncio.AbstractEventLoop  # created in on_start
        self._thread = threading.Thread(target=self._run_loop, name="web-loop", daemon=True)
        self._stop_server = asyncio.Event()
        self._store_changed = asyncio.Event()
        self._refreshed = asyncio.Event()
        self._readers_changed = asyncio.Event()
        self._listening: concurrent.futures.Future[int] = concurrent.futures.Future()
        self._static = StaticFiles()
        self._renderer = Renderer(self._static.find_path, VERSION, settings.timezone)
        self._posters = PosterShelf(self._fetch_poster, self._static.read("no-poster.svg"))
        self._streams = StreamHub(self._now_ms)
        self._parts: dict[View, dict[str, Part]] = {}
        """The parts as of the last report."""
        self._whole_pages: dict[View, tuple[float, str]] = {}
        """When each page was rendered (monotonic seconds), and its HTML."""
        self._site = Site(
            self._renderer,
            self._ask_future,
            context.clock,
            self._zone,
            self._posters.find_address,
            lambda: self._board.screenings,
            lambda: self._facts.upcoming,
            self.log,
            lambda viewer_id: self._sessions.is_member(viewer_id),
            access=settings.web_access,
        )
        self._sessions = Sessions(settings.web_access, self._site.ask)

    def handlers(self) -> Mapping[type[Message], Callable[[Any], Any]]:
        """Return the handler of each message."""
        return {NowPlaying: self._on_now_playing, StoreChanged: self._drop_pages}

    def on_start(self) -> None:
        """Listen. If the port is taken, the start is tried again later; any other error is fatal."""
        settings = self.context.settings
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        try:
            self._listening.result(START_S)
        except OSError as error:
            where = f"{settings.web_bind}:{settings.web_port}"
            problem = Problem.of("web.cannot_listen", address=where, error=error.strerror or str(error))
            if error.errno == errno.EADDRINUSE:
                raise DependencyUnavailable(Problem.of("web.port_taken", address=where)) from error
            raise FatalStartupError(problem) from error
        self.log.info("The page is at %s/", settings.page_url)

    def on_stop(self) -> None:
        """Stop the server and close every connection."""
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._stop_server.set)
        self._thread.join(STOP_S)

    def _on_now_playing(self, playing: NowPlaying) -> None:
        self._loop.call_soon_threadsafe(self._take_report, playing)

    def _drop_pages(self, _changed: StoreChanged) -> None:
        self._loop.call_soon_threadsafe(self._sessions.drop_known)
        self._loop.call_soon_threadsafe(self._site.drop_kept)
        self._loop.call_soon_threadsafe(self._facts.look_again)
        self._loop.call_soon_threadsafe(self._store_changed.set)
        self._loop.call_soon_threadsafe(self._readers_changed.set)

    def _ask_future(self, actor: str, question: Question[Any], timeout_s: float) -> concurrent.futures.Future[Any]:
        return self.ref(actor).ask_future(question, timeout_s)

    # -- on the loop -----------------------------------------------------------------------------------------

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:
            if not self._listening.done():
                self._listening.set_exception(error)
            else:
                self.log.error("The web server ended: %s", error, exc_info=error)
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self) -> None:
        settings = self.context.settings
        server = self._server = WebServer(
            Contents(
                self._site,
                self._renderer,
                self._static,
                self._posters,
                self._streams,
                PreviewShelf(ChartRenderer(self.log), self._posters.load),
                self._make_action_request,
            ),
            LivePage(self._show_tonight, self._current_parts, self._render_admin_parts, self._render_api_parts),
            Probes(self._knows_what_plays, self._collect_metrics, settings.web_metrics_token),
            AccessControl(
                PeerFinder(settings.web_trusted_proxies, settings.web_url),
                HostGuard(settings.web_url, allows_addresses=not is_loopback(settings.web_bind)),
                self._sessions,
                SignInOptions(settings.page_url, settings.discord_client_id, settings.discord_api_url),
                self.burst,
            ),
            ServerOptions(settings.web_url, settings.web_embed_origins, settings.bot_language),
            self.log,
        )
        try:
            self._listening.set_result(await server.start(settings.web_bind, settings.web_port))
            lasting = (
                self._load(),
                self._refresh(),
                self._facts.follow(),
                self._follow_names(),
                self._follow_health(),
                self._follow_api(),
                self._watch_readers(),
            )
            work = [asyncio.ensure_future(each) for each in lasting]
            await self._stop_server.wait()
            await end_tasks(work)
        finally:
            await server.close()
            await abort_connections()

    async def _load(self) -> None:
        """Ask the tracker what is playing, until it answers: unasked, it reports a server only after its next poll."""
        while True:
            try:
                playing = await asyncio.wrap_future(self.ref("tracker").ask_future(ListActiveWatches()))
            except _UNANSWERED:
                await asyncio.sleep(LOAD_AGAIN_S)
                continue
            if all(reason.code != "tracker.not_ready" for reason in playing.reasons):
                self._take_report(NowPlaying(playing.at, playing.screenings))
                return
            await asyncio.sleep(LOAD_AGAIN_S)

    async def _ask(self, question: Question[Any]) -> Any:
        return await asyncio.wrap_future(self._ask_future(question.receiver, question, ASK_S))

    def _take_facts(self) -> None:
        self._site.drop_kept()
        self._refresh_pages()

    def _refresh_pages(self) -> None:
        self._whole_pages.clear()
        self._publish()

    async def _follow_names(self) -> None:
        """Load everybody's public name at the start and whenever the store changes, if the page is public."""
        while self.context.settings.web_access == "public":
            self._store_changed.clear()
            try:
                await self._site.load_public_names()
            except PageUnavailableError:
                await asyncio.sleep(LOAD_AGAIN_S)
                continue
            self._refresh_pages()
            await self._store_changed.wait()

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            self._publish()

    def _take_report(self, playing: NowPlaying) -> None:
        self._board.update(playing)
        self._refresh_pages()

    def _publish(self) -> None:
        """Send every open page its changed parts, rendered once for each kind of reader and language."""
        self._parts.clear()
        self._refreshed.set()
        for view in self._streams.views():
            if view.page == "tonight":
                self._streams.publish(view, self._current_parts(view))

    async def _follow_api(self) -> None:
        """Send programs what is playing, whenever that changes."""
        while True:
            await self._refreshed.wait()
            self._refreshed.clear()
            for view in self._streams.views():
                if view.page == "api":
                    with contextlib.suppress(PageUnavailableError):
                        self._streams.publish(view, await self._render_api_parts(view))

    async def _render_api_parts(self, view: View) -> dict[str, Part]:
        text = await self._site.answer_now(view)
        version = hashlib.blake2b(text.partition(",")[2].encode(), digest_size=6).hexdigest()  # without the time
        return {"now": Part(version, text)}

    async def _follow_health(self) -> None:
        """Update the actors' health while a page of administrators is open."""
        while True:
            await asyncio.sleep(HEALTH_S)
            for view in self._streams.views():
                if view.page == "admin":
                    self._streams.publish(view, await self._render_admin_parts(view))

    async def _render_admin_parts(self, view: View) -> dict[str, Part]:
        """Return the live parts of the administrators' page; none if the launcher does not answer."""
        try:
            health = await self._ask(GetHealth())
        except _UNANSWERED:
            return {}
        with use_language(view.language):
            table = build_actor_table(health, self.context.clock.now().wall_s, self._zone)
        return {"actors": self._renderer.render_part("actors", view.language, table)}

    async def _watch_readers(self) -> None:
        """Close the open pages of readers who are no longer signed in, at each change and from time to time."""
        while True:
            self._readers_changed.clear()
            await self._streams.drop_unwelcome(self._sessions.identify)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._readers_changed.wait(), MEMBER_KNOWN_S)

    def _make_action_request(self, reader: Reader, form: Mapping[str, str]) -> ActionRequest:
        def note(text: str) -> None:
            self._site.note(reader, text)

        return ActionRequest(self._site.ask, self._tell, self.context.clock.now(), reader, note, form)

    def _tell(self, actor: str, message: Message) -> None:
        self.ref(actor).tell(message)

    def _current_parts(self, view: View) -> dict[str, Part]:
        parts = self._parts.get(view)
        if parts is None:
            parts = self._parts[view] = self._render_parts(view)[1]
        return parts

    def _show_tonight(self, view: View) -> str:
        kept = self._whole_pages.get(view)
        if kept is None or time.monotonic() - kept[0] > PAGE_KEPT_S:
            content, parts = self._render_parts(view)
            html = self._renderer.render_page(
                f"{view.page}.html",
                view.language,
                Reader(view.kind),
                section="/",
                title=content.heading,
                page=content,
                parts=parts,
                poster=self._posters.find_address,
            )
            kept = self._whole_pages[view] = (time.monotonic(), html)
        return kept[1]

    def _render_parts(self, view: View) -> tuple[Tonight, dict[str, Part]]:
        at = self.context.clock.now()
        with use_language(view.language):
            screenings, last_night = self._board.screenings, self._facts.last_night
            if view.kind is ReaderKind.PUBLIC:
                rename = self._site.public_names.rename_struct
                screenings, last_night = tuple(map(rename, screenings)), last_night and rename(last_night)
            content = build_tonight(
                screenings,
                at,
                self._zone,
                heard_at=self._board.heard_at,
                silent_after_s=self._silent_after_s,
                last_night=last_night,
                upcoming=self._facts.upcoming,
                badges=self._facts.badges,
            )
        return content, self._renderer.render_parts(view.language, content, self._posters.find_address)

    async def _fetch_poster(self, item: Item) -> Poster:
        """Return a poster from the server that has it."""
        for poller in poller_names(self.context.settings):
            question = GetPoster(item.server_id, item.thumb)
            try:
                poster = await asyncio.wrap_future(self.ref(poller).ask_future(question, POSTER_S))
            except _UNANSWERED:
                continue
            if poster.content:
                return poster
        return Poster()

    def _knows_what_plays(self) -> bool:
        heard_at = self._board.heard_at
        if heard_at is None:
            return False
        return self.context.clock.now().steady_s - heard_at.steady_s <= self._silent_after_s

    async def _collect_metrics(self) -> str:
        """Return the figures for Prometheus; without the actors' health if the launcher does not answer."""
        try:
            health = await asyncio.wrap_future(self._ask_future(GetHealth.receiver, GetHealth(), ASK_S))
        except _UNANSWERED:
            return format_metrics((), self._board.screenings, len(self._streams))
        return format_metrics(health.actors, self._board.screenings, len(self._streams))

    def _now_ms(self) -> int:
        return round(self.context.clock.now().wall_s * 1000)

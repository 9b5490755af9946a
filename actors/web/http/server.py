"""The web server: its routes, and its start and stop on the actor's loop."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from actors.web.access.admission import make_admission, reader_of, refuse_foreign, restrict
from actors.web.access.sessions import Sessions
from actors.web.access.sign_in import SIGN_INS_A_MINUTE, SignIn, SignInOptions, read_form
from actors.web.action import ActionDeclaration, ActionRequest, load_actions
from actors.web.api.errors import API, make_api_errors
from actors.web.document import Document, DocumentDeclaration, load_documents
from actors.web.documents.share_preview import PreviewShelf
from actors.web.http.connections import BoundedRunner
from actors.web.http.document_answers import answer_document, answer_long_document, answer_text
from actors.web.http.error_pages import RETRY_S, ErrorPages
from actors.web.http.event_stream import StreamHub
from actors.web.http.guards import (
    SECURITY_HEADERS,
    AddressLimiter,
    HostGuard,
    add_security_headers,
    allow_frames,
    make_guard,
    may_read_metrics,
)
from actors.web.http.peers import PeerFinder, find_peer
from actors.web.http.posters import PosterShelf
from actors.web.http.static_files import StaticFiles
from actors.web.page import PageDeclaration, load_pages
from actors.web.readers import Access, Reader, ReaderKind, View
from actors.web.rendering import Part, Renderer, choose_language
from actors.web.site import Site
from wording.translation import use_language

MOST_BODY_BYTES = 64 * 1024
MOST_HEADER_BYTES = 8 * 1024
IDLE_S = 10.0
CLOSE_S = 2.0


class Probes(msgspec.Struct, frozen=True):
    """Functions that answer monitoring programs."""

    is_healthy: Callable[[], bool]
    """Returns whether the page knows what is playing now."""
    metrics: Callable[[], Awaitable[str]]
    """Returns the figures for Prometheus."""
    metrics_token: str = ""
    """WEB_METRICS_TOKEN."""


class LivePage(msgspec.Struct, frozen=True):
    """The live pages, which are kept up to date while they are open."""

    show: Callable[[View], str]
    """Returns the page Tonight for a kind of reader in a language."""
    parts: Callable[[View], dict[str, Part]]
    """Returns the parts of Tonight, as of the last report."""
    admin_parts: Callable[[View], Awaitable[dict[str, Part]]]
    """Returns the live parts of the administrators' page."""
    api_parts: Callable[[View], Awaitable[dict[str, Part]]]
    """Returns what is playing as JSON, in one part called `now`."""


class Contents(msgspec.Struct, frozen=True):
    """What is served, and what actions need."""

    site: Site
    renderer: Renderer
    static: StaticFiles
    posters: PosterShelf
    streams: StreamHub
    previews: PreviewShelf
    make_action_request: Callable[[Reader, Mapping[str, str]], ActionRequest]
    """Called with the reader and the fields of the form."""


class AccessControl(msgspec.Struct, frozen=True):
    """Who may read, and how they sign in."""

    peers: PeerFinder
    hosts: HostGuard
    sessions: Sessions
    sign_in: SignInOptions
    burst: float
    """How many requests an address may make at once."""


class ServerOptions(msgspec.Struct, frozen=True):
    """Settings of the whole site."""

    public_url: str
    """WEB_URL."""
    embed_origins: tuple[str, ...]
    """WEB_EMBED_ORIGINS."""
    default_language: str


class WebServer:
    """Serves the pages."""

    def __init__(
        self,
        contents: Contents,
        live: LivePage,
        probes: Probes,
        access: AccessControl,
        options: ServerOptions,
        log: logging.Logger,
    ) -> None:
        self._contents = contents
        self._live = live
        self._probes = probes
        self._options = options
        self._application = self._make_application(access, log)
        self._runner = BoundedRunner(
            self._application,
            SECURITY_HEADERS,
            access.peers.is_trusted,
            keepalive_timeout=IDLE_S,
            lingering_time=1.0,
            max_line_size=MOST_HEADER_BYTES,
            max_field_size=MOST_HEADER_BYTES,
            shutdown_timeout=CLOSE_S,
            handler_cancellation=True,
        )

    def _make_application(self, access: AccessControl, log: logging.Logger) -> web.Application:
        """Return the application with its middlewares and routes."""
        unknown, language = access.sessions.unknown, self._options.default_language
        is_local = unknown.kind is ReaderKind.LOCAL
        application = web.Application(
            client_max_size=MOST_BODY_BYTES,
            middlewares=[
                ErrorPages(self._contents.renderer, unknown, language, log).make_middleware(),
                make_api_errors(),
                make_guard(access.peers, access.hosts, AddressLimiter(access.burst), refuses_proxies=is_local),
                make_admission(access.sessions.identify, unknown),
            ],
        )
        application.on_response_prepare.append(add_security_headers)
        self._add_pages(application.router)
        if not is_local:
            self._add_actions(application.router)
        limiter = AddressLimiter(SIGN_INS_A_MINUTE, a_second=SIGN_INS_A_MINUTE / 60)
        sign_in = SignIn(access.sessions, self._contents.site.ask, self._render, access.sign_in, limiter)
        sign_in.add_routes(application.router)
        return application

    def _add_pages(self, router: web.UrlDispatcher) -> None:
        add = router.add_get
        add("/", restrict(Access.READERS, self._serve_tonight))
        add("/events", restrict(Access.READERS, self._serve_events))
        add("/embed/tonight", restrict(Access.READERS, self._serve_embed))
        add(f"{API}v1/events", restrict(Access.READERS, self._serve_api_events))
        add("/admin/events", restrict(Access.ADMINS, self._serve_admin_events))
        add("/posters/{key}", restrict(Access.READERS, self._contents.posters.serve))
        add("/health", self._serve_health)
        add("/metrics", self._serve_metrics)
        add("/robots.txt", self._serve_robots)
        add("/static/{name}", self._contents.static.serve)
        add("/s/{token}/preview.png", self._serve_preview)
        for declaration in load_pages():
            add(declaration.path, restrict(declaration.access, self._serve_page(declaration)))
        for document in load_documents():
            add(document.path, restrict(document.access, self._serve_document(document)))

    def _add_actions(self, router: web.UrlDispatcher) -> None:
        for action in load_actions():
            router.add_post(action.path, refuse_foreign(restrict(action.access, self._serve_action(action))))

    def list_routes(self) -> list[tuple[str, str]]:
        """Return method and path of every route, as declared."""
        routes = ((route.method, route.resource) for route in self._application.router.routes())
        return [(method, resource.canonical) for method, resource in routes if resource is not None]

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port (a free one for 0). Raises OSError if listening fails."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, backlog=256).start()
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening, and close every connection."""
        await self._runner.cleanup()

    async def _serve_tonight(self, request: web.Request) -> web.Response:
        return answer_text(request, self._live.show(self._view_of(request)))

    async def _serve_embed(self, request: web.Request) -> web.Response:
        allow_frames(request, self._options.embed_origins)
        return answer_text(request, self._live.show(self._view_of(request)._replace(page="embed")))

    def _serve_page(self, declaration: PageDeclaration) -> Handler:
        async def serve(request: web.Request) -> web.Response:
            language = self._language_of(request)
            reader = reader_of(request)
            html = await self._contents.site.show(
                declaration, language, reader, request.match_info, request.query, self._find_base_url(request)
            )
            return answer_text(request, html)

        return serve

    async def _serve_preview(self, request: web.Request) -> web.Response:
        language, base_url = self._language_of(request), self._find_base_url(request)
        picture = await self._contents.site.draw_preview(
            self._contents.previews, language, request.match_info, base_url
        )
        if not picture:
            return web.Response(
                text="The picture cannot be drawn now.\n", status=503, headers={"Retry-After": str(RETRY_S)}
            )
        return web.Response(
            body=picture, content_type="image/png", headers={"Cache-Control": "no-cache", "Vary": "Accept-Language"}
        )

    def _find_base_url(self, request: web.Request) -> str:
        """Return the base of links that are read elsewhere: WEB_URL, or the address that this reader used."""
        return self._options.public_url.rstrip("/") or find_peer(request).origin

    def _serve_document(self, declaration: DocumentDeclaration) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            made = await self._contents.site.make_document(
                declaration,
                self._language_of(request),
                reader_of(request),
                request.match_info,
                request.query,
                self._find_base_url(request),
            )
            if isinstance(made, Document):
                return answer_document(request, made)
            return await answer_long_document(request, made)

        return serve

    def _serve_action(self, declaration: ActionDeclaration) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            form = await read_form(request)
            with use_language(self._language_of(request)):
                path = await declaration.act(self._contents.make_action_request(reader_of(request), form))
            self._contents.site.drop_kept()
            return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})

        return serve

    def _render(
        self,
        request: web.Request,
        template: str,
        status: int,
        describe: Callable[[], Mapping[str, str]] = dict,
        **values: Any,
    ) -> web.Response:
        """Return a page that is rendered for one request. `describe`: returns its own texts."""
        language = self._language_of(request)
        with use_language(language):
            own = describe()
        html = self._contents.renderer.render_page(template, language, reader_of(request), own=own, **values)
        return web.Response(text=html, content_type="text/html", status=status)

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        view = self._view_of(request)
        return await self._contents.streams.serve(request, view, self._live.parts(view))

    async def _serve_api_events(self, request: web.Request) -> web.StreamResponse:
        view = self._view_of(request)._replace(page="api")
        return await self._contents.streams.serve(request, view, await self._live.api_parts(view))

    async def _serve_admin_events(self, request: web.Request) -> web.StreamResponse:
        view = self._view_of(request)._replace(page="admin")
        return await self._contents.streams.serve(request, view, await self._live.admin_parts(view))

    async def _serve_health(self, _request: web.Request) -> web.Response:
        if self._probes.is_healthy():
            return web.Response(text="ok\n")
        return web.Response(text="No news from the tracker.\n", status=503)

    async def _serve_metrics(self, request: web.Request) -> web.Response:
        if not may_read_metrics(request, self._probes.metrics_token):
            raise web.HTTPNotFound
        return web.Response(
            text=await self._probes.metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    async def _serve_robots(self, _request: web.Request) -> web.Response:
        return web.Response(text="User-agent: *\nAllow: /s/\nDisallow: /\n")

    def _view_of(self, request: web.Request) -> View:
        return View(self._language_of(request), reader_of(request).kind)

    def _language_of(self, request: web.Request) -> str:
        return choose_language(request.headers.get("Accept-Language", ""), self._options.default_language)

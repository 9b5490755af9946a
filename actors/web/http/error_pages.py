"""Error pages, in the reader's language."""

import logging
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from actors.web.access.admission import ForeignForm, find_reader
from actors.web.http.guards import ProxyRefused
from actors.web.page import PageNotFoundError, PageUnavailableError
from actors.web.readers import Reader, ReaderKind
from actors.web.rendering import Renderer, choose_language
from wording.problems import translate
from wording.translation import N_, _, use_language

RETRY_S = 5
_NOT_FOUND = N_("Page not found"), N_("The address may be wrong, or the page is gone."), ""
_FAILED = N_("Usher could not show this page"), N_("That is a fault of Usher's. Its log says what went wrong."), ""
_PROXY = (
    N_("This page is for the machine that Usher runs on"),
    N_("Nobody signs in here (WEB_ACCESS=local), and a proxy brought you: it could bring anybody."),
    N_(
        "To show it to others, set WEB_ACCESS=members, WEB_URL to the address that people open, and "
        "WEB_TRUSTED_PROXIES to the proxy's. Then restart Usher."
    ),
)
_FOREIGN = N_("Nothing was changed"), N_("Only Usher's own pages can send this. Reload the page, and try again."), ""
_BY_STATUS = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (N_("Nothing was changed"), N_("What you sent is too large."), ""),
    HTTPStatus.TOO_MANY_REQUESTS: (
        N_("That was a bit fast"),
        N_("More was asked for from your address than Usher answers at a time. Wait a moment, then reload the page."),
        "",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        N_("Others are being served"),
        N_("There is room for only so many at a time. Try again in a minute."),
        "",
    ),
}
_OTHER = N_("Usher cannot answer that"), N_("Go back to where you came from, and try again."), ""
_KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


class ErrorPages:
    """Renders error pages."""

    def __init__(self, renderer: Renderer, unknown: Reader, default_language: str, log: logging.Logger) -> None:
        """`unknown`: a reader who is not signed in."""
        self._renderer = renderer
        self._unknown = unknown
        self._default_language = default_language
        self._log = log
        self._kept: dict[tuple[str, str, ReaderKind], str] = {}
        """Rendered pages, by heading, language and kind of reader, for floods of refused requests."""

    def make_middleware(self) -> Middleware:
        """Return the outermost middleware, which answers every exception with an error page."""

        @web.middleware
        async def show_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                return await handler(request)
            except PageUnavailableError as error:
                return self._show_unavailable(request, error)
            except (web.HTTPNotFound, PageNotFoundError):
                return self._show(request, HTTPStatus.NOT_FOUND, _NOT_FOUND)
            except web.HTTPException as error:
                if error.status < HTTPStatus.BAD_REQUEST or not _wants_page(request):
                    raise
                headers = {name: error.headers[name] for name in _KEPT_HEADERS if name in error.headers}
                return self._show(request, error.status, _find_texts(error), headers)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001  # the reader gets an answer, whatever the error
                resource = request.match_info.route.resource  # not the path: it may contain the secret of a link
                path = resource.canonical if resource is not None else ""
                self._log.error("%s %s failed: %s", request.method, path, error, exc_info=error)
                return self._show(request, HTTPStatus.INTERNAL_SERVER_ERROR, _FAILED)

        return show_errors

    def _show(
        self, request: web.Request, status: int, texts: tuple[str, str, str], headers: dict[str, str] | None = None
    ) -> web.Response:
        language = self._language_of(request)
        kind = find_reader(request, self._unknown).kind
        key = texts[0], language, kind
        if key not in self._kept:
            with use_language(language):
                heading, reason, cure = (_(text) if text else "" for text in texts)
            self._kept[key] = self._render(language, kind, heading, reason, cure, is_closed=texts is _PROXY)
        return web.Response(text=self._kept[key], content_type="text/html", status=status, headers=headers)

    def _show_unavailable(self, request: web.Request, error: PageUnavailableError) -> web.Response:
        language = self._language_of(request)
        with use_language(language):
            heading, reason = _("Usher cannot show this page right now"), translate(error.failure.problem)
        kind = find_reader(request, self._unknown).kind
        html = self._render(language, kind, heading, reason, error.failure.cure)
        headers = {"Retry-After": str(RETRY_S)}
        return web.Response(text=html, content_type="text/html", status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)

    def _render(
        self, language: str, kind: ReaderKind, heading: str, reason: str, cure: str, *, is_closed: bool = False
    ) -> str:
        """Return a page that is the same for all readers of a kind. `is_closed`: whether it offers no other page."""
        return self._renderer.render_page(
            "error.html",
            language,
            Reader(kind),
            title=heading,
            heading=heading,
            reason=reason,
            cure=cure,
            is_closed=is_closed,
        )

    def _language_of(self, request: web.Request) -> str:
        return choose_language(request.headers.get("Accept-Language", ""), self._default_language)


def _find_texts(error: web.HTTPException) -> tuple[str, str, str]:
    if isinstance(error, ProxyRefused):
        return _PROXY
    if isinstance(error, ForeignForm):
        return _FOREIGN
    return _BY_STATUS.get(HTTPStatus(error.status), _OTHER)


def _wants_page(request: web.Request) -> bool:
    """Tell whether a browser asks for a page; other requests get a line of text."""
    return "text/html" in request.headers.get("Accept", "")

"""Notes the reader on each request, and decides which pages that reader may open."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from actors.web.http.peers import find_peer
from actors.web.readers import Access, Admission, Reader, admit

Identify = Callable[[web.Request], Awaitable[Reader]]
SIGN_IN_PATH = "/sign-in"
_FOR_ALL = ("/static/", "/health", "/metrics", "/robots.txt")
"""Path prefixes whose answers are the same for everybody: the reader is not identified there."""
_READER = web.RequestKey("reader", Reader)


def reader_of(request: web.Request) -> Reader:
    """Return the reader of a request that has passed the admission middleware."""
    return request[_READER]


def find_reader(request: web.Request, otherwise: Reader) -> Reader:
    """Return the reader of a request; `otherwise` if it was refused before the reader was identified."""
    reader: Reader = request.get(_READER, otherwise)
    return reader


class ForeignForm(web.HTTPForbidden):  # named like aiohttp's own exceptions
    """A form that was not sent by one of our pages."""

    def __init__(self) -> None:
        super().__init__(text="This was not sent by a page of Usher's own.\n")


def make_admission(identify: Identify, unknown: Reader) -> Middleware:
    """Return the middleware that notes the reader on each request.

    `identify` returns the reader, or raises PageUnavailableError if unknown. `unknown`: a reader who is not signed in.
    """

    @web.middleware
    async def note_reader(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_READER] = unknown
        if not request.path.startswith(_FOR_ALL):
            request[_READER] = await identify(request)
        return await handler(request)

    return note_reader


def restrict(access: Access, handler: Handler) -> Handler:
    """Return a handler that lets in only these readers; others are redirected to the sign-in, or get 404.

    Requests for anything but a page (updates, posters, JSON) get 401 instead of a redirect.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        match admit(reader_of(request), access):
            case Admission.GRANTED:
                return await handler(request)
            case Admission.SIGN_IN:
                if request.method == "GET" and "text/html" in request.headers.get("Accept", "text/html"):
                    back = quote(request.rel_url.raw_path_qs, safe="/")
                    raise web.HTTPSeeOther(f"{SIGN_IN_PATH}?back={back}")
                raise web.HTTPUnauthorized(text="Sign in first.\n")
            case Admission.NOT_FOUND:
                raise web.HTTPNotFound

    return handle


def refuse_foreign(handler: Handler) -> Handler:
    """Return a POST handler that refuses requests which another site made the browser send (CSRF)."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if not _is_from_own_page(request):
            raise ForeignForm
        return await handler(request)

    return handle


def choose_way_back(path: str) -> str:
    """Return the path to redirect to: the given one if it is on this site, else the start page."""
    is_own = path.startswith("/") and path.isascii() and path.isprintable()
    return path if is_own and not path.startswith("//") and "\\" not in path else "/"


def _is_from_own_page(request: web.Request) -> bool:
    """Tell whether the headers say that one of our pages sent the request; False if they do not say."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and origin.lower() == find_peer(request).origin.lower()

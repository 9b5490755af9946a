"""Who reads, noted on each request, and who is let in where."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from actors.web.http.peers import find_peer
from actors.web.readers import Access, Admission, Reader, admit

Identify = Callable[[web.Request], Awaitable[Reader]]
SIGN_IN_PATH = "/sign-in"
_FOR_ALL = ("/static/", "/health", "/metrics", "/robots.txt")
"""Beginnings of paths whose answers are the same for everybody: they need no look at who asks."""
_READER = web.RequestKey("reader", Reader)


def reader_of(request: web.Request) -> Reader:
    """Return who makes a request that has passed the admission."""
    return request[_READER]


def find_reader(request: web.Request, otherwise: Reader) -> Reader:
    """Return who makes a request; `otherwise` where it was refused before that was asked."""
    reader: Reader = request.get(_READER, otherwise)
    return reader


class ForeignForm(web.HTTPForbidden):  # as the library calls its own
    """A form that no page of ours sent."""

    def __init__(self) -> None:
        super().__init__(text="This was not sent by a page of Usher's own.\n")


def make_admission(identify: Identify, unknown: Reader) -> Middleware:
    """Return the middleware that notes on each request who makes it.

    `identify` returns that; it raises PageUnavailableError where it cannot be known. `unknown`: who did not sign in.
    """

    @web.middleware
    async def note_reader(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_READER] = unknown
        if not request.path.startswith(_FOR_ALL):
            request[_READER] = await identify(request)
        return await handler(request)

    return note_reader


def restrict(access: Access, handler: Handler) -> Handler:
    """Return a handler that lets in only these readers; others are led to the sign-in, or find nothing here.

    What a page or a program asks for beside pages (updates, posters, JSON) is answered with 401 instead.
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
    """Return a handler of POST that refuses what a page of somebody else's makes a browser send (CSRF)."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if not _is_from_own_page(request):
            raise ForeignForm
        return await handler(request)

    return handle


def choose_way_back(path: str) -> str:
    """Return a path of our own to go on to; the start where what is asked for is none."""
    is_own = path.startswith("/") and path.isascii() and path.isprintable()
    return path if is_own and not path.startswith("//") and "\\" not in path else "/"


def _is_from_own_page(request: web.Request) -> bool:
    """Tell whether a browser says that a page of ours sent the request. Who says nothing is no browser, and refused."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and origin.lower() == find_peer(request).origin.lower()

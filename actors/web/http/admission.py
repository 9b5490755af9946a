"""Who reads, noted on each request, and who is let in where."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from actors.web.readers import Access, Admission, Reader, admit

Identify = Callable[[web.Request], Awaitable[Reader]]
SIGN_IN_PATH = "/sign-in"
_READER = web.RequestKey("reader", Reader)


def reader_of(request: web.Request) -> Reader:
    """Return who makes a request that has passed the admission."""
    return request[_READER]


def make_admission(identify: Identify) -> Middleware:
    """Return the middleware that notes on each request who makes it."""

    @web.middleware
    async def note_reader(request: web.Request, handler: Handler) -> web.StreamResponse:
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

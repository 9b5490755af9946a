"""The JSON API's errors, as JSON."""

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from actors.web.page import PageNotFoundError, PageUnavailableError

API = "/api/"
RETRY_S = 5


def make_api_errors() -> Middleware:
    """Return the middleware that turns errors of API requests into JSON."""

    @web.middleware
    async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await handler(request)
        try:
            return await handler(request)
        except PageNotFoundError:
            return _answer(404, "There is nothing to see at this address.")
        except PageUnavailableError as error:
            return _answer(503, error.failure.cure, {"Retry-After": str(RETRY_S)})
        except web.HTTPSeeOther:  # meant for a browser: a redirect to the sign-in
            return _answer(401, "Sign in first, or send a token.", {"WWW-Authenticate": "Bearer"})
        except web.HTTPException as error:
            headers = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
            if error.status == 401:
                headers["WWW-Authenticate"] = "Bearer"
            return _answer(error.status, (error.text or error.reason).strip(), headers)

    return answer_errors


def _answer(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode({"error": reason})
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)

"""Signing in, by a link or at Discord, and out again."""

import asyncio
import base64
from collections.abc import Callable
from http import HTTPStatus

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from actors.sign_in_links import hash_secret, make_session_secret
from actors.web.access.admission import SIGN_IN_PATH, choose_way_back, reader_of, refuse_foreign
from actors.web.access.discord_oauth import (
    COOKIE_S,
    build_authorize_address,
    derive_verifier,
    is_same_attempt,
    make_attempt,
)
from actors.web.access.sessions import Sessions, drop_cookie, read_cookie, set_cookie
from actors.web.access.sign_in_texts import describe_sign_in
from actors.web.http.guards import AddressLimiter
from actors.web.http.peers import find_peer
from actors.web.page import Ask
from actors.web.readers import ReaderKind
from messages import ConfirmDiscordSignIn, EndSessions, FindSignIn, StartSession
from wording.text import clean_line

DISCORD_PATH = f"{SIGN_IN_PATH}/discord"
SIGN_INS_A_MINUTE = 5
BODY_S = 10.0
"""A form that takes longer to arrive is refused; real seconds."""
ASK_DISCORD_S = 20.0
LONGEST_FIELD = 400
_ATTEMPT_COOKIE = "usher-sign-in"

Render = Callable[..., web.Response]
"""Renders a page. Takes request, template name, status, a function that returns the page's texts, and its values."""


class SignInOptions(msgspec.Struct, frozen=True):
    """The settings for signing in."""

    page_url: str
    client_id: int = 0
    """Id of the bot's application; 0 turns signing in at Discord off."""
    api_url: str = ""
    """Address of another Discord, for tests."""


class SignIn:
    """The pages for signing in and out. GET of a sign-in link changes nothing, because chat previews fetch it."""

    def __init__(
        self, sessions: Sessions, ask: Ask, render: Render, options: SignInOptions, limiter: AddressLimiter
    ) -> None:
        """`limiter`: how often an address may try to sign in."""
        self._sessions = sessions
        self._ask = ask
        self._render = render
        self._options = options
        self._limiter = limiter

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the routes of these pages; none if nobody signs in."""
        if self._sessions.unknown.kind is ReaderKind.LOCAL:
            return
        router.add_get(SIGN_IN_PATH, self._show_ways)
        if self._options.client_id:
            router.add_get(DISCORD_PATH, self._come_back)
            router.add_post(DISCORD_PATH, refuse_foreign(self._limit(self._confirm_at_discord)))
        router.add_get(f"{SIGN_IN_PATH}/{{token}}", self._show_link)
        router.add_post(f"{SIGN_IN_PATH}/{{token}}", refuse_foreign(self._limit(self._use_link)))
        router.add_post("/sign-out", refuse_foreign(self._sign_out))

    def _limit(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return self._count_try(request) or await handler(request)

        return handle

    def _count_try(self, request: web.Request) -> web.Response | None:
        """Count an attempt to sign in; return an error page if there were too many."""
        if self._limiter.take(find_peer(request).network):
            return None
        response = self._show(request, "sign_in_over.html", HTTPStatus.TOO_MANY_REQUESTS, reason="often")
        response.headers["Retry-After"] = "60"
        return response

    def _show(self, request: web.Request, template: str, status: int, **values: str) -> web.Response:
        return self._render(request, template, status, describe_sign_in, **values)

    # -- the page of all ways --------------------------------------------------------------------------------

    async def _show_ways(self, request: web.Request) -> web.Response:
        """Show the ways to sign in."""
        back = choose_way_back(request.query.get("back", "/")[:LONGEST_FIELD])
        if reader_of(request).is_signed_in:
            raise web.HTTPSeeOther(back)
        address, attempt = "", ""
        if self._options.client_id:
            attempt = make_attempt()
            address = build_authorize_address(
                self._options.client_id, self._redirect_uri, attempt, self._options.api_url
            )
        response = self._show(request, "sign_in.html", HTTPStatus.OK, discord=address)
        if attempt:
            self._set_attempt(request, response, f"{attempt}.{_encode(back)}")
        return response

    # -- by a link -------------------------------------------------------------------------------------------

    async def _show_link(self, request: web.Request) -> web.Response:
        """Ask whether to sign in as the person whom the link is for."""
        found = await self._ask(FindSignIn(hash_secret(request.match_info["token"])))
        if not found.viewer_id:
            over = self._show(request, "sign_in_over.html", HTTPStatus.GONE, reason="link")
            return self._count_try(request) or over
        return self._show(request, "sign_in_link.html", HTTPStatus.OK, name=clean_line(found.username, 60))

    async def _use_link(self, request: web.Request) -> web.StreamResponse:
        """Sign in the person whom the link is for. The link cannot be used again, unless the attempt is refused."""
        token_hash = hash_secret(request.match_info["token"])
        found = await self._ask(FindSignIn(token_hash))
        if not found.viewer_id:
            return self._show(request, "sign_in_over.html", HTTPStatus.GONE, reason="link")
        member = await self._sessions.find_member_now(found.viewer_id)
        if not member.viewer_id:
            return self._show(request, "sign_in_over.html", HTTPStatus.FORBIDDEN, reason="member")
        return await self._begin_session(request, lambda key: StartSession(key, token_hash), "/")

    # -- at Discord ------------------------------------------------------------------------------------------

    async def _come_back(self, request: web.Request) -> web.Response:
        """Ask whether to sign in, after Discord redirected the browser back with a code."""
        code, state = request.query.get("code", ""), request.query.get("state", "")
        attempt, _back = self._read_attempt(request)
        if not code or len(code) > LONGEST_FIELD or not is_same_attempt(attempt, state):
            return self._show(request, "sign_in_over.html", HTTPStatus.BAD_REQUEST, reason="discord")
        return self._show(request, "sign_in_discord.html", HTTPStatus.OK, code=code, state=state)

    async def _confirm_at_discord(self, request: web.Request) -> web.StreamResponse:
        """Sign in the person who consented at Discord."""
        form = await read_form(request)
        attempt, back = self._read_attempt(request)
        if not form.get("code") or not is_same_attempt(attempt, form.get("state", "")):
            return self._show(request, "sign_in_over.html", HTTPStatus.BAD_REQUEST, reason="discord")
        asked = ConfirmDiscordSignIn(form["code"], derive_verifier(attempt), self._redirect_uri)
        member = await self._ask(asked, ASK_DISCORD_S)
        if not member.viewer_id:
            return self._show(request, "sign_in_over.html", HTTPStatus.FORBIDDEN, reason="member")
        response = await self._begin_session(
            request, lambda key: StartSession(key, viewer_id=member.viewer_id, username=member.name), back
        )
        response.del_cookie(_ATTEMPT_COOKIE, path=SIGN_IN_PATH)
        return response

    @property
    def _redirect_uri(self) -> str:
        return self._options.page_url + DISCORD_PATH

    def _set_attempt(self, request: web.Request, response: web.Response, attempt: str) -> None:
        response.set_cookie(
            _ATTEMPT_COOKIE,
            attempt,
            max_age=COOKIE_S,
            path=SIGN_IN_PATH,
            secure=find_peer(request).is_https,
            httponly=True,
            samesite="Lax",
        )

    def _read_attempt(self, request: web.Request) -> tuple[str, str]:
        """Return the secret of an attempt, and the path to redirect to afterwards."""
        attempt, _dot, back = request.cookies.get(_ATTEMPT_COOKIE, "")[:1000].partition(".")
        return attempt, choose_way_back(_decode(back))

    # -- sessions --------------------------------------------------------------------------------------------

    async def _begin_session(
        self, request: web.Request, start: Callable[[str], StartSession], back: str
    ) -> web.StreamResponse:
        """Begin a session under a new secret, whose hash `start` takes; end the browser's previous session."""
        secret = make_session_secret()
        session = await self._ask(start(hash_secret(secret)))
        if not session.viewer_id:  # meanwhile the link was used in another window
            return self._show(request, "sign_in_over.html", HTTPStatus.GONE, reason="link")
        if old := read_cookie(request):
            await self._ask(EndSessions(hash_secret(old)))
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": back})
        set_cookie(request, response, secret, session)
        return response

    async def _sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session of this browser."""
        if secret := read_cookie(request):
            await self._ask(EndSessions(hash_secret(secret)))
            self._sessions.drop_known()
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": SIGN_IN_PATH})
        drop_cookie(request, response)
        return response


async def read_form(request: web.Request) -> dict[str, str]:
    """Return a form's fields without files and too long values. Raises HTTPRequestTimeout and HTTPBadRequest."""
    try:
        async with asyncio.timeout(BODY_S):
            fields = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, LookupError):  # not a form, or in an unknown encoding
        raise web.HTTPBadRequest from None
    return {name: value for name, value in fields.items() if isinstance(value, str) and len(value) <= LONGEST_FIELD}


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return "/"

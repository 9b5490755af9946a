"""Signing in with Discord (OAuth2 with PKCE): consent, codes that work once, and tokens that tell who signed in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import encode_basic_auth, web

from simulator.discord.model.guild import Payload, User
from simulator.discord.model.world import DiscordWorld
from simulator.discord.rest.errors import unauthorized_error
from simulator.discord.rest.request_body import BODY
from simulator.discord.rest.request_gate import json_response

CLIENT_SECRET = "client-secret"  # noqa: S105  # of the simulated application
SCOPE = "identify"
TOKEN_S = 604_800


@dataclass(frozen=True)
class Consent:
    """A user's consent in the browser."""

    user: User
    redirect_uri: str
    challenge: str


class OAuthRoutes:
    """The routes below /oauth2 that a sign-in needs."""

    def __init__(self, world: DiscordWorld) -> None:
        self._world = world
        self.browser_user: User | None = None
        """The user who is signed in to Discord in the browser, and consents; None: nobody consents."""
        self._codes: dict[str, Consent] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return every route."""
        return [
            web.get("/oauth2/authorize", self.authorize),
            web.post("/oauth2/token", self.token),
            web.post("/oauth2/token/revoke", self.revoke),
        ]

    async def authorize(self, request: web.Request) -> web.Response:
        """Redirect the browser with a code, or with an error if nobody consents."""
        asked = request.query
        sound = (
            asked.get("response_type") == "code"
            and asked.get("client_id") == str(self._world.app_id)
            and asked.get("scope") == SCOPE
            and asked.get("code_challenge_method") == "S256"
        )
        if not sound:
            return json_response({"message": "400: Bad Request", "code": 0}, 400)
        answer = {"state": asked.get("state", "")}
        if self.browser_user is None:
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_urlsafe(16)
            consent = Consent(self.browser_user, asked["redirect_uri"], asked["code_challenge"])
            self._codes[answer["code"]] = consent
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def token(self, request: web.Request) -> web.Response:
        """Exchange a code for a token, once, if the request has the verifier."""
        self._check_client(request)
        form: Payload = request[BODY]
        consent = self._codes.pop(str(form.get("code")), None)
        verifier = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        is_sound = (
            consent is not None
            and form.get("grant_type") == "authorization_code"
            and form.get("redirect_uri") == consent.redirect_uri
            and hmac.compare_digest(challenge, consent.challenge)
        )
        if consent is None or not is_sound:
            return json_response({"error": "invalid_grant", "error_description": "Invalid code"}, 400)
        token = secrets.token_urlsafe(24)
        self._world.bearers[token] = consent.user
        return json_response({
            "token_type": "Bearer", "access_token": token, "expires_in": TOKEN_S,
            "refresh_token": secrets.token_urlsafe(24), "scope": SCOPE,
        })  # fmt: skip

    async def revoke(self, request: web.Request) -> web.Response:
        """Make a token invalid."""
        self._check_client(request)
        self._world.bearers.pop(str(request[BODY].get("token")), None)
        return json_response({})

    def _check_client(self, request: web.Request) -> None:
        wanted = encode_basic_auth(str(self._world.app_id), CLIENT_SECRET)
        if request.headers.get("Authorization") != wanted or not isinstance(request[BODY], dict):
            raise unauthorized_error()

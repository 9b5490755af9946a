"""Answers the web page: who is a member, who has the permission Administrator, and who signs in at Discord."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import aiohttp
import discord
from discord.http import Route

from actors.chat.discord.core.api_errors import API_ERRORS, classify
from actors.chat.discord.core.proxy import environment_proxy
from actors.runtime.errors import Declined
from config import Settings
from messages import ConfirmDiscordSignIn, GetMember, MemberStanding, Problem

REQUEST_S = 8.0
"""Deadline of a request that a sign-in needs, real seconds."""
NO_MEMBER = MemberStanding("", "", is_admin=False)
_ASK_MEMBER = Problem.of("discord.ask_member")
_SCOPE = "identify"


class WebReaders:
    """Asks Discord for each question, and remembers nothing."""

    def __init__(
        self, settings: Settings, connected_bot: Callable[[], discord.Client | None], log: logging.Logger
    ) -> None:
        """Ask through `connected_bot`, which returns the bot while the gateway is connected and roles are known."""
        self._settings = settings
        self._connected_bot = connected_bot
        self._log = log

    async def find_member(self, asked: GetMember) -> MemberStanding:
        """Return whether somebody is a member now, and an administrator. Raises Declined if Discord does not tell."""
        bot = self._connected_bot()
        guild = bot.get_guild(self._settings.discord_guild_id) if bot is not None else None
        if guild is None:
            raise Declined(Problem.of("discord.members_unknown"))
        number = int(asked.viewer_id) if asked.viewer_id else guild.owner_id or 0
        try:
            member = await guild.fetch_member(number)
        except discord.NotFound:
            return NO_MEMBER
        except API_ERRORS as error:
            raise Declined(classify(error, 1, _ASK_MEMBER).problem) from error
        if member.bot:
            return NO_MEMBER
        return MemberStanding(str(member.id), member.display_name, member.guild_permissions.administrator)

    async def confirm_sign_in(self, asked: ConfirmDiscordSignIn) -> MemberStanding:
        """Return who signed in at Discord. Discord's token is used once, revoked, and never stored."""
        if not (self._settings.discord_client_id and self._settings.discord_client_secret):
            raise Declined(Problem.of("discord.no_oauth"))
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_S)) as session:
                user_id = await self._read_user_id(session, asked)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            self._log.warning("A sign-in by Discord failed: %s", type(error).__name__)
            raise Declined(Problem.of("discord.oauth_unreachable", error=type(error).__name__)) from error
        return await self.find_member(GetMember(user_id))

    async def _read_user_id(self, session: aiohttp.ClientSession, asked: ConfirmDiscordSignIn) -> str:
        """Exchange the code for a token, and ask Discord whose token it is. Raises Declined and ValueError."""
        form = {
            "grant_type": "authorization_code",
            "code": asked.code,
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.code_verifier,
        }
        granted = await self._request(session, "POST", "/oauth2/token", form=form)
        token, scopes = granted.get("access_token"), str(granted.get("scope", "")).split()
        if not isinstance(token, str) or _SCOPE not in scopes:
            raise ValueError("no token")
        try:
            user = await self._request(session, "GET", "/users/@me", bearer=token)
        finally:
            await self._request(session, "POST", "/oauth2/token/revoke", form={"token": token})
        user_id = user.get("id")
        if not isinstance(user_id, str) or not (user_id.isascii() and user_id.isdigit()):
            raise ValueError("no user")
        return user_id

    async def _request(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        *,
        form: dict[str, str] | None = None,
        bearer: str = "",
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        if form is not None:
            client = str(self._settings.discord_client_id), self._settings.discord_client_secret
            headers["Authorization"] = aiohttp.encode_basic_auth(*client)
        url, proxy = Route.BASE + path, environment_proxy(Route.BASE)
        async with session.request(
            method, url, data=form, headers=headers, proxy=proxy, allow_redirects=False
        ) as answer:
            if answer.status == HTTPStatus.OK:
                found = await answer.json(content_type=None) if answer.content_length != 0 else {}
                return found if isinstance(found, dict) else {}
            self._log.warning("Discord refused %s of a sign-in: HTTP %d", path, answer.status)
            if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise Declined(Problem.of("discord.oauth_secret_refused"))
            raise Declined(Problem.of("discord.oauth_refused", status=answer.status))

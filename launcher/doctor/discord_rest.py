"""What Discord's REST API says about the bot, for `check` and `setup`. Only reads."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

import config
from actors.chat.discord.core.proxy import environment_proxy
from diagnosis.discord_checks import check_discord, check_intent
from diagnosis.findings import Finding, error, ok
from diagnosis.permissions import ADMINISTRATOR, VIEW_CHANNEL
from diagnosis.views import Absence, ChannelKind, ChannelView, DiscordView, RoleView, ServerView

API = "https://discord.com/api/v10"
PORTAL = "https://discord.com/developers/applications"
_TIMEOUT_S = 10
_MESSAGE_CONTENT = 1 << 18 | 1 << 19
"""The application's flags: allowed, or allowed as for a bot in few servers."""
CHANNEL_KINDS: dict[int, ChannelKind] = {0: "text", 5: "text", 2: "voice", 13: "stage"}
"""Kinds of channels by Discord's number; other kinds are not used."""


class ApiStatusError(Exception):
    """Raised if Discord refused a request; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _SystemCertificates(HTTPAdapter):
    """Trusts the certificates that the bot trusts: the system's and those of SSL_CERT_FILE, not requests' own."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=ssl.create_default_context(), **kwargs)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> tuple[Any, Any]:
        host, _pool = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Add no certificates to those of the context."""


class DiscordApi:
    """The doctor's requests to Discord, with the bot's proxy and certificates."""

    def __init__(self, settings: config.Settings) -> None:
        self._base = settings.discord_api_url or API
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", _SystemCertificates())
        self._session.headers.update(
            {"Authorization": f"Bot {settings.discord_token}", "User-Agent": "DiscordBot (usher check, 1.0)"}
        )
        self.proxy = environment_proxy(self._base)
        if self.proxy:
            self._session.proxies = {"http": self.proxy, "https": self.proxy}

    def get(self, path: str) -> Any:
        """Return the answer. Raises ApiStatusError, requests' exceptions, or ValueError if the answer is not JSON."""
        answer = self._session.get(self._base + path, timeout=_TIMEOUT_S)
        if answer.status_code != 200:
            raise ApiStatusError(answer.status_code)
        return answer.json()


def check_discord_by_rest(settings: config.Settings) -> Iterator[Finding]:
    """Check token, intent, server, channels and permissions."""
    if not settings.discord_token:
        return
    api = DiscordApi(settings)
    try:
        me = api.get("/users/@me")
        yield ok("discord", "discord.bot", name=str(me["username"]), id=str(me["id"]))
        yield from check_discord(read_view(api, settings, str(me["id"])), settings)
    except ApiStatusError as refused:
        yield explain_status(refused)
    except (requests.exceptions.JSONDecodeError, KeyError, TypeError) as failure:
        yield error("discord", "discord.unexpected", error=type(failure).__name__)
    except requests.exceptions.ProxyError as failure:
        place = urlsplit(api.proxy or "")
        yield error("discord", "discord.proxy", proxy=f"{place.hostname}:{place.port}", error=type(failure).__name__)
    except requests.exceptions.RequestException as failure:
        yield error("discord", "discord.unreachable", error=type(failure).__name__)


def explain_status(refused: ApiStatusError) -> Finding:
    """Return the finding for a refused request."""
    if refused.status == 401:
        return error("discord", "discord.token_refused", portal=PORTAL)
    if refused.status == 429:
        return error("discord", "discord.rate_limited")
    return error("discord", "discord.status", status=refused.status)


def check_application(app: Mapping[str, Any]) -> Finding:
    """Check whether an application may read what people write."""
    return check_intent(reads_messages=_reads_messages(app), application_id=str(app["id"]))


def read_view(api: DiscordApi, settings: config.Settings, bot_id: str) -> DiscordView:
    """Request everything that the checks of Discord need. Raises what `DiscordApi.get` raises."""
    app = api.get("/oauth2/applications/@me")
    application_id, reads_messages = int(app["id"]), _reads_messages(app)
    guild_id = settings.discord_guild_id
    if not guild_id:
        return DiscordView(application_id, reads_messages, None)
    try:
        guild = api.get(f"/guilds/{guild_id}")
        member = api.get(f"/guilds/{guild_id}/members/{bot_id}")
    except ApiStatusError as refused:
        if refused.status not in (403, 404):
            raise
        return DiscordView(application_id, reads_messages, None)
    granted = _GrantedPermissions(guild, member, bot_id)
    ids = filter(None, (settings.discord_announce_channel_id, settings.watch_party_voice_channel_id))
    channels = {channel_id: _read_channel(api, channel_id, granted) for channel_id in ids}
    roles = {
        int(role["id"]): RoleView(
            str(role.get("name", role["id"])), int(role.get("position", 0)), bool(role.get("managed"))
        )
        for role in guild["roles"]
    }
    server = ServerView(int(guild["id"]), str(guild["name"]), granted.in_server, granted.top_role_position, roles)
    return DiscordView(application_id, reads_messages, server, channels)


def _reads_messages(app: Mapping[str, Any]) -> bool:
    return bool(int(app.get("flags") or 0) & _MESSAGE_CONTENT)


def _read_channel(api: DiscordApi, channel_id: int, granted: _GrantedPermissions) -> ChannelView | Absence:
    try:
        channel = api.get(f"/channels/{channel_id}")
    except ApiStatusError as refused:
        if refused.status == 403:
            return "hidden"
        if refused.status == 404:
            return "missing"
        raise
    kind = CHANNEL_KINDS.get(channel["type"], "other")
    name = str(channel.get("name", channel_id))
    return ChannelView(name, kind, int(channel.get("guild_id") or 0), granted.in_channel(channel))


class _GrantedPermissions:
    """The bot's permissions, computed as Discord documents: roles first, then the channel's overwrites."""

    def __init__(self, guild: dict[str, Any], member: dict[str, Any], bot_id: str) -> None:
        self._guild_id = str(guild["id"])
        self._bot_id = bot_id
        self._roles = {self._guild_id, *map(str, member["roles"])}
        self._base = self._highest = 0
        for role in guild["roles"]:
            if str(role["id"]) in self._roles:
                self._base |= int(role["permissions"])
                self._highest = max(self._highest, int(role.get("position", 0)))
        self._is_owner = str(guild.get("owner_id", "")) == bot_id

    @property
    def in_server(self) -> int:
        """The permission bits that the bot's roles give it."""
        return -1 if self._is_owner or self._base & ADMINISTRATOR else self._base

    @property
    def top_role_position(self) -> int:
        """Position of the bot's highest role; above all others if the bot owns the server."""
        return 1 << 30 if self._is_owner else self._highest

    def in_channel(self, channel: dict[str, Any]) -> int:
        """Return the bot's permission bits in a channel; 0 if it cannot see the channel."""
        if self.in_server == -1:
            return -1
        overwrites = {str(entry["id"]): entry for entry in channel.get("permission_overwrites", [])}
        granted = _apply_overwrites(self._base, [overwrites.get(self._guild_id)])
        granted = _apply_overwrites(granted, [overwrites.get(role) for role in self._roles - {self._guild_id}])
        granted = _apply_overwrites(granted, [overwrites.get(self._bot_id)])
        return granted if granted & VIEW_CHANNEL else 0


def _apply_overwrites(granted: int, entries: list[dict[str, Any] | None]) -> int:
    deny = allow = 0
    for entry in entries:
        if entry is not None:
            deny |= int(entry["deny"])
            allow |= int(entry["allow"])
    return granted & ~deny | allow

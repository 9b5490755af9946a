"""Does Discord know the bot, and may it do in its channels what it has to?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import requests

import config
from diagnosis.findings import Finding, bad, good, note

API = "https://discord.com/api/v10"
_TIMEOUT_S = 10
_PORTAL = "https://discord.com/developers/applications"
_MESSAGE_CONTENT = 1 << 18 | 1 << 19
"""The application's flag: allowed, or allowed for a bot in few servers."""

ADMINISTRATOR = 1 << 3
VIEW = 1 << 10
NEEDED = {VIEW: "View Channel", 1 << 11: "Send Messages", 1 << 14: "Embed Links", 1 << 15: "Attach Files"}
"""What the bot needs in the channel of announcements."""
WISHED = {1 << 33: "Manage Events", 1 << 44: "Create Events"}
"""What it needs in the server besides, to make events of planned film nights; all else works without."""
NIGHTS_IN = {1 << 20: "Connect"}
NIGHTS_ON_STAGE = {**NIGHTS_IN, 1 << 4: "Manage Channels", 1 << 22: "Mute Members", 1 << 24: "Move Members"}
"""What it needs besides in the voice or stage channel in which such an event is to be. A stage's are given there: they
are too much for an invitation."""
INVITED = sum(NEEDED) + sum(WISHED) + sum(NIGHTS_IN)
"""What an invitation asks for."""
MANAGE_ROLES = 1 << 28
"""What it needs in the server to give the role of the top watchers, where that is set."""
TEXT_TYPES, VOICE_TYPES = (0, 5), (2, 13)
_STAGE_TYPE = 13


class RefusedError(Exception):
    """Discord answered with a status that says no."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Api:
    """The few questions that the doctor asks. Read only."""

    def __init__(self, settings: config.Settings) -> None:
        self._base = settings.discord_api_url or API
        self._headers = {
            "Authorization": f"Bot {settings.discord_token}",
            "User-Agent": "DiscordBot (usher check, 1.0)",
        }

    def get(self, path: str) -> Any:
        """The answer; raises RefusedError, requests' exceptions, or ValueError where it is no JSON."""
        answer = requests.get(self._base + path, headers=self._headers, timeout=_TIMEOUT_S)
        if answer.status_code != 200:
            raise RefusedError(answer.status_code)
        return answer.json()


def check(settings: config.Settings) -> Iterator[Finding]:
    """Token, intent, server, channels and permissions."""
    if not settings.discord_token:
        return
    api = Api(settings)
    try:
        me = api.get("/users/@me")
        yield good("Discord", f"knows the bot as {me['username']} ({me['id']})")
        app = api.get("/oauth2/applications/@me")
        yield intent(app)
        if settings.discord_guild_id:
            yield from _guild(api, settings, str(me["id"]), str(app["id"]))
    except RefusedError as refused:
        yield refusal(refused)
    except (requests.exceptions.JSONDecodeError, KeyError, TypeError) as error:
        yield bad(
            "Discord",
            f"answered with something else than expected ({type(error).__name__})",
            "is DISCORD_API_URL set to something that is not Discord, or a proxy in between?",
        )
    except requests.exceptions.RequestException as error:
        yield bad(
            "Discord",
            f"cannot be reached ({type(error).__name__})",
            "check this machine's way to the internet and https://discordstatus.com",
        )


def invite(app_id: str) -> str:
    """The address that invites the bot, with exactly the permissions it uses."""
    return (
        f"https://discord.com/oauth2/authorize?client_id={app_id}&scope=bot%20applications.commands"
        f"&permissions={INVITED}"
    )


def refusal(refused: RefusedError) -> Finding:
    """What an answer means that says no."""
    if refused.status == 401:
        return bad(
            "Discord",
            "refuses the token",
            f"at {_PORTAL}: your application > Bot > Reset Token; then set DISCORD_TOKEN",
        )
    if refused.status == 429:
        return bad("Discord", "says that it was asked too often", "wait a few minutes and try again")
    return bad("Discord", f"answered with status {refused.status}", "try again; see https://discordstatus.com")


def intent(app: dict[str, Any]) -> Finding:
    """Whether the application may read what people write."""
    if int(app.get("flags") or 0) & _MESSAGE_CONTENT:
        return good("Intents", "Message Content is on: commands like !stats work")
    return bad(
        "Intents",
        "Message Content is off: commands like !stats cannot be read (/stats works)",
        f"switch it on at {_PORTAL}/{app['id']}/bot > Privileged Gateway Intents",
    )


def _guild(api: Api, settings: config.Settings, bot_id: str, app_id: str) -> Iterator[Finding]:
    guild_id = str(settings.discord_guild_id)
    try:
        guild = api.get(f"/guilds/{guild_id}")
        member = api.get(f"/guilds/{guild_id}/members/{bot_id}")
    except RefusedError as refused:
        if refused.status not in (403, 404):
            raise
        yield bad(
            "Discord server",
            f"the bot is not in a server with the id {guild_id}",
            f"check DISCORD_GUILD_ID, or invite the bot: {invite(app_id)}",
        )
        return
    yield good("Discord server", f"the bot is in {guild['name']}")
    yield from _ignored_roles(guild, settings)
    allowed = _Allowed(guild, member, bot_id)
    if settings.discord_announce_channel_id:
        yield _channel(
            api,
            allowed,
            "Announcements",
            "DISCORD_ANNOUNCE_CHANNEL_ID",
            settings.discord_announce_channel_id,
            TEXT_TYPES,
            NEEDED,
        )
    if settings.watch_party_voice_channel_id:
        yield _channel(
            api,
            allowed,
            "Voice channel",
            "WATCH_PARTY_VOICE_CHANNEL_ID",
            settings.watch_party_voice_channel_id,
            VOICE_TYPES,
            {VIEW: "View Channel"},
        )
    else:
        yield note(
            "Voice channel",
            "none is set: watch parties are not followed, Plex sessions are",
            "set WATCH_PARTY_VOICE_CHANNEL_ID to the id of the voice or stage channel",
        )
    yield from _nights(api, allowed, settings.watch_party_voice_channel_id)
    yield from _top_watchers(guild, allowed, settings.top_watchers_role_id)


def _nights(api: Api, allowed: _Allowed, channel_id: int) -> Iterator[Finding]:
    """Whether film nights can be planned: events of the server, in the watch party's channel where one is set."""
    what, lacks = "Film nights", [name for bit, name in WISHED.items() if not allowed.in_server & bit]
    if lacks:
        yield note(
            what,
            f"/night cannot plan them: in the server the bot lacks: {', '.join(lacks)}",
            "allow the bot's role that in Server Settings > Roles, if you want to plan film nights",
        )
    channel: dict[str, Any] = {}
    if channel_id:
        with contextlib.suppress(RefusedError):  # told of already
            channel = api.get(f"/channels/{channel_id}")
    has = allowed.in_channel(channel) if channel.get("type") in VOICE_TYPES else 0
    needed = NIGHTS_ON_STAGE if channel.get("type") == _STAGE_TYPE else NIGHTS_IN
    missing = [name for bit, name in needed.items() if has and not has & bit]
    if missing:
        yield note(
            what,
            f"/night cannot plan them in #{channel.get('name', channel_id)}: the bot lacks: {', '.join(missing)}",
            "allow the bot's role that in the channel's settings > Permissions, if you want to plan film nights",
        )
    if not lacks and not missing:
        yield good(what, "the bot may plan them")


def _ignored_roles(guild: dict[str, Any], settings: config.Settings) -> Iterator[Finding]:
    there = {str(role["id"]) for role in guild["roles"]}
    for role_id in settings.ignored_role_ids:
        if str(role_id) not in there:
            yield bad(
                "Ignored roles",
                f"{guild['name']} has no role with the id {role_id}",
                "take it out of IGNORED_ROLE_IDS, or put the right one there (Server Settings > Roles > Copy Role ID)",
            )


def _top_watchers(guild: dict[str, Any], allowed: _Allowed, role_id: int) -> Iterator[Finding]:
    """Whether the bot can give the role of the top watchers: Discord lets nobody give one above its own."""
    if not role_id:
        return
    what, roles = "Top watchers", {str(role["id"]): role for role in guild["roles"]}
    role = roles.get(str(role_id))
    if role is None:
        yield bad(
            what,
            f"{guild['name']} has no role with the id {role_id}",
            "set TOP_WATCHERS_ROLE_ID to one of its roles (Server Settings > Roles > Copy Role ID), or take it out",
        )
    elif role.get("managed") or str(role_id) == allowed.guild_id:
        yield bad(what, f"nobody can give the role {role['name']}", "set TOP_WATCHERS_ROLE_ID to a role of your own")
    elif not allowed.in_server & MANAGE_ROLES:
        yield bad(
            what,
            "in the server the bot lacks: Manage Roles",
            "allow the bot's role that in Server Settings > Roles, or take TOP_WATCHERS_ROLE_ID out",
        )
    elif not allowed.is_above(role):
        yield bad(
            what,
            f"the role {role['name']} is not below the bot's own",
            "in Server Settings > Roles, drag the bot's role above it",
        )
    else:
        yield good(what, f"the bot may give the role {role['name']}")


def _channel(
    api: Api,
    allowed: _Allowed,
    what: str,
    variable: str,
    channel_id: int,
    types: tuple[int, ...],
    needed: dict[int, str],
) -> Finding:
    kind = "a text or announcement channel" if types == TEXT_TYPES else "a voice or stage channel"
    try:
        channel = api.get(f"/channels/{channel_id}")
    except RefusedError as refused:
        if refused.status == 403:
            return bad(
                what,
                f"the bot may not see the channel {channel_id}",
                "in the channel's settings > Permissions, allow the bot's role: View Channel",
            )
        if refused.status == 404:
            return bad(what, f"there is no channel {channel_id}", f"set {variable} to the id of {kind}")
        raise
    name = channel.get("name", channel_id)
    if str(channel.get("guild_id", "")) != allowed.guild_id:
        return bad(
            what,
            f"#{name} belongs to another Discord server",
            f"set {variable} to a channel of the server in DISCORD_GUILD_ID",
        )
    if channel["type"] not in types:
        return bad(what, f"#{name} is not {kind}", f"set {variable} to the id of {kind}")
    has = allowed.in_channel(channel)
    missing = [name for bit, name in needed.items() if not has & bit]
    if missing:
        return bad(
            what,
            f"in #{name} the bot lacks: {', '.join(missing)}",
            "allow the bot's role that in the channel's settings > Permissions",
        )
    return good(what, f"#{name}: the bot may {', '.join(needed.values())}")


class _Allowed:
    """The bot's permissions, reckoned as Discord documents it: roles first, then the channel's overwrites."""

    def __init__(self, guild: dict[str, Any], member: dict[str, Any], bot_id: str) -> None:
        self.guild_id = str(guild["id"])
        self._bot_id = bot_id
        self._roles = {self.guild_id, *map(str, member["roles"])}
        self._base = self._highest = 0
        for role in guild["roles"]:
            if str(role["id"]) in self._roles:
                self._base |= int(role["permissions"])
                self._highest = max(self._highest, int(role.get("position", 0)))
        self._owner = str(guild.get("owner_id", "")) == bot_id

    @property
    def in_server(self) -> int:
        """The permission bits that its roles give it."""
        return -1 if self._owner or self._base & ADMINISTRATOR else self._base

    def is_above(self, role: dict[str, Any]) -> bool:
        """Whether its highest role is above another, so that it may give that."""
        return self._owner or self._highest > int(role.get("position", 0))

    def in_channel(self, channel: dict[str, Any]) -> int:
        """The permission bits in a channel; none where it may not be seen."""
        if self._owner or self._base & ADMINISTRATOR:
            return -1
        overwrites = {str(entry["id"]): entry for entry in channel.get("permission_overwrites", [])}
        has = self._with(self._base, [overwrites.get(self.guild_id)])
        has = self._with(has, [overwrites.get(role) for role in self._roles - {self.guild_id}])
        has = self._with(has, [overwrites.get(self._bot_id)])
        return has if has & VIEW else 0

    @staticmethod
    def _with(has: int, entries: list[dict[str, Any] | None]) -> int:
        deny = allow = 0
        for entry in entries:
            if entry is not None:
                deny |= int(entry["deny"])
                allow |= int(entry["allow"])
        return has & ~deny | allow

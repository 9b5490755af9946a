"""REST: the bot itself, servers, members, roles, channels and scheduled events."""

from __future__ import annotations

import hashlib

from aiohttp import web

from simulator.discord.model.guild import STAGE, VOICE, Channel, Guild, Member, Payload
from simulator.discord.model.ids import snowflake
from simulator.discord.model.permissions import (
    CREATE_EVENTS,
    EVENTS_IN_VOICE,
    EVENTS_ON_STAGE,
    MANAGE_CHANNELS,
    MANAGE_EVENTS,
    MANAGE_ROLES,
    SET_VOICE_STATUS,
    VIEW_CHANNEL,
)
from simulator.discord.model.world import FLAG_MEMBERS, GUILDS, SCHEDULED_EVENTS, DiscordWorld
from simulator.discord.rest.errors import invalid_form, no_permission, unauthorized_error, unknown_error
from simulator.discord.rest.request_body import body_of
from simulator.discord.rest.request_gate import json_response, no_content

_PLACES = {1: (STAGE, EVENTS_ON_STAGE), 2: (VOICE, EVENTS_IN_VOICE)}
"""By an event's entity type: the kind of its channel, and the permissions that it needs in it."""
SESSIONS = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}


class GuildRoutes:
    """The routes of servers and accounts."""

    def __init__(self, world: DiscordWorld) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /api/v10."""
        events = "/guilds/{guild}/scheduled-events"
        return [
            web.get("/users/@me", self.current_user),
            web.get("/users/@me/guilds", self.my_guilds),
            web.get("/users/{user}", self.user),
            web.get("/oauth2/applications/@me", self.application),
            web.get("/applications/@me", self.application),
            web.get("/gateway", self.gateway),
            web.get("/gateway/bot", self.gateway_bot),
            web.get("/guilds/{guild}", self.guild),
            web.get("/guilds/{guild}/channels", self.channels),
            web.get("/guilds/{guild}/roles", self.roles),
            web.get("/guilds/{guild}/members", self.members),
            web.get("/guilds/{guild}/members/search", self.search),
            web.get("/guilds/{guild}/members/{user}", self.member),
            web.put("/guilds/{guild}/members/{user}/roles/{role}", self.give_role),
            web.delete("/guilds/{guild}/members/{user}/roles/{role}", self.take_role),
            web.get("/guilds/{guild}/voice-states/{user}", self.voice_state),
            web.get("/channels/{channel}", self.channel),
            web.patch("/channels/{channel}", self.change_channel),
            web.put("/channels/{channel}/voice-status", self.voice_status),
            web.get(events, self.events),
            web.post(events, self.add_event),
            web.get(events + "/{event}", self.event),
            web.patch(events + "/{event}", self.change_event),
            web.delete(events + "/{event}", self.remove_event),
            web.get(events + "/{event}/users", self.event_users),
        ]

    def guild_of(self, request: web.Request) -> Guild:
        """Return the server of the path. Raises ApiError if the bot is not in it."""
        found = self.world.guilds.get(int(request.match_info["guild"]))
        if found is None or self.world.bot.id not in found.members:
            raise unknown_error("Guild")
        return found

    def _find_channel(self, request: web.Request, *needed: int) -> tuple[Guild | None, Channel]:
        place = self.world.find_channel(int(request.match_info["channel"]))
        if place is None:
            raise unknown_error("Channel")
        guild, channel = place
        if guild is not None:
            self._require_permissions(guild, channel, *needed)
        return guild, channel

    def _require_permissions(self, guild: Guild, channel: Channel | None, *needed: int) -> None:
        can = guild.permissions(guild.members[self.world.bot.id], channel)
        if any(not can & bit for bit in needed):
            raise no_permission()

    async def current_user(self, request: web.Request) -> web.Response:
        """Answer with the bot's own account, or that of the person whose token was sent."""
        kind, _sep, token = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            if token not in self.world.bearers:
                raise unauthorized_error()
            return json_response(self.world.bearers[token].payload())
        about = {"mfa_enabled": False, "verified": True, "email": None, "flags": 0, "locale": "en-US"}
        return json_response({**self.world.bot.payload(), **about})

    async def my_guilds(self, _: web.Request) -> web.Response:
        """Answer with the servers that the bot is in."""
        mine = [guild for guild in self.world.guilds.values() if self.world.bot.id in guild.members]
        return json_response([
            {"id": str(guild.id), "name": guild.name, "icon": None, "owner": False, "features": [],
             "permissions": str(guild.permissions(guild.members[self.world.bot.id]))}
            for guild in mine
        ])  # fmt: skip

    async def user(self, request: web.Request) -> web.Response:
        """Answer with any account."""
        found = self.world.user(int(request.match_info["user"]))
        if found is None:
            raise unknown_error("User")
        return json_response(found.payload())

    async def application(self, _: web.Request) -> web.Response:
        """Answer with the bot's application, as set in the Developer Portal."""
        owner = next(member.user for member in self.world.members() if not member.user.bot)
        return json_response({
            "id": str(self.world.app_id), "name": "Usher", "icon": None, "description": "", "rpc_origins": [],
            "bot_public": False, "bot_require_code_grant": False, "flags": self.world.app_flags, "hook": True,
            "owner": owner.payload(), "verify_key": "0" * 64, "team": None, "summary": "", "tags": [],
            "bot": self.world.bot.payload(), "approximate_guild_count": len(self.world.guilds),
        })  # fmt: skip

    def _build_address(self) -> str:
        return self.world.base.replace("http://", "ws://") + "/gateway"

    async def gateway(self, _: web.Request) -> web.Response:
        """Answer with the gateway's address."""
        return json_response({"url": self._build_address()})

    async def gateway_bot(self, _: web.Request) -> web.Response:
        """Answer with the gateway's address and the bot's session limits."""
        limit = {**SESSIONS, "remaining": max(0, SESSIONS["total"] - self.world.sessions_used)}
        return json_response({"url": self._build_address(), "shards": 1, "session_start_limit": limit})

    async def guild(self, request: web.Request) -> web.Response:
        """Answer with a server."""
        guild = self.guild_of(request)
        full = guild.payload(self.world.bot.id)
        hidden = {"members", "channels", "threads", "voice_states", "presences", "member_count", "joined_at", "large"}
        found = {key: value for key, value in full.items() if key not in hidden}
        if request.query.get("with_counts", "").lower() in ("1", "true"):
            found["approximate_member_count"] = len(guild.members)
            found["approximate_presence_count"] = len(guild.members)
        return json_response(found)

    async def channels(self, request: web.Request) -> web.Response:
        """Answer with a server's channels."""
        found = [each.payload(self.world.bot.id) for each in self.guild_of(request).channels.values()]
        return json_response(found)

    async def roles(self, request: web.Request) -> web.Response:
        """Answer with a server's roles."""
        return json_response([role.payload() for role in self.guild_of(request).roles.values()])

    async def members(self, request: web.Request) -> web.Response:
        """Answer with a server's members. This needs the privileged intent, as on Discord."""
        guild = self.guild_of(request)
        if not self.world.app_flags & FLAG_MEMBERS:
            raise no_permission()
        after, limit = int(request.query.get("after", 0)), min(1000, int(request.query.get("limit", 1)))
        found = sorted((m for m in guild.members.values() if m.id > after), key=lambda m: m.id)
        return json_response([member.payload() for member in found[:limit]])

    async def search(self, request: web.Request) -> web.Response:
        """Answer with the members whose name begins with the query."""
        guild, start = self.guild_of(request), request.query.get("query", "").lower()
        limit = min(1000, int(request.query.get("limit", 1)))
        found = [
            m for m in guild.members.values()
            if m.display_name.lower().startswith(start) or m.user.name.lower().startswith(start)
        ]  # fmt: skip
        return json_response([member.payload() for member in found[:limit]])

    async def member(self, request: web.Request) -> web.Response:
        """Answer with one member."""
        found = self.guild_of(request).members.get(int(request.match_info["user"]))
        if found is None:
            raise unknown_error("Member")
        return json_response(found.payload())

    async def give_role(self, request: web.Request) -> web.Response:
        """Give a member a role."""
        return self._change_role(request, given=True)

    async def take_role(self, request: web.Request) -> web.Response:
        """Take a role from a member."""
        return self._change_role(request, given=False)

    def _change_role(self, request: web.Request, *, given: bool) -> web.Response:
        guild = self.guild_of(request)
        self._require_permissions(guild, None, MANAGE_ROLES)
        found = guild.members.get(int(request.match_info["user"]))
        role = guild.roles.get(int(request.match_info["role"]))
        if found is None or role is None:
            raise unknown_error("Member" if found is None else "Role")
        highest = max(guild.roles[number].position for number in guild.members[self.world.bot.id].roles)
        if role.position >= highest:
            raise no_permission()  # a bot may assign only roles below its own
        with self.world.changed:
            found.roles = [number for number in found.roles if number != role.id] + [role.id] * given
            self.world.changed.notify_all()
        return no_content()

    async def voice_state(self, request: web.Request) -> web.Response:
        """Answer with a member's voice state."""
        guild, name = self.guild_of(request), request.match_info["user"]
        found = guild.members.get(self.world.bot.id if name == "@me" else int(name))
        if found is None or found.voice_channel is None:
            raise unknown_error("Voice State")
        return json_response(guild.voice_state(found))

    async def channel(self, request: web.Request) -> web.Response:
        """Answer with one channel."""
        return json_response(self._find_channel(request, VIEW_CHANNEL)[1].payload(self.world.bot.id))

    async def change_channel(self, request: web.Request) -> web.Response:
        """Rename a channel, or change its topic."""
        guild, channel = self._find_channel(request, VIEW_CHANNEL, MANAGE_CHANNELS)
        body = body_of(request)
        name = body.get("name", channel.name)
        if not 1 <= len(str(name)) <= 100:
            raise invalid_form([("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")])
        with self.world.changed:
            channel.name, channel.topic = str(name), body.get("topic", channel.topic)
            self.world.changed.notify_all()
        payload = channel.payload(self.world.bot.id)
        if guild is not None:
            self.world.dispatch("CHANNEL_UPDATE", payload, GUILDS)
        return json_response(payload)

    async def voice_status(self, request: web.Request) -> web.Response:
        """Set the line under a voice channel's name."""
        guild, channel = self._find_channel(request, VIEW_CHANNEL, SET_VOICE_STATUS)
        if guild is None or channel.kind not in (VOICE, STAGE):
            raise unknown_error("Channel")
        if guild.members[self.world.bot.id].voice_channel != channel.id:
            # A bot that is not in the channel needs the permission to manage it.
            self._require_permissions(guild, channel, MANAGE_CHANNELS)
        status = str(body_of(request).get("status") or "")
        if len(status) > 500:
            raise invalid_form([("status", "BASE_TYPE_MAX_LENGTH", "Must be 500 or fewer in length.")])
        with self.world.changed:
            channel.status = status
            self.world.changed.notify_all()
        data = {"id": str(channel.id), "guild_id": str(guild.id), "status": status or None}
        self.world.dispatch("VOICE_CHANNEL_STATUS_UPDATE", data, GUILDS)
        return no_content()

    async def events(self, request: web.Request) -> web.Response:
        """Answer with a server's planned events."""
        return json_response(list(self.guild_of(request).events.values()))

    def _find_event(self, request: web.Request) -> tuple[Guild, Payload]:
        guild = self.guild_of(request)
        found = guild.events.get(int(request.match_info["event"]))
        if found is None:
            raise unknown_error("Guild Scheduled Event")
        return guild, found

    def _require_event_permissions(self, guild: Guild, event: Payload, *needed: int) -> None:
        """Require the permissions for an event (more if it is in a channel), and a channel that fits its kind."""
        kind, more = _PLACES.get(event["entity_type"], (None, ()))
        channel = guild.channels.get(int(event.get("channel_id") or 0))
        if kind is not None and (channel is None or channel.kind != kind):
            raise invalid_form([("channel_id", "GUILD_SCHEDULED_EVENT_CHANNEL", "The channel does not fit the event")])
        self._require_permissions(guild, channel if kind is not None else None, *needed, *more)

    async def event(self, request: web.Request) -> web.Response:
        """Answer with one planned event."""
        return json_response(self._find_event(request)[1])

    async def add_event(self, request: web.Request) -> web.Response:
        """Add a planned event."""
        guild, body = self.guild_of(request), body_of(request)
        required = ("name", "privacy_level", "scheduled_start_time", "entity_type")
        missing = [(key, "BASE_TYPE_REQUIRED", "This field is required") for key in required if not body.get(key)]
        if len(str(body.get("name"))) > 100:
            missing.append(("name", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length."))
        if len(str(body.get("description") or "")) > 1000:
            missing.append(("description", "BASE_TYPE_MAX_LENGTH", "Must be 1000 or fewer in length."))
        if missing:
            raise invalid_form(missing)
        self._require_event_permissions(guild, body, CREATE_EVENTS)
        event: Payload = {
            "description": None, "scheduled_end_time": None, "channel_id": None, "entity_metadata": None,
            "image": None, "recurrence_rule": None, **_keep_event_fields(body), "id": str(snowflake()),
            "guild_id": str(guild.id),
            "creator_id": str(self.world.bot.id), "creator": self.world.bot.payload(), "status": 1,
            "entity_id": None, "user_count": 0,
        }  # fmt: skip
        with self.world.changed:
            guild.events[int(event["id"])] = event
            self.world.changed.notify_all()
        self.world.dispatch("GUILD_SCHEDULED_EVENT_CREATE", event, SCHEDULED_EVENTS)
        return json_response(event)

    async def change_event(self, request: web.Request) -> web.Response:
        """Change an event; this is also how one is started, ended and cancelled."""
        guild, event = self._find_event(request)
        self._require_event_permissions(guild, event, MANAGE_EVENTS)
        with self.world.changed:
            event.update(_keep_event_fields(body_of(request)))
            self.world.changed.notify_all()
        self.world.dispatch("GUILD_SCHEDULED_EVENT_UPDATE", event, SCHEDULED_EVENTS)
        return json_response(event)

    async def remove_event(self, request: web.Request) -> web.Response:
        """Delete an event."""
        guild, event = self._find_event(request)
        self._require_event_permissions(guild, event, MANAGE_EVENTS)
        with self.world.changed:
            del guild.events[int(event["id"])]
            guild.interested.pop(int(event["id"]), None)
            self.world.changed.notify_all()
        self.world.dispatch("GUILD_SCHEDULED_EVENT_DELETE", event, SCHEDULED_EVENTS)
        return no_content()

    async def event_users(self, request: web.Request) -> web.Response:
        """Answer with a page of the users who pressed Interested, the lowest id first."""
        guild, event = self._find_event(request)
        limit = int(request.query.get("limit", 100))
        if not 1 <= limit <= 100:
            raise invalid_form([("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")])
        everybody = sorted(guild.interested.get(int(event["id"]), ()))
        if "before" in request.query:
            found = [each for each in everybody if each < int(request.query["before"])][-limit:]
        else:
            found = [each for each in everybody if each > int(request.query.get("after", 0))][:limit]
        whole = request.query.get("with_member", "").lower() in ("1", "true")
        return json_response(
            [
                _describe_interested_user(event, guild.members[each], whole=whole)
                for each in found
                if each in guild.members
            ]
        )


def _describe_interested_user(event: Payload, member: Member, *, whole: bool) -> Payload:
    """Return a user who pressed Interested."""
    found = {
        "guild_scheduled_event_id": event["id"], "user_id": str(member.id), "response": 1,
        "user": member.user.payload(),
    }  # fmt: skip
    return {**found, "member": member.payload()} if whole else found


def _keep_event_fields(body: Payload) -> Payload:
    """Return the fields of a request that an event keeps: ids as text, and only the hash of a picture."""
    kept = dict(body)
    if kept.get("channel_id"):
        kept["channel_id"] = str(kept["channel_id"])
    if "image" in kept:
        kept["image"] = hashlib.md5(str(kept["image"]).encode(), usedforsecurity=False).hexdigest()
    return kept

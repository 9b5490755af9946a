"""REST: messages, reactions, direct messages and threads."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from simulator.discord.model.guild import FORUM, THREAD, Channel, Guild, Payload, User
from simulator.discord.model.ids import iso_of, snowflake
from simulator.discord.model.messages import Attachment, ChannelMessage, mentions_of
from simulator.discord.model.permissions import (
    ADD_REACTIONS,
    ATTACH_FILES,
    CREATE_THREADS,
    EMBED_LINKS,
    MANAGE_MESSAGES,
    READ_HISTORY,
    SEND_IN_THREADS,
    SEND_MESSAGES,
    SEND_POLLS,
    VIEW_CHANNEL,
)
from simulator.discord.model.polls import Poll
from simulator.discord.model.world import GUILDS, REACTIONS, DiscordWorld
from simulator.discord.rest.errors import ApiError, invalid_form, no_access, no_permission, unknown_error
from simulator.discord.rest.request_body import FILES, attachments_of, body_of
from simulator.discord.rest.request_gate import json_response, no_content
from simulator.discord.rest.validation import check_message

NONCE_REMEMBERED_S = 300.0
"""Seconds for which Discord remembers a nonce."""


class MessageRoutes:
    """The routes of messages."""

    def __init__(self, world: DiscordWorld) -> None:
        self.world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes below /api/v10."""
        one, reaction = "/channels/{channel}/messages/{message}", "/reactions/{emoji}/{user}"
        return [
            web.post("/channels/{channel}/messages", self.create),
            web.get("/channels/{channel}/messages", self.list_messages),
            web.post("/channels/{channel}/messages/bulk-delete", self.delete_many),
            web.get(one, self.get),
            web.patch(one, self.edit),
            web.delete(one, self.delete),
            web.put(one + reaction, self.react),
            web.delete(one + reaction, self.unreact),
            web.post(one + "/threads", self.thread),
            web.post("/channels/{channel}/threads", self.thread),
            web.post("/channels/{channel}/typing", self.send_typing),
            web.post("/users/@me/channels", self.direct),
            web.get("/channels/{channel}/polls/{message}/answers/{answer}", self.poll_voters),
            web.post("/channels/{channel}/polls/{message}/expire", self.expire_poll),
        ]

    def channel(self, request: web.Request, *needed: int) -> Channel:
        """Return the channel of the path, if the bot may see it and has these permissions in it."""
        found = self.world.find_channel(int(request.match_info["channel"]))
        if found is None:
            raise unknown_error("Channel")
        guild, channel = found
        if guild is not None:
            self._require_permissions(guild, channel, VIEW_CHANNEL, *needed)
        return channel

    def _require_permissions(self, guild: Guild, channel: Channel, *needed: int) -> None:
        bot = guild.members.get(self.world.bot.id)
        can = guild.permissions(bot, channel) if bot is not None else 0
        if not can & VIEW_CHANNEL:
            raise no_access()
        if any(not can & bit for bit in needed):
            raise no_permission()

    def message(self, request: web.Request, channel: Channel) -> ChannelMessage:
        """Return the message of the path."""
        found = self.world.messages.get(int(request.match_info["message"]))
        if found is None or found.channel_id != channel.id or found.is_ephemeral:
            raise unknown_error("Message")
        return found

    async def create(self, request: web.Request) -> web.Response:
        """Post a message. If its nonce must be unique and was used before, answer with that earlier message."""
        body, files = body_of(request), request[FILES]
        sending = SEND_MESSAGES
        place = self.world.find_channel(int(request.match_info["channel"]))
        if place is not None and place[1].kind == THREAD:
            sending = SEND_IN_THREADS
        channel = self.channel(request, sending, *permissions_needed(body, files))
        if channel.kind == FORUM:
            raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
        if channel.archived:
            raise ApiError(400, 50083, "Thread is archived")
        if channel.recipient is not None and channel.recipient.id in self.world.closed:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        check_message(body, files=len(files))
        before = self._find_same_nonce(body)
        if before is not None:
            return json_response(self.world.message_payload(before))
        message = new_message(body, files, self.world.bot, channel.id)
        if body.get("poll"):
            message.poll = Poll.from_request(body["poll"], self.world.now())
        message.reply_to = self._find_replied_message(request, body, channel)
        return json_response(self.world.message_payload(self.world.post(message)))

    def _find_same_nonce(self, body: Payload) -> ChannelMessage | None:
        nonce = body.get("nonce")
        if nonce is None or not body.get("enforce_nonce"):
            return None
        now_s = time.monotonic()
        for message in list(self.world.messages.values()):
            mine = message.author.id == self.world.bot.id and message.nonce == str(nonce)
            if mine and now_s - message.posted_s < NONCE_REMEMBERED_S:
                return message
        return None

    def _find_replied_message(self, request: web.Request, body: Payload, channel: Channel) -> int | None:
        """Return the id of the message that it replies to, for which it needs the permission to read the history."""
        reference = body.get("message_reference")
        if not reference:
            return None
        self.channel(request, READ_HISTORY)
        found = self.world.messages.get(int(reference["message_id"]))
        if found is not None and found.channel_id == channel.id:
            return found.id
        if reference.get("fail_if_not_exists", True):
            raise invalid_form([("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")])
        return None

    async def list_messages(self, request: web.Request) -> web.Response:
        """Answer with the messages, the newest first."""
        channel = self.channel(request, READ_HISTORY)
        query = request.query
        low, high = int(query.get("after", 0)), int(query.get("before", 1 << 63))
        found = [
            m for m in list(self.world.messages.values())
            if m.channel_id == channel.id and low < m.id < high and not m.is_ephemeral
        ]  # fmt: skip
        newest = sorted(found, key=lambda m: m.id, reverse=True)
        limit = min(100, int(query.get("limit", 50)))
        chosen = newest[-limit:] if "after" in query else newest[:limit]
        return json_response([self.world.message_payload(m) for m in chosen])

    async def get(self, request: web.Request) -> web.Response:
        """Answer with one message."""
        return json_response(self.world.message_payload(self.message(request, self.channel(request, READ_HISTORY))))

    async def edit(self, request: web.Request) -> web.Response:
        """Change one of the bot's own messages."""
        body, files = body_of(request), request[FILES]
        message = self.message(request, self.channel(request, *permissions_needed(body, files)))
        if message.author.id != self.world.bot.id:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        if message.poll is not None:
            raise ApiError(400, 520003, "Cannot edit a poll message")
        apply_edit(message, body, files)
        return json_response(self.world.message_payload(self.world.publish_edit(message, time.monotonic())))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a message: the bot's own, or with the permission any other."""
        channel = self.channel(request)
        message = self.message(request, channel)
        if message.author.id != self.world.bot.id:
            self.channel(request, MANAGE_MESSAGES)
        self.world.delete(message)
        return no_content()

    async def delete_many(self, request: web.Request) -> web.Response:
        """Delete 2 to 100 messages at once."""
        channel = self.channel(request, MANAGE_MESSAGES)
        ids = [int(each) for each in body_of(request).get("messages", [])]
        if not 2 <= len(ids) <= 100:
            raise invalid_form([("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")])
        for message in [m for m in list(self.world.messages.values()) if m.id in ids and m.channel_id == channel.id]:
            self.world.delete(message)
        return no_content()

    async def react(self, request: web.Request) -> web.Response:
        """Add the bot's reaction."""
        message = self.message(request, self.channel(request, READ_HISTORY, ADD_REACTIONS))
        with self.world.changed:
            emoji = unquote(request.match_info["emoji"])
            message.reactions.setdefault(emoji, set()).add(self.world.bot.id)
            self.world.changed.notify_all()
        self._send_reaction_event("MESSAGE_REACTION_ADD", message, emoji)
        return no_content()

    async def unreact(self, request: web.Request) -> web.Response:
        """Remove the bot's reaction."""
        message = self.message(request, self.channel(request))
        emoji = unquote(request.match_info["emoji"])
        message.reactions.get(emoji, set()).discard(self.world.bot.id)
        if not message.reactions.get(emoji):
            message.reactions.pop(emoji, None)
        self._send_reaction_event("MESSAGE_REACTION_REMOVE", message, emoji)
        return no_content()

    def _send_reaction_event(self, event: str, message: ChannelMessage, emoji: str) -> None:
        guild, _ = self.world.find_channel(message.channel_id) or (None, None)
        data: dict[str, Any] = {
            "user_id": str(self.world.bot.id), "channel_id": str(message.channel_id), "burst": False, "type": 0,
            "message_id": str(message.id), "emoji": {"id": None, "name": emoji},
        }  # fmt: skip
        self.world.dispatch(event, data | ({"guild_id": str(guild.id)} if guild else {}), REACTIONS)

    async def thread(self, request: web.Request) -> web.Response:
        """Open a thread in a channel, with or without a message."""
        parent = self.channel(request, CREATE_THREADS)
        name = str(body_of(request).get("name") or "")
        if not 1 <= len(name) <= 100:
            raise invalid_form([("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")])
        begun_by = self.message(request, parent).id if "message" in request.match_info else snowflake()
        guild = self.world.guilds[parent.guild_id or 0]
        if begun_by in guild.channels:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        thread = Channel(
            begun_by, name, THREAD, guild.id, parent.denied, parent=parent.id, owner_id=self.world.bot.id,
            made_at=iso_of(self.world.now()),
        )  # fmt: skip
        with self.world.changed:
            guild.channels[thread.id] = thread
        data = thread.payload(self.world.bot.id)
        self.world.dispatch("THREAD_CREATE", {**data, "newly_created": True}, GUILDS)
        return json_response(data, 201)

    async def send_typing(self, request: web.Request) -> web.Response:
        """Show that the bot is typing."""
        self.channel(request, SEND_MESSAGES)
        return no_content()

    async def poll_voters(self, request: web.Request) -> web.Response:
        """Answer with a page of an answer's voters, the lowest id first."""
        message = self.message(request, self.channel(request))
        number, limit = int(request.match_info["answer"]), int(request.query.get("limit", 25))
        if message.poll is None or not 1 <= number <= len(message.poll.answers):
            raise unknown_error("Message")
        if not 1 <= limit <= 100:
            raise invalid_form([("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")])
        after = int(request.query.get("after", 0))
        voters = [each for each in sorted(message.poll.votes.get(number, ())) if each > after][:limit]
        users = [user.payload() for each in voters if (user := self.world.user(each)) is not None]
        return json_response({"users": users})

    async def expire_poll(self, request: web.Request) -> web.Response:
        """End the bot's own poll before its time."""
        message = self.message(request, self.channel(request))
        if message.poll is None:
            raise ApiError(400, 520006, "Cannot expire a non-poll message")
        if message.author.id != self.world.bot.id:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        if message.poll.is_final:
            raise ApiError(400, 520001, "Poll expired")
        self.world.end_poll(message)
        return json_response(self.world.message_payload(message))

    async def direct(self, request: web.Request) -> web.Response:
        """Open a direct message channel."""
        user = self.world.user(int(body_of(request)["recipient_id"]))
        if user is None:
            raise unknown_error("User")
        if user.bot:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        return json_response(self.world.direct_channel(user).payload(self.world.bot.id))


def permissions_needed(body: Payload, files: dict[int, Attachment]) -> list[int]:
    """Return the permissions that a message's content needs."""
    return (
        [EMBED_LINKS] * bool(body.get("embeds")) + [ATTACH_FILES] * bool(files) + [SEND_POLLS] * bool(body.get("poll"))
    )


def new_message(body: Payload, files: dict[int, Attachment], author: User, channel_id: int) -> ChannelMessage:
    """Return a new message of this body."""
    content = body.get("content") or ""
    return ChannelMessage(
        snowflake(), channel_id, author, content, body.get("embeds") or [], body.get("components") or [],
        attachments_of(body, files, []), int(body.get("flags") or 0),
        None if body.get("nonce") is None else str(body["nonce"]),
        pings=mentions_of(content, body.get("allowed_mentions")),
    )  # fmt: skip


def apply_edit(message: ChannelMessage, body: Payload, files: dict[int, Attachment]) -> None:
    """Change a message in place: only the fields in the body."""
    before: Payload = {"content": message.content, "embeds": message.embeds, "components": message.components}
    after: Payload = {key: body.get(key, value) for key, value in before.items()}
    after["flags"] = body.get("flags") or message.flags
    attachments = attachments_of(body, files, message.attachments)
    check_message(after, files=len(attachments))
    message.content, message.embeds = after["content"] or "", after["embeds"] or []
    message.components, message.flags = after["components"] or [], int(after["flags"])
    message.attachments = attachments
    message.pings = mentions_of(message.content, body.get("allowed_mentions"))

"""The state of the simulated Discord: its servers, one application, messages and interactions. One lock guards it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from simulator.discord.model.default_guild import build_default_guild
from simulator.discord.model.guild import DM, Channel, Guild, Member, Payload, User
from simulator.discord.model.ids import iso_of, snowflake
from simulator.discord.model.messages import COMMAND, ChannelMessage, Interaction
from simulator.discord.model.permissions import EVERYONE_CAN
from simulator.discord.model.polls import POLL_RESULT

GUILDS, MEMBERS, VOICE_STATES, GUILD_MESSAGES = 1 << 0, 1 << 1, 1 << 7, 1 << 9
REACTIONS, DIRECT_MESSAGES, MESSAGE_CONTENT, SCHEDULED_EVENTS = 1 << 10, 1 << 12, 1 << 15, 1 << 16
POLLS = 1 << 24
"""Intents."""
FLAG_MEMBERS, FLAG_MESSAGE_CONTENT = 1 << 14, 1 << 18
"""The application's flags: which privileged intents are switched on in the Developer Portal."""

Dispatch = Callable[[str, Payload, int], None]
"""Takes the event, its data, and the intent that a bot needs to get it (0: none)."""


class DiscordWorld:
    """The whole state. Changes are passed to the gateway by `dispatch`, and wake everybody who waits on `changed`."""

    def __init__(
        self,
        *,
        message_content: bool = True,
        members_intent: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.now = now
        """The clock by which messages are dated and shown, seconds since 1970. Limits and ids keep real time."""
        self.changed = threading.Condition(threading.RLock())
        self.base = ""
        """This server's address, once it listens; empty before."""
        self.dispatch: Dispatch = lambda *_: None
        self.bot = User(snowflake(), "Usher", bot=True)
        self.sessions_used = 0
        """How many sessions the bot has started today."""
        self.app_flags = message_content * FLAG_MESSAGE_CONTENT | members_intent * FLAG_MEMBERS
        self.guild = build_default_guild(self.bot)
        self.guilds = {self.guild.id: self.guild}
        self.away: set[int] = set()
        """Ids of servers whose events are not sent: they are unavailable, or the bot was removed."""
        self.strangers: dict[int, User] = {}
        self.direct: dict[int, Channel] = {}
        self.closed: set[int] = set()
        """Ids of users who accept no direct messages."""
        self.messages: dict[int, ChannelMessage] = {}
        self.commands: dict[int | None, list[Payload]] = {None: []}
        """The application's commands by the id of their guild; the global ones under None."""
        self.interactions: dict[str, Interaction] = {}
        self.bearers: dict[str, User] = {}
        """The users by the tokens with which they signed in elsewhere with Discord."""
        self.presence: Payload | None = None
        self.presences: list[tuple[float, Payload]] = []
        """Each accepted presence update, with its time (steady clock, real seconds)."""
        self.presences_dropped = 0
        """Number of presence updates beyond 5 in 20 s: Discord drops them."""
        self.on_post: list[Callable[[ChannelMessage], None]] = []

    @property
    def app_id(self) -> int:
        """The application's id: its bot's."""
        return self.bot.id

    def find_channel(self, channel_id: int) -> tuple[Guild | None, Channel] | None:
        """Return a channel and its guild (None: a direct message), or None if there is no such channel."""
        if channel_id in self.direct:
            return None, self.direct[channel_id]
        for guild in list(self.guilds.values()):
            if channel_id in guild.channels:
                return guild, guild.channels[channel_id]
        return None

    def members(self) -> Iterator[Member]:
        """Return every membership in every guild."""
        for guild in list(self.guilds.values()):
            yield from list(guild.members.values())

    def user(self, user_id: int) -> User | None:
        """Return an account, or None if there is none with this id."""
        return next((m.user for m in self.members() if m.id == user_id), self.strangers.get(user_id))

    def message_payload(self, message: ChannelMessage) -> Payload:
        """Return a message as the API and the gateway show it."""
        guild, _ = self.find_channel(message.channel_id) or (None, None)
        found: Payload = {
            "id": str(message.id), "channel_id": str(message.channel_id), "author": message.author.payload(),
            "content": message.content, "timestamp": message.at, "edited_timestamp": message.edited_at,
            "tts": False, "mention_everyone": "@everyone" in message.pings, "mention_roles": [],
            "mentions": self._list_mentions(message), "pinned": False, "flags": message.flags,
            "attachments": [each.payload(self.base) for each in message.attachments],
            "embeds": [self._build_embed(message, embed) for embed in message.embeds],
            "type": _choose_message_type(message), "components": message.components,
            "reactions": [
                {"emoji": {"id": None, "name": emoji}, "count": len(who), "me": self.bot.id in who,
                 "me_burst": False, "burst_colors": [], "count_details": {"burst": 0, "normal": len(who)}}
                for emoji, who in message.reactions.items()
            ],
        }  # fmt: skip
        if guild is not None:
            found["guild_id"] = str(guild.id)
            if message.author.id in guild.members:
                found["member"] = guild.members[message.author.id].partial()
        if message.poll is not None:
            found["poll"] = message.poll.payload(self.bot.id)
        if message.nonce is not None:
            found["nonce"] = message.nonce
        if message.author.id == self.bot.id and message.asked_by is not None:
            found["webhook_id"] = found["application_id"] = str(self.app_id)
            found["interaction_metadata"] = {
                "id": str(message.id), "type": COMMAND, "user": message.asked_by.payload(),
                "authorizing_integration_owners": {"0": found.get("guild_id", "0")}, "name": message.asked_with,
            }  # fmt: skip
        if message.reply_to is not None:
            found["message_reference"] = {
                "type": 0, "message_id": str(message.reply_to), "channel_id": str(message.channel_id),
            } | ({"guild_id": str(guild.id)} if guild else {})  # fmt: skip
        return found

    def _list_mentions(self, message: ChannelMessage) -> list[Payload]:
        users = (self.user(int(ping.strip("<@!>"))) for ping in message.pings if ping.strip("<@!>").isdigit())
        return [user.payload() for user in users if user is not None]

    def _build_embed(self, message: ChannelMessage, embed: Payload) -> Payload:
        """Return an embed as Discord shows it: its attachment:// pictures have become addresses."""
        shown = {"type": "rich", **embed}
        files = {f"attachment://{each.filename}": each.payload(self.base)["url"] for each in message.attachments}
        for key in ("image", "thumbnail"):
            url = (embed.get(key) or {}).get("url")
            if url in files:
                shown[key] = {**embed[key], "url": files[url], "proxy_url": files[url], "width": 0, "height": 0}
        return shown

    def post(self, message: ChannelMessage) -> ChannelMessage:
        """Put a message into its channel and send the event to every bot that may get it."""
        with self.changed:
            message.at = message.at or iso_of(self.now())
            self.messages[message.id] = message
            self.changed.notify_all()
            if not message.is_ephemeral:
                self.dispatch("MESSAGE_CREATE", self.message_payload(message), self._choose_intent(message))
        for listener in list(self.on_post):
            listener(message)
        return message

    def publish_edit(self, message: ChannelMessage, now_s: float) -> ChannelMessage:
        """Send the event of an edit at `now_s` (steady clock, real seconds)."""
        with self.changed:
            message.edited_at = iso_of(self.now())
            message.edited_s.append(now_s)
            self.changed.notify_all()
            if not message.is_ephemeral:
                self.dispatch("MESSAGE_UPDATE", self.message_payload(message), self._choose_intent(message))
        return message

    def end_poll(self, message: ChannelMessage) -> None:
        """End a message's poll: count its votes, and post a message with the result."""
        if message.poll is None or message.poll.is_final:
            return
        with self.changed:
            message.poll.is_final = True
            self.publish_edit(message, time.monotonic())
            result = ChannelMessage(
                snowflake(), message.channel_id, message.author, embeds=[message.poll.result_embed()],
                reply_to=message.id, is_poll_result=True,
            )  # fmt: skip
            self.post(result)

    def end_polls_due(self) -> None:
        """End the polls whose time is over."""
        now_s = self.now()
        for message in list(self.messages.values()):
            if message.poll is not None and message.poll.ends_s <= now_s:
                self.end_poll(message)

    def delete(self, message: ChannelMessage) -> None:
        """Delete a message."""
        with self.changed:
            message.deleted = True
            self.messages.pop(message.id, None)
            self.changed.notify_all()
            gone = {"id": str(message.id), "channel_id": str(message.channel_id)}
            guild, _ = self.find_channel(message.channel_id) or (None, None)
            gone |= {"guild_id": str(guild.id)} if guild else {}
            self.dispatch("MESSAGE_DELETE", gone, self._choose_intent(message))

    def _choose_intent(self, message: ChannelMessage) -> int:
        return DIRECT_MESSAGES if message.channel_id in self.direct else GUILD_MESSAGES

    def direct_channel(self, user: User) -> Channel:
        """Return the direct message channel of the bot with a person."""
        with self.changed:
            for channel in self.direct.values():
                if channel.recipient == user:
                    return channel
            channel = Channel(snowflake(), user.display_name, DM, recipient=user)
            self.direct[channel.id] = channel
            return channel

    def interaction_payload(self, interaction: Interaction, data: Payload) -> Payload:
        """Return INTERACTION_CREATE's data."""
        guild, channel = self.find_channel(interaction.channel_id) or (None, None)
        if channel is None:
            raise LookupError("The channel of an interaction is gone")
        found: Payload = {
            "id": str(interaction.id), "application_id": str(self.app_id), "type": interaction.kind,
            "version": 1, "token": interaction.token, "channel_id": str(channel.id), "data": data,
            "locale": "en-US", "entitlements": [], "attachment_size_limit": 10_485_760,
        }  # fmt: skip
        if guild is None:
            found |= {
                "channel": channel.payload(self.bot.id), "user": interaction.member.user.payload(), "context": 1,
                "app_permissions": str(EVERYONE_CAN), "authorizing_integration_owners": {"0": "0"},
            }  # fmt: skip
        else:
            can = str(guild.permissions(interaction.member, channel))
            found |= {
                "guild_id": str(guild.id), "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
                "channel": {**channel.payload(self.bot.id), "permissions": can},
                "member": {**interaction.member.payload(), "permissions": can},
                "guild_locale": "en-US", "context": 0,
                "app_permissions": str(guild.permissions(guild.members[self.bot.id], channel)),
                "authorizing_integration_owners": {"0": str(guild.id)},
            }  # fmt: skip
        if interaction.source is not None:
            found["message"] = self.message_payload(interaction.source)
        return found


def _choose_message_type(message: ChannelMessage) -> int:
    if message.is_poll_result:
        return POLL_RESULT
    return 20 if message.asked_by else 19 if message.reply_to else 0

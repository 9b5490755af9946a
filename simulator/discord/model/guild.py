"""The parts of a Discord server: users, members, channels, roles. Plain data and its payloads; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulator.discord.model.permissions import ADMINISTRATOR, EVERYTHING

Payload = dict[str, Any]

TEXT, DM, VOICE, THREAD, STAGE, FORUM = 0, 1, 2, 11, 13, 15
"""Kinds of channels."""


@dataclass(frozen=True)
class User:
    """An account."""

    id: int
    name: str
    bot: bool = False
    global_name: str | None = None

    @property
    def display_name(self) -> str:
        """The name that people see outside a server."""
        return self.global_name or self.name

    def payload(self) -> Payload:
        """Return it as the API shows it."""
        return {
            "id": str(self.id), "username": self.name, "discriminator": "0", "global_name": self.global_name,
            "avatar": None, "bot": self.bot, "public_flags": 0, "avatar_decoration_data": None,
            "primary_guild": None,
        }  # fmt: skip


@dataclass
class Role:
    """A role; the one with the guild's id is the role of everybody."""

    id: int
    name: str
    permissions: int
    position: int = 0
    color: int = 0

    def payload(self) -> Payload:
        """Return it as the API shows it."""
        return {
            "id": str(self.id), "name": self.name, "color": self.color, "hoist": False, "icon": None, "flags": 0,
            "unicode_emoji": None, "position": self.position, "permissions": str(self.permissions),
            "colors": {"primary_color": self.color, "secondary_color": None, "tertiary_color": None},
            "managed": False, "mentionable": False,
        }  # fmt: skip


@dataclass
class Member:
    """A user in a guild; `voice_channel` is the id of the voice channel, or None if the member is in none."""

    user: User
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    voice_channel: int | None = None
    streaming: bool = False

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def display_name(self) -> str:
        """The name that people see."""
        return self.nick or self.user.display_name

    @property
    def mention(self) -> str:
        """The text that mentions them in a message."""
        return f"<@{self.id}>"

    def payload(self) -> Payload:
        """Return it as the API shows it, the user inside."""
        return {
            "user": self.user.payload(), "nick": self.nick, "avatar": None, "banner": None, "flags": 0,
            "roles": [str(role) for role in self.roles], "joined_at": "2024-01-01T00:00:00+00:00",
            "deaf": False, "mute": False, "pending": False, "premium_since": None,
            "communication_disabled_until": None,
        }  # fmt: skip

    def partial(self) -> Payload:
        """Return it as messages carry it: without the user."""
        return {key: value for key, value in self.payload().items() if key != "user"}


@dataclass
class Channel:
    """A channel of any kind. `denied`: permission bits that the bot lacks in it."""

    id: int
    name: str
    kind: int = TEXT
    guild_id: int | None = None
    denied: int = 0
    status: str = ""
    """A voice channel's status line."""
    topic: str | None = None
    parent: int | None = None
    """Id of the text channel that the thread belongs to."""
    recipient: User | None = None
    """The other person of a direct message channel."""
    owner_id: int = 0
    archived: bool = False
    """Whether it is a thread that accepts nothing until it is opened again."""
    made_at: str = "2024-01-01T00:00:00+00:00"

    def payload(self, bot_id: int) -> Payload:
        """Return it as the API shows it."""
        if self.recipient is not None:
            return {
                "id": str(self.id), "type": DM, "recipients": [self.recipient.payload()], "flags": 0,
                "last_message_id": None,
            }  # fmt: skip
        denial = {"id": str(bot_id), "type": 1, "allow": "0", "deny": str(self.denied)}
        found: Payload = {
            "id": str(self.id), "type": self.kind, "guild_id": str(self.guild_id), "name": self.name,
            "position": 0, "permission_overwrites": [denial] if self.denied else [], "nsfw": False, "flags": 0,
            "parent_id": str(self.parent) if self.parent else None, "rate_limit_per_user": 0,
            "topic": self.topic, "last_message_id": None,
        }  # fmt: skip
        if self.kind == TEXT:
            return {**found, "default_auto_archive_duration": 1440}
        if self.kind == THREAD:
            about = {
                "archived": self.archived, "auto_archive_duration": 1440, "archive_timestamp": self.made_at,
                "locked": False, "create_timestamp": self.made_at,
            }  # fmt: skip
            return {
                **found, "owner_id": str(self.owner_id), "member_count": 1, "message_count": 0,
                "total_message_sent": 0, "thread_metadata": about,
            }  # fmt: skip
        return {**found, "bitrate": 64000, "user_limit": 0, "rtc_region": None, "status": self.status or None}


@dataclass
class Guild:
    """A Discord server with its members, channels, roles and events."""

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    events: dict[int, Payload] = field(default_factory=dict)
    interested: dict[int, set[int]] = field(default_factory=dict)
    """Ids of the members who pressed Interested, by the event's id."""
    afk_channel: int | None = None

    def permissions(self, member: Member, channel: Channel | None = None) -> int:
        """Return a member's permissions; a channel's denials apply only to the bot, and never to an Administrator."""
        if member.id == self.owner_id:
            return EVERYTHING
        found = self.roles[self.id].permissions
        for role in member.roles:
            found |= self.roles[role].permissions if role in self.roles else 0
        if found & ADMINISTRATOR:
            return EVERYTHING
        return found & ~(channel.denied if channel and member.user.bot else 0)

    def payload(self, bot_id: int, *, all_members: bool = False) -> Payload:
        """Return the data of GUILD_CREATE. Without the members intent it names only the bot and who is in voice."""
        near = [m for m in self.members.values() if all_members or m.voice_channel or m.id == bot_id]
        threads = [channel for channel in self.channels.values() if channel.kind == THREAD]
        plain = [channel for channel in self.channels.values() if channel.kind != THREAD]
        return {
            "id": str(self.id), "name": self.name, "icon": None, "splash": None, "discovery_splash": None,
            "owner_id": str(self.owner_id), "afk_channel_id": str(self.afk_channel) if self.afk_channel else None,
            "afk_timeout": 300, "verification_level": 1, "default_message_notifications": 1, "mfa_level": 0,
            "explicit_content_filter": 0, "roles": [role.payload() for role in self.roles.values()],
            "emojis": [], "features": [], "application_id": None, "system_channel_id": None,
            "system_channel_flags": 0, "rules_channel_id": None, "vanity_url_code": None, "description": None,
            "banner": None, "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US",
            "public_updates_channel_id": None, "nsfw_level": 0, "stickers": [], "unavailable": False,
            "premium_progress_bar_enabled": False, "safety_alerts_channel_id": None, "large": False,
            "joined_at": "2024-01-01T00:00:00+00:00", "member_count": len(self.members),
            "voice_states": [self.voice_state(m) for m in self.members.values() if m.voice_channel],
            "members": [member.payload() for member in near],
            "channels": [channel.payload(bot_id) for channel in plain],
            "threads": [channel.payload(bot_id) for channel in threads],
            "presences": [], "stage_instances": [], "guild_scheduled_events": list(self.events.values()),
            "soundboard_sounds": [],
        }  # fmt: skip

    def voice_state(self, member: Member) -> Payload:
        """Return a member's voice state as the gateway sends it; its channel is None once the member has left."""
        return {
            "guild_id": str(self.id), "user_id": str(member.id), "member": member.payload(),
            "channel_id": str(member.voice_channel) if member.voice_channel else None,
            "session_id": f"voice{member.id}", "deaf": False, "mute": False, "self_deaf": False,
            "self_mute": False, "self_stream": member.streaming, "self_video": False, "suppress": False,
            "request_to_speak_timestamp": None,
        }  # fmt: skip

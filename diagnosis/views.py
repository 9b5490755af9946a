"""The facts about Discord that the checks read: plain data, from REST or from the bot's cache."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

ChannelKind = Literal["text", "voice", "stage", "other"]
Absence = Literal["missing", "hidden"]
"""missing: there is no such channel; hidden: the bot may not see it."""


class RoleView(msgspec.Struct, frozen=True):
    """A role of the server."""

    name: str
    position: int = 0
    managed: bool = False
    """Whether it belongs to an integration or is @everyone, so that nobody can give it."""


class ChannelView(msgspec.Struct, frozen=True):
    """A channel, and what the bot may do in it."""

    name: str
    kind: ChannelKind
    server_id: int
    permissions: int
    """The bot's permission bits; 0 if it may not see the channel."""
    members: int | None = None
    """How many members are in the voice channel; None if that is not known."""


class ServerView(msgspec.Struct, frozen=True):
    """The Discord server, and the bot's place in it."""

    id: int
    name: str
    permissions: int
    """The permission bits of the bot's roles."""
    top_role_position: int
    """Position of the bot's highest role; it can give the roles below it."""
    roles: Mapping[int, RoleView]


class DiscordView(msgspec.Struct, frozen=True):
    """What Discord knows about the bot."""

    application_id: int
    reads_messages: bool
    """Whether the Message Content intent is granted."""
    server: ServerView | None
    """The server in DISCORD_GUILD_ID; None if the bot is not in it."""
    channels: Mapping[int, ChannelView | Absence] = msgspec.field(default_factory=dict)
    """The channels of the settings, by id."""

"""The facts about Discord that the checks read: plain data, whether it came by REST or from the bot's cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ChannelKind = Literal["text", "voice", "stage", "other"]
Absence = Literal["missing", "hidden"]
"""There is no such channel, or the bot may not see it."""


@dataclass(frozen=True)
class RoleView:
    """A role of the server."""

    name: str
    position: int = 0
    managed: bool = False
    """It belongs to an integration or is everybody's: nobody can give it."""


@dataclass(frozen=True)
class ChannelView:
    """A channel, and what the bot may do in it."""

    name: str
    kind: ChannelKind
    server_id: int
    permissions: int
    """Permission bits; 0 where the bot may not see the channel."""
    members: int | None = None
    """How many are in the voice channel; None where that is not known."""


@dataclass(frozen=True)
class ServerView:
    """The Discord server, and the bot's place in it."""

    id: int
    name: str
    permissions: int
    """Permission bits that the bot's roles give it."""
    top_role_position: int
    """Position of the bot's highest role; it can give the roles below."""
    roles: Mapping[int, RoleView]


@dataclass(frozen=True)
class DiscordView:
    """What Discord knows about the bot."""

    application_id: int
    reads_messages: bool
    """The Message Content intent is granted."""
    server: ServerView | None
    """The server of DISCORD_GUILD_ID; None where the bot is not in it."""
    channels: Mapping[int, ChannelView | Absence] = field(default_factory=dict)
    """The channels of the settings, by id."""

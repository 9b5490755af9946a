"""What a chat platform reports of the watched voice channel."""

from __future__ import annotations

from typing import ClassVar

from messages.base import Delivery, Event, Moment, Struct

__all__ = [
    "VoiceMember",
    "VoicePresence",
]


class VoiceMember(Struct, frozen=True):
    """A person (never a bot) in the watched voice or stage channel."""

    user_id: str
    """Discord's numeric id, as digits."""
    name: str
    """The display name in that guild."""


class VoicePresence(Event, frozen=True, tag="voice_presence"):
    """Discord -> tracker: who is in the voice channel. Sent at each change and again every few seconds."""

    delivery: ClassVar[Delivery] = Delivery.AT_MOST_ONCE

    guild_id: str
    """Discord guild, as digits."""
    channel_id: str
    """The voice or stage channel, as digits."""
    at: Moment
    """When Discord said so."""
    connected: bool
    """False where the gateway is away: then `members` is what was last known and says nothing new."""
    members: tuple[VoiceMember, ...]
    """Everybody in the channel who is not a bot, the longest there first where known."""

"""What a chat platform reports of the watched voice channel, and what it has the store remember."""

from __future__ import annotations

from typing import ClassVar

from messages.base import Answer, Command, Delivery, Event, Moment, Question, Struct

__all__ = [
    "ChatStateEntry",
    "ChatStateLoaded",
    "LoadChatState",
    "SaveChatState",
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
    unnamed: tuple[str, ...] = ()
    """Ids of others in the channel, of which Discord has not said yet who they are: people or bots. Who watches goes on
    watching; nobody begins."""


class ChatStateEntry(Struct, frozen=True):
    """What a feature of a chat platform remembers under a key."""

    feature: str
    """Name of the feature: live_card, film_night..."""
    key: str
    """Unique within the feature."""
    value: str
    """JSON; only the feature reads it. Empty in a save: the entry is removed."""


class SaveChatState(Command, frozen=True, tag="save_chat_state"):
    """Chat platform -> persistence: keep these entries, in one transaction; the others stay as they are."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    entries: tuple[ChatStateEntry, ...]
    """New, changed and removed entries."""


class ChatStateLoaded(Answer, frozen=True, tag="chat_state_loaded"):
    """Answer to LoadChatState."""

    entries: tuple[ChatStateEntry, ...]
    """Every entry there is, by feature; within one the longest unchanged first."""


class LoadChatState(Question[ChatStateLoaded], frozen=True, tag="load_chat_state", to="persistence"):
    """What do the features of the chat platform remember? Asked at their start."""

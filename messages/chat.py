"""What a chat platform reports about the watched voice channel, and the state that it keeps in the store."""

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
    """When Discord reported this."""
    connected: bool
    """False while the gateway is disconnected: then `members` is only the last known state."""
    members: tuple[VoiceMember, ...]
    """Everybody in the channel who is not a bot; if known, in the order in which they joined."""
    unnamed: tuple[str, ...] = ()
    """Ids of others in the channel that Discord has not described yet: people or bots. Their running watches continue;
    no watch begins for them."""


class ChatStateEntry(Struct, frozen=True):
    """A value that a feature of a chat platform stores under a key."""

    feature: str
    """Name of the feature: live_card, film_night..."""
    key: str
    """Unique within the feature."""
    value: str
    """JSON; only the feature reads it. An empty value in a save removes the entry."""


class SaveChatState(Command, frozen=True, tag="save_chat_state"):
    """Chat platform -> persistence: store these entries, in one transaction; other entries stay unchanged."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    entries: tuple[ChatStateEntry, ...]
    """New, changed and removed entries."""


class ChatStateLoaded(Answer, frozen=True, tag="chat_state_loaded"):
    """Answer to LoadChatState."""

    entries: tuple[ChatStateEntry, ...]
    """All entries, by feature; within a feature, the one that has been unchanged longest comes first."""


class LoadChatState(Question[ChatStateLoaded], frozen=True, tag="load_chat_state", to="persistence"):
    """The stored state of the chat platform's features, which is loaded at their start."""

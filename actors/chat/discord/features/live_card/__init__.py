"""The live card of a film: one message for each screening, edited in place."""

from actors.chat.discord.features.live_card.card_record import CardRecord
from actors.chat.discord.features.live_card.live_cards import LiveCards

__all__ = ["CardRecord", "LiveCards"]

"""The live card of a film: one message for each screening, edited in place."""

from actors.chat.discord.features.live_card.card_record import CardRecord
from actors.chat.discord.features.live_card.edit_pace import EditPace
from actors.chat.discord.features.live_card.live_cards import LiveCards
from actors.chat.discord.features.live_card.rating_buttons import RateButton

__all__ = ["CardRecord", "EditPace", "LiveCards", "RateButton"]

"""What a player does, as a character and as a word."""

from messages import PlayerState
from wording.translation import _, later

_ICONS = {"playing": "▶️", "paused": "⏸️", "buffering": "⏳"}
_NAMES = {"playing": later("playing"), "paused": later("paused"), "buffering": later("buffering")}


def player_state_icon(state: PlayerState) -> str:
    """Return one character for what the player does."""
    return _ICONS.get(state, "▫️")


def player_state_name(state: PlayerState) -> str:
    """Return what the player does in a word."""
    return _(_NAMES.get(state, later("unknown")))

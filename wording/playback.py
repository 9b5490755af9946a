"""A player's state, as a character and as a word."""

from messages import PlayerState
from wording.translation import N_, _

_ICONS = {"playing": "▶️", "paused": "⏸️", "buffering": "⏳"}
_NAMES = {"playing": N_("playing"), "paused": N_("paused"), "buffering": N_("buffering")}


def player_state_icon(state: PlayerState) -> str:
    """Return one character for the player's state."""
    return _ICONS.get(state, "▫️")


def player_state_name(state: PlayerState) -> str:
    """Return a word for the player's state."""
    return _(_NAMES.get(state, N_("unknown")))

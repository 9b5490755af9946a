"""Finds the Discord server of a gateway event, and what may be answered there. Pure."""

import re
from collections.abc import Mapping
from typing import Any

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
"""Types of an interaction."""
_OF_SERVER = re.compile(r"@(0|\d{15,20})$")
"""The end of the custom id of a button that works in a direct message."""


def find_event_guild(event: str, data: Any) -> int:
    """Return the id of an event's server; 0 if it has none, as in direct messages."""
    if not isinstance(data, Mapping):
        return 0
    if event.startswith("GUILD_") and event.removeprefix("GUILD_") in ("CREATE", "UPDATE", "DELETE"):
        return _read_id(data.get("id"))
    if guild_id := _read_id(data.get("guild_id")):
        return guild_id
    custom_id = str(_read_data(data).get("custom_id", ""))
    return (find_button_guild(custom_id) or 0) if event == "INTERACTION_CREATE" else 0


def find_button_guild(custom_id: str) -> int | None:
    """Return the id of the server to whose community a direct message's button belongs; 0 for the environment's.

    Return None if the button does not say so: with several communities it belongs to none.
    """
    named = _OF_SERVER.search(custom_id)
    return int(named[1]) if named else None


def is_stray_button(data: Mapping[str, Any]) -> bool:
    """Tell whether an interaction is with a direct message's button that does not name its server."""
    custom_id = str(_read_data(data).get("custom_id", ""))
    return data.get("type") == COMPONENT and not data.get("guild_id") and find_button_guild(custom_id) is None


def mark_button(custom_id: str, guild_id: int) -> str:
    """Return the custom id of a button that works in a direct message; `guild_id` 0 for the environment's."""
    return f"{custom_id}@{guild_id}"


def is_unserved_interaction(data: Mapping[str, Any], names: frozenset[str], prefix: str) -> bool:
    """Tell whether a server without a community offers this interaction: one of `names`, or a control of theirs.

    `names`: names of commands; `prefix`: beginning of the custom ids of their controls.
    """
    inner = _read_data(data)
    if data.get("type") in (COMMAND, AUTOCOMPLETE):
        return inner.get("name") in names
    return str(inner.get("custom_id", "")).startswith(prefix)


def _read_data(data: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = data.get("data")
    return inner if isinstance(inner, Mapping) else {}


def _read_id(value: Any) -> int:
    return int(value) if isinstance(value, str) and value.isdigit() and len(value) <= 20 else 0

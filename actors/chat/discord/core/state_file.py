"""The state file of the versions before 1.1, `discord.json`: read once, and moved into the store."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foreign_input import InputLimits, parse_json, read_file
from messages import ChatStateEntry

_LIMITS = InputLimits(size=20_000_000, depth=16)


def read_state_file(file: Path, now_s: float, log: logging.Logger) -> list[ChatStateEntry] | None:
    """Return an earlier version's state: empty if there is no such file, None if it cannot be read."""
    try:
        remembered = parse_json(read_file(file, _LIMITS.size), _LIMITS)
        return list(_entries(remembered, now_s))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        log.warning(
            "%s cannot be read (%s): starting without it, an announcement may repeat; it is left as it is", file, error
        )
        return None


def _entries(remembered: dict[str, Any], now_s: float) -> Iterator[ChatStateEntry]:
    if remembered.get("commands"):
        yield _entry("slash_commands", "synced", remembered["commands"])
    for message_id in remembered.get("posted", []):
        yield _entry("announcements", f"posted:{message_id}", {"at_s": now_s})
    if (pending := remembered.get("posting")) is not None:
        yield _entry("announcements", "pending", {"at_s": now_s, "nonce": pending["nonce"], "ids": pending["ids"]})
    for card in remembered.get("cards", []):
        yield _entry("live_card", card["screening_id"], card)
    for night in remembered.get("nights", []):
        yield _entry("film_night", str(night["event_id"]), night)
    if remembered.get("digest_s"):
        yield _entry("weekly_digest", "posted_until", remembered["digest_s"])
    for role_id, members in remembered.get("roles", {}).items():
        yield _entry("top_roles", role_id, members)
    for key, arguments in remembered.get("asked", {}).items():
        yield _entry("pages", key, arguments)
    for mark, until_s in remembered.get("veiled", {}).items():
        yield _entry("hidden_viewers", mark, until_s)


def _entry(feature: str, key: str, value: Any) -> ChatStateEntry:
    return ChatStateEntry(feature, key, json.dumps(value))

"""The label and hint of each setting that a community chooses, and how it is chosen on Discord."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from actors.chat.discord.ui import formatting
from config import DECLARED, PlexServer, Settings, languages
from wording.numbers import format_number
from wording.text import join_names
from wording.translation import N_, _

Kind = Literal["text_channel", "voice_channel", "role", "roles", "choice", "choices", "text", "servers"]
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch"}
"""Names of the languages in the languages themselves; others are shown by their code."""
_SWITCH = {"true": N_("yes"), "false": N_("no")}
_DATE_ORDERS = {"day-month": N_("day first"), "month-day": N_("month first")}
_TYPES = {"movie": N_("films"), "episode": N_("episodes"), "live": N_("live TV")}


class ShownSetting(msgspec.Struct, frozen=True):
    """A setting as people see it."""

    label: str
    """The label in English, marked for translation."""
    kind: Kind = "text"
    hint: str = ""
    """What to type, in English, marked for translation."""
    choices: Callable[[], Mapping[str, str]] = dict
    """Labels of the choices by value; those that are translated are in English."""


def name_languages() -> dict[str, str]:
    """Return the names of Usher's languages in the languages themselves, by code."""
    return {code: LANGUAGE_NAMES.get(code, code) for code in languages()}


SHOWN: dict[str, ShownSetting] = {
    "DISCORD_ANNOUNCE_CHANNEL_ID": ShownSetting(N_("Announcements"), "text_channel"),
    "WATCH_PARTY_VOICE_CHANNEL_ID": ShownSetting(N_("Watch party channel"), "voice_channel"),
    "BOT_LANGUAGE": ShownSetting(N_("Language"), "choice", choices=name_languages),
    "TIMEZONE": ShownSetting(N_("Time zone"), hint=N_("Like Europe/Berlin or America/New_York")),
    "WATCH_PARTY_PLEX_USER": ShownSetting(N_("Party host"), hint=N_("Name of a Plex account")),
    "PLEX_SERVERS": ShownSetting(N_("Plex servers"), "servers"),
    "EXCLUDED_PLEX_USERS": ShownSetting(
        N_("Excluded Plex accounts"), hint=N_("Names of Plex accounts, comma-separated")
    ),
    "IGNORED_ROLE_IDS": ShownSetting(N_("Ignored roles"), "roles"),
    "TRACKED_TYPES": ShownSetting(N_("What counts"), "choices", choices=lambda: _TYPES),
    "WATCHED_PERCENT": ShownSetting(N_("Counts as watched from (percent)"), hint=N_("A number above 0, up to 100")),
    "MIN_WATCH_SECONDS": ShownSetting(N_("Shortest watch that counts (seconds)"), hint=N_("A number from 0 to 86400")),
    "RESUME_WINDOW_HOURS": ShownSetting(N_("Resume a film within (hours)"), hint=N_("A number from 0 to 8760")),
    "GROUP_SYNCHRONOUS_SESSIONS": ShownSetting(
        N_("Same film at the same time counts as one screening"), "choice", choices=lambda: _SWITCH
    ),
    "FILM_NIGHT_ROLE_ID": ShownSetting(N_("Role for film nights"), "role"),
    "TOP_WATCHERS_ROLE_ID": ShownSetting(N_("Role for top watchers"), "role"),
    "TOP_WATCHERS": ShownSetting(N_("How many get that role"), hint=N_("A number from 1 to 25")),
    "SUGGESTIONS_PER_MEMBER": ShownSetting(N_("Suggestions per member"), hint=N_("A number from 1 to 100")),
    "WEEKLY_DIGEST": ShownSetting(N_("Weekly figures"), hint=N_("Like sunday 18:00")),
    "DATE_ORDER": ShownSetting(N_("Dates like 11/12"), "choice", choices=lambda: _DATE_ORDERS),
}
"""The settings in order. One that is missing here is shown by its name, and typed."""


def list_settings() -> list[str]:
    """Return the names of all settings that a community chooses."""
    chosen = [name for name, setting in DECLARED.items() if setting.by_community]
    return [*(name for name in SHOWN if name in chosen), *(name for name in chosen if name not in SHOWN)]


def find_setting(name: str) -> ShownSetting:
    """Return how a setting is shown."""
    return SHOWN.get(name) or ShownSetting(name)


def label_setting(name: str) -> str:
    """Return a setting's label."""
    return _(find_setting(name).label)


def format_value(settings: Settings, name: str) -> str:
    """Return a setting's value, escaped; "" if nothing is chosen."""
    value: Any = getattr(settings, name.lower())
    shown = find_setting(name)
    match shown.kind:
        case "text_channel" | "voice_channel":
            return f"<#{value}>" if value else ""
        case "role":
            return f"<@&{value}>" if value else ""
        case "roles":
            return " ".join(f"<@&{role_id}>" for role_id in value)
        case "choice" | "choices":
            labels = shown.choices()
            values = value if isinstance(value, tuple) else (value,)
            return join_names([_(labels.get(_as_text(each), _as_text(each))) for each in values if each != ""])
        case "servers":
            return join_names([formatting.escape(name_server(server), 60) for server in value])
    if isinstance(value, tuple):
        return join_names([formatting.escape(str(each), 60) for each in value])
    if value == "":
        return ""
    return format_number(value) if isinstance(value, int | float) else formatting.escape(str(value), 100)


def name_server(server: PlexServer) -> str:
    """Return a Plex server's name, or its address if it has no name."""
    return server.name or server.url


def read_text(settings: Settings, name: str) -> str:
    """Return a setting's value as it would be typed."""
    value: Any = getattr(settings, name.lower())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else _as_text(value)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)

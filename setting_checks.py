"""Reads the values of settings: each check takes a text, and returns a value or says what would be right."""

from __future__ import annotations

import ipaddress
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from foreign_input import ForeignInputError, InputLimits, parse_json

MEDIA_TYPES = ("movie", "episode", "live")


class Check(NamedTuple):
    """Reads a value, or says what would be right."""

    read: Callable[[str], Any]
    """Returns the value of a text. Raises ValueError, which says what would be right."""
    takes: str
    """What the value may be, in a few words."""


class WrongValueError(ValueError):
    """A value is wrong; the text says what would be right, to the person who set it."""


class PlexServer(msgspec.Struct, frozen=True, array_like=True):
    """One Plex server: its address and a token of its owner."""

    url: str
    token: str
    """The token; sealed if the server is a further community's."""
    name: str = ""
    """Its name at plex.tv; set only for a further community's server."""
    server_id: str = ""
    """machineIdentifier; set only for a further community's server, to which its token is sealed."""

    def __repr__(self) -> str:
        return f"PlexServer(url={self.url!r}, token=***)"


def url(*schemes: str) -> Check:
    example = f"an address like {schemes[0]}://192.168.1.10:32400"

    def read(raw: str) -> str:
        try:
            parts = urlsplit(raw)
        except ValueError:
            raise WrongValueError(example) from None
        if parts.scheme not in schemes or not parts.hostname:
            raise WrongValueError(example)
        try:
            _ = parts.port
        except ValueError:
            raise WrongValueError("an address with a port between 1 and 65535") from None
        if "@" in parts.netloc:
            raise WrongValueError("an address alone, without a user name or a password in it")
        if "?" in raw or "#" in raw:  # the rest may be a token, and would be shown
            raise WrongValueError("an address alone, without ? or # and what follows")
        return raw.rstrip("/")

    return Check(read, f"an address ({', '.join(schemes)})")


def _read_plex_url(raw: str) -> str:
    address: str = HTTP.read(raw)
    if urlsplit(address).path.casefold().startswith("/web"):
        raise WrongValueError("the server's address alone, like http://192.168.1.10:32400, without Plex Web's /web")
    return address


def _read_token(raw: str) -> str:
    if any(c.isspace() for c in raw) or not raw.isascii():
        raise WrongValueError("the token alone, without spaces or quotes inside")
    return raw


_LONGEST_NUMBER = 20
"""Digits of a whole number at most: enough for 64 bits."""
_SERVERS_LIMITS = InputLimits(size=65_536, depth=4)


def _is_whole_number(raw: str) -> bool:
    return raw.isascii() and raw.isdigit() and len(raw) <= _LONGEST_NUMBER


def _read_snowflake(raw: str) -> int:
    if not _is_whole_number(raw) or not 0 < int(raw) < 2**63:
        raise WrongValueError(
            "a Discord id, digits only (Settings > Advanced > Developer Mode, then right click > Copy ID)"
        )
    return int(raw)


def number(unit: str, low: float, high: float, *, above: bool = False) -> Check:
    what = "a percentage" if unit == "percent" else f"a number of {unit}"
    takes = f"{what} {'above' if above else 'from'} {low:g} up to {high:g}"

    def read(raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            value = math.nan
        if not (low < value if above else low <= value) or not value <= high:
            raise WrongValueError(takes)
        return value

    return Check(read, takes)


def whole_number(unit: str, low: int, high: int) -> Check:
    what = "a percentage" if unit == "percent" else f"a number of {unit}" if unit else "a whole number"
    takes = f"{what} from {low} to {high}"

    def read(raw: str) -> int:
        if not _is_whole_number(raw) or not low <= int(raw) <= high:
            raise WrongValueError(takes)
        return int(raw)

    return Check(read, takes)


def choice(*allowed: str, upper: bool = False) -> Check:
    takes = "one of " + ", ".join(allowed)

    def read(raw: str) -> str:
        value = raw.upper() if upper else raw.lower()
        if value not in allowed:
            raise WrongValueError(takes)
        return value

    return Check(read, takes)


def _read_switch(raw: str) -> bool:
    if raw.lower() not in ("true", "false"):
        raise WrongValueError("true or false")
    return raw.lower() == "true"


def _read_umask(raw: str) -> str:
    if not 1 <= len(raw) <= 4 or not set(raw) <= set("01234567") or int(raw, 8) > 0o777:
        raise WrongValueError("an octal number like 077 (this user alone) or 022 (others may read)")
    return raw


def _split(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def _read_snowflakes(raw: str) -> tuple[int, ...]:
    return tuple(_read_snowflake(part) for part in _split(raw))


def _read_media_types(raw: str) -> tuple[str, ...]:
    values = tuple(value.lower() for value in _split(raw))
    if not values or any(value not in MEDIA_TYPES for value in values):
        raise WrongValueError("a comma-separated list of " + ", ".join(MEDIA_TYPES))
    return values


def _read_weekly(raw: str) -> str:
    import re

    english = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    german = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
    day, _, clock = " ".join(raw.lower().split()).partition(" ")
    day = dict(zip(german, english, strict=True)).get(day, day)
    if day not in english or not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", clock):
        raise WrongValueError("a weekday and a time, like sunday 18:00")
    return f"{day} {clock}"


def languages() -> list[str]:
    """Return the languages of the bot: those that have a catalogue, and English."""
    catalogues = (Path(__file__).resolve().parent / "languages").glob("*/LC_MESSAGES/usher.mo")
    return sorted({"en", *(catalogue.parent.parent.name for catalogue in catalogues)})


def _read_language(raw: str) -> str:
    by_lower_name = {name.lower(): name for name in languages()}
    if raw.lower() not in by_lower_name:
        raise WrongValueError("one of " + ", ".join(languages()))
    return by_lower_name[raw.lower()]


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen at can be reached only from this machine."""
    if host == "127.0.0.1":  # the default, for which ipaddress need not be loaded
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _read_bind(raw: str) -> str:
    try:
        ipaddress.ip_address(raw)
    except ValueError:
        if raw.lower() != "localhost":
            raise WrongValueError("an IP address of this machine, like 127.0.0.1, or 0.0.0.0 for all of them") from None
    return raw.lower()


def _read_networks(raw: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(part, strict=False)) for part in _split(raw))
    except ValueError:
        raise WrongValueError("IP addresses or networks, like 172.18.0.0/16") from None


def _read_origins(raw: str) -> tuple[str, ...]:
    from urllib.parse import urlsplit

    origins = []
    for part in _split(raw):
        parts = urlsplit(part)
        is_plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password)
        is_safe = part.isascii() and not set(part) & set(" ;,'\"*")
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain or not is_safe:
            raise WrongValueError("addresses without a path, like https://club.example")
        origins.append(f"{parts.scheme}://{parts.netloc.lower()}")
    return tuple(origins)


def _read_timezone(raw: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongValueError("a time zone of the IANA list, like Europe/Berlin") from None
    return raw


def _read_database_url(raw: str) -> str:
    if raw.split(":", 1)[0].split("+", 1)[0] not in ("sqlite", "postgresql") or "://" not in raw:
        raise WrongValueError("a database address like postgresql+psycopg://user:password@host/usher")
    if raw.startswith("sqlite") and not raw.partition("://")[2].lstrip("/"):
        raise WrongValueError("a file, like sqlite:////data/usher.db")
    try:
        parts = urlsplit(raw)
        is_clear = parts.port != 0 and parts.netloc.count("@") < 2
    except ValueError:
        is_clear = False
    if not is_clear:
        raise WrongValueError("a host and a port number; in the password write @ : / # ? as %40 %3A %2F %23 %3F")
    return raw


def _get_names(entry: dict[str, object]) -> tuple[object, object]:
    return entry.get("name", ""), entry.get("server_id", "")


def write_servers(servers: Iterable[PlexServer]) -> str:
    """Return the text of PLEX_SERVERS that is read as these servers."""
    listed = [
        {name: value for name, value in msgspec.structs.asdict(server).items() if value or name in ("url", "token")}
        for server in servers
    ]
    return msgspec.json.encode(listed).decode() if listed else ""


def _read_servers(raw: str) -> tuple[PlexServer, ...]:
    shape = 'a JSON list like [{"url": "http://10.0.0.2:32400", "token": "..."}]'
    try:
        listed = parse_json(raw, _SERVERS_LIMITS)
        servers = tuple(
            PlexServer(PLEX.read(entry["url"]), _read_token(entry["token"]), *map(str, _get_names(entry)))
            for entry in listed
        )
    except WrongValueError as wrong:
        raise WrongValueError(f"{shape}, with {wrong}") from None
    except ForeignInputError as error:
        where = f"{error.place}: " if error.place else ""
        raise WrongValueError(f"{shape}; {where}{error.what}, so {error.cure}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WrongValueError(shape) from None
    if not servers or not isinstance(listed, list) or any(not server.token for server in servers):
        raise WrongValueError(shape)
    return servers


def without_tokens(servers: tuple[PlexServer, ...]) -> tuple[PlexServer, ...]:
    return tuple(PlexServer(server.url, "", server.name, server.server_id) for server in servers)


EVENT_NAMES = ("film_started", "film_ended", "night_planned", "badge_earned")
_MOST_WEBHOOKS = 8


def _read_webhook_urls(raw: str) -> tuple[str, ...]:
    shape = "addresses like https://ntfy.example.org/films, separated by spaces"
    urls = tuple(dict.fromkeys(raw.split()))
    for address in urls:
        try:
            parts = urlsplit(address)
            is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_right = False
        if not is_right or parts.fragment or not address.isascii():
            raise WrongValueError(shape)
    if len(urls) > _MOST_WEBHOOKS:
        raise WrongValueError(f"at most {_MOST_WEBHOOKS} addresses")
    return urls


def without_addresses(urls: tuple[str, ...]) -> tuple[str, ...]:
    """Return an empty text for each address, so that only their number can be seen."""
    return ("",) * len(urls)


def _read_signing_key(raw: str) -> str:
    import base64
    import binascii

    try:
        key = base64.b64decode(raw.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise WrongValueError("24 to 64 bytes in base64, like the output of: openssl rand -base64 32")
    return raw


def _read_event_names(raw: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.lower() for name in _split(raw)))
    if not names or any(name not in EVENT_NAMES for name in names):
        raise WrongValueError("a comma-separated list of " + ", ".join(EVENT_NAMES))
    return names


KEY_BYTES = 32


def _read_keys(raw: str) -> tuple[str, ...]:
    import base64

    keys = _split(raw)
    for key in keys:
        try:
            is_key = len(base64.b64decode(key, validate=True)) == KEY_BYTES
        except ValueError:
            is_key = False
        if not is_key:
            raise WrongValueError(f"keys of {KEY_BYTES} bytes in base64, as 'python run.py communities key' makes them")
    return keys


def count_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return an empty text for each key, so that only their number can be seen."""
    return ("",) * len(keys)


KEYS = Check(_read_keys, "keys in base64")
HTTP, WEBSOCKET = url("http", "https"), url("ws", "wss")
PLEX, FOLDER = Check(_read_plex_url, HTTP.takes), Check(os.path.expanduser, "folder")
TOKEN = Check(_read_token, "a token")
SNOWFLAKE, SNOWFLAKES = Check(_read_snowflake, "a Discord id"), Check(_read_snowflakes, "Discord ids")
SWITCH = Check(_read_switch, "true or false")
UMASK = Check(_read_umask, "an octal number")
TEXT, NAMES = Check(str, "text"), Check(_split, "names")
TYPES, WEEKLY = Check(_read_media_types, "media types"), Check(_read_weekly, "a weekday and a time")
ORIGINS = Check(_read_origins, "addresses without a path")
BIND, NETWORKS = Check(_read_bind, "an IP address"), Check(_read_networks, "IP addresses or networks")
LANGUAGE, ZONE = Check(_read_language, "a language code"), Check(_read_timezone, "a time zone of the IANA list")
DATABASE, SERVERS = Check(_read_database_url, "a database address"), Check(_read_servers, "a JSON list")
WEBHOOK_URLS, SIGNING_KEY = Check(_read_webhook_urls, "addresses (http, https)"), Check(_read_signing_key, "base64")
WEBHOOK_EVENTS = Check(_read_event_names, "names of events")


_LONGEST_FOLDER = 450
"""Bytes of a folder's path at most: SQLite opens no file whose path has more than 500."""


def find_folder_fault(folder: Path) -> tuple[str, str] | None:
    """Return why a folder cannot be used because of its path, and what to do, or None if no reason is known."""
    try:
        length = max(len(os.fsencode(path)) for path in (folder.absolute(), os.path.realpath(folder)))
        if length > _LONGEST_FOLDER:
            return f"is a path of {length} bytes", f"name one of at most {_LONGEST_FOLDER}: SQLite opens no longer one."
        if folder.exists():
            return None if folder.is_dir() else ("is a file", "name a folder.")
        links = [path for path in (folder, *folder.parents) if path.is_symlink() and not path.exists()]
    except (OSError, ValueError) as error:
        return f"is no path ({getattr(error, 'strerror', None) or error})", "name a folder with a shorter name."
    if not links:
        return None
    link = links[-1]
    return f"is not there: {link} is a link to {link.readlink()}", "mount or make that, or name another folder."

"""Every setting of Usher, declared once: type, unit, default, check, and what to do where it is wrong.

Settings come from the environment or from a `.env` file (the environment wins); FILE__NAME names a file
that holds the value of NAME. Nothing is read at import.

Every actor's process gets `Settings` ready-made, so what only the reading of them needs is imported there: it would
cost each process 1 MB.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

MEDIA_TYPES = ("movie", "episode", "live")


class PlexServer(msgspec.Struct, frozen=True, array_like=True):
    """One Plex server: its address and a token of its owner."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"PlexServer(url={self.url!r}, token=***)"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, checked. Its repr shows no secret."""

    plex_url: str = ""
    plex_token: str = ""
    discord_token: str = ""
    discord_guild_id: int = 0
    discord_announce_channel_id: int = 0
    watch_party_voice_channel_id: int = 0
    watch_party_plex_user: str = ""
    excluded_plex_users: tuple[str, ...] = ()
    auto_save_interval_minutes: float = 5.0
    plex_poll_seconds: float = 10.0
    end_grace_seconds: float = 30.0
    ghost_after_seconds: float = 60.0
    ghost_end_seconds: float = 300.0
    position_slack_seconds: float = 20.0
    watched_percent: float = 80.0
    min_watch_seconds: float = 60.0
    resume_window_hours: float = 24.0
    tracked_types: tuple[str, ...] = ("movie", "episode")
    timezone: str = "UTC"
    data_dir: str = "data"
    database_url: str = ""
    health_interval_seconds: float = 30.0
    backup_interval_hours: float = 24.0
    backup_keep: int = 7
    log_level: str = "INFO"
    log_format: str = "text"
    ignored_role_ids: tuple[int, ...] = ()
    top_watchers_role_id: int = 0
    top_watchers: int = 3
    weekly_digest: str = ""
    bot_language: str = "en"
    discord_api_url: str = ""
    discord_gateway_url: str = ""
    plex_tv_url: str = "https://plex.tv"
    plex_servers: tuple[PlexServer, ...] = ()

    def __repr__(self) -> str:
        shown = (
            f"{name}={'***' if name in SECRET_FIELDS and value else repr(value)}"
            for name, value in ((f, getattr(self, f)) for f in self.__struct_fields__)
        )
        return f"Settings({', '.join(shown)})"

    @property
    def servers(self) -> tuple[PlexServer, ...]:
        """Every Plex server: the one of PLEX_URL first, then those of PLEX_SERVERS."""
        first = (PlexServer(self.plex_url, self.plex_token),) if self.plex_url else ()
        return first + self.plex_servers

    @property
    def store_url(self) -> str:
        """Where the store of record is, as SQLAlchemy writes it."""
        return self.database_url or f"sqlite:///{Path(self.data_dir).absolute() / 'usher.db'}"

    def secrets(self) -> tuple[str, ...]:
        """Every value that must appear in no log, message or file."""
        parts = urlsplit(self.database_url)
        passwords = (parts.password or "", unquote(parts.password or ""), *parse_qs(parts.query).get("password", ()))
        found = (self.discord_token, *passwords, *(server.token for server in self.servers))
        return tuple(dict.fromkeys(value for value in found if value))


SECRET_FIELDS = frozenset({"plex_token", "discord_token", "database_url", "plex_servers"})


class SettingsError(ValueError):
    """Some settings are missing or wrong; `problems` has a line for each, with its cure.

    `readable` has those that are right, and the defaults for the others, so that they can still be checked.
    """

    def __init__(self, problems: list[str], readable: Settings | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.readable = readable or Settings()


class _WrongError(ValueError):
    """What would be right, said to the person who set it."""


class Setting(NamedTuple):
    """How one variable is read: its help, its reader, and whether the service can run without it."""

    name: str
    help: str
    read: Callable[[str], Any]
    required: bool = False

    @property
    def field(self) -> str:
        """Its name in `Settings`."""
        return self.name.lower()


def _url(*schemes: str) -> Callable[[str], str]:
    def read(raw: str) -> str:
        try:
            parts = urlsplit(raw)
        except ValueError:
            raise _WrongError(f"an address like {schemes[0]}://192.168.1.10:32400") from None
        if parts.scheme not in schemes or not parts.hostname:
            raise _WrongError(f"an address like {schemes[0]}://192.168.1.10:32400")
        try:
            _ = parts.port
        except ValueError:
            raise _WrongError("an address with a port between 1 and 65535") from None
        if "@" in parts.netloc:
            raise _WrongError("an address alone, without a user name or a password in it")
        return raw.rstrip("/")

    return read


def _token(raw: str) -> str:
    if any(c.isspace() for c in raw) or not raw.isascii():
        raise _WrongError("the token alone, without spaces or quotes inside")
    return raw


def _snowflake(raw: str) -> int:
    if not raw.isascii() or not raw.isdigit() or not 0 < int(raw) < 2**63:
        raise _WrongError(
            "a Discord id, digits only (Settings > Advanced > Developer Mode, then right click > Copy ID)"
        )
    return int(raw)


def _snowflakes(raw: str) -> tuple[int, ...]:
    return tuple(_snowflake(part) for part in _names(raw))


def _number(low: float, high: float, unit: str, *, above: bool = False) -> Callable[[str], float]:
    def read(raw: str) -> float:
        try:
            value = float(raw)
        except ValueError:
            value = math.nan
        if not (low < value if above else low <= value) or not value <= high:
            raise _WrongError(f"a number of {unit} {'above' if above else 'from'} {low:g} up to {high:g}")
        return value

    return read


def _count(low: int, high: int, unit: str) -> Callable[[str], int]:
    def read(raw: str) -> int:
        if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
            raise _WrongError(f"a whole number of {unit} from {low} to {high}")
        return int(raw)

    return read


def _choice(*allowed: str, upper: bool = False) -> Callable[[str], str]:
    def read(raw: str) -> str:
        value = raw.upper() if upper else raw.lower()
        if value not in allowed:
            raise _WrongError("one of " + ", ".join(allowed))
        return value

    return read


def _names(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def _media_types(raw: str) -> tuple[str, ...]:
    values = tuple(value.lower() for value in _names(raw))
    if not values or any(value not in MEDIA_TYPES for value in values):
        raise _WrongError("a comma-separated list of " + ", ".join(MEDIA_TYPES))
    return values


def _weekly(raw: str) -> str:
    import re

    days = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    value = " ".join(raw.lower().split())
    if not re.fullmatch(rf"({days}) ([01]?\d|2[0-3]):[0-5]\d", value):
        raise _WrongError("a weekday and a time, like sunday 18:00")
    return value


def languages() -> list[str]:
    """The languages in which the bot can speak: those that have a catalogue, and English."""
    catalogues = (Path(__file__).resolve().parent / "languages").glob("*/LC_MESSAGES/usher.mo")
    return sorted({"en", *(found.parent.parent.name for found in catalogues)})


def _language(raw: str) -> str:
    known = {name.lower(): name for name in languages()}
    if raw.lower() not in known:
        raise _WrongError("one of " + ", ".join(languages()))
    return known[raw.lower()]


def _timezone(raw: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _WrongError("a time zone of the IANA list, like Europe/Berlin") from None
    return raw


def _database(raw: str) -> str:
    if raw.split(":", 1)[0].split("+", 1)[0] not in ("sqlite", "postgresql") or "://" not in raw:
        raise _WrongError("a database address like postgresql+psycopg://user:password@host/usher")
    if raw.startswith("sqlite") and not raw.partition("://")[2].lstrip("/"):
        raise _WrongError("a file, like sqlite:////data/usher.db")
    try:
        parts = urlsplit(raw)
        is_clear = parts.port != 0 and parts.netloc.count("@") < 2
    except ValueError:
        is_clear = False
    if not is_clear:
        raise _WrongError("a host and a port number; in the password write @ : / # ? as %40 %3A %2F %23 %3F")
    return raw


def _servers(raw: str) -> tuple[PlexServer, ...]:
    import json

    shape = 'a JSON list like [{"url": "http://10.0.0.2:32400", "token": "..."}]'
    try:
        listed = json.loads(raw)
        servers = tuple(PlexServer(_url("http", "https")(entry["url"]), _token(entry["token"])) for entry in listed)
    except _WrongError as wrong:
        raise _WrongError(f"{shape}, with {wrong}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _WrongError(shape) from None
    if not servers or not isinstance(listed, list) or any(not server.token for server in servers):
        raise _WrongError(shape)
    return servers


DECLARED: tuple[Setting, ...] = (
    Setting("PLEX_URL", "address of the Plex server", _url("http", "https"), required=True),
    Setting("PLEX_TOKEN", "X-Plex-Token of the server's owner", _token, required=True),
    Setting("DISCORD_TOKEN", "bot's token (Developer Portal > Bot > Reset Token)", _token, required=True),
    Setting("DISCORD_GUILD_ID", "id of the Discord server", _snowflake, required=True),
    Setting("DISCORD_ANNOUNCE_CHANNEL_ID", "id of the channel for announcements", _snowflake, required=True),
    Setting("WATCH_PARTY_VOICE_CHANNEL_ID", "id of the voice or stage channel of watch parties", _snowflake),
    Setting("WATCH_PARTY_PLEX_USER", "Plex account that hosts them", str),
    Setting("EXCLUDED_PLEX_USERS", "Plex accounts kept out of statistics, comma-separated", _names),
    Setting("IGNORED_ROLE_IDS", "ids of roles whose members are no viewers, comma-separated", _snowflakes),
    Setting("AUTO_SAVE_INTERVAL_MINUTES", "how often to save while anybody watches", _number(0.001, 1440, "minutes")),
    Setting("PLEX_POLL_SECONDS", "how often to ask Plex", _number(0.05, 3600, "seconds")),
    Setting("END_GRACE_SECONDS", "absence after which a watch has ended", _number(0, 86400, "seconds")),
    Setting("GHOST_AFTER_SECONDS", "standstill after which playing no longer counts",
            _number(0, 86400, "seconds", above=True)),
    Setting("GHOST_END_SECONDS", "standstill after which the watch ends", _number(0, 86400, "seconds", above=True)),
    Setting("POSITION_SLACK_SECONDS", "tolerance for clients that report late", _number(0, 600, "seconds")),
    Setting("WATCHED_PERCENT", "share of a film that completes it", _number(0, 100, "percent", above=True)),
    Setting("MIN_WATCH_SECONDS", "shortest watch that counts", _number(0, 86400, "seconds")),
    Setting("RESUME_WINDOW_HOURS", "time within which a film can be gone on with", _number(0, 8760, "hours")),
    Setting("TRACKED_TYPES", "what counts: movie, episode, live", _media_types),
    Setting("TIMEZONE", "zone in which days begin", _timezone),
    Setting("DATA_DIR", "folder for everything that is kept", str),
    Setting("DATABASE_URL", "another store than SQLite in DATA_DIR", _database),
    Setting("HEALTH_INTERVAL_SECONDS", "how often to write the health log", _number(0.05, 86400, "seconds")),
    Setting("BACKUP_INTERVAL_HOURS", "how often to back up; 0 for never", _number(0, 8760, "hours")),
    Setting("BACKUP_KEEP", "how many scheduled backups to keep", _count(1, 1000, "backups")),
    Setting("LOG_LEVEL", "how much to log", _choice("DEBUG", "INFO", "WARNING", "ERROR", upper=True)),
    Setting("LOG_FORMAT", "text or json", _choice("text", "json")),
    Setting("TOP_WATCHERS_ROLE_ID", "id of a role for those who watched most of late", _snowflake),
    Setting("TOP_WATCHERS", "how many get that role", _count(1, 25, "members")),
    Setting("WEEKLY_DIGEST", "when to post the week's figures, like sunday 18:00", _weekly),
    Setting("BOT_LANGUAGE", "language in which the bot speaks on Discord", _language),
    Setting("DISCORD_API_URL", "another Discord API, for tests", _url("http", "https")),
    Setting("DISCORD_GATEWAY_URL", "another Discord gateway, for tests", _url("ws", "wss")),
    Setting("PLEX_TV_URL", "another plex.tv, for tests", _url("http", "https")),
    Setting("PLEX_SERVERS", "more Plex servers, a JSON list of url and token", _servers),
)  # fmt: skip


def reader(name: str) -> Callable[[str], Any]:
    """What reads and checks the setting of that name; it raises ValueError with what would be right."""
    return next(setting.read for setting in DECLARED if setting.name == name)


def load_settings(environ: Mapping[str, str], dotenv_path: Path | None = None, *, for_service: bool = True) -> Settings:
    """Read and check every setting; raise SettingsError with all problems at once.

    `dotenv_path` names a `.env` file that may be missing. Values in `environ` win over it. An empty value
    counts as not set. Without `for_service`, what only the running service needs may be missing.
    """
    raw, problems = _gather(environ, dotenv_path)
    values: dict[str, Any] = {}
    for setting in DECLARED:
        text = raw.get(setting.name, "").strip()
        if not text:
            if for_service and _is_missed(setting, raw, problems):
                problems.append(f"{setting.name} is missing: set it to the {setting.help}.")
            continue
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            problems.append(f"{setting.name} is in quotes: write it without them, as docker's --env-file keeps them.")
            continue
        try:
            values[setting.field] = setting.read(text)
        except _WrongError as wrong:
            problems.append(f"{setting.name} is wrong{_quoted(setting, text)}: it takes {wrong}.")
    problems += _contradictions(values)
    if problems:
        raise SettingsError(problems, Settings(**values))
    return Settings(**values)


def _is_missed(setting: Setting, raw: Mapping[str, str], problems: list[str]) -> bool:
    covered = setting.name in ("PLEX_URL", "PLEX_TOKEN") and raw.get("PLEX_SERVERS")
    is_told = any(problem.startswith(f"FILE__{setting.name} ") for problem in problems)
    return setting.required and not covered and not is_told


def _gather(environ: Mapping[str, str], dotenv_path: Path | None) -> tuple[dict[str, str], list[str]]:
    """All raw values, the later source winning: .env, files named by FILE__NAME (secrets), environment."""
    found: dict[str, str] = {}
    if dotenv_path is not None and dotenv_path.is_dir():  # Docker makes one where the file to be mounted is not there
        return dict(environ), [f"{dotenv_path} is a folder: take it away, and put the file with the settings there."]
    if dotenv_path is not None and dotenv_path.is_file():
        from dotenv import dotenv_values

        try:
            found = {k: v for k, v in dotenv_values(dotenv_path, interpolate=False).items() if v is not None}
        except (OSError, UnicodeDecodeError) as error:
            return {}, [f"{dotenv_path} cannot be read ({_why(error)}): make it a UTF-8 file that this user may read."]
    found.update(environ)
    problems = []
    for setting in DECLARED:
        path = found.get(f"FILE__{setting.name}")
        if not path or found.get(setting.name):
            continue
        try:
            found[setting.name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = f"FILE__{setting.name} names {path}, which cannot be read ({_why(error)})"
            problems.append(f"{reason}: make it a UTF-8 file that this user may read.")
    return found, problems


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "it is not UTF-8"


def _quoted(setting: Setting, text: str) -> str:
    if setting.field in SECRET_FIELDS:
        return ""
    text = f"***@{text.rpartition('@')[2]}" if "@" in text else text  # before an @ there may be a password
    return f" ({text if len(text) <= 60 else text[:57] + '...'!r})"


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    problems = []
    after = values.get("ghost_after_seconds", Settings().ghost_after_seconds)
    end = values.get("ghost_end_seconds", Settings().ghost_end_seconds)
    if end < after:
        problems.append(
            f"GHOST_END_SECONDS ({end:g}) is below GHOST_AFTER_SECONDS ({after:g}): make it at least as long."
        )
    data_dir = Path(values.get("data_dir", "data"))
    if data_dir.exists() and not data_dir.is_dir():
        problems.append(f"DATA_DIR ({data_dir}) is a file: name a folder.")
    return problems

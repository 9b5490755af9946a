"""All settings of Usher. Each line of `Settings` is a setting: type, default, help, check, and the actors that get it.

Settings come from the environment or from a `.env` file (the environment wins); FILE__NAME names a file that contains
the value of NAME. Nothing is read at import.

Every actor's process gets its share of `Settings` already read, so modules that only reading needs are imported in the
functions: they would cost each process 1 MB.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

import setting_checks as check
from foreign_input import ForeignInputError, read_text
from setting_checks import Check, PlexServer, WrongValueError, languages, write_servers

__all__ = [
    "COMMUNITIES_DIR",
    "DECLARED",
    "SCHEMA_PARAMETER",
    "Group",
    "PlexServer",
    "Setting",
    "Settings",
    "SettingsError",
    "check_value",
    "languages",
    "load_settings",
    "write_servers",
]


class Group(enum.Enum):
    """Who gets a setting. The launcher has all settings; `actors/registry.py` says which groups an actor gets."""

    EVERYBODY = "every actor"
    PLEX = "Plex"
    DISCORD = "Discord"
    TRACKING = "tracker, Plex, Discord, store, web"
    STORE = "store"
    WEB = "web"
    WEBHOOKS = "webhooks"
    LAUNCHER = "launcher"


class Setting(NamedTuple):
    """The declaration of a setting, beside its type and its default."""

    group: Group
    help: str
    check: Check
    required: bool = False
    """Whether the service cannot run without it."""
    is_secret: bool = False
    public_part: Callable[[Any], Any] | None = None
    """Returns the part of a secret that everybody may know; None if there is no such part."""
    by_community: bool = False
    """Whether each community chooses it for itself; the operator sets the others for all."""
    is_inherited: bool = True
    """Whether a community that does not choose it has the operator's value. Otherwise it has the default, for the setting
    names something of one Discord server, or posts something."""


_everybody, _plex, _discord, _tracking, _store, _web, _webhooks, _launcher = (
    functools.partial(Setting, group) for group in Group
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, checked. Its repr shows no secret."""

    # fmt: off
    plex_url: Annotated[str, _everybody("address of the Plex server", check.PLEX, required=True)] = ""
    plex_token: Annotated[str, _plex("X-Plex-Token of the server's owner", check.TOKEN, required=True, is_secret=True)] = ""
    discord_token: Annotated[str, _discord("bot's token (Developer Portal > Bot > Reset Token)", check.TOKEN, required=True, is_secret=True)] = ""
    discord_guild_id: Annotated[int, _everybody("id of the Discord server", check.SNOWFLAKE, required=True)] = 0
    discord_announce_channel_id: Annotated[int, _discord("id of the channel for announcements", check.SNOWFLAKE, required=True, by_community=True, is_inherited=False)] = 0
    watch_party_voice_channel_id: Annotated[int, _discord("id of the voice or stage channel of watch parties", check.SNOWFLAKE, by_community=True, is_inherited=False)] = 0
    watch_party_plex_user: Annotated[str, _tracking("Plex account that hosts watch parties", check.TEXT, by_community=True, is_inherited=False)] = ""
    excluded_plex_users: Annotated[tuple[str, ...], _tracking("Plex accounts kept out of statistics, comma-separated", check.NAMES, by_community=True, is_inherited=False)] = ()
    ignored_role_ids: Annotated[tuple[int, ...], _discord("ids of roles whose members don't count as viewers, comma-separated", check.SNOWFLAKES, by_community=True, is_inherited=False)] = ()
    auto_save_interval_minutes: Annotated[float, _everybody("how often to save while somebody watches", check.number("minutes", 0.001, 1440))] = 5.0
    plex_poll_seconds: Annotated[float, _tracking("how often to ask Plex what is playing", check.number("seconds", 0.05, 3600))] = 10.0
    end_grace_seconds: Annotated[float, _tracking("how long a session may be gone before its watch ends", check.number("seconds", 0, 86400))] = 30.0
    ghost_after_seconds: Annotated[float, _tracking("how long a playing session may stand still before it stops counting", check.number("seconds", 0, 86400, above=True))] = 60.0
    ghost_end_seconds: Annotated[float, _tracking("how long it may stand still before its watch ends", check.number("seconds", 0, 86400, above=True))] = 300.0
    position_slack_seconds: Annotated[float, _tracking("tolerance for players that report their position late", check.number("seconds", 0, 600))] = 20.0
    watched_percent: Annotated[float, _tracking("how much of a film counts as finished", check.number("percent", 0, 100, above=True), by_community=True)] = 80.0
    min_watch_seconds: Annotated[float, _tracking("shortest watch that counts in statistics", check.number("seconds", 0, 86400), by_community=True)] = 60.0
    resume_window_hours: Annotated[float, _tracking("how long a film can be resumed as the same watch", check.number("hours", 0, 8760), by_community=True)] = 24.0
    tracked_types: Annotated[tuple[str, ...], _tracking("what counts: movie, episode, live", check.TYPES, by_community=True)] = ("movie", "episode")
    group_synchronous_sessions: Annotated[bool, _tracking("whether accounts that play the same film at the same time count as one screening", check.SWITCH, by_community=True)] = True
    timezone: Annotated[str, _everybody("time zone in which days begin", check.ZONE, by_community=True)] = "UTC"
    data_dir: Annotated[str, _everybody("folder for everything that Usher stores", check.FOLDER)] = "data"
    umask: Annotated[str, _launcher("umask of Usher's files; 077: only this user can read them", check.UMASK)] = "077"
    database_url: Annotated[str, _store("address of a PostgreSQL database, instead of SQLite in DATA_DIR", check.DATABASE, is_secret=True)] = ""
    health_interval_seconds: Annotated[float, _launcher("how often to write the health log", check.number("seconds", 0.05, 86400))] = 30.0
    memory_limit_percent: Annotated[int, _launcher("memory limit of each actor's process, relative to the built-in one; 0 for no limit", check.whole_number("percent", 0, 10_000))] = 100
    backup_interval_hours: Annotated[float, _store("how often to back up; 0 for never", check.number("hours", 0, 8760))] = 24.0
    backup_keep: Annotated[int, _store("how many scheduled backups to keep", check.whole_number("backups", 1, 1000))] = 7
    log_level: Annotated[str, _everybody("how much to log", check.choice("DEBUG", "INFO", "WARNING", "ERROR", upper=True))] = "INFO"
    log_format: Annotated[str, _everybody("text or json", check.choice("text", "json"))] = "text"
    top_watchers_role_id: Annotated[int, _discord("id of a role for the top watchers of the last 30 days", check.SNOWFLAKE, by_community=True, is_inherited=False)] = 0
    top_watchers: Annotated[int, _discord("how many members get that role", check.whole_number("members", 1, 25), by_community=True)] = 3
    film_night_role_id: Annotated[int, _discord("id of a role to mention before film nights; members take it with a button", check.SNOWFLAKE, by_community=True, is_inherited=False)] = 0
    suggestions_per_member: Annotated[int, _discord("how many films one member may have on the list", check.whole_number("films", 1, 100), by_community=True)] = 5
    weekly_digest: Annotated[str, _discord("when to post the week's figures, like sunday 18:00", check.WEEKLY, by_community=True, is_inherited=False)] = ""
    bot_language: Annotated[str, _everybody("language in which the bot speaks on Discord", check.LANGUAGE, by_community=True)] = "en"
    web_port: Annotated[int, _everybody("port of the web page; empty for none", check.whole_number("", 1, 65535))] = 0
    web_bind: Annotated[str, _everybody("address that the page listens on; any but 127.0.0.1 needs WEB_ACCESS=members or public", check.BIND)] = "127.0.0.1"
    web_url: Annotated[str, _everybody("address at which people open the page, if a proxy is in front of it", check.HTTP)] = ""
    web_access: Annotated[str, _everybody("who may read the page: local (anyone on this machine), members (who sign in) or public (everyone, without names)", check.choice("local", "members", "public"))] = "local"
    web_metrics_token: Annotated[str, _web("token with which Prometheus may read /metrics from another machine (Authorization: Bearer)", check.TOKEN, is_secret=True)] = ""
    web_trusted_proxies: Annotated[tuple[str, ...], _web("addresses or networks of proxies whose X-Forwarded-* headers count, comma-separated", check.NETWORKS)] = ()
    web_embed_origins: Annotated[tuple[str, ...], _web("web sites that may embed /embed/tonight, comma-separated", check.ORIGINS)] = ()
    discord_client_id: Annotated[int, _everybody("client id of the bot's application, for signing in to the page with Discord", check.SNOWFLAKE)] = 0
    discord_client_secret: Annotated[str, _discord("its client secret (Developer Portal > OAuth2)", check.TOKEN, is_secret=True)] = ""
    webhook_urls: Annotated[tuple[str, ...], _webhooks("addresses to which events are posted, separated by spaces (docs/webhooks.md)", check.WEBHOOK_URLS, is_secret=True, public_part=check.without_addresses)] = ()
    webhook_secret: Annotated[str, _webhooks("key that signs the events, in base64, like the output of openssl rand -base64 32", check.SIGNING_KEY, is_secret=True)] = ""
    webhook_events: Annotated[tuple[str, ...], _webhooks("which events are posted: film_started, film_ended, night_planned, badge_earned", check.WEBHOOK_EVENTS)] = check.EVENT_NAMES
    date_order: Annotated[str, _discord("what comes first in a date like 11/12: day-month or month-day; if empty, Usher asks", check.choice("day-month", "month-day"), by_community=True)] = ""
    discord_api_url: Annotated[str, _everybody("another Discord API, for tests", check.HTTP)] = ""
    discord_gateway_url: Annotated[str, _discord("another Discord gateway, for tests", check.WEBSOCKET)] = ""
    plex_tv_url: Annotated[str, _plex("another plex.tv, for tests", check.HTTP)] = "https://plex.tv"
    usher_keys: Annotated[tuple[str, ...], _plex("keys that encrypt the Plex tokens of further communities, comma-separated: the first encrypts, all decrypt (docs/communities.md)", check.KEYS, is_secret=True, public_part=check.count_keys)] = ()
    max_communities: Annotated[int, _store("how many further Discord servers may have a community", check.whole_number("communities", 0, 10_000))] = 100
    allow_private_plex: Annotated[bool, _plex("whether Plex servers of further communities may have addresses of a private network", check.SWITCH)] = False
    plex_servers: Annotated[tuple[PlexServer, ...], _plex("more Plex servers, a JSON list of url and token", check.SERVERS, is_secret=True, public_part=check.without_tokens, by_community=True, is_inherited=False)] = ()
    # fmt: on

    def __repr__(self) -> str:
        shown = (
            f"{setting}={'***' if DECLARED[setting.upper()].is_secret and value else repr(value)}"
            for setting, value in msgspec.structs.asdict(self).items()
        )
        return f"Settings({', '.join(shown)})"

    @property
    def servers(self) -> tuple[PlexServer, ...]:
        """All Plex servers: first the one in PLEX_URL, then those in PLEX_SERVERS."""
        first = (PlexServer(self.plex_url, self.plex_token),) if self.plex_url else ()
        return first + self.plex_servers

    @property
    def page_url(self) -> str:
        """Address at which people open the web page, without a slash at its end."""
        host = f"[{self.web_bind}]" if ":" in self.web_bind else self.web_bind
        return self.web_url or f"http://{host}:{self.web_port}"

    @property
    def store_url(self) -> str:
        """Address of the store, as SQLAlchemy writes it."""
        # A folder's name may contain characters that have a meaning in an address.
        file = str(Path(self.data_dir).absolute() / "usher.db")
        return self.database_url or "sqlite:///" + quote(file, safe="/:\\ ")

    def secrets(self) -> tuple[str, ...]:
        """Return every value that must not appear in any log, message or file."""
        parts = urlsplit(self.database_url)
        passwords = (parts.password or "", unquote(parts.password or ""), *parse_qs(parts.query).get("password", ()))
        # A password that is also a name, like "usher", is masked only in the place of the password: elsewhere that
        # would make paths and addresses unreadable.
        names = (self.data_dir, "usher", parts.username or "", parts.hostname or "", parts.path)
        public = " ".join(names).lower()
        hidden = [
            form
            for password in filter(None, passwords)
            for form in ((f":{password}@", f"password={password}") if password.lower() in public else (password,))
        ]
        tokens = (server.token for server in self.servers)
        values = (
            self.discord_token,
            self.discord_client_secret,
            self.web_metrics_token,
            *hidden,
            *tokens,
            *self._webhook_secrets(),
        )
        values += self.usher_keys
        return tuple(dict.fromkeys(value for value in values if value))

    def for_community(self, guild_id: str, chosen: Mapping[str, str]) -> Settings:
        """Return the settings of a further community: the operator's, and those that it has `chosen`, by name.

        A setting that it may choose but has not chosen has the operator's value, or the default if `is_inherited` is
        False. A choice that is not valid (any more) is ignored. Of the operator's secrets it gets only the database's
        address and the keys.
        """
        values: dict[str, Any] = {"discord_guild_id": int(guild_id), "plex_url": "", "web_port": 0}
        values["data_dir"] = str(Path(self.data_dir) / COMMUNITIES_DIR / guild_id)
        if not self.database_url.startswith("postgresql"):
            values["database_url"] = ""  # the store is a file in the community's folder
        else:
            joint = "&" if "?" in self.database_url else "?"
            values["database_url"] = f"{self.database_url}{joint}{SCHEMA_PARAMETER}=community_{guild_id}"
        for name, setting in DECLARED.items():
            is_operators_own = setting.is_secret and name not in ("DATABASE_URL", "USHER_KEYS")
            if is_operators_own or not setting.is_inherited:
                values[name.lower()] = _DEFAULTS[name.lower()]
            if setting.by_community and (text := chosen.get(name, "").strip()):
                with contextlib.suppress(WrongValueError):
                    values[name.lower()] = setting.check.read(text)
        return msgspec.structs.replace(self, **values)

    def _webhook_secrets(self) -> Iterator[str]:
        """Yield the secret parts of the webhooks: whoever knows a whole address may post there."""
        yield self.webhook_secret
        for url in self.webhook_urls:
            parts = urlsplit(url)
            yield url
            yield parts.password or ""
            if len(parts.path) > 1:
                yield url.partition(parts.netloc)[2]
            yield parts.query

    @property
    def community(self) -> str:
        """The further community whose settings these are, as `for_community` made them; "" for the environment's."""
        folder = Path(self.data_dir)
        is_further = folder.parent.name == COMMUNITIES_DIR and folder.name == str(self.discord_guild_id)
        return folder.name if is_further else ""

    @property
    def installation_dir(self) -> Path:
        """The data folder of the whole installation, which contains the launcher's lock."""
        return Path(self.data_dir).parent.parent if self.community else Path(self.data_dir)

    def share(self, groups: frozenset[Group]) -> Settings:
        """Return the settings with only those of `groups` and of everybody; all others have their defaults."""
        values: dict[str, Any] = {}
        for name, setting in DECLARED.items():
            value = getattr(self, name.lower())
            if setting.group is Group.EVERYBODY or setting.group in groups:
                values[name.lower()] = value
            elif setting.public_part is not None:
                values[name.lower()] = setting.public_part(value)
        return Settings(**values)


DECLARED: dict[str, Setting] = {
    name.upper(): hint.__metadata__[0] for name, hint in get_type_hints(Settings, include_extras=True).items()
}
"""All settings, by the name of the variable."""
_DEFAULTS: dict[str, Any] = msgspec.structs.asdict(Settings())
SCHEMA_PARAMETER = "usher_schema"
"""The parameter in a PostgreSQL store's address that names the schema of a further community."""
COMMUNITIES_DIR = "communities"
"""Folder in DATA_DIR with a folder for each further community."""


_MAKE_READABLE = "make it a UTF-8 file that this user may read."
_LARGEST_FILE = 1_000_000
"""Bytes of a file with settings at most."""


class SettingProblem(str):
    """One line about a wrong setting: what is wrong, and after a colon what to do."""

    def __new__(cls, what: str, cure: str) -> SettingProblem:
        """Join both into the line."""
        line = super().__new__(cls, f"{what}: {cure}")
        line.what, line.cure = what, cure
        return line

    what: str
    cure: str


class SettingsError(ValueError):
    """Some settings are missing or wrong; `problems` has a line for each, with its cure.

    `readable` has the valid ones, and the defaults of the others, so that they can still be checked.
    """

    def __init__(self, problems: list[SettingProblem], readable: Settings | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.readable = readable or Settings()


def check_value(name: str, text: str) -> Any:
    """Return the value of a setting from its text. Raises ValueError, which says what would be right."""
    return DECLARED[name].check.read(text)


def load_settings(environ: Mapping[str, str], dotenv_path: Path | None = None, *, for_service: bool = True) -> Settings:
    """Read and check every setting. Raises SettingsError with all problems at once.

    `dotenv_path` names a `.env` file, which may be missing. Values in `environ` win over it. An empty value
    counts as not set. Without `for_service`, settings that only the running service needs may be missing.
    """
    raw, problems = _gather(environ, dotenv_path)
    is_unread = any(" cannot be read (" in problem and not problem.startswith("FILE__") for problem in problems)
    values: dict[str, Any] = {}
    for name, setting in DECLARED.items():
        text = raw.get(name, "").strip()
        if not text:
            # If .env cannot be read, a missing setting may be in it.
            if for_service and setting.required and not (is_unread or _is_excused(name, raw, problems)):
                problems.append(SettingProblem(f"{name} is missing", f"set it to the {setting.help}."))
            continue
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            problems.append(
                SettingProblem(f"{name} is in quotes", "write it without them, as docker's --env-file keeps them.")
            )
            continue
        try:
            values[name.lower()] = setting.check.read(text)
        except WrongValueError as wrong:
            problems.append(SettingProblem(f"{name} is wrong{_quote(setting, text)}", f"it takes {wrong}."))
    problems += _find_contradictions(values)
    if problems:
        raise SettingsError(problems, Settings(**values))
    return Settings(**values)


def _is_excused(name: str, raw: Mapping[str, str], problems: list[SettingProblem]) -> bool:
    """Tell whether a missing setting is not a problem by itself."""
    first_server = ("PLEX_URL", "PLEX_TOKEN")
    # One of the two without the other is an incomplete server, even if there are others.
    is_without_first = name in first_server and not any(raw.get(each, "").strip() for each in first_server)
    is_covered = is_without_first and bool(raw.get("PLEX_SERVERS", "").strip())
    return is_covered or any(problem.startswith(f"FILE__{name} ") for problem in problems)


def _gather(environ: Mapping[str, str], dotenv_path: Path | None) -> tuple[dict[str, str], list[SettingProblem]]:
    """Return all raw values; a later source wins: .env, files named by FILE__NAME (secrets), environment."""
    values: dict[str, str] = {}
    if dotenv_path is not None and dotenv_path.is_dir():  # Docker creates a folder if the file to be mounted is missing
        return dict(environ), [
            SettingProblem(f"{dotenv_path} is a folder", "take it away, and put the file with the settings there.")
        ]
    if dotenv_path is not None and dotenv_path.exists():
        from dotenv import dotenv_values

        try:
            stream = io.StringIO(read_text(dotenv_path, _LARGEST_FILE))
            values = {k: v for k, v in dotenv_values(stream=stream, interpolate=False).items() if v is not None}
        except (OSError, ForeignInputError) as error:
            reason = f"{dotenv_path} cannot be read ({_explain(error)})"
            return dict(environ), [SettingProblem(reason, _MAKE_READABLE)]
    values.update(environ)
    problems = []
    for name in DECLARED:
        path = values.get(f"FILE__{name}")
        if not path or values.get(name, "").strip():
            continue
        try:
            values[name] = read_text(Path(path), _LARGEST_FILE).strip()
        except (OSError, ForeignInputError) as error:
            reason = f"FILE__{name} names {path}, which cannot be read ({_explain(error)})"
            problems.append(SettingProblem(reason, _MAKE_READABLE))
    return values, problems


def _explain(error: OSError | ForeignInputError) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else error.what


def _quote(setting: Setting, text: str) -> str:
    if setting.is_secret:
        return ""
    text = f"***@{text.rpartition('@')[2]}" if "@" in text else text  # the part before an @ may contain a password
    return f" ({text if len(text) <= 60 else text[:57] + '...'!r})"


def _find_contradictions(values: Mapping[str, Any]) -> list[SettingProblem]:
    problems = []
    after = values.get("ghost_after_seconds", Settings().ghost_after_seconds)
    end = values.get("ghost_end_seconds", Settings().ghost_end_seconds)
    if end < after:
        what = f"GHOST_END_SECONDS ({end:g}) is below GHOST_AFTER_SECONDS ({after:g})"
        problems.append(SettingProblem(what, "make it at least as long."))
    bind = values.get("web_bind", Settings().web_bind)
    if not check.is_loopback(bind):
        if values.get("web_access", Settings().web_access) == "local":
            what = f"WEB_BIND ({bind}) shows the page to other machines, and WEB_ACCESS is local"
            problems.append(SettingProblem(what, "set WEB_ACCESS=members (or public), or WEB_BIND=127.0.0.1."))
        elif not values.get("web_url"):
            cure = "set it to the address at which people open the page: links to sign in are made of it."
            problems.append(SettingProblem("WEB_URL is missing", cure))
    data_dir = Path(values.get("data_dir", "data"))
    if (fault := check.find_folder_fault(data_dir)) is not None:
        problems.append(SettingProblem(f"DATA_DIR ({data_dir}) {fault[0]}", fault[1]))
    return problems

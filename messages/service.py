"""What administrators see of the service: settings, log, dead letters, backups."""

from __future__ import annotations

from messages.base import Answer, Question, Struct

__all__ = [
    "BackupEntry",
    "BackupList",
    "DeadLetter",
    "GetLogTail",
    "GetServiceFacts",
    "ListBackups",
    "LogLine",
    "LogTail",
    "ServiceFacts",
    "SettingValue",
]


class SettingValue(Struct, frozen=True):
    """A setting of the running service."""

    name: str
    """The variable's name."""
    value: str
    """The value in the form in which it is set; empty for a secret."""
    is_secret: bool
    """Whether its value is never shown."""
    is_set: bool
    """Whether its value differs from the default."""


class DeadLetter(Struct, frozen=True):
    """A message that could not be delivered or read, without its content."""

    at: str
    """When it was set aside; ISO 8601, UTC."""
    actor: str
    """The actor that set it aside."""
    sender: str
    """The actor that sent it; empty if not known."""
    tag: str
    """Its tag; empty if it was unreadable."""
    reason: str
    """Why it was set aside."""


class ServiceFacts(Answer, frozen=True, tag="service_facts"):
    """Answer to GetServiceFacts."""

    settings: tuple[SettingValue, ...]
    """All settings."""
    dead_letters: tuple[DeadLetter, ...]
    """Dead letters, the newest first; at most twenty."""
    version: str
    """Usher's version."""


class GetServiceFacts(Question[ServiceFacts], frozen=True, tag="get_service_facts", to="launcher"):
    """The service's settings, version and dead letters."""


class LogLine(Struct, frozen=True):
    """A line of a process's log, without secrets."""

    at_s: float
    """When it was logged; seconds since 1970, UTC."""
    actor: str
    """The actor that logged it."""
    level: str
    """DEBUG, INFO, WARNING or ERROR."""
    text: str
    """The text, at most 500 characters."""


class LogTail(Answer, frozen=True, tag="log_tail"):
    """Answer to GetLogTail."""

    lines: tuple[LogLine, ...]
    """The lines, the oldest first."""


class GetLogTail(Question[LogTail], frozen=True, tag="get_log_tail", to="launcher"):
    """The last lines of a process's log, kept if there is a web page. Every actor and the launcher answer it."""

    limit: int = 50
    """Maximum number of lines."""


class BackupEntry(Struct, frozen=True):
    """A backup of the store."""

    name: str
    """The file's name."""
    made_at_s: float
    """When it was made; seconds since 1970, UTC."""
    size_bytes: int
    """Its size."""


class BackupList(Answer, frozen=True, tag="backup_list"):
    """Answer to ListBackups."""

    backups: tuple[BackupEntry, ...]
    """Backups, the newest first; at most twenty."""


class ListBackups(Question[BackupList], frozen=True, tag="list_backups", to="persistence"):
    """All backups. Each was verified when it was made."""

"""What administrators are shown of the service: its settings, its log, what was set aside, its backups."""

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
    """A setting as the service runs with it."""

    name: str
    """Of its variable."""
    value: str
    """As it would be set; empty for a secret."""
    is_secret: bool
    """Whether its value is told to nobody."""
    is_set: bool
    """Whether it has another value than the default."""


class DeadLetter(Struct, frozen=True):
    """A message that could not be delivered or read. What was in it is in no answer."""

    at: str
    """ISO 8601, UTC."""
    actor: str
    """Who set it aside."""
    sender: str
    """Who sent it; empty where that is not known."""
    tag: str
    """Its class; empty where it was not readable."""
    reason: str
    """Why."""


class ServiceFacts(Answer, frozen=True, tag="service_facts"):
    """Answer to GetServiceFacts."""

    settings: tuple[SettingValue, ...]
    """All of them."""
    dead_letters: tuple[DeadLetter, ...]
    """The newest first; at most twenty."""
    version: str
    """Of Usher."""


class GetServiceFacts(Question[ServiceFacts], frozen=True, tag="get_service_facts", to="launcher"):
    """What does the service run with, and what was set aside?"""


class LogLine(Struct, frozen=True):
    """A line of a process's log, without secrets."""

    at_s: float
    """Seconds since 1970, UTC."""
    actor: str
    """Whose process it is."""
    level: str
    """DEBUG, INFO, WARNING, ERROR."""
    text: str
    """What it says, at most 500 characters."""


class LogTail(Answer, frozen=True, tag="log_tail"):
    """Answer to GetLogTail."""

    lines: tuple[LogLine, ...]
    """The oldest first."""


class GetLogTail(Question[LogTail], frozen=True, tag="get_log_tail", to="launcher"):
    """The last lines of a process's log, kept where there is a page; every actor answers, and the launcher."""

    limit: int = 50
    """How many lines at most."""


class BackupEntry(Struct, frozen=True):
    """A backup of the store."""

    name: str
    """Of its file."""
    made_at_s: float
    """Seconds since 1970, UTC."""
    size_bytes: int
    """Its size."""


class BackupList(Answer, frozen=True, tag="backup_list"):
    """Answer to ListBackups."""

    backups: tuple[BackupEntry, ...]
    """The newest first; at most twenty."""


class ListBackups(Question[BackupList], frozen=True, tag="list_backups", to="persistence"):
    """Which backups are there? Each was read back when it was made."""

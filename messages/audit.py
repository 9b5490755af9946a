"""The audit log: acts of administrators."""

from __future__ import annotations

from typing import ClassVar

from messages.base import Answer, Delivery, Event, Question, Struct

__all__ = ["AdminActed", "AuditEntry", "AuditPage", "AuditSubject", "GetAuditLog", "describe_failed_act"]

_LONGEST_OUTCOME = 200


class AuditSubject(Struct, frozen=True):
    """Who did something, or the person or thing it was done to."""

    id: str
    """Discord id as digits, plex:<machineIdentifier>:<account id>, a session's key, a file; empty if it has none."""
    name: str
    """The name at that time."""


class AuditEntry(Struct, frozen=True):
    """One act."""

    at_s: float
    """When it was done; seconds since 1970, UTC."""
    who: AuditSubject
    """Who did it: a member, or the user of the command line."""
    act: str
    """The act: link, unlink, starttracking, savedata, backup, restore, import, toproles, night, community add..."""
    targets: tuple[AuditSubject, ...]
    """The people or things it was done to."""
    outcome: str
    """"done", or why it failed."""
    source: str
    """The place in which it was done: Discord, or command line."""


class AdminActed(Event, frozen=True, tag="admin_acted"):
    """Discord -> persistence: an administrator did something; write it to the audit log."""

    delivery: ClassVar[Delivery] = Delivery.AT_LEAST_ONCE

    entry: AuditEntry
    """What was done."""


class AuditPage(Answer, frozen=True, tag="audit_page"):
    """Answer to GetAuditLog."""

    entries: tuple[AuditEntry, ...]
    """The page; the newest entry comes first."""
    total: int
    """Number of entries on all pages."""


class GetAuditLog(Question[AuditPage], frozen=True, tag="get_audit_log", to="persistence"):
    """A page of the audit log (`audit`)."""

    limit: int = 10
    """Entries for each page."""
    offset: int = 0
    """How many newer entries to skip."""


def describe_failed_act(error: BaseException) -> str:
    """Return the outcome of an act that failed."""
    return f"failed: {str(error) or type(error).__name__}"[:_LONGEST_OUTCOME]

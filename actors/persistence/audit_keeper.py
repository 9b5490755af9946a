"""Keeps the audit log: writes what administrators did, and reports a fault if that fails."""

from __future__ import annotations

from collections.abc import Callable, Set

from actors.runtime import Actor
from actors.runtime.errors import RetryLater
from messages import AdminActed, AuditPage, GetAuditLog, Problem
from persistence.audit_log import AuditLog
from wording.file_failures import explain_os_error
from wording.problems import english


class AuditKeeper:
    """Writes on the actor's thread; reads on any."""

    def __init__(self, actor: Actor, on_recovered: Callable[[], None]) -> None:
        """`on_recovered` is called when the log can be written again."""
        self._actor = actor
        self._audit_log = AuditLog(actor.context.data_dir)
        self._on_recovered = on_recovered
        self.fault: Problem | None = None
        """Why the last act could not be written, or None if it was."""

    def record(self, acted: AdminActed) -> None:
        """Write what an administrator did; if that fails, the message stays with its sender and comes again."""
        try:
            self._audit_log.append(acted.entry)
        except (OSError, TimeoutError) as error:
            fault = self._audit_log.explain_failure(error)
            if self.fault is None:
                self._actor.log.error("%s", english(fault))
            self.fault = fault
            self._actor.report_degraded(fault)
            raise RetryLater(fault) from error
        if self.fault is not None:
            self.fault = None
            self._on_recovered()

    def read(self, asked: GetAuditLog) -> AuditPage:
        """Return a page of the log."""
        return self._audit_log.read(asked.limit, asked.offset)

    def forget(self, ids: Set[str]) -> None:
        """Remove viewers who asked to be forgotten from the log."""
        try:
            self._audit_log.forget(ids)
        except (OSError, TimeoutError) as error:
            self._actor.log.error(
                "The audit log still names viewers who asked to be forgotten: %s", explain_os_error(error)
            )

"""Fills the summaries of a large store while it is used: after an update, a restore or a change of TIMEZONE."""

from __future__ import annotations

import time
from dataclasses import dataclass

from actors.runtime import Actor
from messages import Problem
from persistence.database.errors import SaveFailed
from persistence.store import Store
from persistence.summaries.build import FillProgress

AT_ONCE = 1_000
"""Records that are summed up between two messages, in some tens of milliseconds: no save waits for longer."""
RETRY_S = 15.0
"""After a failure; service time."""
SAID_EVERY = 10
"""Percent."""


@dataclass(frozen=True)
class FillSummaries:
    """To itself: sum up some more records."""


class SummaryFiller:
    """Used on the actor's thread, between its messages. A restart goes on where it was."""

    def __init__(self, actor: Actor, store: Store) -> None:
        self._actor = actor
        self._store = store
        self._began_s = time.monotonic()
        self._said = -1
        self.fault: Problem | None = None
        """The notice that questions are not answered yet; None once they are."""

    def begin(self) -> None:
        """Fill the summaries that are not filled."""
        if self._store.summary_progress is not None:
            self._tell(self._store.summary_progress)
            self._actor.send_to_self_after(0.0, FillSummaries())

    def fill_some(self) -> None:
        """Sum up some more records."""
        try:
            progress = self._store.fill_summaries(AT_ONCE)
        except SaveFailed as error:
            self._actor.log.error("Building summaries failed: %s", error)
            self._actor.send_to_self_after(RETRY_S, FillSummaries())
            return
        if progress is not None:
            self._tell(progress)
            self._actor.send_to_self_after(0.0, FillSummaries())
            return
        self.fault = None
        self._actor.log.info("Built the summaries in %.0f s", time.monotonic() - self._began_s)
        self._actor.report_recovered()

    def _tell(self, progress: FillProgress) -> None:
        if progress.percent // SAID_EVERY == self._said:
            return
        self._said = progress.percent // SAID_EVERY
        self._actor.log.info("Building summaries: %d %%", progress.percent)
        self.fault = Problem.of("summaries.filling", percent=progress.percent)
        self._actor.report_degraded(self.fault)

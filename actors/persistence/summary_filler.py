"""Fills the summaries of a large store while it is in use: after an update, a restore or a change of TIMEZONE."""

from __future__ import annotations

import time

import msgspec

from actors.runtime import Actor
from messages import Problem
from persistence.database.errors import SaveFailed
from persistence.store import Store
from persistence.summaries.build import FillProgress

AT_ONCE = 1_000
"""Records that are summed up between two messages: takes some tens of milliseconds, for which a save may wait."""
RETRY_S = 15.0
"""Pause after a failure, service time."""
LOG_EVERY_PERCENT = 10
"""Progress between two log lines."""


class FillSummaries(msgspec.Struct, frozen=True):
    """The actor to itself: sum up some more records."""


class SummaryFiller:
    """Used on the actor's thread, between its messages. A restart continues the work."""

    def __init__(self, actor: Actor, store: Store) -> None:
        self._actor = actor
        self._store = store
        self._began_s = time.monotonic()
        self._logged = -1
        self.fault: Problem | None = None
        """The notice that some questions are not answered yet, or None once all are."""

    def begin(self) -> None:
        """Begin to fill summaries, if some are not filled."""
        if self._store.summary_progress is not None:
            self._show_progress(self._store.summary_progress)
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
            self._show_progress(progress)
            self._actor.send_to_self_after(0.0, FillSummaries())
            return
        self.fault = None
        self._actor.log.info("Built the summaries in %.0f s", time.monotonic() - self._began_s)
        self._actor.report_recovered()

    def _show_progress(self, progress: FillProgress) -> None:
        if progress.percent // LOG_EVERY_PERCENT == self._logged:
            return
        self._logged = progress.percent // LOG_EVERY_PERCENT
        self._actor.log.info("Building summaries: %d %%", progress.percent)
        self.fault = Problem.of("summaries.filling", percent=progress.percent)
        self._actor.report_degraded(self.fault)

"""Answers a starting tracker: watches that ran, watches that may be resumed, links and privacy choices."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from actors.persistence.reported_watches import ReportedWatches
from actors.runtime import Declined
from messages import LinkedAccount, LoadWatches, Privacy, Problem, WatchesLoaded, WatchRecord, WatchState
from persistence.store import Store

PART_WATCHES = 4000
"""Watches in one part: 2 to 4 MB; a message may have 16 MB."""
Directory = tuple[tuple[LinkedAccount, ...], tuple[tuple[str, Privacy], ...]]
"""Every link, and every privacy choice other than open."""


class RestartParts:
    """The watches of one answer to LoadWatches, kept while the tracker asks for its parts."""

    def __init__(self) -> None:
        self._parts: list[WatchesLoaded] = []

    def answer(
        self, asked: LoadWatches, reported: ReportedWatches, store: Store, directory: Callable[[], Directory]
    ) -> WatchesLoaded:
        """Return a part of the answer; the question for the first part makes all parts."""
        if asked.part == 0:
            checkpoint = () if reported.is_complete else store.read_checkpoint()
            running = store.drop_finished(reported.states_for_restart(checkpoint))
            ids = {state.watch_id for state in running}
            finished = store.read_resumable(asked.resume_since_s)
            self.fill(running, tuple(record for record in finished if record.watch_id not in ids))
        return self.take(asked.part, directory)

    def fill(self, running: tuple[WatchState, ...], resumable: tuple[WatchRecord, ...]) -> None:
        """Split running and resumable watches into parts, which replace those of an earlier question."""
        count = max(1, -(-(len(running) + len(resumable)) // PART_WATCHES))
        self._parts = []
        for first in range(0, count * PART_WATCHES, PART_WATCHES):
            left, right = first - len(running), first + PART_WATCHES - len(running)
            self._parts.append(
                WatchesLoaded(
                    running[first : first + PART_WATCHES], resumable[max(0, left) : max(0, right)], parts=count
                )
            )

    def take(self, part: int, directory: Callable[[], Directory]) -> WatchesLoaded:
        """Return a part; the last has the links and choices as of now, for the tracker gets no changes before it.

        Raises Declined if the part does not exist: this process started after the tracker asked for the first.
        """
        if not 0 <= part < len(self._parts):
            raise Declined(Problem.of("tracker.load_begins_anew"))
        found = self._parts[part]
        if part < len(self._parts) - 1:
            return found
        self._parts = []
        links, privacy = directory()
        return replace(found, links=links, privacy=privacy)

"""Leaves a watch that the store cannot hold out of a save, so that the others are saved."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from actors.persistence.reported_watches import ReportedWatches
from actors.runtime.errors import Reject
from actors.runtime.middleware.dispatcher import Outcome
from messages import WatchRecord
from persistence.database.errors import SaveRefused
from persistence.operations.finish_watch import EndedWatch, finish_watches
from persistence.operations.save import find_unstorable
from persistence.records.checkpoint import RunningWatch
from persistence.records.saves import SaveResult
from persistence.store import Store


class UnstorableWatches:
    """Remembers which running watches the store last refused, so that each is logged once."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._refused: dict[str, str] = {}

    def save(
        self,
        store: Store,
        running: list[RunningWatch] | None,
        at_s: float,
        save: Callable[[list[RunningWatch] | None], SaveResult],
    ) -> SaveResult:
        """Save with the running watches, leaving out those that the store cannot hold.

        Raises SaveRefused if the store cannot hold something else.
        """
        try:
            return save(running)
        except SaveRefused:
            refused = self._find_refused(store, running or (), at_s)
            if not refused:
                raise
            return save([watch for watch in running or () if watch.state.watch_id not in refused])

    def finish(self, store: Store, ended: Sequence[EndedWatch], running: ReportedWatches, at_s: float) -> SaveResult:
        """Store ended watches with their viewers' running ones, or without those that the store cannot hold.

        Raises SaveRefused if the store cannot hold something else.
        """
        try:
            return finish_watches(store, ended, running if running.is_complete else None, at_s)
        except SaveRefused:
            others = running.running() or [] if len(ended) == 1 else []
            refused = self._find_refused(store, others, at_s)
            if not refused:
                raise
            return finish_watches(store, ended, [each for each in others if each.state.watch_id not in refused], at_s)

    def _find_refused(self, store: Store, running: Iterable[RunningWatch], at_s: float) -> Mapping[str, str]:
        refused = find_unstorable(store, running, at_s)
        for watch_id in refused.keys() - self._refused.keys():
            self._log.error("Watch %s is left out of the saves while it runs: %s", watch_id, refused[watch_id])
        if refused:
            self._refused = refused
        return refused


def store_apart(
    ended: Sequence[EndedWatch],
    store: Callable[[Sequence[EndedWatch]], None],
    set_aside: Callable[[WatchRecord], None],
) -> list[Outcome]:
    """Store watches together; if the store cannot hold one of them, store the others without it.

    After another error of `store`, the watches that are not stored yet are to be sent again.
    """
    try:
        store(ended)
    except SaveRefused as error:
        if len(ended) > 1:
            half = len(ended) // 2
            return [*store_apart(ended[:half], store, set_aside), *store_apart(ended[half:], store, set_aside)]
        record = ended[0].record
        rejection = Reject(f"Watch {record.watch_id} cannot be stored. {error}", lambda: set_aside(record))
        rejection.__cause__ = error
        return [rejection]
    return [None] * len(ended)

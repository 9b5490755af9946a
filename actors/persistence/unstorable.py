"""Saves in which one running watch holds a value that the store cannot: it must not hold up the others."""

import logging
from collections.abc import Callable

from persistence.database.errors import SaveRefused
from persistence.operations.save import find_unstorable
from persistence.records.checkpoint import RunningWatch
from persistence.records.saves import SaveResult
from persistence.store import Store


class UnstorableWatches:
    """Knows which running watches the store refused last, so that the log says it of each once."""

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
        """Save with what runs; where the store cannot hold some of that, without it.

        Raises SaveRefused where it is something else that it cannot hold.
        """
        try:
            return save(running)
        except SaveRefused:
            refused = find_unstorable(store, running or (), at_s)
            if not refused:
                raise
            for watch_id in refused.keys() - self._refused.keys():
                self._log.error("Watch %s is left out of the saves while it runs: %s", watch_id, refused[watch_id])
            self._refused = refused
            return save([watch for watch in running or () if watch.state.watch_id not in refused])

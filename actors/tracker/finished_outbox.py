"""How finished watches get from the tracker to persistence, so that none is lost on the way."""

from collections import deque
from collections.abc import Callable

from actors.runtime import OutboxFull, Ref
from messages import Problem, WatchFinished


class Handover:
    """Finished watches that persistence has not stored yet.

    As long as there are any the tracker must not report its running watches anew: persistence still holds these as
    running, and if the tracker dies the next one takes them up from there and closes them.
    """

    def __init__(self, persistence: Ref, settled: Callable[[], None]) -> None:
        self._persistence = persistence
        self._settled = settled
        self._untold: deque[WatchFinished] = deque()
        self._told = 0

    @property
    def waiting(self) -> int:
        """How many are not stored yet."""
        return len(self._untold) + self._told

    def add(self, finished: WatchFinished) -> None:
        """Take a finished watch."""
        self._untold.append(finished)

    def push(self) -> Problem | None:
        """Tell persistence as many as it takes; return why not all of them, or None."""
        while self._untold:
            try:
                self._persistence.tell(self._untold[0], self._stored)
            except OutboxFull as error:
                return Problem.of("tracker.outbox_full", count=self.waiting, error=str(error))
            self._untold.popleft()
            self._told += 1
        return None

    def _stored(self) -> None:
        self._told -= 1
        if not self.waiting:
            self._settled()

"""How finished watches get from the tracker to persistence, so that none is lost on the way."""

from collections import deque
from collections.abc import Callable

from actors.runtime import OutboxFull, Ref
from messages import Problem, WatchFinished


class FinishedWatchOutbox:
    """Finished watches that persistence has not stored yet.

    As long as there are any the tracker must not report its running watches anew: persistence still holds these as
    running, and if the tracker dies the next one takes them up from there and closes them.
    """

    def __init__(self, persistence: Ref, on_all_stored: Callable[[], None]) -> None:
        self._persistence = persistence
        self._on_all_stored = on_all_stored
        self._unsent: deque[WatchFinished] = deque()
        self._unacknowledged = 0

    @property
    def waiting(self) -> int:
        """How many are not stored yet."""
        return len(self._unsent) + self._unacknowledged

    def add(self, finished: WatchFinished) -> None:
        """Take a finished watch."""
        self._unsent.append(finished)

    def push(self) -> Problem | None:
        """Tell persistence as many as it takes; return why not all of them, or None."""
        while self._unsent:
            try:
                self._persistence.tell(self._unsent[0], self._on_stored)
            except OutboxFull as error:
                return Problem.of("tracker.outbox_full", count=self.waiting, error=str(error))
            self._unsent.popleft()
            self._unacknowledged += 1
        return None

    def _on_stored(self) -> None:
        self._unacknowledged -= 1
        if not self.waiting:
            self._on_all_stored()

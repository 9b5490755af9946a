"""Sends finished watches from the tracker to persistence, so that none is lost on the way."""

from collections import Counter, deque
from collections.abc import Callable, Set
from functools import partial

import msgspec

from actors.runtime import OutboxFull, Ref
from messages import Problem, WatchFinished


class _Unstored(msgspec.Struct, eq=False):
    """A finished watch that persistence has not stored yet."""

    finished: WatchFinished
    servers: list[str] = msgspec.field(default_factory=list)
    """Ids of the servers that must not be reported before it is stored."""


class FinishedWatchOutbox:
    """Finished watches that persistence has not stored yet.

    As long as such watches of a Plex server are left, the tracker must not report that server's running watches:
    persistence still holds the finished ones as running, and if the tracker dies, the next one loads them from there
    and closes them. The same holds for a server on which such a watch runs again.
    """

    def __init__(self, persistence: Ref, on_all_stored: Callable[[str], None]) -> None:
        """Call `on_all_stored` with the id of each server that may be reported again."""
        self._persistence = persistence
        self._on_all_stored = on_all_stored
        self._unsent: deque[_Unstored] = deque()
        self._newest: dict[str, _Unstored] = {}
        """The newest finish of each watch, by watch id; one that ran again may have finished twice."""
        self._servers: Counter[str] = Counter()
        """How many finished watches each server waits for."""
        self.waiting = 0
        """How many finished watches are not stored yet."""

    @property
    def waiting_servers(self) -> Set[str]:
        """Ids of the servers that must not be reported yet."""
        return self._servers.keys()

    def add(self, finished: WatchFinished) -> None:
        """Add a finished watch."""
        unstored = self._newest[finished.record.watch_id] = _Unstored(finished)
        self._unsent.append(unstored)
        self.waiting += 1
        self._hold(unstored, finished.record.item.server_id)

    def note_resumed(self, watch_id: str, server_id: str) -> None:
        """Note that a watch runs again on a server: until its record is stored, the server is not reported."""
        unstored = self._newest.get(watch_id)
        if unstored is not None:
            self._hold(unstored, server_id)

    def push(self) -> Problem | None:
        """Send persistence as many as it takes; return why some are left, or None if all are sent."""
        while self._unsent:
            unstored = self._unsent[0]
            try:
                self._persistence.tell(unstored.finished, partial(self._on_stored, unstored))
            except OutboxFull as error:
                return Problem.of("tracker.outbox_full", count=self.waiting, error=str(error))
            self._unsent.popleft()
        return None

    def _hold(self, unstored: _Unstored, server_id: str) -> None:
        if server_id not in unstored.servers:
            unstored.servers.append(server_id)
            self._servers[server_id] += 1

    def _on_stored(self, unstored: _Unstored) -> None:
        self.waiting -= 1
        watch_id = unstored.finished.record.watch_id
        if self._newest.get(watch_id) is unstored:
            del self._newest[watch_id]
        for server_id in unstored.servers:
            self._servers[server_id] -= 1
            if not self._servers[server_id]:
                del self._servers[server_id]
                self._on_all_stored(server_id)

"""Reports running watches to persistence: each report is complete for a server, so that one may be lost."""

from collections.abc import Callable, Iterable

from actors.runtime import ActorUnavailable, Ref, UnsendableMessage
from actors.tracker.finished_outbox import FinishedWatchOutbox
from messages import Message, Moment, Problem, ServersReported, WatchesReported
from tracking.engine import TrackingEngine


class WatchReporter:
    """Reports the running watches of one server at a time, and remembers which servers are still to be reported.

    A report has every running watch of its server, and replaces the one before. So its cost depends on that server
    alone, and the next report makes up for a lost one.
    """

    def __init__(
        self,
        persistence: Ref,
        tracking: TrackingEngine,
        finished: FinishedWatchOutbox,
        now: Callable[[], Moment],
    ) -> None:
        self._persistence = persistence
        self._tracking = tracking
        self._finished = finished
        self._now = now
        self._behind: dict[str, None] = {}
        """Servers (ids) whose newest state is not sent yet: persistence's queue was full."""
        self._owes_servers = False
        self._withheld: dict[str, Problem] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """One problem for each server that has too many watches for one message."""
        return tuple(self._withheld.values())

    def report(self, server_ids: Iterable[str]) -> None:
        """Report servers, and those still to be reported; one with unstored finished watches, once these are stored."""
        self._behind |= dict.fromkeys(server_ids)
        try:
            for server_id in [each for each in self._behind if each not in self._finished.waiting_servers]:
                self._report_server(server_id)
                del self._behind[server_id]
            if self._owes_servers:
                self._send(ServersReported(self._now(), self._servers()))
                self._owes_servers = False
        except ActorUnavailable:
            return  # persistence's queue is full, or it does not run: the next step tries again

    def report_all(self) -> None:
        """Report each server, and then the list of servers: persistence needs both after its start."""
        self._owes_servers = True
        self.report(self._tracking.servers.with_watches())

    def on_all_stored(self, server_id: str) -> None:
        """Report a server whose finished watches are stored."""
        self.report((server_id,))

    def _servers(self) -> tuple[str, ...]:
        waiting = [each for each in self._finished.waiting_servers if each]
        return tuple(dict.fromkeys([*self._tracking.servers.with_watches(), *waiting]))

    def _report_server(self, server_id: str) -> None:
        report = self._tracking.report(self._now(), server_id)
        try:
            self._send(report)
            self._withheld.pop(server_id, None)
        except UnsendableMessage as error:
            count = len(report.active)
            self._withheld[server_id] = Problem.of(
                "tracker.report_unsendable", server=server_id, count=count, error=str(error)
            )
            self._send(WatchesReported(report.at, (), (), server_id, count))

    def _send(self, message: Message) -> None:
        self._persistence.report(message)

"""Keeps the tracker's reports in memory between two saves, by Plex server."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from typing import NamedTuple

import msgspec

from messages import (
    Moment,
    Problem,
    ServersReported,
    WatchesReported,
    WatchRecord,
    WatchState,
)
from persistence.records.checkpoint import RunningWatch
from tracking.rules import Rules
from tracking.watches.watch import record_so_far


class _Reported(msgspec.Struct):
    """A running watch as it was last reported."""

    state: WatchState
    revision: int
    """The revision of its newest change."""
    watch: RunningWatch | None = None
    """The watch with its record; made when it is first needed."""


class _ServerReport(msgspec.Struct):
    """The newest report of a server."""

    at: Moment
    watches: dict[str, _Reported] = msgspec.field(default_factory=dict)
    """The running watches, by watch id."""
    withheld: int = 0
    """How many running watches of the server could not be reported."""
    is_known: bool = True
    """Whether the server's running watches were reported, now or before."""


class WatchChanges(NamedTuple):
    """The changes of the running watches since a revision."""

    revision: int
    """The newest revision; pass it to ask for later changes."""
    changed: list[RunningWatch]
    """Watches that are new or have another state."""
    ended: Set[str]
    """Ids of watches that do not run any more."""


class ReportedWatches:
    """The running watches, from the newest report of each server.

    Until the tracker has listed the servers and reported each, it is not known whether anybody watches (`running`
    returns None): a save must not treat unreported watches as ended.
    """

    def __init__(self, watched_percent: float, min_watch_s: float) -> None:
        self._rules = Rules(watched_percent=watched_percent, min_watch_s=min_watch_s)
        self._servers: dict[str, _ServerReport] = {}
        self._expected: frozenset[str] | None = None
        self._revision = 0
        self._ended: dict[str, int] = {}
        """The revision in which a watch ended, by watch id. Forgotten once a save includes it."""
        self._running: list[RunningWatch] | None = None
        self._places: dict[str, set[tuple[str, str]]] = {}
        """Server and watch_id of the running watches of each viewer id."""

    # -- what the tracker reports ----------------------------------------------------------------------------

    def take(self, report: WatchesReported) -> None:
        """Apply the report of a server; one that is older than the last is ignored."""
        if report.server_id:
            self._take_server(report.server_id, report, report.active)
            return
        servers: dict[str, list[WatchState]] = {}
        for state in report.active:
            servers.setdefault(state.item.server_id, []).append(state)
        for server_id, states in servers.items():
            self._take_server(server_id, report, states)
        self.take_servers(ServersReported(report.at, tuple(servers)))

    def _take_server(self, server_id: str, report: WatchesReported, states: Iterable[WatchState]) -> None:
        before = self._servers.get(server_id)
        if before is not None and report.at.steady_s < before.at.steady_s:
            return
        self._revision += 1
        self._running = None
        known = before.watches if before is not None else {}
        if report.withheld:  # the last known state is better than none
            is_known = before is not None and before.is_known
            self._servers[server_id] = _ServerReport(report.at, known, report.withheld, is_known)
            return
        records = {record.watch_id: record for record in report.records}
        watches = {state.watch_id: self._note(known.get(state.watch_id), state, records) for state in states}
        self._replace_places(server_id, known, watches)
        self._servers[server_id] = _ServerReport(report.at, watches)
        self._ended |= dict.fromkeys(known.keys() - watches.keys(), self._revision)

    def _note(self, before: _Reported | None, state: WatchState, records: dict[str, WatchRecord]) -> _Reported:
        if before is not None and before.state.seen == state.seen and before.state == state:
            return before
        record = records.get(state.watch_id)
        return _Reported(state, self._revision, RunningWatch(state, record) if record is not None else None)

    def take_servers(self, reported: ServersReported) -> None:
        """Apply the list of servers on which watches run; drop older reports of other servers."""
        self._expected = frozenset(reported.servers)
        for server_id, server in list(self._servers.items()):
            if server_id not in self._expected and server.at.steady_s <= reported.at.steady_s:
                self._revision += 1
                self._running = None
                self._ended |= dict.fromkeys(server.watches, self._revision)
                self._replace_places(server_id, server.watches, {})
                del self._servers[server_id]

    def drop_watch(self, watch_id: str, server_id: str) -> None:
        """Remove a stored watch from the report of its server. It may run again on another server.

        The tracker reports the server again only after the acknowledgement, and a save may come before that.
        """
        self._drop(server_id, [watch_id])

    def drop_viewers(self, viewer_ids: Set[str]) -> None:
        """Remove all watches of forgotten viewers from the reports."""
        for server_id, server in self._servers.items():
            self._drop(server_id, [key for key, each in server.watches.items() if each.state.viewer_id in viewer_ids])

    def _drop(self, server_id: str, watch_ids: Iterable[str]) -> None:
        server = self._servers.get(server_id)
        for watch_id in watch_ids:
            if server is not None and (gone := server.watches.pop(watch_id, None)) is not None:
                self._replace_places(server_id, {watch_id: gone}, {})
                self._revision += 1
                self._running = None
                self._ended[watch_id] = self._revision

    def _replace_places(self, server_id: str, before: Mapping[str, _Reported], now: Mapping[str, _Reported]) -> None:
        for watch_id in before.keys() - now.keys():
            viewer_id = before[watch_id].state.viewer_id
            self._places[viewer_id].discard((server_id, watch_id))
            if not self._places[viewer_id]:
                del self._places[viewer_id]
        for watch_id in now.keys() - before.keys():
            self._places.setdefault(now[watch_id].state.viewer_id, set()).add((server_id, watch_id))

    # -- queries ---------------------------------------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """Whether the running watches of every server are known."""
        if self._expected is None or not self._expected <= self._servers.keys():
            return False
        return not any(server.withheld and not server.is_known for server in self._servers.values())

    @property
    def problem(self) -> Problem | None:
        """Which watches are unknown: those of a server that has too many for a report. None if all are known."""
        for server_id, server in self._servers.items():
            if server.withheld:
                return Problem.of("save.report_withheld", server=server_id, count=server.withheld)
        return None

    def running(self) -> list[RunningWatch] | None:
        """Return every running watch; None until all servers were reported. Do not change it. Actor's thread only."""
        if not self.is_complete:
            return None
        if self._running is None:
            self._running = [
                self._with_record(each) for server in self._servers.values() for each in server.watches.values()
            ]
        return self._running

    def find_watches(self, viewer_ids: Iterable[str]) -> list[RunningWatch]:
        """Return the reported watches of some viewer ids."""
        places = sorted({place for viewer_id in viewer_ids for place in self._places.get(viewer_id, ())})
        return [self._with_record(self._servers[server_id].watches[watch_id]) for server_id, watch_id in places]

    def count_without(self, watch_ids: Collection[str]) -> int:
        """Return how many watches run, without those with these ids."""
        return sum(
            len(server.watches) - sum(watch_id in server.watches for watch_id in watch_ids)
            for server in self._servers.values()
        )

    def changes_since(self, revision: int) -> WatchChanges:
        """Return the changes of the running watches since a revision; since 0, all of them."""
        every = [each for server in self._servers.values() for each in server.watches.values()]
        running_ids = {each.state.watch_id for each in every}
        ended = {watch_id for watch_id, ended in self._ended.items() if ended > revision} - running_ids
        return WatchChanges(
            self._revision, [self._with_record(each) for each in every if each.revision > revision], ended
        )

    def forget_ended(self, revision: int) -> None:
        """Forget the watches that ended up to a saved revision."""
        self._ended = {watch_id: ended for watch_id, ended in self._ended.items() if ended > revision}

    def states_for_restart(self, checkpoint: Iterable[WatchState]) -> list[WatchState]:
        """Return the watches that a starting tracker continues: the reports, and the checkpoint for other servers."""
        states = [each.state for server in self._servers.values() for each in server.watches.values()]
        if not self.is_complete:
            known = {state.watch_id for state in states}
            states += [
                state
                for state in checkpoint
                if state.watch_id not in known and not self._is_known(state.item.server_id)
            ]
        return states

    def _is_known(self, server_id: str) -> bool:
        server = self._servers.get(server_id)
        return server is not None and server.is_known

    def _with_record(self, reported: _Reported) -> RunningWatch:
        if reported.watch is None:
            reported.watch = RunningWatch(reported.state, record_so_far(reported.state, self._rules))
        return reported.watch

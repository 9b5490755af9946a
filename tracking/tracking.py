"""The tracking as the tracker actor uses it: one object, one method for each thing that can be heard."""

import math
from collections.abc import Iterable

from messages import (
    ActiveWatch,
    ActiveWatches,
    DropViewerWatches,
    HistoryFound,
    LinkedAccount,
    Moment,
    NowPlaying,
    PlaybackSnapshot,
    PollFailed,
    Privacy,
    StartTracking,
    TrackingPlan,
    VoicePresence,
    WatchesLoaded,
    WatchesReported,
    WatchRecord,
    WatchState,
    spans,
)
from messages.base import DurationMs
from tracking import absence, manual_start, poll_diff, watch_party
from tracking import (
    privacy as privacy_module,
)
from tracking import (
    restore as restore_module,
)
from tracking.engine import House
from tracking.events import Event
from tracking.rules import Rules
from tracking.session import Session, seat_of
from tracking.watch import completion, estimate_position, finish, watched_s
from viewers.directory import ViewerDirectory
from viewers.public_view import show_watches


class Tracking:
    """Every running watch. The methods that take something in return what came of it, in order.

    It reads no clock: the same calls with the same arguments bring about the same events and the same state.
    """

    def __init__(self, rules: Rules) -> None:
        self._house = House(rules)

    def restore(self, loaded: WatchesLoaded, at: Moment) -> list[Event]:
        """Take up what ran before a restart. Before anything else, or not at all."""
        restore_module.restore(self._house, loaded, at)
        return self._house.take_events()

    def know_people(self, links: Iterable[LinkedAccount], privacy: Iterable[tuple[str, Privacy]]) -> list[Event]:
        """Take in every link and every choice; the watches of who is not tracked any more are dropped."""
        privacy_module.know(self._house, ViewerDirectory.from_message(links, privacy))
        return self._house.take_events()

    def forget(self, forgotten: DropViewerWatches, at: Moment) -> list[Event]:
        """Drop all that is held of some people."""
        by_s = forgotten.began_by_s
        privacy_module.forget(self._house, forgotten.viewer_ids, at, math.inf if by_s is None else by_s)
        return self._house.take_events()

    @property
    def people(self) -> ViewerDirectory:
        """Who is who, and who wants to be seen."""
        return self._house.people

    def log_name(self, watch: WatchState | WatchRecord) -> str:
        """Return what the log calls the viewer of a watch: who does not want to be seen, by the id alone."""
        return self._house.people.log_name(watch.viewer_id, watch.username)

    def observe(self, snapshot: PlaybackSnapshot) -> list[Event]:
        """Take in a successful poll of a Plex server."""
        watch_party.check_voice(self._house, snapshot.taken)
        poll_diff.observe(self._house, snapshot)
        watch_party.seat_members(self._house, snapshot.taken)
        return self._house.take_events()

    def poll_failed(self, failure: PollFailed) -> list[Event]:
        """Take in that a poll brought no answer."""
        poll_diff.poll_failed(self._house, failure)
        return self._house.take_events()

    def voice(self, presence: VoicePresence) -> list[Event]:
        """Take in who is in the voice channel."""
        watch_party.voice(self._house, presence)
        return self._house.take_events()

    def history_found(self, found: HistoryFound, at: Moment) -> list[Event]:
        """Take in the answer to a HistoryWanted."""
        absence.history_found(self._house, found, at)
        return self._house.take_events()

    def start_manually(self, request: StartTracking, at: Moment) -> tuple[TrackingPlan, list[Event]]:
        """Do, or only plan, what an admin asks for; returns the answer and what came of it."""
        plan = manual_start.start(self._house, request, at)
        return plan, self._house.take_events()

    @property
    def running(self) -> int:
        """How many watches run."""
        return sum(len(session.watches()) for session in self._house.sessions())

    def states(self) -> list[WatchState]:
        """Return every running watch, those of the oldest session first."""
        return [state for session in self._house.sessions() for state in session.watches()]

    def report(self, at: Moment) -> WatchesReported:
        """Return every running watch, and the records they would leave if they ended now."""
        active = tuple(self.states())
        rules = self._house.rules
        records = tuple(finish(state, state.seen.wall_s, "left", rules) for state in active)
        return WatchesReported(at, active, records)

    def now_playing(self, at: Moment) -> NowPlaying:
        """Return every screening that somebody watches."""
        house = self._house
        return NowPlaying(at, tuple(house.screening(session, at) for session in house.sessions() if session.watched))

    def active(self, at: Moment) -> ActiveWatches:
        """Return what people are told of the running watches."""
        running = (
            (self._active_watch(session, state, at), seat_of(state))
            for session in self._house.sessions()
            for state in session.watches()
        )
        watches = show_watches(running, self._house.people, at.wall_s)
        watches.sort(key=lambda watch: watch.started_at_s)
        return ActiveWatches(at, tuple(watches), self.now_playing(at).screenings, self._notice())

    def _active_watch(self, session: Session, state: WatchState, at: Moment) -> ActiveWatch:
        there = session.missing_since is None and not self._house.servers[session.identity.server_id].away
        return ActiveWatch(
            watch_id=state.watch_id,
            viewer_id=state.viewer_id,
            username=state.username,
            source=state.source,
            screening_id=state.screening_id,
            item=state.item,
            state=state.state,
            join_position_ms=state.join_position_ms,
            position_ms=estimate_position(state, at, self._house.rules) if there else state.position_ms,
            watched_s=watched_s(state),
            started_at_s=state.started_at_s,
            coverage_ms=DurationMs(spans.coverage(state.spans)),
            completion_percent=completion(state),
            party=state.party,
        )

    def _notice(self) -> str:
        away = [server.name or server_id for server_id, server in self._house.servers.items() if server.away]
        notices = [f"Plex server {name} does not answer: its watches wait for it." for name in away]
        return " ".join([*notices, self._house.notice]).strip()

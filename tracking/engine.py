"""The interface of the tracking rules: one object, with one method for each kind of observation."""

import math
from collections.abc import Callable, Iterable
from itertools import chain

from msgspec.structs import replace

from messages import (
    ActiveWatches,
    DropViewerWatches,
    EndReason,
    HistoryFound,
    LinkedAccount,
    Moment,
    NowPlaying,
    Playback,
    PlaybackSnapshot,
    PollFailed,
    Privacy,
    StartTracking,
    TrackingPlan,
    VoicePresence,
    WatchesLoaded,
    WatchesReported,
    WatchState,
)
from messages.ids import plex_viewer_id
from tracking.events import Event, HistoryWanted
from tracking.grouping.session_groups import SessionGroups
from tracking.manual_start import plan_start
from tracking.recorder import WatchRecorder
from tracking.restore import rebuild_sessions
from tracking.rules import Rules
from tracking.seating import PartySeating
from tracking.sessions.display import bound_list, list_problems, list_watches
from tracking.sessions.other_player import OtherPlayer, get_playback
from tracking.sessions.phases import End
from tracking.sessions.poll_diff import PollDiff, compare
from tracking.sessions.server import PlexServers, ServerSessions
from tracking.sessions.session import Session, StreamKey
from tracking.watch_party import WatchParty
from tracking.watches.watch import is_left_at_end, make_id, open_watch, starts_again
from viewers.directory import ViewerDirectory
from viewers.resuming import at_beginning


class TrackingEngine:
    """All running watches. Methods that observe something return the events that follow, in order.

    It reads no clock: the same calls with the same arguments give the same events and the same state.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.servers = PlexServers()
        self.party = WatchParty(rules)
        self.recorder = WatchRecorder(rules, SessionGroups(rules))
        self.seating = PartySeating(self.party, self.recorder, self.servers)

    def restore(self, loaded: WatchesLoaded, at: Moment) -> list[Event]:
        """Restore what ran before a restart. Call it first, or not at all.

        `loaded` has links and privacy choices too, so that newly hidden or untracked viewers are not shown or tracked.
        """
        self.recorder.resume_index.load(loaded.resumable, at)
        for session, superseded in rebuild_sessions(loaded, self.recorder.resume_index, at, self.rules):
            self.servers[session.server_id].add(session)
            for record in superseded:
                self.recorder.finish(session, record, at, at)
        for watch in self.running_watches():
            self.recorder.resume_index.remove(watch)
        self._mark_all_changed()
        self._apply_directory(ViewerDirectory.from_message(loaded.links, loaded.privacy))
        for session in [each for each in self.servers.sessions() if not each.watched]:
            self._remove(session, at)
        self.recorder.restore_groups(self.servers.sessions(), at)
        self.seating.restore_host()
        return self._drain_events()

    def observe(self, snapshot: PlaybackSnapshot) -> list[Event]:
        """Apply a successful poll of a Plex server. One older than the last changes nothing."""
        at = snapshot.taken
        self.party.expire_presence(at)
        server = self.servers[snapshot.server_id]
        server.name, server.poller = snapshot.server_name, snapshot.poller
        self.recorder.changed_servers[server.server_id] = None
        last = server.last_poll
        if last is None or at.steady_s >= last.steady_s:
            outage = last is not None and self.rules.is_outage(at.steady_s - last.steady_s, failed=server.away)
            server.last_poll, server.polls = at, server.polls + 1
            self.servers.note_answer(server)
            self._apply_poll(server, snapshot, last if outage else None, outage)
        self.seating.seat_members(at, server.server_id)
        self.recorder.group_sessions(self.servers, at)
        self.recorder.announce_untold(server.server_id, at)
        return self._drain_events()

    def close_unpolled(self, at: Moment) -> list[Event]:
        """End what ran before a restart on servers that are not polled any more."""
        for session in [each for server in self.servers if not server.polls for each in server]:
            self._close(session, at, "end_unknown")
        return self._drain_events()

    def poll_failed(self, failure: PollFailed) -> list[Event]:
        """Apply a failed poll: it ends and opens nothing, and no time counts until the server answers."""
        for server in self.servers:
            if server.last_poll is not None and failure.at.steady_s < server.last_poll.steady_s:
                continue  # a later poll, which succeeded, arrived first
            if server.server_id == failure.server_id or (not failure.server_id and server.poller == failure.poller):
                self.servers.note_silence(server)
        return self._drain_events()

    def update_voice(self, presence: VoicePresence) -> list[Event]:
        """Apply who is in the voice channel. While Discord is away nobody joins and nobody leaves."""
        self.seating.update_presence(presence)
        return self._drain_events()

    def apply_history(self, found: HistoryFound, at: Moment) -> list[Event]:
        """Apply what a server's history says about a watch that ended unobserved."""
        rows = () if found.failed else found.rows
        for session in self.servers.sessions():
            if session.awaits(found.watch_id):
                ended = session.timeline.seen
                for record in session.end_from_history(rows, at, not self.party.unknown, self.rules):
                    self.recorder.finish(session, record, at, ended)
                self._remove(session, at)
                break
        return self._drain_events()

    def start_manually(self, request: StartTracking, at: Moment) -> tuple[TrackingPlan, list[Event]]:
        """Start, or only plan, what an admin asks for; return the answer and the events.

        The admin's position is believed: a member who joined earlier counts as having watched from there on. The
        record's source is "manual".
        """
        plan, stream = plan_start(self.servers, self.party, self.directory, request, at, self.rules)
        if stream is None or request.simulate:
            return plan, self._drain_events()
        session, server = stream.session, stream.server
        if stream.other is not None:
            before = session.stream
            server.others[before] = OtherPlayer.standing(session.playback or stream.other.playback, at)
            session.relocate(stream.other.playback, at)
            server.reindex(session, before)
        self.recorder.changed_servers[server.server_id] = None
        outcomes = self.seating.move_manually(session, request, plan.outcomes, at)
        return replace(plan, outcomes=outcomes), self._drain_events()

    def apply_directory(self, links: Iterable[LinkedAccount], privacy: Iterable[tuple[str, Privacy]]) -> list[Event]:
        """Apply all links and privacy choices; drop the watches of viewers who are no longer tracked."""
        self._apply_directory(ViewerDirectory.from_message(links, privacy))
        self._mark_all_changed()
        return self._drain_events()

    def forget_viewers(self, forgotten: DropViewerWatches, at: Moment) -> list[Event]:
        """Drop some viewers' watches. Those who are still watching begin a new watch at `at`."""
        began_by_s = math.inf if forgotten.began_by_s is None else forgotten.began_by_s
        viewer_ids = frozenset(forgotten.viewer_ids)

        def goes(viewer_id: str, began_s: float) -> bool:
            return viewer_id in viewer_ids and began_s <= began_by_s

        dropped = self._drop(lambda watch: goes(watch.viewer_id, watch.started_at_s))
        for session in self.servers.sessions():
            session.forget_attendees(goes)
        self.recorder.forget(goes)
        again = viewer_ids if began_by_s == math.inf else dropped
        self.recorder.tracked_again_from.update(dict.fromkeys(again, at))
        return self._drain_events()

    @property
    def directory(self) -> ViewerDirectory:
        """Which ids are one viewer, and who is hidden."""
        return self.recorder.directory

    @property
    def running(self) -> int:
        """Number of running watches."""
        return self.servers.count_watches(self.recorder.changed_servers)

    def running_watches(self, server_id: str = "") -> list[WatchState]:
        """Return the running watches of a server, or of all, those of the oldest session first."""
        return [watch for session in self.servers.sessions(server_id) for watch in session.watches()]

    def take_changed_servers(self) -> list[str]:
        """Return the ids of the servers with changes to report since the last call."""
        changed, self.recorder.changed_servers = list(self.recorder.changed_servers), {}
        return changed

    def report(self, at: Moment, server_id: str = "") -> WatchesReported:
        """Return the running watches of a server, or of all, as they are if nothing more is seen."""
        watches = self.servers.watches_so_far(self.rules, not self.party.unknown, server_id)
        return WatchesReported(at, tuple(watches), (), server_id)

    def now_playing(self, at: Moment, server_id: str = "") -> NowPlaying:
        """Return the screenings of a server, or of all, that have viewers."""
        screenings = self.recorder.screenings(self.servers.sessions(server_id), at, server_id)
        return NowPlaying(at, tuple(screenings), server_id)

    def active_watches(self, at: Moment) -> ActiveWatches:
        """Return the running watches for display; those of channel members only while it is known who is there."""
        rows = list_watches(self.servers.sessions(), self.servers.away, not self.party.unknown, at, self.rules)
        screenings = self.now_playing(at).screenings
        shown = {screening.screening_id for screening in screenings}
        watches = [each for each in self.recorder.show_watches(rows, at) if each.screening_id in shown]
        watches.sort(key=lambda watch: watch.started_at_s)
        return bound_list(at, watches, screenings, tuple(list_problems(self.servers, self.party.notice)))

    def _apply_poll(
        self, server: ServerSessions, snapshot: PlaybackSnapshot, outage_since: Moment | None, outage: bool
    ) -> None:
        at, known = snapshot.taken, not self.party.unknown
        diff = compare(server, snapshot.playbacks, at, outage, self.rules)
        for session, switched in diff.absent.items():
            self._apply_absence(session, snapshot, outage_since, switched)
        for session, other in diff.credited:
            self.seating.credit_departed(session, other, at)
            session.credit(other, at, known, self.rules)
        server.others = diff.others
        for session, playback in chain(diff.seen.items(), diff.followed):
            try:
                self._show(server, session, playback, at, outage, diff)
            except Exception as error:  # noqa: BLE001 - one odd session never costs the others their watch
                self._notify_odd(playback, error)
        for session, other in diff.taken_over:
            before = session.stream
            self.seating.credit_departed(session, other, at)
            session.take_over(other, at, known, self.rules)
            server.reindex(session, before)
        opened: list[Playback | OtherPlayer] = [*diff.opened_beside, *diff.opened]
        for shown in opened:
            try:
                self._open_session(server, shown, at)
                self._close_finished(server, get_playback(shown).account_id, at)
            except Exception as error:  # noqa: BLE001 - as above
                self._notify_odd(get_playback(shown), error)

    def _show(
        self, server: ServerSessions, session: Session, playback: Playback, at: Moment, outage: bool, diff: PollDiff
    ) -> None:
        """Apply a listed session."""
        first, elsewhere, known = session.timeline, session not in diff.seen, not self.party.unknown
        there_ms = None if playback.state == "buffering" else playback.position_ms
        player = playback.machine_id if elsewhere else None
        if (there_ms or 0) < (first.position_ms or 0) and starts_again(first, there_ms, at, self.rules, player):
            for record in session.end_before(at, self.rules):
                self.recorder.finish(session, record, at, session.timeline.seen)
            self._remove(session, at)
            if playback.state in ("playing", "paused"):
                self._open_session(server, playback, at)
            return
        if session.playback is None and not session.tracks_owner:
            session.owner_pending = self.rules.counts(playback.account_id, playback.account_name)
        if elsewhere:
            before = session.stream
            session.follow(playback, at, outage, known, self.rules)
            server.reindex(session, before)
        else:
            session.observe(playback, at, outage, known, self.rules, same=session not in diff.changed)
        if session.owner_pending:
            self._start_owner_watch(session, at)
        if not first.spans and session.timeline.join_position_ms != first.join_position_ms:
            self.recorder.resume_where_told(session, at)
        line = session.timeline
        if line.ghost and line.pending_s >= self.rules.ghost_end_s:
            self._close_listed(server, session, playback, at, "end_inferred")

    def _close_finished(self, server: ServerSessions, account_id: str, at: Moment) -> None:
        """Close an account's sessions of finished films, even if they stay listed, once it plays another film."""
        for session in list(server.of_account(account_id)):
            if session.active and session.playback and is_left_at_end(session.timeline, at, self.rules):
                self._close_listed(server, session, session.playback, at)

    def _close_listed(
        self, server: ServerSessions, session: Session, playback: Playback, at: Moment, reason: EndReason | None = None
    ) -> None:
        """End a session whose stream stays listed: from now on the stream counts as a player that stands still."""
        server.others[session.stream] = OtherPlayer.standing(playback, at)
        self._close(session, at, reason)

    def _open_session(self, server: ServerSessions, shown: Playback | OtherPlayer, at: Moment) -> None:
        """Open a session and its account's watch, at the first observation that it plays or is paused.

        If the player was listed before, what it has shown since it began to move counts.
        """
        playback = get_playback(shown)
        if isinstance(shown, OtherPlayer):
            line, opened = shown.trial, shown.began or at
        else:
            line, opened = open_watch(playback, "", "", "", "plex", at, playback.position_ms, playback.state), at
        counts = self.rules.counts(playback.account_id, playback.account_name)
        viewer_id, stream = plex_viewer_id(server.server_id, playback.account_id), StreamKey.of(playback)
        if self.recorder.is_left_over(viewer_id, playback, at, first_look=server.polls == 1):
            server.others[stream] = OtherPlayer.standing(playback, at)
            return
        tracks_owner = counts and self.recorder.tracks(viewer_id, at)
        line = replace(
            line, viewer_id=viewer_id, username=playback.account_name or playback.player, first_seat=tracks_owner
        )
        past = self.recorder.resume_index.find_screening(
            server.server_id, playback.account_id, playback.item, at, self.rules
        )
        if past is not None:
            running = any(other.screening_id == past.screening_id for other in server.of_account(playback.account_id))
            anew = at_beginning(playback.item.duration_ms, playback.position_ms, self.rules) or (
                tracks_owner and self.recorder.find_resumable(line, at) is None
            )
            if running or (anew and past.is_completed(self.rules)):
                past = None
        new_id = make_id("screening", server.server_id, *stream, playback.item.rating_key, repr(opened.wall_s))
        screening_id = (past and past.own_id) or new_id
        watch_id = make_id("watch", screening_id, viewer_id, *stream, repr(opened.wall_s))
        line = replace(line, screening_id=screening_id, watch_id=watch_id)
        session = Session(
            server.server_id, screening_id, line, tracks_owner, opened.wall_s, playback=playback, opened=opened,
            owner_pending=counts and not tracks_owner,
        )  # fmt: skip
        if past is not None:
            session.started_at_s, session.past_attendees = past.started_at_s, past.attendees
            session.first_seat_taken, session.announced = past.first_seat_taken, True
        server.add(session)
        if tracks_owner:
            session.timeline = self.recorder.start(session, line, at)
            self.recorder.announce_opened(session, self.servers, at)
        if past is not None and past.group is not None:
            self.recorder.groups.come_back(session, past.group, at)

    def _start_owner_watch(self, session: Session, at: Moment) -> None:
        """Begin the account's own watch in a running session, if its viewer is tracked by now."""
        line, playback = session.timeline, session.playback
        if playback is None or playback.state not in ("playing", "paused"):
            return
        if not self.recorder.tracks(session.account, at):
            return
        name, there_ms = playback.account_name or playback.player, playback.position_ms
        fresh = open_watch(playback, session.screening_id, session.account, name, "plex", at, there_ms, playback.state)
        first = not session.past_attendees and not session.party_watches
        fresh = replace(fresh, party=line.party, guild_id=line.guild_id, channel_id=line.channel_id, first_seat=first)
        fresh = replace(fresh, together_id=line.together_id, together=line.together)
        session.timeline = self.recorder.start(session, fresh, at)
        session.tracks_owner, session.owner_pending = True, False
        self.recorder.announce_start(session, at)

    def _apply_absence(
        self, session: Session, snapshot: PlaybackSnapshot, outage_since: Moment | None, switched: bool
    ) -> None:
        """Handle a session that a successful poll did not list."""
        named = (key := session.stream.session_key) in snapshot.unreadable
        if named or any(place.startswith("#") for place in snapshot.unreadable):
            if session.hold_unreadable(snapshot.taken, outage_since, named, self.rules):
                return
        else:
            session.forget_unreadable()
        stopped = key in snapshot.stopped_keys
        match session.mark_absent(snapshot.taken, outage_since, self.rules, switched, stopped):
            case None:
                return
            case End(reason):
                self._close(session, snapshot.taken, reason)
            case query:
                self.recorder.add_event(HistoryWanted(self.servers[session.server_id].poller, query))

    def _close(self, session: Session, at: Moment, reason: EndReason | None = None) -> None:
        """End a session and all its watches."""
        ended = session.timeline.seen
        for record in session.end_watches(reason, self.rules):
            self.recorder.finish(session, record, at, ended)
        self._remove(session, at)

    def _remove(self, session: Session, at: Moment) -> None:
        """Remove a session that has no open watches, and announce its end."""
        self.servers[session.server_id].remove(session)
        self.party.end(session)
        self.recorder.announce_end(session, at)
        self.recorder.resume_index.forget_old(at, self.rules)

    def _mark_all_changed(self) -> None:
        self.recorder.changed_servers |= {server.server_id: None for server in self.servers if len(server)}

    def _apply_directory(self, directory: ViewerDirectory) -> None:
        self.recorder.directory = directory
        if directory:
            self.recorder.tracked_again_from |= self._drop(lambda watch: not directory.tracks(watch.viewer_id))

    def _drop(self, leaves: Callable[[WatchState], bool]) -> dict[str, Moment]:
        """Drop running watches without a record; return their viewers, and when each was last seen."""
        seen = dict[str, Moment]()
        for session in self.servers.sessions():
            dropped = session.drop_watches(leaves)
            self.recorder.drop(session, dropped)
            seen |= {watch.viewer_id: watch.seen for watch in dropped}
        return seen

    def _notify_odd(self, playback: Playback, error: Exception) -> None:
        self.recorder.notify(f"Plex session {playback.session_key} could not be followed: {error!r}. The others are.")

    def _drain_events(self) -> list[Event]:
        return self.recorder.drain_events(self.running)

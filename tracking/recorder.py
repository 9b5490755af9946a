"""Begins, resumes and finishes watches, announces screenings, and collects the events."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec.structs import replace

from messages import (
    ActiveWatch,
    Attendee,
    Item,
    Moment,
    Playback,
    Screening,
    ScreeningEnded,
    ScreeningStarted,
    WatchFinished,
    WatchRecord,
    WatchState,
)
from messages.ids import is_session_account
from tracking.events import Event, Notice, WatchDropped, WatchOpened
from tracking.grouping.session_group import SessionGroup
from tracking.grouping.session_groups import SessionGroups
from tracking.resume_index import FinishedWatch, ResumeIndex
from tracking.rules import Rules
from tracking.sessions.display import describe_session, past_attendee_of
from tracking.sessions.server import PlexServers, ServerSessions
from tracking.sessions.session import Session
from tracking.watches.film import group_films
from tracking.watches.watch import CLOCK_SET_S, resume
from viewers.directory import ViewerDirectory
from viewers.merge import group_same_watch, record_attendance
from viewers.public_view import ShownWatch, show_screening, show_watches
from viewers.redact import tells_of_nobody
from viewers.resuming import FilmShown, can_resume


class WatchRecorder(msgspec.Struct):
    """Begins or resumes watches, remembers those that ended, and collects the events."""

    rules: Rules
    groups: SessionGroups
    """Sessions that are one screening."""
    directory: ViewerDirectory = msgspec.field(default_factory=ViewerDirectory)
    """Links and privacy choices."""
    tracked_again_from: dict[str, Moment] = msgspec.field(default_factory=dict)
    """After when somebody whose watch was dropped may be tracked anew, by viewer id: an older poll may be underway."""
    resume_index: ResumeIndex = msgspec.field(default_factory=ResumeIndex)
    changed_servers: dict[str, None] = msgspec.field(default_factory=dict)
    """Ids of the servers of which something is to be reported: their sessions or watches changed."""
    _untold: dict[Session, None] = msgspec.field(default_factory=dict)
    """Sessions of whose start nobody was told, for only hidden viewers watch them."""
    _events: list[Event] = msgspec.field(default_factory=list)

    def tracks(self, viewer_id: str, at: Moment) -> bool:
        """Tell whether what a viewer watches at `at` is recorded."""
        again_from = self.tracked_again_from.get(viewer_id)
        return self.directory.tracks(viewer_id) and (again_from is None or at.steady_s > again_from.steady_s)

    def find_resumable(self, fresh: WatchState, at: Moment) -> FinishedWatch | None:
        """Return the finished watch that a new one would resume."""
        finished = self.resume_index.find(fresh.viewer_id, fresh.item, fresh.position_ms)
        if finished is None:
            return None
        away_s = at.steady_s - finished.ended_steady_s
        shown = (FilmShown.of(finished.record), self._find_whole(finished.record))
        return finished if all(can_resume(each, away_s, fresh.position_ms, self.rules) for each in shown) else None

    def _find_whole(self, record: WatchRecord) -> FilmShown:
        """Return what a finished watch has shown, together with the watches under other ids that are one with it."""
        records = self._find_records(self.directory.viewer(record.viewer_id), record.item)
        groups = group_same_watch(records, lambda each: record_attendance(each, each.viewer_id), self.rules)
        whole = FilmShown.of(record)
        for each in next((group for group in groups if record in group), ()):
            whole = whole.add(FilmShown.of(each), self.rules.watched_percent)
        return whole

    def _find_records(self, viewer_id: str, item: Item) -> list[WatchRecord]:
        """Return the newest finished watch of a film under each id of a viewer."""
        found = (self.resume_index.find(each, item) for each in self.directory.ids_of(viewer_id))
        return [each.record for each in found if each is not None]

    def find_finished(self, viewer_id: str, item: Item) -> list[Attendee]:
        """Return the newest finished watch of a film under each id of a viewer, for display."""
        return [past_attendee_of(record) for record in self._find_records(viewer_id, item)]

    def show_watches(self, watches: Iterable[ShownWatch], at: Moment) -> list[ActiveWatch]:
        """Return running watches as others see them: one for one viewer of a film, on whatever server."""
        return show_watches(watches, self.directory, at.wall_s, self.rules, self.find_finished, _group_shown)

    def is_left_over(self, viewer_id: str, shown: Playback, at: Moment, *, first_look: bool = False) -> bool:
        """Tell whether a viewer whose watch of the film is over may have left this player behind.

        A paused player was left behind if its viewer has completed the film elsewhere since. After a restart
        (`first_look`) it is not known which players were dead or left behind: one that is paused, or stands within what
        was seen, counts only once it plays on.
        """
        last = self.resume_index.find(viewer_id, shown.item)
        if last is None:
            return False
        there_ms = shown.position_ms
        if first_look and shown.state == "paused":
            return True
        if first_look and there_ms is not None and any(a <= there_ms <= b for a, b in last.record.spans):
            return True
        if shown.state != "paused" or not last.record.completed:
            return False
        return not can_resume(
            FilmShown.of(last.record), at.steady_s - last.ended_steady_s, shown.position_ms, self.rules
        )

    def start(self, session: Session, fresh: WatchState, at: Moment) -> WatchState:
        """Resume the viewer's earlier watch of the film, or begin the fresh one."""
        self.changed_servers[session.server_id] = None
        finished = self.find_resumable(fresh, at)
        if finished is None:
            fresh = self._after_last(fresh, at)
        else:
            # Taken out of the index: one watch cannot run twice, though an account may play a film on two players.
            self.resume_index.remove(finished.record)
            fresh = resume(finished.record, fresh)
            session.past_attendees.pop(finished.record.watch_id, None)
        self._events.append(WatchOpened(fresh, finished is not None))
        return fresh

    def resume_where_told(self, session: Session, at: Moment) -> None:
        """Resume earlier watches in a session whose player has just reported its first position.

        Without a position a completed film seemed to begin anew.
        """
        if session.tracks_owner and self.find_resumable(session.timeline, at) is not None:
            session.timeline = self.start(session, session.timeline, at)
        for member, watch in session.party_watches.items():
            if self.find_resumable(watch, at) is not None:
                session.party_watches[member] = self.start(session, watch, at)

    def _after_last(self, fresh: WatchState, at: Moment) -> WatchState:
        """Let a new watch begin after the viewer's last one of the film, even if the clock was set back between."""
        last = self.resume_index.find(fresh.viewer_id, fresh.item)
        if last is None:
            return fresh
        began_s = last.record.ended_at_s + at.steady_s - last.ended_steady_s
        if not 0.0 < began_s - fresh.started_at_s <= CLOCK_SET_S or last.record.ended_at_s <= fresh.started_at_s:
            return fresh
        return replace(fresh, started_at_s=began_s)

    def finish(self, session: Session, record: WatchRecord, at: Moment, ended: Moment) -> None:
        """Send a finished watch to the history, and remember it as one that may be resumed.

        A member who joined while the player was dead, and it never went on, has watched nothing: that leaves no record.
        """
        self.changed_servers[session.server_id] = None
        if self._was_shown_nothing(session, record):
            self._events.append(WatchFinished(at, record, leaves_record=False))
            return
        self.resume_index.add(record, ended.steady_s, session.playback.item if session.playback else None)
        session.past_attendees[record.watch_id] = past_attendee_of(record)
        self._events.append(WatchFinished(at, record))

    def _was_shown_nothing(self, session: Session, record: WatchRecord) -> bool:
        """Tell whether a member of the channel joined when the session's player was dead, and it still is."""
        if is_session_account(record.source) or record.playing_s or record.paused_s or record.spans:
            return False
        line = session.timeline
        return line.ghost and record.started_at_s - line.advanced.wall_s >= self.rules.ghost_after_s

    def shorten(self, session: Session, record: WatchRecord, stood_s: float, ended: Moment) -> None:
        """Cut the last seconds, in which its film stood, from a finished watch; not if the watch runs again by now."""
        last = self.resume_index.find(record.viewer_id, record.item)
        if last is None or last.record is not record:
            return
        paused_s = max(0.0, record.paused_s - stood_s)
        ended_at_s = record.ended_at_s - (record.paused_s - paused_s)
        self.finish(session, replace(record, paused_s=paused_s, ended_at_s=ended_at_s), ended, ended)

    def drop(self, session: Session, watches: list[WatchState]) -> None:
        """Drop watches of a session without a record."""
        if watches:
            self.changed_servers[session.server_id] = None
            self._events += (WatchDropped(watch.watch_id, watch.viewer_id) for watch in watches)

    def announce_start(self, session: Session, at: Moment) -> None:
        """Announce once that a screening started: as soon as it has a viewer who is not hidden."""
        if session.announced and session not in self._untold:
            return
        session.announced = True
        screening = self.screening(session, at)
        if tells_of_nobody(screening):
            self._untold[session] = None
            return
        self._untold.pop(session, None)
        self._events.append(ScreeningStarted(at, screening))

    def announce_untold(self, server_id: str, at: Moment) -> None:
        """Announce the starts on a server that were not announced yet: a viewer may be visible by now."""
        for session in [each for each in self._untold if each.server_id == server_id]:
            self.announce_start(session, at)

    def _announce_group(self, group: SessionGroup, at: Moment) -> None:
        """Announce that a group has become a screening, as soon as it has a viewer who is not hidden."""
        screening = self._group_screening(group, group.lead(), at)
        group.is_untold = tells_of_nobody(screening)
        if not group.is_untold:
            self._events.append(ScreeningStarted(at, screening))

    def announce_opened(self, session: Session, servers: PlexServers, at: Moment) -> None:
        """Announce a new session: by itself, or together with the accounts that watched the last film with it."""
        if session.announced:  # it goes on with an earlier one
            return
        group, is_new = self.groups.begin_beside(session, servers.of_viewer, self.directory.viewer, at)
        if group is None:
            self.announce_start(session, at)
            return
        session.announced = True
        self._mark_group_changed(group)
        if is_new or group.is_untold:
            self._announce_group(group, at)

    def announce_end(self, session: Session, at: Moment) -> None:
        """Announce that a screening ended; after a resumption, only if more of the film was watched since."""
        self._untold.pop(session, None)
        group, is_over = self.groups.end(session, at)
        if group is not None:
            total_s = sum(each.playing_s for each in session.past_attendees.values())
            self.resume_index.add_screening(session, total_s, group)
            self._mark_group_changed(group)
            if is_over:
                self._announce_group_end(group, session)
            return
        if not session.announced or not session.past_attendees:
            return
        line = session.timeline
        past = self.resume_index.find_screening(session.server_id, line.account_id, session.item, at, self.rules)
        announced_s = -self.rules.min_watch_s
        if past is not None and past.screening_id == session.screening_id:
            announced_s = past.announced_playing_s
        total_s = sum(each.playing_s for each in session.past_attendees.values())
        if total_s - announced_s >= self.rules.min_watch_s:
            announced_s = total_s
            ended_s = max((each.left_at_s or 0.0 for each in session.past_attendees.values()), default=at.wall_s)
            screening = replace(self.screening(session, line.seen), state="stopped")
            self._add_end(ScreeningEnded(Moment(ended_s, line.seen.steady_s), screening))
        self.resume_index.add_screening(session, announced_s)

    def restore_groups(self, sessions: Iterable[Session], at: Moment) -> None:
        """Rebuild after a restart which sessions are one screening."""
        for group in self.groups.restore(sessions, self.resume_index.attendees, at):
            past = self.resume_index.loaded.get(group.screening_id)
            if past is not None:
                past.group = group

    def forget(self, goes: Callable[[str, float], bool]) -> None:
        """Forget the finished watches for which `goes` (viewer id, start of the watch) is true."""
        self.resume_index.forget(goes)
        self.groups.forget(goes)

    def group_sessions(self, servers: Iterable[ServerSessions], at: Moment) -> None:
        """Note from time to time which sessions play one film at the same time, and announce what follows."""
        if not self.groups.is_due(at):
            return
        answering = (session for server in servers if not server.away for session in server)
        changes = self.groups.look(answering, self.directory.viewer, at)
        for group, session in changes.ended:
            self._announce_group_end(group, session)
        for group in changes.formed:
            self._announce_group(group, at)
        for session in changes.apart:
            session.announced = False
            self.announce_start(session, at)
        for session in (*changes.changed, *changes.apart):
            self.changed_servers[session.server_id] = None
            if (joined := self.groups.find_joined(session)) is not None:
                self._mark_group_changed(joined)
                if joined.is_untold:
                    self._announce_group(joined, at)

    def _mark_group_changed(self, group: SessionGroup) -> None:
        """Note that a group has changes to report: its screening is reported with its first session."""
        self.changed_servers |= dict.fromkeys(session.server_id for session in group.joined)

    def _announce_group_end(self, group: SessionGroup, last: Session) -> None:
        """Announce that a group's screening ended, if more of the film was watched since it was last announced."""
        total_s = sum(each.playing_s for each in group.past_attendees.values())
        if total_s - group.announced_playing_s < self.rules.min_watch_s:
            return
        group.announced_playing_s = total_s
        seen = last.timeline.seen
        ended_s = max((each.left_at_s or 0.0 for each in group.past_attendees.values()), default=seen.wall_s)
        screening = replace(self._group_screening(group, last, seen), state="stopped")
        self._add_end(ScreeningEnded(Moment(ended_s, seen.steady_s), screening))

    def _add_end(self, ended: ScreeningEnded) -> None:
        """Add the end of a screening, unless only hidden viewers saw it: that would reveal what they watched."""
        if not tells_of_nobody(ended.screening):
            self._events.append(ended)

    def screenings(self, sessions: Iterable[Session], at: Moment, server_id: str = "") -> Iterator[Screening]:
        """Yield each screening with a visible viewer; for one server, of the groups those that its sessions lead.

        A screening with only hidden viewers is left out: its title would reveal what they watch.
        """
        everything = self._describe_screenings(sessions, at, server_id)
        yield from (screening for screening in everything if not tells_of_nobody(screening))

    def _describe_screenings(self, sessions: Iterable[Session], at: Moment, server_id: str) -> Iterator[Screening]:
        shown = set[str]()
        for session in sessions:
            group = self.groups.find_joined(session)
            if group is None:
                if session.watched:
                    yield self.screening(session, at)
            elif group.screening_id not in shown:
                shown.add(group.screening_id)
                lead = group.lead()
                if server_id in ("", lead.server_id):
                    yield self._group_screening(group, lead, at)

    def screening(self, session: Session, at: Moment) -> Screening:
        """Return a session as a screening for display."""
        described = describe_session(session, at, self.rules)
        return show_screening(described, session.account, self.directory, self.rules, self.find_finished)

    def _group_screening(self, group: SessionGroup, lead: Session, at: Moment) -> Screening:
        described = group.describe(lead, at, self.rules)
        return show_screening(described, lead.account, self.directory, self.rules, self.find_finished)

    def add_event(self, event: Event) -> None:
        """Add an event."""
        self._events.append(event)

    def notify(self, text: str) -> None:
        """Add a notice for the people who run Usher."""
        self._events.append(Notice(text))

    def drain_events(self, running: int) -> list[Event]:
        """Return the events since the last call; a WatchFinished says how many watches still run (`running`)."""
        events, self._events = self._events, []
        if any(isinstance(event, WatchFinished) for event in events):
            return [replace(each, running=running) if isinstance(each, WatchFinished) else each for each in events]
        return events


def _group_shown(watches: list[ShownWatch]) -> list[list[ShownWatch]]:
    return group_films(watches, lambda each: each[0].item, lambda each: each[0].started_at_s)

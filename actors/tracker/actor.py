"""The tracker: receives observations of Plex and Discord, keeps every running watch, reports starts and ends.

`tracking/`, which is pure, decides what counts as a watch. This file only sends the results.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from actors.runtime import Actor, ActorUnavailable, AskTimeout, Context, MailboxFull, OutboxFull, RemoteError
from actors.tracker.finished_outbox import FinishedWatchOutbox
from actors.tracker.watch_reporter import WatchReporter
from config import Settings
from messages import (
    ActiveWatches,
    DropViewerWatches,
    GetSaveStatus,
    HistoryFound,
    ListActiveWatches,
    LoadWatches,
    Message,
    Moment,
    PlaybackSnapshot,
    PollFailed,
    Problem,
    ReportWatches,
    ScreeningEnded,
    ScreeningStarted,
    StartTracking,
    TrackingPlan,
    ViewerDirectoryChanged,
    VoicePresence,
    WatchesLoaded,
    WatchFinished,
    WatchRecord,
    WatchState,
)
from tracking.engine import TrackingEngine
from tracking.events import Event, HistoryWanted, Notice, WatchDropped, WatchOpened
from tracking.rules import Rules
from viewers.directory import DirectoryChanges, ViewerDirectory
from wording.problems import english

LOAD_AGAIN_S: Final = 1.0
"""Pause before persistence is asked again for the watches of the last run; real seconds."""
WAITING_LIMIT: Final = 1000
"""Observations that are kept until persistence has answered: hours of them; the oldest are dropped first."""
LAST_WORD_S: Final = 2.0
"""How long a stop waits for persistence to receive the last messages; real seconds."""
NOT_READY: Final = Problem.of("tracker.not_ready")


def rules_from_settings(settings: Settings) -> Rules:
    """Return the rules of tracking from the settings."""
    return Rules(
        end_grace_s=settings.end_grace_seconds,
        ghost_after_s=settings.ghost_after_seconds,
        ghost_end_s=settings.ghost_end_seconds,
        slack_s=settings.position_slack_seconds,
        watched_percent=settings.watched_percent,
        min_watch_s=settings.min_watch_seconds,
        resume_window_s=settings.resume_window_hours * 3600,
        tracked_types=frozenset(settings.tracked_types),
        party_user=settings.watch_party_plex_user,
        excluded=frozenset(user.casefold() for user in settings.excluded_plex_users),
        gap_s=max(3 * settings.plex_poll_seconds, settings.end_grace_seconds),
        group_synchronous=settings.group_synchronous_sessions,
    )


class RetryLoad(Message, frozen=True, tag="load_again"):
    """The tracker to itself: ask persistence again."""


class Tracker(Actor):
    """Keeps the running watches. A tracker that was killed is rebuilt from its last report to persistence."""

    name: ClassVar[str] = "tracker"
    last_word_s: ClassVar[float] = LAST_WORD_S

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._rules = rules_from_settings(context.settings)
        self._tracking = TrackingEngine(self._rules)
        self._ready = False
        self._waiting: deque[Message] = deque(maxlen=WAITING_LIMIT)
        persistence = self.ref("persistence")
        self._finished = FinishedWatchOutbox(persistence, lambda server_id: self._reporter.on_all_stored(server_id))
        self._reporter = WatchReporter(persistence, self._tracking, self._finished, context.clock.now)
        self._problems: tuple[Problem, ...] = ()
        fewest = 0 if context.community else 1  # a further community may have no Plex server any more
        self._pollers_expected = max(fewest, len(context.settings.servers))
        self._pollers_heard: set[str] = set()
        self._is_settled = False
        """Whether every Plex server has answered since the start, so that all are known."""
        self._screens = ("discord", "web") if context.settings.web_port else ("discord",)
        """The actors that show what is playing."""
        self._announcers = ("discord", "webhooks") if context.settings.webhook_urls else ("discord",)
        """The actors that announce starts and ends."""

    def handlers(self) -> Mapping[type[Any], Callable[[Any], Message | None]]:
        """Return the dispatch table."""
        return {
            PlaybackSnapshot: self._observe,
            PollFailed: self._observe,
            VoicePresence: self._observe,
            HistoryFound: self._observe,
            DropViewerWatches: self._observe,
            ViewerDirectoryChanged: self._apply_directory,
            ReportWatches: self._report,
            ListActiveWatches: self._list,
            StartTracking: self._start_manually,
            RetryLoad: self._load,
        }

    def on_start(self) -> None:
        """Ask persistence for the watches of the last run."""
        self._load(RetryLoad())

    def on_stop(self) -> None:
        """Wait until persistence has received everything: it may be restarting just now, and have no report yet."""
        until_s = self.endpoint.now() + self.last_word_s
        while self._ready and (left_s := until_s - self.endpoint.now()) > 0:
            self._reporter.report_all()
            told_all = not self._finished.waiting
            try:
                self.ask(GetSaveStatus(), left_s)  # answered after all that was sent before it
            except (ActorUnavailable, AskTimeout, MailboxFull, RemoteError):
                return  # the next start continues from its last checkpoint
            if told_all:
                return
            while self._finished.waiting and (left_s := until_s - self.endpoint.now()) > 0:
                self.endpoint.pump(min(left_s, 0.02))

    def _load(self, _: RetryLoad) -> None:
        """Load the watches of the last run; until then observations wait, so that no watch is opened twice."""
        at = self.context.clock.now()
        try:
            loaded = self._ask_for_all(LoadWatches(at.wall_s - self._rules.resume_window_s))
        except (ActorUnavailable, AskTimeout, MailboxFull, RemoteError) as error:
            self.report_degraded(Problem.of("tracker.not_restored", error=str(error)))
            self.send_to_self_after(LOAD_AGAIN_S, RetryLoad())
            return
        self._ready = True
        self.report_recovered()
        self.log.info(
            "Watches taken up: %d running, %d that may be resumed", len(loaded.running), len(loaded.resumable)
        )
        self._send_results(self._tracking.restore(loaded, self.context.clock.now()), at)
        self._reporter.report_all()
        while self._waiting:
            self._apply(self._waiting.popleft())
        self._close_unpolled(self.context.clock.now())

    def _close_unpolled(self, at: Moment) -> None:
        """Once all Plex servers are known, end the watches on servers that the settings no longer have."""
        if not self._is_settled and len(self._pollers_heard) >= self._pollers_expected:
            self._is_settled = True
            self._send_results(self._tracking.close_unpolled(at), at)

    def _ask_for_all(self, question: LoadWatches) -> WatchesLoaded:
        """Return the watches of the last run, joined from all parts of the answer."""
        parts = [self.ask(question)]
        while len(parts) < parts[0].parts:
            parts.append(self.ask(LoadWatches(question.resume_since_s, len(parts))))
        running = tuple(state for part in parts for state in part.running)
        resumable = tuple(record for part in parts for record in part.resumable)
        return WatchesLoaded(running, resumable, parts[-1].links, parts[-1].privacy)

    def _observe(self, message: Message) -> None:
        if self._ready:
            self._apply(message)
        else:
            self._waiting.append(message)

    def _apply(self, message: Message) -> None:
        """Apply a message to the tracking, and send the results. The time is the message's, however long it waited."""
        match message:
            case PlaybackSnapshot():
                self._send_results(self._tracking.observe(message), message.taken)
                self._pollers_heard.add(message.poller)
                self._close_unpolled(message.taken)
            case PollFailed():
                self._send_results(self._tracking.poll_failed(message), None)
            case VoicePresence():
                self._send_results(self._tracking.update_voice(message), None)
            case HistoryFound():
                at = self.context.clock.now()
                self._send_results(self._tracking.apply_history(message, at), at)
            case DropViewerWatches():
                at = self.context.clock.now()
                self._send_results(self._tracking.forget_viewers(message, at), at)

    def _apply_directory(self, known: ViewerDirectoryChanged) -> None:
        """Apply links and privacy choices. Ignored until the tracker is ready, for the load brings newer ones."""
        if self._ready:
            now = ViewerDirectory.from_message(known.links, known.privacy)
            if known.is_change:
                changes = DirectoryChanges(known.links, known.unlinked, known.privacy)
                now = self._tracking.directory.apply_changes(changes)
            self._send_results(
                self._tracking.apply_directory(now.links.values(), now.choices.items()), self.context.clock.now()
            )

    def _report(self, _: ReportWatches) -> None:
        if self._ready:
            self._reporter.report_all()

    def _list(self, _: ListActiveWatches) -> ActiveWatches:
        at = self.context.clock.now()
        return (
            self._tracking.active_watches(at)
            if self._ready
            else ActiveWatches(at, (), (), english(NOT_READY), (NOT_READY,))
        )

    def _start_manually(self, request: StartTracking) -> TrackingPlan:
        if not self._ready:
            return TrackingPlan((), (), "", (), english(NOT_READY), NOT_READY)
        at = self.context.clock.now()
        plan, events = self._tracking.start_manually(request, at)
        if not request.simulate:
            self.log.info(
                "%s asked to start tracking: %s",
                request.requested_by or "Somebody",
                describe_plan(plan, self._tracking.directory),
            )
        self._send_results(events, at)
        return plan

    def _send_results(self, events: list[Event], at: Moment | None) -> None:
        """Send the events; then the state as of `at` of each server that the step concerned."""
        for event in events:
            self._send_event(event)
        unsent = self._finished.push()
        changed = self._tracking.take_changed_servers()
        self._reporter.report(changed)
        for server_id in changed:
            playing = self._tracking.now_playing(at or self.context.clock.now(), server_id)
            for name in self._screens:
                self.ref(name).tell(playing)
        self._show_problems((*((unsent,) if unsent else ()), *self._reporter.problems))

    def _show_problems(self, problems: tuple[Problem, ...]) -> None:
        if problems:
            self.report_degraded(*problems)
        elif self._problems:
            self.report_recovered()
        self._problems = problems

    def _log_name(self, watch: WatchState | WatchRecord) -> str:
        """Return the name of a watch's viewer for the log: only the id for a hidden viewer."""
        return self._tracking.directory.log_name(watch.viewer_id, watch.username)

    def _send_event(self, event: Event) -> None:
        match event:
            case WatchOpened(state, resumed):
                verb = "goes on with" if resumed else "began"
                at_s = (state.position_ms or 0) // 1000
                name = self._log_name(state)
                self.log.info("%s %s “%s” at %d s (%s)", name, verb, state.item.title, at_s, state.source)
                if resumed:
                    self._finished.note_resumed(state.watch_id, state.item.server_id)
            case WatchDropped(_, viewer_id):
                self.log.info("The watch of %s is dropped without a record, as they wish", viewer_id)
            case WatchFinished():
                self.log.info("%s", describe_end(event, self._log_name(event.record)))
                self._finished.add(event)
            case ScreeningStarted() | ScreeningEnded():
                for name in self._announcers:
                    try:
                        self.ref(name).tell(event)
                    except OutboxFull as error:
                        self.log.warning("“%s” is not announced: %s", event.screening.item.title, error)
            case HistoryWanted(poller, question):
                self.ref(poller).tell(question)
            case Notice(text):
                self.log.warning("%s", text)


def describe_end(finished: WatchFinished, name: str) -> str:
    """Return a finished watch in one line."""
    record = finished.record
    if not finished.leaves_record:
        return f"{name} left “{record.item.title}”: nothing was shown to them, so there is no record"
    percent = "" if record.completion_percent is None else f", {record.completion_percent:.1f} %"
    return f"{name} finished “{record.item.title}” ({record.end_reason}): {record.playing_s / 60:.1f} minutes{percent}"


_DONE = {
    "started": "is tracked from now on",
    "already_watching": "was tracked already",
    "would_start": "would be tracked",
    "not_in_channel": "is not in the channel",
    "not_tracked": "does not want to be tracked",
}


def describe_plan(plan: TrackingPlan, people: ViewerDirectory) -> str:
    """Return a plan in one line, for the log."""
    called = [people.log_name(outcome.user_id, outcome.name) or outcome.user_id for outcome in plan.outcomes]
    done = ", ".join(f"{name} {_DONE[each.outcome]}" for name, each in zip(called, plan.outcomes, strict=True))
    return plan.problem or done

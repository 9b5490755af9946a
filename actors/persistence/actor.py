"""The persistence actor: keeps what the tracker reports in memory, and saves when a save is due.

It receives reports and finished watches from the tracker, ticks from the launcher, questions from Discord and
the command line. It sends `BadgesAwarded` to Discord and asks nobody.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import Future
from types import TracebackType
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from actors.persistence.announcer import BadgeAnnouncer
from actors.persistence.audit_keeper import AuditKeeper
from actors.persistence.backup_scheduler import BackupDue, BackupScheduler, read_backup_list
from actors.persistence.community_keeper import COMMUNITY_REQUESTS, CommunityKeeper
from actors.persistence.copy_repairs import CopyRepairs, answer_after
from actors.persistence.failures import (
    Handlers,
    bind_requests,
    decline_failures,
    retry_failures,
    translate_start_failures,
)
from actors.persistence.film_choices import FILM_CHOICES, FilmChoices
from actors.persistence.read_worker import QuestionPool, ReadWorker
from actors.persistence.reported_watches import ReportedWatches
from actors.persistence.restart_parts import RestartParts
from actors.persistence.summary_filler import FillSummaries, SummaryFiller
from actors.persistence.unstorable import UnstorableWatches, store_apart
from actors.persistence.viewer_requests import VIEWER_REQUESTS, ViewerRequests
from actors.persistence.web_access import WEB_ACCESS, WebAccess
from actors.runtime import Actor, Context
from actors.runtime.errors import RetryLater
from actors.runtime.middleware.dispatcher import BatchHandler, Outcome
from awards import Badge, BadgesError
from messages import (
    AdminActed,
    AutoSaveTick,
    BackUpNow,
    GetAuditLog,
    GetPageKey,
    GetSaveStatus,
    ListBackups,
    LoadWatches,
    PageKey,
    Problem,
    RecordVotes,
    ReportWatches,
    SaveChatState,
    SaveNow,
    SaveReport,
    SaveStatus,
    ServersReported,
    StoreChanged,
    WatchesLoaded,
    WatchesReported,
    WatchFinished,
    WatchRecord,
)
from persistence.badge_files import default_badges, load_badges
from persistence.database.errors import CopiesFailed, SaveFailed, SaveRefused
from persistence.database.open_store import check_writable
from persistence.operations.finish_watch import EndedWatch
from persistence.operations.save import save
from persistence.queries.answers import AnswerFunction, load_answers
from persistence.records import chat_state
from persistence.records.checkpoint import RunningWatch
from persistence.records.saves import SaveResult
from persistence.rules import StatisticsRules
from persistence.store import Store
from wording.problems import english

SKIP_LINE_EVERY_S = 3600.0
"""While nobody watches, the log says so once an hour (service time)."""


class Persistence(Actor):
    """The one writer of the store."""

    name: ClassVar[str] = "persistence"
    outlives_launcher_s: ClassVar[float] = 1.0  # the tracker, which stops at the same time, sends unstored watches

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = context.settings
        self._reported = ReportedWatches(settings.watched_percent, settings.min_watch_seconds)
        self._restart_parts = RestartParts()
        self._opened: Store | None = None
        self._read_worker = ReadWorker()
        self._question_pool = QuestionPool()
        self._to_close = contextlib.ExitStack()
        self._backups_dir = context.data_dir / "backups"
        self._standing_fault: Problem | None = None
        self._audit = AuditKeeper(self, self._report_audit_recovered)
        self._last_saved_s: float | None = None
        self._save_error: Problem | None = None
        self._unstorable = UnstorableWatches(self.log)
        self._skip_said_s: float | None = None

    def handlers(self) -> Handlers:
        """Return the handler of each message."""
        return {
            WatchesReported: lambda report: self._reported.take(report),
            ServersReported: lambda reported: self._reported.take_servers(reported),
            WatchFinished: self._watch_finished,
            AutoSaveTick: self._tick,
            SaveChatState: self._save_chat_state,
            RecordVotes: lambda asked: self._film_choices.record_votes(asked),
            SaveNow: self._save_now,
            LoadWatches: self._load_watches,
            GetSaveStatus: self._save_status,
            GetPageKey: lambda _asked: decline_failures(lambda: PageKey(self._store.ensure_page_key())),
            ListBackups: lambda _asked: self._read_worker.submit(lambda: read_backup_list(self._backups_dir)),
            BackUpNow: lambda asked: self._backup_scheduler.back_up_now(asked),
            **{question: self._answer_from_store(function) for question, function in load_answers().items()},
            AdminActed: lambda acted: self._audit.record(acted),
            GetAuditLog: lambda asked: self._read_worker.submit(lambda: self._audit.read(asked)),
            BackupDue: lambda _due: self._backup_scheduler.back_up_if_due(),
            FillSummaries: lambda _more: self._summary_filler.fill_some(),
            **bind_requests(VIEWER_REQUESTS, lambda: self._viewer_requests),
            **bind_requests(FILM_CHOICES, lambda: self._film_choices),
            **({} if self.context.community else bind_requests(COMMUNITY_REQUESTS, lambda: self._community_keeper)),
            **bind_requests(WEB_ACCESS, lambda: self._web_access),
        }

    def batch_handlers(self) -> Mapping[type[Any], BatchHandler]:
        """Return the handlers that take several messages at once."""
        return {WatchFinished: self._finish_watches}

    # -- start and stop --------------------------------------------------------------------------------------

    @translate_start_failures()
    def on_start(self) -> None:
        """Open the store. One that is damaged, newer or not Usher's is not touched: that is fatal."""
        settings = self.context.settings
        self._rules = StatisticsRules(
            ZoneInfo(settings.timezone),
            self._load_badges(),
            settings.watched_percent,
            settings.min_watch_seconds,
            settings.resume_window_hours * 3600,
            settings.position_slack_seconds,
        )
        check_writable(settings.store_url)
        self._opened = Store(
            settings.store_url,
            self.context.data_dir,
            self._rules,
            backups_dir=self._backups_dir,
            note=self.log.warning,
            is_owner=True,
        )
        self._to_close.callback(self._opened.close)
        self._to_close.callback(self._read_worker.close)
        self._to_close.callback(self._question_pool.close)
        self._last_saved_s = self._store.read_last_saved_s()
        self._copies = CopyRepairs(self, self._store, self._note_save_failure)
        self._to_close.callback(self._copies.close)
        self._copies.repair()
        self.ref("tracker").tell(ReportWatches())
        self._announcer = BadgeAnnouncer(self, self._store, self._rules, self._report_unsaved)
        self._announcer.announce()
        self._backup_scheduler = BackupScheduler(self, self._store, self._backups_dir, lambda: self._last_saved_s)
        self._to_close.callback(self._backup_scheduler.close)
        self._backup_scheduler.schedule_next()
        self._viewer_requests = ViewerRequests(
            self, self._store, self._backups_dir, self._read_worker, self._running, self._forget_viewers
        )
        self._film_choices = FilmChoices(self, self._store, self._running)
        self._web_access = WebAccess(self, self._store)
        self._community_keeper = CommunityKeeper(self, self._store)
        self._community_keeper.tell_all()
        self._viewer_requests.send_directory()
        self._viewer_requests.send_erasures()
        self._summary_filler = SummaryFiller(self, self._store)
        self._summary_filler.begin()

    def on_stop(self) -> None:
        """Save once more if anybody watches: the last step of an ordered stop, also after the launcher's death."""
        if self._opened is None:
            return
        if self._running():
            try:
                self._save("stop")
            except SaveFailed:
                self.log.error("The last save before the stop failed: the checkpoint is that of the save before.")
        self._to_close.close()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the store after a crash: the next process opens it again."""
        self._to_close.close()

    @property
    def _store(self) -> Store:
        assert self._opened is not None, "on_start opens the store"  # noqa: S101  # true by pykka's order of calls
        return self._opened

    def _load_badges(self) -> tuple[Badge, ...]:
        try:
            return load_badges(self.context.data_dir)
        except BadgesError as error:
            self._standing_fault = Problem.of("badges.own_left_out", error=error.problems[0])
            for problem in error.problems:
                self.log.error("%s", problem)
            self.report_degraded(self._standing_fault)
            return default_badges()

    def _now_s(self) -> float:
        return self.context.clock.now().wall_s

    def _running(self) -> list[RunningWatch] | None:
        """Return every running watch; None until the tracker has reported all servers. Actor's thread only."""
        return self._reported.running()

    def _load_watches(self, asked: LoadWatches) -> WatchesLoaded:
        directory = self._viewer_requests.read_directory
        return decline_failures(lambda: self._restart_parts.answer(asked, self._reported, self._store, directory))

    def _watch_finished(self, finished: WatchFinished) -> None:
        if (outcome := self._finish_watches([(finished, self.handling_id)])[0]) is not None:
            raise outcome

    def _finish_watches(self, batch: Sequence[tuple[WatchFinished, str]]) -> Sequence[Outcome]:
        """Store watches that ended together in one transaction. If it raises RetryLater, none is acknowledged."""
        ended = [
            EndedWatch(finished.record, finished.at, message_id, finished.leaves_record)
            for finished, message_id in batch
        ]
        return store_apart(ended, lambda some: self._finish_together(some, batch[-1][0].running), self._set_aside)

    def _finish_together(self, ended: Sequence[EndedWatch], running: int) -> None:
        try:
            result: SaveResult | None = self._unstorable.finish(self._store, ended, self._reported, self._now_s())
        except SaveRefused:
            raise
        except SaveFailed as error:
            self._note_save_failure(error)
            if not isinstance(error, CopiesFailed):
                raise RetryLater(error.problem) from error  # the tracker keeps them and sends them again
            result = None
        if result is not None and result.is_repeat:
            return
        for each in ended:
            self._reported.drop_watch(each.record.watch_id, each.record.item.server_id)
        if result is not None:
            self._note_save_success(running)
        if result is None or result.has_new_names:
            self._viewer_requests.send_changed_names()
        if result is None or result.has_new_badges or self._announcer.is_unsent:
            self._announcer.announce()

    def _save_chat_state(self, save: SaveChatState) -> None:
        """Store the state of a feature of the chat platform; acknowledged after the commit."""
        with retry_failures("What the chat platform remembers"), self._store.transaction(keeps_figures=True) as writer:
            chat_state.write_entries(writer, save.entries, self._now_s())

    def _set_aside(self, record: WatchRecord) -> None:
        """Drop a watch that went to the dead letters, from the checkpoint too, so that no restart continues it."""
        self._reported.drop_watch(record.watch_id, record.item.server_id)
        with contextlib.suppress(SaveFailed):  # it is logged; the next save does it
            self._save("finish")

    def _tick(self, _tick: AutoSaveTick) -> None:
        self._viewer_requests.correct_erasure_times()
        self._backup_scheduler.check_age()
        self._community_keeper.tell_all()
        running = self._running()
        if running is None:
            # It is not known yet whether anybody watches: a save now would record that nobody does.
            self.log.debug("Tick before the tracker has reported every server: nothing to save yet.")
            self.ref("tracker").tell(ReportWatches())
            if (problem := self._reported.problem) is not None:
                self.report_degraded(problem)
        elif not running:
            self._log_skipped()
        else:
            self._skip_said_s = None
            try:
                self._save("auto")
            except SaveFailed:
                return  # it is logged; the next tick tries again
        if self._store.json_files_outdated:
            self._copies.repair()
        self._announcer.mark_announced()
        if running == [] and self._save_error and not self._store.json_files_outdated and not self._announcer.is_behind:
            self._report_recovered()  # nothing is left to be written

    def _log_skipped(self) -> None:
        now_s = self._now_s()
        if self._skip_said_s is None or now_s - self._skip_said_s >= SKIP_LINE_EVERY_S:
            self._skip_said_s = now_s
            self.log.info("⏭️ Auto-save skipped (no active watches)")

    def _save_now(self, asked: SaveNow) -> Future[SaveReport]:
        """Save all; the Future is done once the copy of the history is written too, which may take a while."""
        began = time.perf_counter()
        self.log.info("Saving all, asked by %s", asked.requested_by)
        result = decline_failures(lambda: self._save("command"))

        def report() -> SaveReport:
            took_ms = (time.perf_counter() - began) * 1000
            return SaveReport(result.users, result.watches, result.badges, result.active, took_ms)

        return answer_after(self._store.json_sync.rewriter.await_written(), report)

    def _save(self, reason: str) -> SaveResult:
        store, at_s = self._store, self._now_s()
        try:
            result = self._unstorable.save(
                store, self._running(), at_s, lambda running: save(store, running, at_s, reason)
            )
        except SaveFailed as error:
            self._note_save_failure(error)
            raise
        self._note_save_success(result.active)
        self._viewer_requests.send_changed_names()
        self._announcer.announce()
        return result

    def _note_save_success(self, active: int) -> None:
        self._last_saved_s = self._now_s()
        self._save_error = None
        self.log.info("💾 Auto-saved badge data (%d active watches)", active)
        if self.context.settings.web_port:
            self.ref("web").tell(StoreChanged())
        self._report_recovered()

    def _report_recovered(self) -> None:
        self._save_error = None
        faults = (
            self._standing_fault,
            self._reported.problem,
            self._backup_scheduler.fault,
            self._summary_filler.fault,
            self._audit.fault,
        )
        if fault := next(filter(None, faults), None):
            self.report_degraded(fault)
        else:
            self.report_recovered()

    def _forget_viewers(self, ids: Set[str]) -> None:
        """Drop all data of viewers from memory."""
        self._reported.drop_viewers(ids)
        self._audit.forget(ids)

    def _report_audit_recovered(self) -> None:
        if self._save_error is None:
            self._report_recovered()

    def _note_save_failure(self, error: SaveFailed) -> None:
        self.log.error("❌ Auto-save failed: %s", error)
        self._report_unsaved(error)

    def _report_unsaved(self, error: SaveFailed) -> None:
        self._save_error = error.problem
        self.report_degraded(Problem.of("save.failed", error=error.problem))

    def _save_status(self, _asked: GetSaveStatus) -> SaveStatus:
        minutes = self.context.settings.auto_save_interval_minutes
        problem = self._save_error
        return SaveStatus(self._last_saved_s, minutes, english(problem) if problem else "", problem)

    # -- questions: answered by other threads, so that a long one holds up no save ---------------------------

    def _answer_from_store(self, answer: AnswerFunction) -> Callable[[Any], Future[Any]]:
        """Return the handler of a question that is answered from the store and the running watches."""

        def handle(asked: Any) -> Future[Any]:
            return self._question_pool.submit(self._store, answer, asked, self._running() or (), self._now_s())

        return handle

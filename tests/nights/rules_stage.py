"""The stage of the tracking rules alone: polls and voice reports go in with their time, and records come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from messages import (
    HistoryFound,
    HistoryRow,
    Moment,
    PlaybackSnapshot,
    PollFailed,
    ScreeningEnded,
    ScreeningStarted,
    StartTracking,
    VoiceMember,
    VoicePresence,
    WatchesLoaded,
    WatchFinished,
    WatchRecord,
)
from messages.base import PositionMs
from simulator.nights.ledger import Ledger
from simulator.nights.observation import Observation, gaps
from simulator.nights.script import VOICE_VERBS, Script
from simulator.plex import LibraryItem
from tests.nights.observations import SERVER, members_of, playback_of
from tests.nights.world import MemoryWorld
from tracking.engine import TrackingEngine
from tracking.events import Event, HistoryWanted, Notice
from tracking.rules import Rules

EVENING_S = 1_795_000_000.0
"""The wall clock at time 0."""
AFTER_ALL_S = 600.0
"""How long polls go on when everybody has left."""
VOICE_EVERY_S = 10.0


class RulesStage:
    """A TrackingEngine with what came of it. Times are seconds of the night."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.engine = TrackingEngine(rules)
        self.wall_shift_s = 0.0
        self.steady_shift_s = 50_000.0
        self.records: dict[str, WatchRecord] = {}
        self.started: list[ScreeningStarted] = []
        self.ended: list[ScreeningEnded] = []
        self.notices: list[str] = []
        self.questions: list[HistoryWanted] = []

    def moment(self, at_s: float) -> Moment:
        """Return a time of the night on both clocks, as they were set."""
        return Moment(EVENING_S + at_s + self.wall_shift_s, at_s + self.steady_shift_s)

    def observe(self, snapshot: PlaybackSnapshot) -> None:
        """Take a successful poll in."""
        self._take(self.engine.observe(snapshot))

    def fail_poll(self, at_s: float, server_id: str = SERVER) -> None:
        """Take a poll in that brought nothing."""
        failure = PollFailed(server_id, "plex", self.moment(at_s), "timeout", "Plex did not answer in time.")
        self._take(self.engine.poll_failed(failure))

    def report_voice(self, at_s: float, members: Sequence[VoiceMember], *, connected: bool = True) -> None:
        """Take in who is in the channel."""
        self._take(
            self.engine.update_voice(VoicePresence("guild", "channel", self.moment(at_s), connected, tuple(members)))
        )

    def answer_history(
        self, at_s: float, question: HistoryWanted, rows: Iterable[HistoryRow], failure: str = ""
    ) -> None:
        """Answer a question to the server's history."""
        answer = HistoryFound(question.question.watch_id, tuple(rows), failure)
        self._take(self.engine.apply_history(answer, self.moment(at_s)))

    def start_manually(self, at_s: float, session_key: str, position_ms: PositionMs | None) -> None:
        """Start tracking as an administrator does."""
        plan, events = self.engine.start_manually(StartTracking(session_key, position_ms), self.moment(at_s))
        self.notices += [plan.problem] if plan.problem else []
        self._take(events)

    def restart(self, at_s: float, *, reboot: bool = False) -> None:
        """Go on with a new engine, which is told what the old one last reported; `reboot`: the steady clock too."""
        active = self.engine.report(self.moment(at_s)).active
        if reboot:
            self.steady_shift_s = 20.0 - at_s
        loaded = WatchesLoaded(active, tuple(self.records.values()))
        self.engine = TrackingEngine(self.rules)
        self._take(self.engine.restore(loaded, self.moment(at_s)))

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case WatchFinished(leaves_record=True):
                    self.records[event.record.watch_id] = event.record
                case ScreeningStarted():
                    self.started.append(event)
                case ScreeningEnded():
                    self.ended.append(event)
                case Notice(text):
                    self.notices.append(text)
                case HistoryWanted():
                    self.questions.append(event)


@dataclass
class ScriptOutcome:
    """What came of a script on this stage."""

    ledger: Ledger
    records: list[WatchRecord]
    observation: Observation


class ScriptRun:
    """Plays a script on the stage of the rules: a poll at each interval, a voice report at each change."""

    def __init__(
        self, script: Script, accounts: Sequence[str], items: Sequence[LibraryItem], rules: Rules, poll_s: float
    ) -> None:
        self.script, self.poll_s, self.now_s = script, poll_s, 0.0
        self.world = MemoryWorld(script, accounts, items, lambda: self.now_s)
        self.stage = RulesStage(rules)
        self.polls: list[float] = []
        self.voices: list[float] = []

    def run(self) -> ScriptOutcome:
        """Play every cue in order of time."""
        cues = list(self.script.cues)
        changes = set(self.script.times(VOICE_VERBS | {"gateway", "gateway_back"}))
        end_s = max(self.script.length_s, *(cue.at_s for cue in cues)) + AFTER_ALL_S
        polls = {number * self.poll_s for number in range(int(end_s / self.poll_s))}
        voices = changes | {number * VOICE_EVERY_S for number in range(int(end_s / VOICE_EVERY_S))}
        for self.now_s in sorted({cue.at_s for cue in cues} | polls | voices):
            while cues and cues[0].at_s <= self.now_s:
                cue = cues.pop(0)
                if cue.verb == "restart":
                    self.stage.restart(self.now_s)
                else:
                    self.world.play(cue)
            if self.now_s in voices:
                self._report_voice()
            if self.now_s in polls:
                self._poll()
        self.world.performer.end_all()  # a film that has run out since its account's last cue is over as well
        rules = self.stage.rules
        silence_s = 1.5 * VOICE_EVERY_S
        observation = Observation(
            self.polls,
            gaps(self.polls, 1.5 * self.poll_s),
            gaps(self.voices, silence_s),
            arrival_s=max(rules.end_grace_s, silence_s) + 2 * self.poll_s,
            restarts=[cue.at_s for cue in self.script.cues if cue.verb == "restart"],
        )
        return ScriptOutcome(self.world.ledger, list(self.stage.records.values()), observation)

    def _report_voice(self) -> None:
        connected = self.world.gateway_is_there
        self.stage.report_voice(
            self.now_s, members_of(self.world.voice.present()) if connected else (), connected=connected
        )
        self.voices += [self.now_s] if connected else []

    def _poll(self) -> None:
        if not self.world.plex_answers:
            self.stage.fail_poll(self.now_s)
            return
        self.polls.append(self.now_s)
        playbacks = tuple(playback_of(session, self.now_s) for session in self.world.sessions)
        self.stage.observe(PlaybackSnapshot(SERVER, "Cinema", "plex", self.stage.moment(self.now_s), playbacks))
        for wanted in self.stage.questions:
            question = wanted.question
            rows = [
                HistoryRow(question.account_id, question.rating_key, EVENING_S + row.viewed_at_s)
                for row in self.world.history
                if (str(row.account_id), row.item.rating_key) == (question.account_id, question.rating_key)
                if EVENING_S + row.viewed_at_s >= question.since_s
            ]
            self.stage.answer_history(self.now_s, wanted, rows)
        self.stage.questions.clear()

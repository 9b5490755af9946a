"""Any evening at all: polls, failures, joins, leaves, seeks, restarts in any order, against what really happened.

People change their minds in it, too: whether they want to be seen, to be tracked, to be forgotten.
"""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from messages import (
    SOMEBODY,
    ActiveWatch,
    Attendee,
    DropViewerWatches,
    HistoryFound,
    HistoryRow,
    LinkedAccount,
    Playback,
    PlayerState,
    Privacy,
    WatchesLoaded,
    WatchFinished,
    WatchRecord,
    spans,
)
from tests.unit.tracking.builders import HEAT, channel, fail_poll, moment, playing, poll
from tracking.engine import TrackingEngine
from tracking.events import Event, HistoryWanted, WatchDropped, WatchOpened
from tracking.rules import Rules
from tracking.watches.watch import record_so_far

RULES = Rules(excluded=frozenset({"house"}), party_user="house")
ACCOUNTS = ("alice", "bob", "house")
MEMBERS = ("ann", "ben")
LINKS = (LinkedAccount("plex:srv:alice", "alice", "ann", "Ann"), LinkedAccount("plex:srv:house", "house", "ben", "Ben"))
CHOICES: tuple[Privacy, ...] = ("open", "anonymous", "private", "untracked")
LENGTH_S = 7200.0


@dataclass
class Player:
    """What really happens on one player; `ran_s` is how long its film really ran while open."""

    position_s: float
    state: PlayerState = "playing"
    ran_s: float = 0.0

    def run(self, seconds: float) -> None:
        """Let time pass."""
        if self.state == "playing":
            ran = min(seconds, LENGTH_S - self.position_s)
            self.position_s += ran
            self.ran_s += ran


class Evening(RuleBasedStateMachine):
    """Real players on one side, what Usher is told of them on the other."""

    steady = False
    """Films run on from where they were left, and nobody but Usher's own eyes says what was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.players: dict[str, Player] = {}
        self.ran_s = dict.fromkeys((*ACCOUNTS, *MEMBERS), 0.0)
        self.here: set[str] = set()
        self.away = False
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.left: dict[str, Player] = {}
        self.disturbed = 0
        self.tracking = TrackingEngine(RULES)
        self.opened: dict[str, int] = {}
        self.records: dict[str, WatchRecord] = {}
        self.asked: list[HistoryWanted] = []
        self.dropped: set[str] = set()
        self.links: tuple[LinkedAccount, ...] = ()
        self.choices: dict[str, Privacy] = {}

    @initialize(position_s=st.floats(0, 6000))
    def the_host_begins(self, position_s: float) -> None:
        """There is a film in the house."""
        self.players["house"] = Player(position_s)

    def pass_time(self, seconds: float) -> None:
        """Let the films run, and note for whom."""
        self.now_s += seconds
        for account, player in self.players.items():
            before = player.ran_s
            player.run(seconds)
            self.ran_s[account] += player.ran_s - before
            if account == "house":
                for member in self.here:
                    self.ran_s[member] += player.ran_s - before

    @rule(account=st.sampled_from(ACCOUNTS), position_s=st.floats(0, 7200))
    def somebody_begins(self, account: str, position_s: float) -> None:
        """A player starts, or jumps."""
        known = self.players.get(account) or self.left.get(account)
        if known is None or not self.steady:
            self.players[account] = Player(position_s)
        else:
            self.players[account] = known

    @rule(account=st.sampled_from(ACCOUNTS), state=st.sampled_from(["playing", "paused", "buffering"]))
    def somebody_changes(self, account: str, state: PlayerState) -> None:
        """A player pauses, buffers or goes on."""
        if account in self.players:
            self.players[account].state = state
            self.disturbed += 1

    @rule(account=st.sampled_from(ACCOUNTS))
    def somebody_stops(self, account: str) -> None:
        """A player stops."""
        if account in self.players:
            self.left[account] = self.players.pop(account)
            self.disturbed += 1

    @rule(member=st.sampled_from(MEMBERS))
    def a_member_comes_or_goes(self, member: str) -> None:
        """The voice channel changes, and Discord says so at once."""
        self.here ^= {member}
        self.disturbed += 1
        self.tell("update_voice", channel(self.now_s, *sorted(self.here)))

    def tell(self, method: str, *arguments: object) -> None:
        """Call the tracking, and note the call."""
        self.calls.append((method, arguments))
        self.take(getattr(self.tracking, method)(*arguments))

    def take(self, events: list[Event]) -> None:
        """Keep the books that persistence would keep."""
        for event in events:
            match event:
                case WatchOpened(state, resumed):
                    assert resumed == (state.watch_id in self.opened), "an id is used again only to resume"
                    assert self.opened.get(state.watch_id, 0) == 0, "no watch runs twice"
                    self.opened[state.watch_id] = 1
                case WatchFinished():
                    assert self.opened[event.record.watch_id] == 1, "only a running watch finishes"
                    self.opened[event.record.watch_id] = 0
                    if event.leaves_record:
                        self.records[event.record.watch_id] = event.record
                    elif event.record.watch_id not in self.records:
                        self.dropped.add(event.record.watch_id)
                case WatchDropped(watch_id):
                    assert self.opened[watch_id] == 1, "only a running watch is dropped"
                    self.opened[watch_id] = 0
                    if watch_id not in self.records:
                        self.dropped.add(watch_id)
                case HistoryWanted():
                    self.asked.append(event)

    @rule(member=st.sampled_from(MEMBERS), choice=st.sampled_from(CHOICES))
    def somebody_chooses(self, member: str, choice: Privacy) -> None:
        """A member wants to be seen otherwise than before, or not at all."""
        self.choices[member] = choice
        self.disturbed += 1
        self.tell("apply_directory", self.links, tuple(self.choices.items()))

    @rule(number=st.integers(0, len(LINKS)))
    def accounts_are_linked(self, number: int) -> None:
        """Some accounts belong to members now, and others do not any more."""
        self.links = LINKS[:number]
        self.disturbed += 1
        self.tell("apply_directory", self.links, tuple(self.choices.items()))

    @rule(viewer=st.sampled_from([*MEMBERS, "plex:srv:alice", "plex:srv:bob"]))
    def somebody_is_forgotten(self, viewer: str) -> None:
        """Persistence has removed all that there was, and says so."""
        self.disturbed += 1
        self.tell("forget_viewers", DropViewerWatches((viewer,)), moment(self.now_s))
        self.records = {key: record for key, record in self.records.items() if record.viewer_id != viewer}
        assert viewer not in {state.viewer_id for state in self.tracking.running_watches()}

    @rule(seconds=st.sampled_from([1.0, 5.0, 10.0, 10.0, 10.0, 10.0, 20.0, 45.0, 200.0]), times=st.integers(1, 6))
    def polls(self, seconds: float, times: int) -> None:
        """Polls that succeed, with the voice channel told beside them."""
        for _ in range(times):
            self.pass_time(seconds)
            shown: list[Playback] = [
                playing(player.position_s, account, player.state, account) for account, player in self.players.items()
            ]
            self.tell("observe", poll(self.now_s, *shown))
            self.tell("update_voice", channel(self.now_s, *sorted(self.here)))

    @rule(seconds=st.sampled_from([10.0, 100.0]))
    def a_poll_fails(self, seconds: float) -> None:
        """An outage."""
        self.pass_time(seconds)
        self.tell("poll_failed", fail_poll(self.now_s))

    @rule(seconds=st.sampled_from([10.0, 100.0]))
    def discord_is_away(self, seconds: float) -> None:
        """The gateway is gone."""
        self.pass_time(seconds)
        self.tell("update_voice", channel(self.now_s, connected=False))

    @precondition(lambda self: self.asked)
    @rule(answer=st.sampled_from(["row", "none", "failed"]), ago_s=st.floats(0, 300))
    def history_answers(self, answer: str, ago_s: float) -> None:
        """The server answers, with a play or without."""
        question = self.asked.pop().question
        row = HistoryRow(question.account_id, question.rating_key, moment(self.now_s - ago_s).wall_s)
        rows = (row,) if answer == "row" and not self.steady else ()
        failure = "no answer" if answer == "failed" else ""
        self.tell("apply_history", HistoryFound(question.watch_id, rows, failure), moment(self.now_s))

    @rule(seconds=st.sampled_from([5.0, 300.0]))
    def usher_restarts(self, seconds: float) -> None:
        """The tracker dies, and a new one is told what the last one reported."""
        report = self.tracking.report(moment(self.now_s))
        self.pass_time(seconds)
        self.tracking = TrackingEngine(RULES)
        privacy = tuple(self.choices.items())
        loaded = WatchesLoaded(report.active, tuple(self.records.values()), self.links, privacy)
        self.calls.append(("restart", (loaded, moment(self.now_s))))
        self.take(self.tracking.restore(loaded, moment(self.now_s)))
        running = {state.watch_id for state in self.tracking.running_watches()}
        for state, told in ((state, record_so_far(state, RULES)) for state in report.active):
            if state.watch_id not in running and self.opened[state.watch_id]:
                known = self.records[state.watch_id]
                assert (known.playing_s, known.spans) == (told.playing_s, told.spans), "nothing new is lost"
                self.opened[state.watch_id] = 0

    @invariant()
    def every_open_watch_is_held(self) -> None:
        """No watch is lost and none runs twice: those that opened and did not finish are those that run."""
        running = [state.watch_id for state in self.tracking.running_watches()]
        assert sorted(running) == sorted(watch_id for watch_id, runs in self.opened.items() if runs)

    @invariant()
    def the_hosts_sessions_are_found_without_looking_at_all(self) -> None:
        """The index of the sessions that the channel may watch has each of them."""
        tracking = self.tracking
        hosts = {session for session in tracking.servers.sessions() if tracking.party.is_named_host(session)}
        assert hosts <= set(tracking.seating._find_candidates())

    @invariant()
    def nobody_is_tracked_or_shown_who_does_not_want_it(self) -> None:
        """Neither under one id nor under the other; and what was dropped has left no record."""
        members = {link.plex_id: link.viewer_id for link in self.links}
        for state in self.tracking.running_watches():
            assert self.choices.get(members.get(state.viewer_id, state.viewer_id)) != "untracked"
        assert not self.dropped & self.records.keys()
        hidden = {member for member, choice in self.choices.items() if choice in ("private", "untracked")}
        names = {member.title() for member in hidden} | {
            link.plex_name for link in LINKS if members.get(link.plex_id) in hidden
        }
        active = self.tracking.active_watches(moment(self.now_s))
        seats = [seat for screening in active.screenings for seat in screening.seats]
        rows: list[ActiveWatch | Attendee] = [*active.watches, *seats]
        for shown in rows:
            assert shown.viewer_id not in hidden | members.keys()
            assert shown.username not in names
            assert (shown.username == SOMEBODY) == (shown.viewer_id == "")
        assert not names & {screening.host for screening in active.screenings}
        here = [watch.viewer_id for watch in active.watches if watch.viewer_id in members.values()]
        for screening in active.screenings:
            there = [seat.viewer_id for seat in screening.seats if seat.present and seat.viewer_id in here]
            assert len(there) == len(set(there)), "one viewer has one seat"

    @invariant()
    def nothing_is_counted_that_did_not_happen(self) -> None:
        """No watch covers or counts more than there was of film, of time and of the evening."""
        report = self.tracking.report(moment(self.now_s))
        records = [record_so_far(state, RULES) for state in report.active]
        latest = {**self.records, **{record.watch_id: record for record in records}}
        for record in latest.values():
            assert record.coverage_ms <= (HEAT.duration_ms or 0)
            assert record.coverage_ms == spans.coverage(record.spans)
            assert record.playing_s + record.paused_s <= record.ended_at_s - record.started_at_s + 1e-3
            assert record.playing_s <= self.now_s + 1e-3
            assert record.username != "house", "an excluded account has no watch"
        if self.steady:
            self.nothing_beyond_the_truth(latest)

    def nothing_beyond_the_truth(self, latest: dict[str, WatchRecord]) -> None:
        """Where nobody jumps, a viewer saw at most what really ran.

        What may go wrong at each start, stop, pause, join and leave is what no poll can tell: up to one interval
        without an outage, or what the film is reckoned to have run since.
        """
        unknown_s = self.disturbed * max(RULES.gap_s, RULES.ghost_after_s)
        for viewer, ran_s in self.ran_s.items():
            mine = [record for record in latest.values() if record.username.lower() == viewer]
            assert sum(record.coverage_ms for record in mine) <= (ran_s + unknown_s) * 1000 + 1
            assert sum(record.playing_s for record in mine) <= ran_s + unknown_s + 1e-3

    def teardown(self) -> None:
        """The same calls again bring about the same records."""
        again, records = TrackingEngine(RULES), dict[str, WatchRecord]()
        for method, arguments in self.calls:
            if method == "restart":
                again = TrackingEngine(RULES)
                method = "restore"
            for event in getattr(again, method)(*arguments):
                if isinstance(event, WatchFinished) and event.leaves_record:
                    records[event.record.watch_id] = event.record
            if method == "forget_viewers":
                (gone,) = arguments[0].viewer_ids  # type: ignore[attr-defined] # a DropViewerWatches
                records = {key: record for key, record in records.items() if record.viewer_id != gone}
        assert records == self.records


TestAnyEvening = Evening.TestCase
TestAnyEvening.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


class SteadyEvening(Evening):
    """An evening in which nobody jumps in a film: what was seen can be held against what ran."""

    steady = True


TestSteadyEvening = SteadyEvening.TestCase
TestSteadyEvening.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

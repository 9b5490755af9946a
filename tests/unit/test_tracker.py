"""The tracker and the other actors: what it asks, what it sends, and that nothing is lost on the way."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pykka
import pytest

from actors.address import join_address
from actors.runtime import Clock, Context, Endpoint
from actors.runtime.delivery.dead_letters import DeadLetters
from actors.runtime.delivery.mailbox import ReceivedMessage
from actors.runtime.transport.memory import MemoryNetwork
from actors.tracker.actor import NOT_READY, Tracker, rules_from_settings
from config import PlexServer, Settings
from messages import (
    Answer,
    DropViewerWatches,
    FindHistory,
    HistoryFound,
    Item,
    LinkedAccount,
    ListActiveWatches,
    LoadWatches,
    Message,
    Moment,
    NowPlaying,
    Playback,
    PlaybackSnapshot,
    Question,
    ReportWatches,
    ScreeningEnded,
    ScreeningStarted,
    ServersReported,
    StartTracking,
    ViewerDirectoryChanged,
    VoiceMember,
    VoicePresence,
    WatchesLoaded,
    WatchesReported,
    WatchFinished,
)
from messages.base import DurationMs, PositionMs
from tests.deadlines import WITHIN_S
from tracking.engine import TrackingEngine

HEAT = Item("srv", "1", "movie", "Heat", duration_ms=DurationMs(7_200_000))
AnswerT = TypeVar("AnswerT", bound=Answer)
MessageT = TypeVar("MessageT", bound=Message)


class Neighbour:
    """Another actor's node, worked by hand."""

    def __init__(self, network: MemoryNetwork, name: str) -> None:
        self.node = Endpoint(name, network.transport(name), DeadLetters(None, name))

    def next(self, kind: type[MessageT], acknowledge: bool = True) -> tuple[MessageT, ReceivedMessage]:
        """The next message of a kind; others are acknowledged and passed over."""
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            self.node.pump(0.02)
            while (incoming := self.node.mailbox.get()) is not None:
                found = isinstance(incoming.message, kind)
                if incoming.delivery_id and (acknowledge or not found):
                    self.node.acknowledge(incoming)
                if found:
                    return incoming.message, incoming  # type: ignore[return-value] # found says so
        raise AssertionError(f"no {kind.__name__} came")

    def hear(self, kind: type[MessageT], fits: Callable[[MessageT], object] = lambda _: True) -> MessageT:
        """The next message of a kind that fits: reports of state replace one another, so not each of them comes."""
        while not fits(found := self.next(kind)[0]):
            pass
        return found

    def hear_running(self, count: int = 1) -> WatchesReported:
        """The next report in which so many watches run."""
        return self.hear(WatchesReported, lambda told: len(told.active) == count)


class Brief(Tracker):
    """A tracker that does not wait at its stop: nobody is there to hear its last words."""

    last_word_s = 0.0


class Office:
    """A tracker on a thread of its own, with every neighbour worked by the test."""

    def __init__(self, folder: Path, *servers: str, community: str = "") -> None:
        """`servers`: addresses of the Plex servers of the settings; `community`: id of a further one."""
        self._address = join_address("tracker", community)
        self.network = MemoryNetwork()
        self.clock = Clock()
        self.persistence = Neighbour(self.network, join_address("persistence", community))
        self.discord = Neighbour(self.network, join_address("discord", community))
        self.plex = Neighbour(self.network, join_address("plex", community))
        node = Endpoint(self._address, self.network.transport(self._address), DeadLetters(None, self._address))
        settings = Settings(end_grace_seconds=0.0, plex_servers=tuple(PlexServer(url, "") for url in servers))
        self.tracker = Brief.start(Context(node, settings, self.clock, folder))

    def load(self, loaded: WatchesLoaded | None = None) -> LoadWatches:
        """Answer what the tracker asks at its start."""
        question, incoming = self.persistence.next(LoadWatches)
        self.persistence.node.answer(incoming, loaded or WatchesLoaded((), ()))
        return question

    def poll(self, at_s: float, position_s: float | None, poller: str = "plex", server: str = "srv") -> None:
        """Tell a poll, with alice's session at a position or without it; `at_s` is relative to now."""
        now = self.clock.now()
        taken = Moment(now.wall_s + at_s, now.steady_s + at_s)
        shown = (
            ()
            if position_s is None
            else (Playback("1", HEAT, "7", "alice", "tv", "TV", "playing", PositionMs(round(position_s * 1000))),)
        )
        self.plex.node.tell(self._address, PlaybackSnapshot(server, "Cinema", poller, taken, shown))

    def ask(self, question: Question[AnswerT]) -> AnswerT:
        """Ask the tracker as Discord does."""
        return self.discord.node.ask(self._address, question, WITHIN_S)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office, closed at the end."""
    made = Office(tmp_path)
    yield made
    pykka.ActorRegistry.stop_all()
    for neighbour in (made.persistence, made.discord, made.plex):
        neighbour.node.close()


def test_a_film_from_start_to_end(office: Office) -> None:
    """Start and end are told to Discord, the running watch and its record to persistence."""
    office.load()
    office.poll(0, 0)
    assert office.discord.hear(ScreeningStarted).screening.item.title == "Heat"
    assert office.persistence.hear_running().active[0].username == "alice"
    office.poll(10, 10)
    office.persistence.hear(WatchesReported, lambda told: told.active and 9.5 < told.active[0].playing_s < 10.5)
    office.poll(20, None)
    finished = office.persistence.hear(WatchFinished)
    assert (finished.record.end_reason, finished.running) == ("left", 0)
    office.persistence.hear_running(0)
    assert office.discord.hear(ScreeningEnded).screening.seats[0].username == "alice"
    assert office.ask(ListActiveWatches()).screenings == ()


def test_it_asks_for_the_resume_window(office: Office) -> None:
    """What ended in the last RESUME_WINDOW_HOURS may go on."""
    question = office.load()
    assert office.clock.now().wall_s - question.resume_since_s == pytest.approx(24 * 3600, abs=60)


def test_observations_wait_for_the_watches_of_the_last_run(office: Office) -> None:
    """A watch that ran before a restart stays the same, even if a poll comes before the checkpoint."""
    question, incoming = office.persistence.next(LoadWatches)
    assert question.resume_since_s > 0
    office.poll(0, 100)
    earlier = running_before(office)
    office.persistence.node.answer(incoming, WatchesLoaded(earlier.active, ()))
    report = office.persistence.hear(WatchesReported, lambda told: told.active and not told.active[0].outage)
    assert report.active[0].watch_id == earlier.active[0].watch_id
    assert office.ask(ListActiveWatches()).watches[0].username == "alice"


def test_many_watches_of_the_last_run_come_in_parts(office: Office) -> None:
    """The tracker waits for all, begins again if one is declined, and uses the choices in the last part."""
    earlier = running_before(office)
    office.load(WatchesLoaded((), (), parts=2))
    question, incoming = office.persistence.next(LoadWatches)
    assert question.part == 1
    office.persistence.node.answer_error(incoming, RuntimeError("started anew"))
    assert office.load(WatchesLoaded((), (), parts=2)).part == 0
    assert office.load(WatchesLoaded(earlier.active, (), (LINK,), (("42", "private"),), 2)).part == 1
    office.persistence.hear_running()
    office.discord.hear(NowPlaying, lambda told: not told.screenings)  # she is alone: nobody is told what she watches


def running_before(office: Office) -> WatchesReported:
    """A report of a tracker that ran a minute ago."""
    now = office.clock.now()
    then = Moment(now.wall_s - 60, now.steady_s - 60)
    before = TrackingEngine(rules_from_settings(Settings()))
    playback = Playback("1", HEAT, "7", "alice", "tv", "TV", "playing", PositionMs(40_000))
    before.observe(PlaybackSnapshot("srv", "Cinema", "plex", then, (playback,)))
    return before.report(then)


def test_a_persistence_that_fails_is_asked_again(office: Office) -> None:
    """An error in its answer is no reason to begin without the watches of the last run."""
    _, incoming = office.persistence.next(LoadWatches)
    office.persistence.node.answer_error(incoming, RuntimeError("the store is locked"))
    office.load()
    office.poll(0, 0)
    office.persistence.hear_running()


def test_running_watches_are_not_reported_before_the_finished_ones_are_stored(office: Office) -> None:
    """Until the record is stored, persistence's last report still holds the watch as running: it cannot be lost."""
    office.load()
    office.poll(0, 0)
    office.persistence.hear_running()
    office.poll(10, None)
    _, incoming = office.persistence.next(WatchFinished, acknowledge=False)
    office.discord.hear(ScreeningEnded)
    office.persistence.node.tell("tracker", ReportWatches())
    assert office.ask(ListActiveWatches()).watches == ()
    assert office.persistence.hear(ServersReported).servers == ("srv",)
    office.persistence.node.pump(0.0)
    assert office.persistence.node.mailbox.get() is None
    office.persistence.node.acknowledge(incoming)
    office.persistence.hear_running(0)


def test_a_watch_that_vanished_over_a_restart_is_looked_up(office: Office) -> None:
    """The question goes to the poller of that server, and its answer closes the watch."""
    earlier = running_before(office)
    office.load(WatchesLoaded(earlier.active, ()))
    office.poll(0, None)
    question = office.plex.hear(FindHistory)
    assert (question.account_id, question.rating_key) == ("7", "1")
    office.plex.node.tell("tracker", HistoryFound(question.watch_id, ()))
    assert office.persistence.hear(WatchFinished).record.end_reason == "end_unknown"


def test_a_server_that_was_taken_out_of_the_settings_leaves_no_watch_running(tmp_path: Path) -> None:
    """It is known to be gone once all that are left have answered; one that is only away may be it until then."""
    office = Office(tmp_path, "http://a:1", "http://b:1")
    try:
        office.load(WatchesLoaded(running_before(office).active, ()))
        office.poll(0, None, "plex", "srv-a")
        office.persistence.hear_running(1)
        assert [watch.username for watch in office.ask(ListActiveWatches()).watches] == ["alice"]
        office.poll(1, None, "plex-2", "srv-b")
        assert office.persistence.hear(WatchFinished).record.end_reason == "end_unknown"
        assert office.ask(ListActiveWatches()).watches == ()
    finally:
        close(office)


def test_a_community_without_a_plex_server_has_no_watch_running(tmp_path: Path) -> None:
    """Its last server was taken out of its settings: nobody will say what became of what ran there."""
    office = Office(tmp_path, community="123")
    try:
        office.load(WatchesLoaded(running_before(office).active, ()))
        assert office.persistence.hear(WatchFinished).record.end_reason == "end_unknown"
        assert office.ask(ListActiveWatches()).watches == ()
    finally:
        close(office)


def close(office: Office) -> None:
    """End an office."""
    pykka.ActorRegistry.stop_all()
    for neighbour in (office.persistence, office.discord, office.plex):
        neighbour.node.close()


def test_persistence_can_ask_for_a_report(office: Office) -> None:
    """A restarted persistence has nothing in memory."""
    office.load()
    office.poll(0, 0)
    office.persistence.hear_running()
    office.persistence.node.tell("tracker", ReportWatches())
    office.persistence.hear_running()


def test_an_admin_starts_watches(office: Office) -> None:
    """`starttracking` answers with what it did, and the watch runs."""
    office.load()
    office.poll(0, 600)
    office.persistence.hear_running()
    now = office.clock.now()
    office.discord.node.tell("tracker", VoicePresence("1", "2", now, True, (VoiceMember("42", "Ann"),)))
    plan = office.ask(StartTracking(position_ms=PositionMs(0), requested_by="Zoe"))
    assert [outcome.outcome for outcome in plan.outcomes] == ["already_watching"]
    assert {watch.viewer_id for watch in office.ask(ListActiveWatches()).watches} == {"plex:srv:7", "42"}


LINK = LinkedAccount("plex:srv:7", "alice", "42", "Ann")


def test_a_privacy_choice_is_applied_at_once(office: Office) -> None:
    """What Discord shows changes without waiting for a poll; what is recorded does not."""
    office.load()
    office.poll(0, 0)
    office.discord.hear(NowPlaying, lambda told: told.screenings and told.screenings[0].host == "alice")
    office.persistence.node.tell("tracker", ViewerDirectoryChanged((LINK,), (("42", "private"),)))
    office.discord.hear(NowPlaying, lambda told: not told.screenings)
    assert office.persistence.hear_running().active[0].username == "alice"


def test_an_untracked_viewer_leaves_the_report(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """The next auto-save must not write the watch; no record is made of it, and the log has no name."""
    caplog.set_level("INFO")
    office.load()
    office.poll(0, 0)
    office.persistence.hear_running()
    office.persistence.node.tell("tracker", ViewerDirectoryChanged((LINK,), (("42", "untracked"),)))
    office.persistence.hear_running(0)
    office.discord.hear(NowPlaying, lambda told: not told.screenings)
    assert "The watch of plex:srv:7 is dropped without a record" in caplog.text
    office.poll(10, None)
    assert office.ask(ListActiveWatches()).watches == ()
    office.persistence.node.pump(0.0)
    while (incoming := office.persistence.node.mailbox.get()) is not None:
        assert not isinstance(incoming.message, WatchFinished)


def test_a_viewer_forgotten_during_the_start_stays_forgotten(office: Office) -> None:
    """The message waits until the watches that it is about have arrived."""
    _, incoming = office.persistence.next(LoadWatches)
    office.persistence.node.tell("tracker", DropViewerWatches(("plex:srv:7",)))
    earlier = running_before(office)
    office.persistence.node.answer(incoming, WatchesLoaded(earlier.active, ()))
    office.persistence.hear_running(0)
    office.poll(0.5, 100)
    assert office.persistence.hear_running().active[0].watch_id != earlier.active[0].watch_id


def test_hidden_viewers_stay_hidden_after_a_restart(office: Office) -> None:
    """The first message to Discord is right: the choices come together with the watches."""
    earlier = running_before(office)
    office.load(WatchesLoaded(earlier.active, (), (LINK,), (("42", "private"),)))
    assert office.discord.hear(NowPlaying, lambda told: True).screenings == ()


def test_the_log_has_no_name_of_a_private_viewer(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """The id is enough for whoever runs Usher."""
    caplog.set_level("INFO")
    office.load(WatchesLoaded((), (), (LINK,), (("42", "private"),)))
    office.poll(0, 0)
    office.persistence.hear_running()
    office.poll(10, None)
    office.persistence.next(WatchFinished)
    office.discord.node.pump(0.0)
    while (incoming := office.discord.node.mailbox.get()) is not None:
        assert not isinstance(incoming.message, ScreeningStarted | ScreeningEnded), "alone, and not to be seen"
    assert "42 began “Heat”" in caplog.text
    assert "42 finished “Heat”" in caplog.text
    assert "alice" not in caplog.text


def test_the_log_has_no_private_name_when_an_admin_starts_watches(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """Only their ids; the others are logged by name."""
    caplog.set_level("INFO")
    office.load(WatchesLoaded((), (), (), (("42", "private"),)))
    office.poll(0, 600)
    now, members = office.clock.now(), (VoiceMember("42", "Quirin"), VoiceMember("43", "Ben"))
    office.discord.node.tell("tracker", VoicePresence("1", "2", now, True, members))
    plan = office.ask(StartTracking(position_ms=PositionMs(0), requested_by="Zoe"))
    assert {outcome.user_id for outcome in plan.outcomes} == {"42", "43"}
    assert "42 was tracked already, Ben was tracked already" in caplog.text
    assert "Quirin" not in caplog.text


def test_commands_before_it_is_ready_are_declined(office: Office) -> None:
    """People are told what it waits for."""
    _, incoming = office.persistence.next(LoadWatches)
    office.persistence.node.answer_error(incoming, RuntimeError("not yet"))
    assert office.ask(ListActiveWatches()).reasons == (NOT_READY,)
    assert office.ask(StartTracking()).reason == NOT_READY


def test_the_rules_are_those_of_the_settings() -> None:
    """Minutes, hours and names arrive as the rules need them."""
    rules = rules_from_settings(
        Settings(resume_window_hours=2.0, excluded_plex_users=("Alice",), plex_poll_seconds=60.0)
    )
    assert (rules.resume_window_s, rules.gap_s) == (7200.0, 180.0)
    assert not rules.counts("1", "ALICE")

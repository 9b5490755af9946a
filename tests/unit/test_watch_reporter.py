"""The tracker's reports to persistence: by server, in time, and made good where one does not get through."""

from collections.abc import Callable

from msgspec.structs import replace

from actors.runtime import ActorUnavailable, OutboxFull, UnsendableMessage
from actors.tracker.finished_outbox import FinishedWatchOutbox
from actors.tracker.watch_reporter import WatchReporter
from messages import (
    Message,
    Moment,
    Playback,
    PlaybackSnapshot,
    ServersReported,
    VoiceMember,
    VoicePresence,
    WatchesReported,
    WatchFinished,
)
from messages.base import PositionMs
from tests.unit.tracking.builders import HEAT, moment
from tracking.engine import TrackingEngine
from tracking.events import WatchOpened
from tracking.rules import Rules


class Queue:
    """The way to persistence: the test acknowledges, and says when it is full."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.unacknowledged: list[Callable[[], None]] = []
        self.full = False
        self.longest = 100
        """Watches that fit into one message."""

    def tell(self, message: Message, done: Callable[[], None]) -> None:
        """As Ref.tell, of a message that is kept."""
        if self.full:
            raise OutboxFull("too many wait")
        self.sent.append(message)
        self.unacknowledged.append(done)

    def report(self, message: Message) -> None:
        """As Ref.report."""
        if self.full:
            raise ActorUnavailable("the queue is full")
        if isinstance(message, WatchesReported) and len(message.active) > self.longest:
            raise UnsendableMessage("OversizedFrame: 17000000 bytes")
        self.sent.append(message)

    def take(self) -> list[tuple[str, ...]]:
        """What was reported since the last call, by server: who watches there."""
        sent, self.sent = self.sent, []
        return [describe_message(message) for message in sent]


def describe_message(message: Message) -> tuple[str, ...]:
    match message:
        case WatchesReported(server_id=server_id, active=active, withheld=withheld):
            return (server_id, *(f"{withheld} withheld" for _ in range(bool(withheld))), *(s.username for s in active))
        case ServersReported(servers=servers):
            return ("servers", *servers)
        case WatchFinished(record=record):
            return ("finished", record.username)
    raise AssertionError(message)


class Tracked:
    """Tracking, its outbox and its reporter, as the tracker has them."""

    def __init__(self, party_user: str = "") -> None:
        self.queue = Queue()
        self.tracking = TrackingEngine(Rules(end_grace_s=0, party_user=party_user))
        self.now_s = 0.0
        ref = self.queue
        self.finished = FinishedWatchOutbox(ref, lambda server_id: self.reporter.on_all_stored(server_id))  # type: ignore[arg-type]
        self.reporter = WatchReporter(ref, self.tracking, self.finished, self.now)  # type: ignore[arg-type]

    def now(self) -> Moment:
        """The moment of the newest step."""
        return moment(self.now_s)

    def poll(self, at_s: float, server_id: str, *names: str) -> None:
        """A poll that lists the sessions of some accounts, and what the tracker does with it."""
        self.now_s = at_s
        item = replace(HEAT, server_id=server_id, guid="plex://movie/heat")
        shown = tuple(
            Playback(name, item, name, name, "tv", "TV", "playing", PositionMs(round(at_s * 1000))) for name in names
        )
        self._step(self.tracking.observe(PlaybackSnapshot(server_id, server_id, "plex", self.now(), shown)))

    def join(self, at_s: float, *members: str) -> None:
        """Who is in the voice channel."""
        self.now_s = at_s
        people = tuple(VoiceMember(name, name) for name in members)
        self._step(self.tracking.update_voice(VoicePresence("1", "2", self.now(), True, people)))

    def _step(self, events: object) -> None:
        assert isinstance(events, list)
        for event in events:
            if isinstance(event, WatchFinished):
                self.finished.add(event)
            elif isinstance(event, WatchOpened) and event.resumed:
                self.finished.note_resumed(event.state.watch_id, event.state.item.server_id)
        self.finished.push()
        self.reporter.report(self.tracking.take_changed_servers())

    def problems(self) -> list[str]:
        """Codes of what the health table shows."""
        return [problem.code for problem in self.reporter.problems]

    def store_all(self) -> None:
        """Persistence acknowledges what finished."""
        waiting, self.queue.unacknowledged = self.queue.unacknowledged, []
        for done in waiting:
            done()


def test_a_poll_reports_the_server_that_was_polled() -> None:
    """Nothing of the others, however many watch there; an empty one is reported too."""
    tracked = Tracked()
    tracked.poll(0, "one", "ann", "ben")
    tracked.poll(1, "two", "cem")
    assert tracked.queue.take() == [("one", "ann", "ben"), ("two", "cem")]
    tracked.poll(10, "two", "cem")
    tracked.poll(11, "three")
    assert tracked.queue.take() == [("two", "cem"), ("three",)]


def test_a_step_that_changes_another_server_reports_that_one_too() -> None:
    """The channel's members follow their host to another server: their watches end on the first."""
    tracked = Tracked(party_user="host")
    tracked.join(0, "ann")
    tracked.poll(1, "one", "host")
    assert tracked.queue.take() == [("one", "host", "ann")]
    tracked.poll(9, "one")
    tracked.store_all()
    tracked.queue.take()
    tracked.poll(10, "two", "host")
    tracked.join(12)
    assert ("finished", "ann") in tracked.queue.take()
    tracked.store_all()
    assert tracked.queue.take() == [("two", "host")]


def test_a_server_waits_for_its_finished_watches_and_no_other_does() -> None:
    """Until they are stored, persistence must hold them as running: else a death of the tracker would lose them."""
    tracked = Tracked()
    tracked.poll(0, "one", "ann", "ben")
    tracked.poll(0, "two", "cem")
    tracked.queue.take()
    tracked.poll(10, "one", "ann")
    tracked.poll(10, "two", "cem")
    assert tracked.queue.take() == [("finished", "ben"), ("two", "cem")]
    tracked.store_all()
    assert tracked.queue.take() == [("one", "ann")]


def test_a_server_on_which_an_unstored_watch_runs_again_waits_too() -> None:
    """Persistence takes the stored record for the end of that watch: the report that it runs again must come later."""
    tracked = Tracked(party_user="host")
    tracked.join(0, "ann")
    tracked.poll(1, "one", "host")
    tracked.queue.take()
    tracked.poll(9, "one")
    tracked.poll(10, "two", "host")
    assert {tracked.queue.take()[-1][0]} == {"finished"}
    assert tracked.finished.waiting_servers == {"one", "two"}
    tracked.store_all()
    assert sorted(tracked.queue.take()) == [("one",), ("two", "host", "ann")]
    assert tracked.finished.waiting == 0


def test_persistence_that_starts_hears_of_each_server_and_then_which_there_are() -> None:
    """Also of one that has to wait for its finished watches."""
    tracked = Tracked()
    tracked.poll(0, "one", "ann")
    tracked.poll(0, "two", "ben")
    tracked.poll(5, "two")
    tracked.queue.take()
    tracked.reporter.report_all()
    assert tracked.queue.take() == [("one", "ann"), ("servers", "one", "two")]
    tracked.store_all()
    assert tracked.queue.take() == [("two",)]


def test_a_report_refused_by_a_full_queue_is_sent_with_the_next_step() -> None:
    """With the state as of then; the list of servers too."""
    tracked = Tracked()
    tracked.poll(0, "one", "ann")
    tracked.queue.full = True
    tracked.reporter.report_all()
    tracked.poll(5, "one", "ann", "ben")
    tracked.poll(5, "two", "cem")
    tracked.queue.take()
    tracked.queue.full = False
    tracked.poll(6, "three")
    assert sorted(tracked.queue.take()) == [
        ("one", "ann", "ben"), ("servers", "one", "two"), ("three",), ("two", "cem")
    ]  # fmt: skip


def test_a_report_that_is_too_long_is_withheld() -> None:
    """Persistence is told, so that it does not assume that nothing changed; health shows it."""
    tracked = Tracked()
    tracked.queue.longest = 2
    tracked.poll(0, "one", "ann", "ben")
    tracked.poll(0, "two", "cem")
    assert tracked.problems() == []
    tracked.queue.take()
    tracked.poll(1, "one", "ann", "ben", "dora")
    assert tracked.queue.take() == [("one", "3 withheld")]
    assert tracked.problems() == ["tracker.report_unsendable"]
    tracked.poll(2, "two", "cem")
    assert tracked.problems() == ["tracker.report_unsendable"]
    tracked.poll(3, "one", "ann")
    tracked.store_all()
    assert tracked.queue.take()[-1] == ("one", "ann")
    assert tracked.problems() == []

"""What persistence makes of the tracker's reports, in whatever order they come, and if some are lost."""

from msgspec.structs import replace

from actors.persistence.reported_watches import ReportedWatches
from messages import Moment, Problem, ServersReported, WatchesReported, WatchState
from messages.base import PositionMs
from tests.unit.persistence.record_builders import EVENING, FILM, record, state
from tracking.rules import Rules
from tracking.watches.watch import record_so_far


def at(at_s: float) -> Moment:
    """A moment of the evening."""
    return Moment(EVENING + at_s, at_s)


def watch(name: str, server_id: str = "srv", at_s: float = 0.0, viewer_id: str = "501") -> WatchState:
    """A running watch on a server, as it was at a moment."""
    shown = replace(FILM, server_id=server_id)
    moment = at(at_s)
    return replace(
        state(record(name, viewer_id, shown)), seen=moment, advanced=moment, position_ms=PositionMs(round(at_s * 1000))
    )


class Reports:
    """Persistence's memory, told by the test."""

    def __init__(self) -> None:
        self.reported = ReportedWatches(80.0, 60.0)

    def report(self, at_s: float, server_id: str, *names: str) -> None:
        """The tracker reports a server."""
        states = tuple(watch(name, server_id, at_s) for name in names)
        self.reported.take(WatchesReported(at(at_s), states, (), server_id))

    def servers(self, at_s: float, *servers: str) -> None:
        """The tracker says which servers have watches."""
        self.reported.take_servers(ServersReported(at(at_s), servers))

    def running(self) -> list[str] | None:
        """Return the ids of what runs."""
        watches = self.reported.running()
        return None if watches is None else sorted(each.state.watch_id for each in watches)


def test_nothing_is_known_before_every_server_was_reported() -> None:
    """Persistence has just started: what it has not heard of must not be saved as ended."""
    told = Reports()
    told.report(1, "one", "a")
    assert told.running() is None
    told.servers(2, "one", "two")
    assert told.running() is None
    told.report(3, "two", "b")
    assert told.running() == ["a", "b"]


def test_the_list_of_servers_may_come_first_or_name_none() -> None:
    """Reports of state may overtake one another."""
    told = Reports()
    told.servers(1, "one")
    assert told.running() is None
    told.report(1, "one", "a")
    assert told.running() == ["a"]
    empty = Reports()
    empty.servers(1)
    assert empty.running() == []


def test_a_report_replaces_that_of_its_server_alone() -> None:
    """What is not in it has ended there, and there only."""
    told = Reports()
    told.servers(0)
    told.report(1, "one", "a", "b")
    told.report(1, "two", "c")
    told.report(2, "one", "b")
    assert told.running() == ["b", "c"]
    told.report(3, "two")
    assert told.running() == ["b"]


def test_an_older_report_changes_nothing() -> None:
    """One that waited longer than the next, or came from a tracker that is gone."""
    told = Reports()
    told.servers(0)
    told.report(5, "one", "b")
    told.report(4, "one", "a")
    assert told.running() == ["b"]
    told.servers(3)
    assert told.running() == ["b"], "the server was reported since"


def test_a_server_that_the_new_tracker_does_not_know_has_no_watches() -> None:
    """Its last watch ended while the tracker was restarted."""
    told = Reports()
    told.servers(0)
    told.report(1, "one", "a")
    told.report(1, "two", "b")
    told.report(9, "one", "a")
    told.servers(9, "one")
    assert told.running() == ["a"]


def test_a_report_of_everything_is_read_as_version_1_0_meant_it() -> None:
    """It has no server's name: what it does not have, on any server, has ended."""
    told = Reports()
    told.servers(0)
    told.report(1, "two", "b")
    states = (watch("a", "one", 2), watch("c", "three", 2))
    told.reported.take(WatchesReported(at(2), states, (record("a"), record("c"))))
    assert told.running() == ["a", "c"]
    watches = told.reported.running() or []
    assert watches[0].record == record("a"), "the record that came with it"


def test_the_record_is_made_here_as_the_tracker_would() -> None:
    """With this service's settings, from the state alone."""
    told = Reports()
    told.servers(0)
    told.report(100, "one", "a")
    (running,) = told.reported.running() or []
    rules = Rules(watched_percent=80.0, min_watch_s=60.0)
    assert running.record == record_so_far(watch("a", "one", 100), rules)


def test_stored_and_forgotten_watches_are_not_saved_as_running() -> None:
    """A save may come before the next report. On another server the same watch may run again."""
    told = Reports()
    told.servers(0)
    told.report(1, "one", "a", "b")
    told.report(1, "two", "a")
    told.reported.drop_watch("a", "one")
    assert told.running() == ["a", "b"]
    told.reported.drop_watch("a", "two")
    assert told.running() == ["b"]
    told.reported.drop_viewers({"501"})
    assert told.running() == []


def test_a_save_gets_only_changes_since_the_last_one() -> None:
    """New watches and new states, and which ended; unchanged ones are left alone."""
    told = Reports()
    told.servers(0)
    told.report(1, "one", "a", "b")
    told.report(1, "two", "c")
    first = told.reported.changes_since(0)
    assert (sorted(each.state.watch_id for each in first.changed), first.ended) == (["a", "b", "c"], set())
    told.reported.take(WatchesReported(at(2), (watch("a", "one", 2), watch("d", "one", 2)), (), "one"))
    told.reported.take(WatchesReported(at(2), (watch("c", "two", 1),), (), "two"))
    second = told.reported.changes_since(first.revision)
    assert (sorted(each.state.watch_id for each in second.changed), second.ended) == (["a", "d"], {"b"})
    again = told.reported.changes_since(first.revision)
    assert again == second, "a save that failed is told the same again"
    told.reported.forget_ended(second.revision)
    assert told.reported.changes_since(0).ended == set()
    assert told.reported.changes_since(second.revision).changed == []


def test_a_watch_that_moved_to_another_server_has_not_ended() -> None:
    """It is gone from one report, and in another."""
    told = Reports()
    told.servers(0)
    told.report(1, "one", "a")
    revision = told.reported.changes_since(0).revision
    told.report(2, "two", "a")
    told.report(3, "one")
    changes = told.reported.changes_since(revision)
    assert ([each.state.watch_id for each in changes.changed], changes.ended) == (["a"], set())


def test_a_new_tracker_gets_reports_and_the_checkpoint_of_other_servers() -> None:
    """Persistence had a report of one server since its own start when the tracker died."""
    told = Reports()
    told.report(1, "one", "a")
    checkpoint = (watch("old", "one"), watch("b", "two"), watch("a", "three"))
    states = told.reported.states_for_restart(checkpoint)
    assert [each.watch_id for each in states] == ["a", "b"]
    told.servers(2, "one")
    assert [each.watch_id for each in told.reported.states_for_restart(checkpoint)] == ["a"]


def test_a_withheld_report_is_a_problem_and_keeps_the_known_watches() -> None:
    """They are not saved as up to date, and not as ended either."""
    told = Reports()
    told.servers(0)
    told.report(1, "one", "a")
    told.reported.take(WatchesReported(at(2), (), (), "one", withheld=30_000))
    assert told.running() == ["a"]
    assert told.reported.problem == Problem.of("save.report_withheld", server="one", count=30_000)
    told.report(3, "one", "a", "b")
    assert told.running() == ["a", "b"]
    assert not told.reported.problem


def test_a_server_that_could_never_be_reported_is_not_taken_for_empty() -> None:
    """Persistence has just started: its checkpoint is all that is known of that server."""
    told = Reports()
    told.report(1, "two", "b")
    told.servers(1, "one", "two")
    told.reported.take(WatchesReported(at(2), (), (), "one", withheld=30_000))
    assert told.running() is None
    states = told.reported.states_for_restart((watch("a", "one"),))
    assert [each.watch_id for each in states] == ["b", "a"]
    told.report(3, "one", "a")
    assert told.running() == ["a", "b"]

"""Links and privacy choices: who is tracked, and what others see."""

import pytest
from msgspec.structs import replace

from messages import (
    SOMEBODY,
    DropViewerWatches,
    Privacy,
    ScreeningEnded,
    ScreeningStarted,
    StartTracking,
    WatchesLoaded,
    WatchFinished,
)
from tests.unit.tracking.builders import channel, moment, playing, poll
from tests.unit.tracking.party import ALICE, LINK, go_on, of, only, party, running, seats
from tracking.engine import TrackingEngine
from tracking.events import WatchDropped, WatchOpened
from tracking.rules import Rules
from viewers.directory import ViewerDirectory


def test_a_members_choice_holds_for_the_linked_account_and_for_no_other() -> None:
    """An account that is not linked is open."""
    people = ViewerDirectory.from_message([LINK], [("ann", "private")])
    assert (people.choice(ALICE), people.choice("ann"), people.choice("plex:srv:bob")) == ("private", "private", "open")
    assert people.viewer(ALICE) == "ann"
    assert not ViewerDirectory()


@pytest.mark.parametrize("choice", ["open", "anonymous", "private"])
def test_only_untracked_viewers_have_no_watch(choice: Privacy) -> None:
    """Every other choice is about what others see."""
    assert running(party({"ann": choice})) == [ALICE, "ann", "ben"]
    assert running(party({"ann": "untracked"})) == [ALICE, "ben"]


def test_an_untracked_account_still_hosts_a_party() -> None:
    """As an excluded one does: others watch its session."""
    tracking = party({"ann": "untracked"}, (LINK,))
    assert running(tracking) == ["ben"]
    assert (only(tracking, 100).host, only(tracking, 100).player) == (SOMEBODY, "")
    assert seats(only(tracking, 100)) == [("ben", "Ben")]


def test_an_untracked_account_alone_is_nowhere_to_be_seen() -> None:
    """Neither a start nor an end is told, and no watch is listed."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    events = tracking.apply_directory([LINK], [("ann", "untracked")])
    events += tracking.observe(poll(0, playing(0)))
    events += tracking.observe(poll(100, playing(100)))
    assert (tracking.now_playing(moment(100)).screenings, tracking.active_watches(moment(100)).watches) == ((), ())
    assert events + tracking.observe(poll(110)) == []


def test_watches_of_a_viewer_who_becomes_untracked_are_dropped() -> None:
    """Without a record; the others' continue, and the film ends with a record for each of them."""
    tracking, other = party(end_grace_s=0), party(end_grace_s=0)
    dropped = tracking.apply_directory([], [("ann", "untracked")])
    assert [(type(event), event.viewer_id) for event in of(WatchDropped, dropped)] == [(WatchDropped, "ann")]
    assert len(dropped) == 1
    records = [event.record for event in of(WatchFinished, tracking.observe(poll(110)))]
    expected = [event.record for event in of(WatchFinished, other.observe(poll(110)))]
    assert records == [record for record in expected if record.viewer_id != "ann"]
    assert len(records) == 2


def test_a_viewer_who_is_tracked_again_is_tracked_from_then_on() -> None:
    """In the same session, from the film's position then, whether it is their own or the channel's."""
    tracking = party({"ann": "untracked"}, (LINK,))
    events = tracking.apply_directory([LINK], [])
    events += go_on(tracking, 110, 200)
    began = {event.state.viewer_id: event.state.join_position_ms for event in of(WatchOpened, events)}
    assert began == {ALICE: 110_000, "ann": 110_000}
    assert {state.viewer_id: state.playing_s for state in tracking.running_watches()} == {
        ALICE: 90,
        "ann": 90,
        "ben": 200,
    }
    assert next(state for state in tracking.running_watches() if state.viewer_id == ALICE).party


def test_a_lone_viewer_who_is_tracked_again_is_announced_then() -> None:
    """Nothing was said before."""
    tracking = TrackingEngine(Rules())
    tracking.apply_directory([LINK], [("ann", "untracked")])
    tracking.observe(poll(0, playing(0)))
    tracking.apply_directory([LINK], [])
    opened, started = tracking.observe(poll(10, playing(10)))
    assert isinstance(opened, WatchOpened)
    assert isinstance(started, ScreeningStarted)
    assert opened.state.first_seat


def test_an_excluded_account_stays_so_whatever_anybody_chooses() -> None:
    """EXCLUDED_PLEX_USERS is the operator's word."""
    tracking = TrackingEngine(Rules(excluded=frozenset({"alice"})))
    tracking.apply_directory([LINK], [("ann", "untracked")])
    go_on(tracking, 0, 50)
    tracking.apply_directory([LINK], [])
    go_on(tracking, 60, 100)
    assert running(tracking) == ["ben", "ann"]


def test_viewers_who_became_untracked_are_not_restored() -> None:
    """The choice comes with the watches. They are tracked again when they choose it, also as the host."""
    report = party().report(moment(100))
    again = TrackingEngine(Rules())
    events = again.restore(WatchesLoaded(report.active, (), (LINK,), (("ann", "untracked"),)), moment(105))
    assert sorted(event.viewer_id for event in of(WatchDropped, events)) == ["ann", ALICE]
    assert running(again) == ["ben"]
    assert go_on(again, 110, 150) == []
    assert again.running_watches()[0].playing_s == 150
    again.apply_directory([LINK], [])
    go_on(again, 160, 200)
    assert running(again) == [ALICE, "ben", "ann"]


def test_after_a_restart_a_session_that_is_only_theirs_is_not_waited_for() -> None:
    """Its end is nobody's business: the server's history is not asked."""
    before = TrackingEngine(Rules())
    before.observe(poll(0, playing(0)))
    again = TrackingEngine(Rules(end_grace_s=0))
    loaded = WatchesLoaded(before.report(moment(10)).active, (), (LINK,), (("ann", "untracked"),))
    assert [type(event) for event in again.restore(loaded, moment(60))] == [WatchDropped]
    assert again.observe(poll(70)) == []


def test_an_admin_cannot_start_watches_of_untracked_viewers() -> None:
    """`starttracking` says so; the others' watches start, and a hidden account is not named."""
    tracking = TrackingEngine(Rules(party_user="somebody else"))
    tracking.apply_directory([LINK], [("ann", "untracked")])
    tracking.observe(poll(0, playing(0)))
    tracking.update_voice(channel(1, "ann", "ben"))
    plan, events = tracking.start_manually(StartTracking(), moment(2))
    assert [(done.name, done.outcome, done.hidden) for done in plan.outcomes] == [
        ("Ann", "not_tracked", True),
        ("Ben", "started", False),
    ]
    assert [event.state.viewer_id for event in of(WatchOpened, events)] == ["ben"]
    assert (plan.sessions[0].account_name, plan.sessions[0].player) == (SOMEBODY, "")


def test_films_that_only_hidden_viewers_play_are_not_listed() -> None:
    """Of their session an admin sees only the key; others are named."""
    tracking = TrackingEngine(Rules(party_user="somebody else"))
    tracking.apply_directory([LINK], [("ann", "private")])
    tracking.observe(poll(0, playing(0), playing(60, "ben", key="2")))
    tracking.update_voice(channel(1, "cem"))
    plan, _ = tracking.start_manually(StartTracking(), moment(2))
    assert [(each.session_key, each.item.title, each.position_ms) for each in plan.sessions] == [
        ("1", "", None),
        ("2", "Heat", 62_000),
    ]
    assert plan.problem.endswith("Name the session: 1, 2 (Heat).")
    plan, events = tracking.start_manually(StartTracking("1"), moment(3))
    assert [event.state.viewer_id for event in of(WatchOpened, events)] == ["cem"]
    plan, _ = tracking.start_manually(StartTracking(simulate=True), moment(4))
    assert plan.sessions[0].item.title, "Cem sees it now, whom everybody may see"


def test_a_forgotten_viewer_begins_a_new_watch() -> None:
    """The running one is dropped, and so is what was remembered."""
    tracking = party()
    before = {state.viewer_id: state.watch_id for state in tracking.running_watches()}
    events = tracking.forget_viewers(DropViewerWatches(("ann", ALICE)), moment(105))
    assert sorted(event.viewer_id for event in of(WatchDropped, events)) == ["ann", ALICE]
    assert running(tracking) == ["ben"]
    go_on(tracking, 110, 150)
    now = {state.viewer_id: state.watch_id for state in tracking.running_watches()}
    assert now["ben"] == before["ben"]
    assert not {now["ann"], now[ALICE]} & set(before.values())
    assert {state.viewer_id: state.playing_s for state in tracking.running_watches()} == {
        ALICE: 40,
        "ben": 150,
        "ann": 40,
    }


def test_a_watch_begun_after_forgetme_continues() -> None:
    """Persistence repeats the message at its start: nothing of viewers seen again since is dropped."""
    tracking = party()
    tracking.forget_viewers(DropViewerWatches(("ann", ALICE)), moment(105))
    go_on(tracking, 110, 150)
    before = tracking.running_watches()
    again = DropViewerWatches(("ann", ALICE), moment(105).wall_s)
    assert not of(WatchDropped, tracking.forget_viewers(again, moment(151)))
    assert tracking.running_watches() == before
    events = tracking.forget_viewers(replace(again, began_by_s=moment(200).wall_s), moment(205))
    assert sorted(event.viewer_id for event in of(WatchDropped, events)) == ["ann", ALICE]


def test_only_watches_from_before_forgetme_are_forgotten() -> None:
    """A finished watch can be resumed only if it began afterwards."""
    for began_by_s, resumed in ((moment(-1).wall_s, True), (moment(50).wall_s, False)):
        tracking = party(end_grace_s=0)
        tracking.update_voice(channel(101, "ben"))
        tracking.forget_viewers(DropViewerWatches(("ann",), began_by_s), moment(102))
        assert ("ann" in [viewer for viewer, _ in seats(only(tracking, 102))]) is resumed
        (opened,) = of(WatchOpened, go_on(tracking, 110, 110))
        assert (opened.state.viewer_id, opened.resumed) == ("ann", resumed)


def test_a_poll_that_was_on_its_way_brings_nobody_back() -> None:
    """A watch that began before the forgetting would be refused by the store at its end."""
    tracking = party()
    tracking.forget_viewers(DropViewerWatches(("ann", ALICE)), moment(115))
    go_on(tracking, 110, 110)
    assert running(tracking) == ["ben"]


def test_a_finished_watch_of_a_forgotten_viewer_is_not_resumed() -> None:
    """Nor is it listed when the screening ends."""
    tracking = party(end_grace_s=0)
    tracking.update_voice(channel(101, "ben"))
    assert "ann" in [viewer for viewer, _ in seats(only(tracking, 101))]
    tracking.forget_viewers(DropViewerWatches(("ann",)), moment(102))
    assert "ann" not in [viewer for viewer, _ in seats(only(tracking, 102))]
    (opened,) = of(WatchOpened, go_on(tracking, 110, 110))
    assert (opened.state.viewer_id, opened.resumed) == ("ann", False)


def test_a_resumed_screening_has_no_forgotten_viewers() -> None:
    """The same film continues later that evening, without their seats."""
    tracking = party(end_grace_s=0)
    tracking.observe(poll(110))
    tracking.update_voice(channel(110))
    tracking.forget_viewers(DropViewerWatches(("ann", ALICE)), moment(120))
    tracking.observe(poll(130, playing(110)))
    assert seats(only(tracking, 130)) == [("ben", "Ben"), (ALICE, "alice")]
    assert [seat.joined_at_s for seat in only(tracking, 130).seats if seat.viewer_id == ALICE] == [moment(130).wall_s]


def test_a_private_viewer_is_somebody_wherever_others_look() -> None:
    """Start, card, list, end; what is recorded names them all the same."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    tracking.apply_directory([LINK], [("ann", "private")])
    events = go_on(tracking, 0, 100)
    (started,) = of(ScreeningStarted, events)
    assert started.screening.host == SOMEBODY
    assert set(seats(started.screening)) == {("", SOMEBODY), ("ben", "Ben")}, "told as soon as one is there who may be"
    assert seats(only(tracking, 100)) == [("", SOMEBODY), ("ben", "Ben")]
    rows = tracking.active_watches(moment(100)).watches
    assert [(row.viewer_id, row.username) for row in rows] == [("", SOMEBODY), ("ben", "Ben")]
    events = tracking.observe(poll(110))
    (ended,) = of(ScreeningEnded, events)
    assert (ended.screening.host, seats(ended.screening)) == (SOMEBODY, [("", SOMEBODY), ("ben", "Ben")])
    assert {event.record.username for event in of(WatchFinished, events)} == {"alice", "Ann", "Ben"}


@pytest.mark.parametrize("choice", ["private", "untracked"])
def test_a_film_that_only_hidden_viewers_watch_is_not_announced(choice: Privacy) -> None:
    """Neither start, running film nor end: the title would say what they watch."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    tracking.apply_directory([LINK], [("ann", choice)])
    events = [event for at_s in range(0, 101, 10) for event in tracking.observe(poll(at_s, playing(at_s)))]
    watching = tracking.active_watches(moment(100))
    assert (watching.watches, watching.screenings, tracking.now_playing(moment(100)).screenings) == ((), (), ())
    assert len(running(tracking)) == (choice == "private"), "it is recorded all the same"
    events += tracking.observe(poll(110))
    assert not of(ScreeningStarted, events) and not of(ScreeningEnded, events)
    assert len(of(WatchFinished, events)) == (choice == "private")


def test_a_hidden_viewers_film_is_announced_when_others_may_see_it() -> None:
    """When somebody else joins, or the choice is taken back: once, and then its end."""
    for comes in (True, False):
        tracking = TrackingEngine(Rules(end_grace_s=0))
        tracking.apply_directory([LINK], [("ann", "private")])
        tracking.update_voice(channel(0))
        events = [event for at_s in range(0, 41, 10) for event in tracking.observe(poll(at_s, playing(at_s)))]
        assert not of(ScreeningStarted, events)
        events = tracking.update_voice(channel(50, "ben")) if comes else tracking.apply_directory([LINK], [])
        events += [event for at_s in range(50, 151, 10) for event in tracking.observe(poll(at_s, playing(at_s)))]
        assert len(of(ScreeningStarted, events)) == 1
        assert len(tracking.now_playing(moment(150)).screenings) == 1
        assert len(of(ScreeningEnded, tracking.observe(poll(160)))) == 1


def test_the_end_of_a_film_is_not_announced_if_all_have_hidden() -> None:
    """Its start was announced while they were open; the end would name the film again."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    tracking.apply_directory([LINK], [])
    started = [event for at_s in range(0, 101, 10) for event in tracking.observe(poll(at_s, playing(at_s)))]
    assert len(of(ScreeningStarted, started)) == 1
    tracking.apply_directory([LINK], [("ann", "private")])
    assert tracking.now_playing(moment(100)).screenings == ()
    assert not of(ScreeningEnded, tracking.observe(poll(110)))


def test_the_choice_is_seen_at_once_and_can_be_taken_back() -> None:
    """Also for who has left already."""
    tracking = party()
    tracking.update_voice(channel(101, "ben"))
    assert ("ann", "Ann") in seats(only(tracking, 101))
    assert tracking.apply_directory([], [("ann", "private")]) == []
    assert ("", SOMEBODY) in seats(only(tracking, 101))
    tracking.apply_directory([], [])
    assert ("ann", "Ann") in seats(only(tracking, 101))


def test_the_log_has_only_the_id_of_a_private_viewer() -> None:
    """So that only the operator can find the record."""
    tracking = party({"ann": "private"}, (LINK,))
    names = [tracking.directory.log_name(state.viewer_id, state.username) for state in tracking.running_watches()]
    assert names == ["ann", "ann", "Ben"]
    assert [party().directory.log_name(state.viewer_id, state.username) for state in tracking.running_watches()] == [
        "alice",
        "Ann",
        "Ben",
    ]


def test_both_ids_of_one_viewer_have_one_seat() -> None:
    """The host sits in the channel: one viewer, with the time truly there."""
    tracking = party(links=(LINK,))
    assert len(running(tracking)) == 3, "the watches stay apart: a link can be taken back"
    screening = only(tracking, 100)
    assert (screening.host, seats(screening)) == ("Ann", [("ann", "Ann"), ("ben", "Ben")])
    assert screening.seats[0].playing_s == 100
    rows = tracking.active_watches(moment(100)).watches
    assert [(row.viewer_id, row.username, row.watched_s) for row in rows] == [("ann", "Ann", 100), ("ben", "Ben", 100)]


def test_a_linked_account_alone_is_shown_as_the_member() -> None:
    """At home, too."""
    tracking = TrackingEngine(Rules())
    tracking.apply_directory([LINK], [])
    tracking.observe(poll(0, playing(0)))
    assert seats(only(tracking, 0)) == [("ann", "Ann")]
    (row,) = tracking.active_watches(moment(0)).watches
    assert (row.viewer_id, row.username) == ("ann", "Ann")


def test_a_seat_of_two_ids_counts_no_moment_twice() -> None:
    """alice hosts all along; as ann she was in the channel from 30 to 60 s, and again from 80 s on."""
    tracking = TrackingEngine(Rules(end_grace_s=0, min_watch_s=0))
    tracking.apply_directory([LINK], [])
    for at_s in range(0, 101, 10):
        tracking.observe(poll(at_s, playing(at_s)))
        tracking.update_voice(channel(at_s, *(["ann"] if 30 <= at_s < 60 or at_s >= 80 else [])))
    (ended,) = of(ScreeningEnded, tracking.observe(poll(110)))
    (seat,) = ended.screening.seats
    assert (seat.playing_s, seat.join_position_ms, seat.spans, seat.present) == (100, 0, ((0, 100_000),), False)
    assert seat.left_at_s == moment(100).wall_s


def test_one_visit_after_another_is_one_seat() -> None:
    """Under two ids of one viewer as under one: who is back goes on with the film."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    tracking.apply_directory([LINK], [])
    tracking.update_voice(channel(0, "ann"))
    tracking.observe(poll(0, playing(0, "bob")))
    tracking.update_voice(channel(10))
    tracking.observe(poll(10, playing(10, "bob")))
    tracking.apply_directory([replace(LINK, plex_id="ben")], [])
    tracking.update_voice(channel(20, "ben"))
    assert sorted(seats(only(tracking, 20))) == [("ann", "Ann"), ("plex:srv:bob", "bob")]


def test_a_choice_does_not_change_the_records_of_others() -> None:
    """Whatever ann chooses in the middle, ben's record is the same to the last field."""
    plain = party(until_s=300, end_grace_s=0)
    moody = party(until_s=90, end_grace_s=0)
    choices: tuple[Privacy, ...] = ("private", "untracked", "anonymous", "open", "untracked")
    for number, choice in enumerate(choices):
        moody.apply_directory([LINK][: number % 2], [("ann", choice)])
        go_on(moody, 100 + 40 * number, 130 + 40 * number)
    moody.apply_directory([], [])
    records = []
    for tracking in (plain, moody):
        events = go_on(tracking, 300, 300) + tracking.observe(poll(310))
        records.append(next(event.record for event in of(WatchFinished, events) if event.record.viewer_id == "ben"))
    assert records[0] == records[1]

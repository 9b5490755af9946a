"""What the tracking tells beyond its records: announcements, reports, answers, and what it does with odd input."""

import sys
from types import FrameType

import pytest
from msgspec.structs import replace

from messages import (
    Item,
    ScreeningEnded,
    ScreeningStarted,
    StartTracking,
    WatchesLoaded,
    WatchFinished,
)
from messages.base import DurationMs, PositionMs
from tests.unit.tracking.builders import HEAT, channel, fail_poll, moment, playing, poll, watch
from tracking.engine import TrackingEngine
from tracking.events import Event, Notice, WatchOpened
from tracking.resume_index import FORGET_EVERY
from tracking.rules import Rules, classify
from tracking.watches.watch import completion, finish, finish_from_history, record_so_far, restore_watch

ALIEN = replace(HEAT, rating_key="2", title="Alien")


def let_alice_watch(tracking: TrackingEngine, from_s: int, to_s: int, position_s: float = 0.0) -> list[Event]:
    """Let alice watch, polled every ten seconds."""
    return [
        event
        for at_s in range(from_s, to_s + 1, 10)
        for event in tracking.observe(poll(at_s, playing(position_s + at_s - from_s)))
    ]


def test_viewers_who_left_before_a_restart_are_listed_at_the_end() -> None:
    """Even if the tracker died while the host was still watching."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    tracking.observe(poll(0, playing(0)))
    tracking.update_voice(channel(1, "ann"))
    let_alice_watch(tracking, 10, 200, 10)
    left = [event.record for event in tracking.update_voice(channel(200)) if isinstance(event, WatchFinished)]
    again = TrackingEngine(Rules(end_grace_s=0))
    again.restore(WatchesLoaded(tracking.report(moment(200)).active, tuple(left)), moment(205))
    let_alice_watch(again, 210, 300, 210)
    (ended,) = [event for event in again.observe(poll(310)) if isinstance(event, ScreeningEnded)]
    assert [(seat.username, seat.present) for seat in ended.screening.seats] == [("alice", False), ("Ann", False)]


@pytest.mark.parametrize("host", ["", "bob"], ids=["nobody hosts", "another hosts"])
def test_after_a_restart_the_party_stays_with_its_film(host: str) -> None:
    """Also an admin's choice; who comes in or comes back then is seated there, though another film plays, too."""
    rules = Rules(party_user=host)
    tracking = TrackingEngine(rules)
    at_home = playing(0, "bob", key="2", item=ALIEN, machine="phone")
    tracking.update_voice(channel(0, "ann", "ben"))
    tracking.observe(poll(1, playing(1), at_home))
    tracking.start_manually(StartTracking("1"), moment(2))
    tracking.observe(poll(3, playing(3), at_home))
    assert set(seats(tracking)) == {("Heat", "ann"), ("Heat", "ben")}
    report = tracking.report(moment(10))
    again = TrackingEngine(rules)
    again.restore(WatchesLoaded(report.active, ()), moment(20))
    again.update_voice(channel(21, "ann", "zoe"))
    again.observe(poll(22, playing(22), replace(at_home, position_ms=PositionMs(22_000))))
    again.update_voice(channel(30, "ann", "ben", "zoe"))
    assert set(seats(again)) == {("Heat", "ann"), ("Heat", "ben"), ("Heat", "zoe")}


def seats(tracking: TrackingEngine) -> list[tuple[str, str]]:
    """Which film each member of the channel watches."""
    return [(state.item.title, state.viewer_id) for state in tracking.running_watches() if state.source != "plex"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "movie"),
        ({"kind": "episode"}, "episode"),
        ({"kind": "track"}, "track"),
        ({"kind": "clip"}, None),
        ({"kind": "clip", "live": True}, "live"),
        ({"kind": "episode", "key": "/livetv/sessions/x"}, "live"),
        ({"subtype": "clip"}, None),
        ({"subtype": "behindTheScenes"}, None),
        ({"library_section_id": -3}, None),
        ({"guid": "analyzed.prerolls://1"}, None),
        ({"kind": "track", "guid": "library://theme"}, None),
        ({"kind": "photo"}, None),
    ],
)
def test_an_item_is_of_one_type_or_of_none(changes: dict[str, object], expected: str | None) -> None:
    """Films, episodes and live TV are told from what stands beside them."""
    assert classify(replace(HEAT, **changes)) == expected


def test_every_step_reports_watches_that_a_restart_takes_up_whole() -> None:
    """The report of a watch holds all that goes into its record."""
    tracking = TrackingEngine(Rules())
    let_alice_watch(tracking, 0, 600)
    report = tracking.report(moment(600))
    again = TrackingEngine(Rules())
    again.restore(WatchesLoaded(report.active, ()), moment(600))
    records = [record_so_far(state, Rules()) for state in report.active]
    assert [record_so_far(state, Rules()) for state in again.report(moment(600)).active] == records
    assert records[0].playing_s == 600


def test_a_record_knows_how_many_watches_still_run() -> None:
    """The save's log line needs their number as of the end of the step."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    tracking.observe(poll(0, playing(0), playing(0, "bob"), playing(0, "carol")))
    ended = [event for event in tracking.observe(poll(10, playing(10))) if isinstance(event, WatchFinished)]
    assert [event.running for event in ended] == [1, 1]
    assert tracking.running == 1


def test_a_start_and_an_end_are_announced_with_all_seats() -> None:
    """Those who left before the end are listed, too."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    (opened, started) = tracking.observe(poll(0, playing(0)))
    assert isinstance(opened, WatchOpened)
    assert isinstance(started, ScreeningStarted)
    assert started.screening.host == "alice"
    tracking.update_voice(channel(1, "ann"))
    for at_s in range(10, 130, 10):
        tracking.observe(poll(at_s, playing(at_s)))
        tracking.update_voice(channel(at_s, *(["ann"] if at_s < 60 else [])))
    events = tracking.observe(poll(130))
    ended = next(event for event in events if isinstance(event, ScreeningEnded))
    assert [(seat.username, seat.present) for seat in ended.screening.seats] == [("alice", False), ("Ann", False)]
    assert ended.screening.seats[1].brief
    assert ended.screening.party


def test_the_first_guest_has_the_first_seat_and_keeps_it() -> None:
    """Who came first is told by the order of the channel; coming back does not change it."""
    tracking = TrackingEngine(Rules(excluded=frozenset({"alice"})))
    tracking.observe(poll(0, playing(0)))
    tracking.update_voice(channel(1, "ann", "ben"))
    tracking.update_voice(channel(5, "ben"))
    tracking.update_voice(channel(9, "ben", "ann"))
    assert {state.viewer_id: state.first_seat for state in tracking.running_watches()} == {"ann": True, "ben": False}


def test_the_current_position_is_estimated() -> None:
    """Between polls; while Plex is away it is the last known one, and the notice says so."""
    tracking = TrackingEngine(Rules())
    let_alice_watch(tracking, 0, 100)
    (told,) = tracking.active_watches(moment(104)).watches
    assert (told.position_ms, told.watched_s, told.state) == (104_000, 100, "playing")
    assert tracking.now_playing(moment(104)).screenings[0].position_ms == 104_000
    tracking.poll_failed(fail_poll(110))
    answer = tracking.active_watches(moment(114))
    assert answer.watches[0].position_ms == 100_000
    assert answer.notice == "Plex server Cinema does not answer: its watches are on hold."


def test_one_session_that_breaks_costs_the_others_nothing() -> None:
    """An exception in one playback is noted; the rest of the poll goes on."""
    tracking = TrackingEngine(Rules())
    broken = replace(playing(0, "mallory", key="9"), position_ms="soon")
    events = tracking.observe(poll(0, broken, playing(0)))
    assert [state.username for state in tracking.running_watches()] == ["alice"]
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "session 9" in notice.text


def test_a_poll_from_the_past_says_nothing_new() -> None:
    """Polls may overtake one another."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    let_alice_watch(tracking, 0, 100)
    assert tracking.observe(poll(95)) == []
    assert tracking.running == 1


def test_two_servers_do_not_mix() -> None:
    """A failed or empty poll of one server says nothing of another's sessions."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    other = replace(
        poll(0, playing(0, "bob", item=replace(HEAT, server_id="other"))), server_id="other", poller="plex-2"
    )
    tracking.observe(other)
    let_alice_watch(tracking, 0, 100)
    tracking.observe(poll(110))
    assert [state.username for state in tracking.running_watches()] == ["bob"]


def test_an_excluded_account_is_known_by_name_or_id_in_any_case() -> None:
    """EXCLUDED_PLEX_USERS holds names or ids."""
    tracking = TrackingEngine(Rules(excluded=frozenset({"alice", "7"})))
    numbered = replace(playing(0, "Bob"), account_id="7")
    assert tracking.observe(poll(0, playing(0, "ALICE"), numbered)) == []
    assert tracking.running == 0


def test_a_screening_nobody_watches_is_not_shown() -> None:
    """An excluded host alone is no screening, until a member comes."""
    tracking = TrackingEngine(Rules(excluded=frozenset({"alice"})))
    tracking.observe(poll(0, playing(0)))
    assert tracking.now_playing(moment(0)).screenings == ()
    events = tracking.update_voice(channel(1, "ann"))
    assert [type(event) for event in events] == [WatchOpened, ScreeningStarted]


def test_old_memories_are_forgotten() -> None:
    """A year of evenings does not pile up in memory."""
    tracking = TrackingEngine(Rules(end_grace_s=0, resume_window_s=3600))
    for number in range(2 * FORGET_EVERY):
        item = replace(HEAT, rating_key=f"film-{number}")
        tracking.observe(poll(number * 1000, playing(0, item=item)))
        tracking.observe(poll(number * 1000 + 5))
    assert len(tracking.recorder.resume_index.records) <= FORGET_EVERY
    assert len(tracking.recorder.resume_index.screenings) <= FORGET_EVERY


def test_planning_changes_nothing_and_says_what_would_be_done() -> None:
    """`recover --simulate` lists the sessions, the members and what would be started for whom."""
    tracking = TrackingEngine(Rules(party_user="somebody else"))
    let_alice_watch(tracking, 0, 100)
    tracking.update_voice(channel(101, "ann"))
    request = StartTracking(user_ids=("ann", "zoe"), simulate=True)
    plan, events = tracking.start_manually(request, moment(102))
    assert [(done.user_id, done.outcome) for done in plan.outcomes] == [
        ("ann", "would_start"),
        ("zoe", "not_in_channel"),
    ]
    assert (plan.chosen, plan.sessions[0].position_ms, events) == ("1", 102_000, [])
    assert tracking.running == 1
    plan, _ = tracking.start_manually(in_earnest(request), moment(103))
    assert [done.outcome for done in plan.outcomes] == ["started", "not_in_channel"]
    plan, _ = tracking.start_manually(in_earnest(request), moment(104))
    assert plan.outcomes[0].outcome == "already_watching"


def test_a_session_key_on_two_servers_needs_the_server() -> None:
    """Plex counts sessions on each server from 1: the key alone means two, and the choices say how to name one."""
    other = replace(HEAT, server_id="two", rating_key="9", title="Alien")
    tracking = TrackingEngine(Rules())
    tracking.update_voice(channel(0, "ann"))
    tracking.observe(poll(0, playing(0)))
    tracking.observe(replace(poll(1, playing(0, account="bob", item=other)), server_id="two"))
    plan, _ = tracking.start_manually(StartTracking("1"), moment(2))
    assert [choice.session_key for choice in plan.sessions] == ["srv/1", "two/1"]
    assert plan.problem == "Session 1 exists on 2 servers. Name one of them: srv/1, two/1."
    plan, _ = tracking.start_manually(StartTracking("two/1"), moment(3))
    assert (plan.chosen, plan.outcomes[0].outcome) == ("two/1", "started")


def in_earnest(request: StartTracking) -> StartTracking:
    """The same request, in earnest."""
    return replace(request, simulate=False)


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (StartTracking(), "Several films are playing. Name the session: 1 (Heat), 2 (Alien)."),
        (StartTracking("5"), "No session 5 is playing. Name one that is: 1, 2."),
        (StartTracking("1", PositionMs(5_000_000)), "The film hasn't got that far yet"),
    ],
)
def test_a_request_that_cannot_be_met_says_why(request_: StartTracking, problem: str) -> None:
    """Every refusal says what to do."""
    tracking = TrackingEngine(Rules())
    tracking.observe(poll(0, playing(0), playing(0, "bob", key="2", item=ALIEN)))
    tracking.update_voice(channel(1, "ann"))
    plan, _ = tracking.start_manually(request_, moment(2))
    assert plan.problem.startswith(problem)
    assert plan.outcomes == ()


def test_without_plex_or_discord_nothing_is_started() -> None:
    """A failed poll opens nothing, and an unknown channel has no members."""
    tracking = TrackingEngine(Rules())
    assert "Nothing is playing" in tracking.start_manually(StartTracking(), moment(0))[0].problem
    tracking.observe(poll(0, playing(0)))
    assert "Discord" in tracking.start_manually(StartTracking(), moment(1))[0].problem
    tracking.update_voice(channel(2))
    assert "Nobody is in the voice channel" in tracking.start_manually(StartTracking(), moment(2))[0].problem
    tracking.poll_failed(fail_poll(3))
    assert "does not answer" in tracking.start_manually(StartTracking(), moment(4))[0].problem


@pytest.mark.parametrize(
    ("played_s", "brief", "completed"), [(59, True, False), (60, False, False), (5760, False, True)]
)
def test_brief_and_completed(played_s: float, brief: bool, completed: bool) -> None:
    """Under MIN_WATCH_SECONDS is brief; from WATCHED_PERCENT on is completed."""
    state = replace(watch(0), playing_s=float(played_s), spans=((0, played_s * 1000),))
    record = finish(state, moment(played_s).wall_s, "left", Rules())
    assert (record.brief, record.completed) == (brief, completed)


@pytest.mark.parametrize(
    ("item", "position_s", "expected"),
    [
        (HEAT, None, 25.0),
        (replace(HEAT, duration_ms=None), None, None),
        (replace(HEAT, duration_ms=None), 0.0, None),
        (replace(HEAT, live=True), None, None),
        (replace(HEAT, duration_ms=DurationMs(60_000)), None, 100.0),
    ],
)
def test_completion_without_positions(item: Item, position_s: float | None, expected: float | None) -> None:
    """Playing time stands in for coverage where Plex tells no position; without a length there is no percent."""
    assert completion(replace(watch(position_s, item=item), playing_s=1800.0)) == expected


def test_history_counts_at_most_the_time_until_the_play() -> None:
    """The server's row closes a watch: what was left of the film was seen, if there was time for it."""
    state = replace(watch(3600), spans=((3_000_000, 3_600_000),), playing_s=600.0)
    record = finish_from_history(state, moment(1800).wall_s, moment(1830), Rules())
    assert (record.coverage_ms, record.playing_s, record.leave_position_ms) == (2_400_000, 2400, 5_400_000)
    record = finish_from_history(state, moment(9000).wall_s, moment(9030), Rules())
    assert (record.leave_position_ms, record.playing_s) == (7_200_000, 4200)


def test_history_counts_no_time_that_a_clock_was_set_on_by() -> None:
    """The wall clock was set on by two hours since the watch was last seen, five minutes ago."""
    state = replace(watch(3600), spans=((3_000_000, 3_600_000),), playing_s=600.0)
    record = finish_from_history(state, moment(7400).wall_s, moment(300), Rules())
    assert (record.leave_position_ms, record.playing_s) == (3_900_000, 900)


@pytest.mark.parametrize(
    ("steady_s", "wall_s", "away_s"), [(160, 160, 60), (5, 400, 300), (160, 40, 60), (5000, 130, 30), (5, 40, 0)]
)
def test_the_time_away_is_the_smaller_possible_one(steady_s: float, wall_s: float, away_s: float) -> None:
    """After a reboot the steady clock starts anew; the wall clock may have been set; neither makes time up."""
    state = replace(watch(0), seen=moment(100))
    base = moment(0)
    at = replace(base, wall_s=base.wall_s + wall_s, steady_s=base.steady_s + steady_s - (2000 if steady_s == 5 else 0))
    back = restore_watch(state, at)
    assert at.steady_s - back.seen.steady_s == pytest.approx(away_s)
    assert back.outage


def test_rules_hold_their_defaults() -> None:
    """The defaults of the settings are the defaults of the rules."""
    assert replace(Rules(), slack_s=1.5).slack_ms == 1500
    assert not Rules().is_party_host("", "")


def test_a_late_report_of_a_failed_poll_is_ignored() -> None:
    """A later poll has already succeeded."""
    tracking = TrackingEngine(Rules())
    let_alice_watch(tracking, 0, 100)
    tracking.poll_failed(fail_poll(95))
    assert tracking.active_watches(moment(101)).notice == ""


def test_nobody_of_the_channel_is_listed_while_discord_is_away() -> None:
    """Who is in it is not known: `activewatches` never shows who may be gone. Their watches wait."""
    tracking = TrackingEngine(Rules())
    tracking.update_voice(channel(0, "ann"))
    let_alice_watch(tracking, 0, 50)
    names = [watch.username for watch in tracking.active_watches(moment(51)).watches]
    tracking.update_voice(channel(52, connected=False))
    while_away = [watch.username for watch in tracking.active_watches(moment(53)).watches]
    assert (names, while_away) == (["alice", "Ann"], ["alice"])
    assert tracking.running == 2
    tracking.update_voice(channel(60, "ann"))
    assert [watch.username for watch in tracking.active_watches(moment(61)).watches] == ["alice", "Ann"]


def test_ten_thousand_sessions_open_in_linear_time() -> None:
    """Ten times as many take about ten times as long: nothing is looked for in a list of all."""

    def calls(count: int) -> int:
        playbacks = [playing(0, f"viewer {number}", key=str(number)) for number in range(count)]
        tracking, seen = TrackingEngine(Rules()), 0

        def count_call(frame: FrameType, event: str, arg: object) -> None:
            nonlocal seen
            seen += event == "call"

        sys.setprofile(count_call)
        try:
            tracking.observe(poll(0, *playbacks))
        finally:
            sys.setprofile(None)
        assert tracking.running == count
        return seen

    assert calls(1000) < 11 * calls(100)

"""What the launcher knows of the further communities' actors."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Mapping

import pytest

from config import Settings
from launcher.community_roster import ROUND_OF_PINGS, SILENT_AFTER_S, CommunityRoster
from messages import (
    ActorHealth,
    AutoSaveTick,
    CommunitiesChanged,
    Community,
    CommunityActorDown,
    CommunityName,
    Moment,
    Problem,
)
from messages.envelope import Heartbeat

CLUB = Community("1001", "Film club", {})
SERVERS = '[{"url": "http://plex.example:32400", "token": "a"}, {"url": "http://other.example:32400", "token": "b"}]'


def beat(*, ready: bool = True, degraded: str = "", problems: tuple[Problem, ...] = ()) -> Heartbeat:
    """A heartbeat of process 7."""
    return Heartbeat(7, ready, degraded, "", 0, 0.0, 3, 0.1, 0.2, 0, problems)


def roster(*communities: Community) -> CommunityRoster:
    """A roster that heard of these communities at 100 s."""
    made = CommunityRoster(Settings())
    assert made.on_told(CommunitiesChanged(communities), 100.0)
    return made


def row(of: CommunityRoster, now_s: float, address: str = "tracker@1001") -> ActorHealth:
    """The health row of an actor."""
    return next(each for each in of.health(now_s) if each.actor == address)


def test_a_community_has_one_of_each_and_a_poller_for_each_server() -> None:
    """And no page of its own."""
    one = roster(Community("1001", "Film club", {"PLEX_SERVERS": SERVERS}))
    assert set(one.find_actors()) == {
        "persistence@1001", "tracker@1001", "discord@1001", "plex@1001", "plex-2@1001"
    }  # fmt: skip
    assert one.find_actors("persistence") == ("persistence@1001",)
    assert one.names == (CommunityName("1001", "Film club"),)


def test_an_actor_is_starting_then_running_then_silent() -> None:
    """It runs from its first answer after its start is over; silence is seen."""
    one = roster(CLUB)
    assert row(one, 101.0).state == "starting"
    one.on_heartbeat("tracker@1001", beat(ready=False), 101.0)
    assert row(one, 101.0).state == "starting"
    one.on_heartbeat("tracker@1001", beat(), 102.0)
    assert (row(one, 103.0).state, row(one, 103.0).pid, row(one, 103.0).handled) == ("running", 7, 3)
    assert row(one, 103.0 + SILENT_AFTER_S).state == "restarting"


def test_a_crash_is_shown_and_is_over_when_it_answers_again() -> None:
    """With the problem's code, and how often it was started again."""
    one = roster(CLUB)
    one.on_heartbeat("tracker@1001", beat(), 101.0)
    problem = Problem.of("process.actor_crashed", error="ValueError: no")
    one.on_told(CommunityActorDown("tracker@1001", problem, 0), 102.0)
    down = row(one, 102.0)
    assert (down.state, down.problems, down.resolved_for_s) == ("restarting", (problem,), None)
    assert "ValueError: no" in down.last_error
    one.on_told(CommunityActorDown("tracker@1001", problem, 1, is_failed=True), 103.0)
    assert row(one, 103.0).state == "failed"
    one.on_heartbeat("tracker@1001", beat(), 104.0)
    again = row(one, 106.0)
    assert (again.state, again.restarts, again.uptime_s, again.resolved_for_s) == ("running", 1, 2.0, 2.0)


def test_degraded_is_shown_with_its_codes() -> None:
    """As of the environment's own actors."""
    one = roster(CLUB)
    problem = Problem.of("text", text="the disk is full")
    one.on_heartbeat("tracker@1001", beat(degraded="the disk is full", problems=(problem,)), 101.0)
    shown = row(one, 101.0)
    assert (shown.state, shown.last_error, shown.problems) == ("degraded", "the disk is full", (problem,))


def test_a_removed_community_is_forgotten_and_others_stay_as_they_were() -> None:
    """What comes of it later is passed over."""
    one = roster(CLUB, Community("1002", "Other", {}))
    one.on_heartbeat("tracker@1002", beat(), 101.0)
    one.on_told(CommunitiesChanged((Community("1002", "Other", {}),)), 102.0)
    assert not [each for each in one.find_actors() if each.endswith("@1001")]
    assert row(one, 102.0, "tracker@1002").state == "running"
    one.on_heartbeat("tracker@1001", beat(), 103.0)
    assert one.on_told(CommunityActorDown("tracker@1001", Problem.of("text", text="late"), 0), 103.0)
    assert len(one.health(103.0)) == 3


def test_each_change_of_state_is_logged_once() -> None:
    """The health log has a line for it at once, as for the environment's actors."""
    one = roster(CLUB)
    assert {row.actor for row in one.take_changed(100.0)} == set(one.find_actors())
    assert one.take_changed(101.0) == ()
    one.on_heartbeat("tracker@1001", beat(), 102.0)
    assert [(row.actor, row.state) for row in one.take_changed(102.0)] == [("tracker@1001", "running")]
    one.on_heartbeat("tracker@1001", beat(degraded="the disk is full"), 103.0)
    assert [(row.state, row.last_error) for row in one.take_changed(103.0)] == [("degraded", "the disk is full")]
    assert one.take_changed(104.0) == ()


def test_each_is_asked_in_its_turn_whether_it_lives() -> None:
    """All at once where they are few; where they are many, so many at once that each is asked again soon."""
    few = roster(CLUB)
    assert few.take_to_ping() == few.take_to_ping() == few.find_actors()
    many = roster(*(Community(str(1001 + number), "Club", {}) for number in range(700)))
    rounds = [many.take_to_ping() for _ in range(ROUND_OF_PINGS)]
    assert {len(asked) for asked in rounds} == {210}
    assert sorted(itertools.chain(*rounds)) == sorted(many.find_actors())
    assert many.take_to_ping() == rounds[0]


def test_each_store_is_saved_at_a_moment_of_its_own() -> None:
    """Once in each interval, those of many communities spread over all of it; one that comes later has a place too."""
    one = roster(*(Community(str(1001 + number), "Club", {}) for number in range(300)))
    saved: list[tuple[int, str]] = []
    for second in range(100, 701):
        saved += [(second, address) for address in one.take_to_save(float(second), 300.0)]
    counts = collections.Counter(address for _, address in saved)
    assert set(counts) == set(one.find_actors("persistence")) and set(counts.values()) == {2}
    assert max(collections.Counter(second for second, _ in saved).values()) <= 8
    one.on_told(CommunitiesChanged((CLUB, Community("9999", "Late", {}))), 700.0)
    later = [address for second in range(701, 1002) for address in one.take_to_save(float(second), 300.0)]
    assert set(later) == {"persistence@1001", "persistence@9999"}


def test_only_changed_communities_are_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stayed the same is kept."""
    worked_out: list[str] = []
    work_out = Settings.for_community

    def note(settings: Settings, guild_id: str, chosen: Mapping[str, str]) -> Settings:
        worked_out.append(guild_id)
        return work_out(settings, guild_id, chosen)

    monkeypatch.setattr(Settings, "for_community", note)
    one = roster(CLUB)
    one.on_told(CommunitiesChanged((CLUB, Community("1002", "Other", {}))), 101.0)
    one.on_told(CommunitiesChanged((CLUB, Community("1002", "Other", {"PLEX_SERVERS": SERVERS}))), 102.0)
    assert worked_out == ["1001", "1002", "1002"]
    assert "plex-2@1002" in one.find_actors() and "plex@1001" not in one.find_actors()


def test_other_messages_are_not_its_own() -> None:
    """The launcher notes them as dead letters."""
    assert not roster(CLUB).on_told(AutoSaveTick(Moment(0.0, 0.0)), 100.0)

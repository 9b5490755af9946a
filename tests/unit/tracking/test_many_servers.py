"""Many Plex servers: a poll of one costs what plays there, whatever plays on the others."""

import sys
from types import FrameType
from typing import Any

import pytest
from msgspec.structs import replace

from messages import PlaybackSnapshot
from messages.base import DurationMs, PositionMs
from tests.unit.tracking.builders import HEAT, channel, moment, playing
from tracking.engine import TrackingEngine
from tracking.rules import Rules
from tracking.sessions import display


def poll(tracking: TrackingEngine, server_id: str, at_s: float, *names: str) -> None:
    """A poll of a server on which each of these accounts plays a film of its own."""
    shown = tuple(
        playing(
            at_s,
            name,
            key=name,
            item=replace(HEAT, server_id=server_id, rating_key=name, duration_ms=DurationMs(7_200_000)),
        )
        for name in names
    )
    shown = tuple(replace(each, position_ms=PositionMs(round(at_s * 1000))) for each in shown)
    tracking.observe(PlaybackSnapshot(server_id, server_id, "plex", moment(at_s), shown))
    tracking.take_changed_servers()


def count_calls(act: Any) -> int:
    """How many Python functions something calls."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("party_user", ["host", ""])
def test_a_poll_costs_the_same_beside_two_servers_and_beside_two_hundred(party_user: str) -> None:
    """With people in the voice channel too, where the host is named; where not, nobody is in it."""
    costs = []
    for servers in (2, 200):
        tracking = TrackingEngine(Rules(party_user=party_user, group_synchronous=False))
        if party_user:
            tracking.update_voice(channel(0, "ann"))
        for server in range(servers):
            poll(tracking, f"server-{server}", 1, f"viewer-{server}", *(["host"] if server == 1 else []))
        for at_s in (11, 21):
            poll(tracking, "server-1", at_s, "viewer-1", "host")
        costs.append(count_calls(lambda tracked=tracking: poll(tracked, "server-1", 31, "viewer-1", "host")))
        assert tracking.running == servers + (2 if party_user else 1)
        report = tracking.report(moment(31), "server-1")
        assert len(report.active) == (3 if party_user else 2)
    assert costs[0] == costs[1]


def test_watches_are_counted_over_all_servers() -> None:
    """Those that began and those that ended, wherever: the count is not made anew at each step."""
    tracking = TrackingEngine(Rules(end_grace_s=0))
    poll(tracking, "one", 1, "ann", "ben")
    poll(tracking, "two", 1, "cem")
    assert (tracking.running, tracking.servers.with_watches()) == (3, ["one", "two"])
    poll(tracking, "one", 11, "ann")
    poll(tracking, "two", 11)
    assert (tracking.running, tracking.servers.with_watches()) == (1, ["one"])


def test_of_very_many_watches_the_longest_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message does not grow with all that runs; how much there is in all is told."""
    monkeypatch.setattr(display, "MOST_LISTED", 4)
    tracking = TrackingEngine(Rules())
    for number in range(3):
        poll(tracking, f"srv{number}", 100.0 + number, f"ann{number}", f"ben{number}")
    listed = tracking.active_watches(moment(110))
    assert len(listed.watches) == len(listed.screenings) == 4
    assert (listed.more_watches, listed.more_screenings) == (2, 2)
    assert {watch.item.server_id for watch in listed.watches} == {"srv0", "srv1"}

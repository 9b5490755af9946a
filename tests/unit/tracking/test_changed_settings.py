"""Settings that were changed while something ran apply after the restart, also to what was running."""

import pytest
from msgspec.structs import replace

from messages import PlaybackSnapshot, WatchesLoaded, WatchFinished, WatchRecord
from tests.unit.tracking.builders import HEAT, channel, moment, playing, poll
from tracking.engine import TrackingEngine
from tracking.events import Event
from tracking.rules import Rules

PARTY = Rules(party_user="alice")


def records(events: list[Event]) -> list[WatchRecord]:
    """The watches that ended."""
    return [event.record for event in events if isinstance(event, WatchFinished)]


def run_party() -> TrackingEngine:
    """Alice plays a film for ten seconds, and Ann sees it in the voice channel."""
    tracking = TrackingEngine(PARTY)
    tracking.update_voice(channel(0, "ann"))
    for at_s in (0, 10):
        tracking.observe(poll(at_s, playing(at_s)))
    assert tracking.running == 2
    return tracking


def restart(before: TrackingEngine, rules: Rules, at_s: float = 15) -> tuple[TrackingEngine, list[Event]]:
    """Go on with what ran under other rules; return what that brings about, too."""
    tracking = TrackingEngine(rules)
    return tracking, tracking.restore(WatchesLoaded(tuple(before.running_watches()), ()), moment(at_s))


@pytest.mark.parametrize("excluded", ["alice", "7"])
def test_the_watch_of_a_newly_excluded_account_is_closed(excluded: str) -> None:
    """Where it was last seen. The guests of the party continue, and the host's film runs on for them."""
    before = TrackingEngine(PARTY)
    before.update_voice(channel(0, "ann"))
    host = replace(playing(0), account_id="7")
    for at_s in (0, 10):
        before.observe(poll(at_s, replace(host, position_ms=at_s * 1000)))
    tracking, events = restart(before, Rules(party_user="alice", excluded=frozenset({excluded})))
    (record,) = records(events)
    assert (record.username, record.end_reason, record.ended_at_s) == ("alice", "end_unknown", moment(10).wall_s)
    tracking.update_voice(channel(16, "ann"))
    tracking.observe(poll(20, replace(host, position_ms=20_000)))
    assert [watch.username for watch in tracking.running_watches()] == ["Ann"]
    assert tracking.running_watches()[0].playing_s == pytest.approx(20, abs=1)


def test_watches_of_a_type_no_longer_tracked_are_closed() -> None:
    """For everybody, although the film is still playing."""
    tracking, events = restart(run_party(), Rules(party_user="alice", tracked_types=frozenset({"episode"})))
    assert sorted((each.username, each.end_reason) for each in records(events)) == [
        ("Ann", "end_unknown"),
        ("alice", "end_unknown"),
    ]
    tracking.observe(poll(20, playing(20)))
    assert tracking.running == 0


def test_watches_on_a_removed_server_are_closed() -> None:
    """At the last moment seen; those on other servers continue, also those that are missing at the moment."""
    before = TrackingEngine(Rules())
    before.observe(poll(0, playing(0)))
    gone = playing(0, "bob", item=replace(HEAT, server_id="gone"))
    before.observe(PlaybackSnapshot("gone", "Attic", "plex-2", moment(0), (gone,)))
    tracking, events = restart(before, Rules())
    assert events == []
    tracking.observe(poll(20))
    (record,) = records(tracking.close_unpolled(moment(20)))
    assert (record.username, record.end_reason, record.ended_at_s) == ("bob", "end_unknown", moment(0).wall_s)
    assert [watch.username for watch in tracking.running_watches()] == ["alice"]
    assert "gone" in tracking.take_changed_servers()

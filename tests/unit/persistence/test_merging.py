"""Watches of one film at one time under two ids become one."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import WatchRecord, spans
from messages.base import DurationMs
from tests.unit.persistence.record_builders import EVENING, FILM, record
from viewers.merge import Thresholds, group_overlapping, merge_records, record_extent

MINUTE = 60


def make_watch(watch_id: str, begins: float, ends: float, **changes: Any) -> WatchRecord:
    """A watch from one minute of the evening to another; the film began at minute 0, and was never paused."""
    stretch = (round(begins * 60_000), round(ends * 60_000))
    percent = (stretch[1] - stretch[0]) / 7_200_000 * 100
    of: dict[str, Any] = {
        "started_at_s": EVENING + begins * MINUTE, "ended_at_s": EVENING + ends * MINUTE, "spans": (stretch,),
        "playing_s": (ends - begins) * 60.0, "coverage_ms": DurationMs(stretch[1] - stretch[0]),
        "join_position_ms": stretch[0], "leave_position_ms": stretch[1],
        "completion_percent": percent, "completed": percent >= 80,
    }  # fmt: skip
    return record(watch_id, **(of | changes))


@st.composite
def watches(draw: st.DrawFn) -> list[WatchRecord]:
    """Some watches of one film in one evening, each with pauses."""
    found = []
    for number in range(draw(st.integers(1, 5))):
        begins = draw(st.integers(0, 110))
        ends = begins + draw(st.integers(1, 120 - begins))
        whole = make_watch(f"w{number}", begins, ends, source=draw(st.sampled_from(("plex", "voice"))))
        played = whole.playing_s * draw(st.floats(0.1, 1.0))
        found.append(replace(whole, playing_s=played, paused_s=whole.playing_s - played))
    return found


def test_the_host_in_the_channel_is_one_viewer() -> None:
    """The session from start to end, the member from minute 10 to 100: the session's time, and there as a member."""
    host = make_watch("host", 0, 120, source="plex", party=True, first_seat=True)
    member = make_watch("member", 10, 100, source="voice", party=True)
    assert merge_records([member, host], Thresholds(80, 60)) == replace(host, source="voice", first_seat=False)


def test_parts_seen_under_one_id_only_count_too() -> None:
    """60 minutes and 70, half an hour of them together: 100 minutes, which complete the film."""
    early, late = make_watch("early", 0, 60), make_watch("late", 30, 100)
    both = merge_records([early, late], Thresholds(80, 60))
    assert both.watch_id == "late" and both.playing_s == pytest.approx(6000) and both.spans == ((0, 6_000_000),)
    assert (both.started_at_s, both.ended_at_s) == (early.started_at_s, late.ended_at_s)
    assert (both.join_position_ms, both.leave_position_ms) == (0, 6_000_000)
    assert both.completion_percent == pytest.approx(100 * 100 / 120) and both.completed
    assert not merge_records([early, late], Thresholds(90, 60)).completed


def test_the_playing_time_of_the_whole_decides_whether_it_is_brief() -> None:
    """Two of 40 seconds each, half of it together, are no brief watch; two that hardly played are."""
    early = make_watch("early", 0, 40 / 60, brief=True)
    late = make_watch("late", 20 / 60, 1, brief=True)
    both = merge_records([early, late], Thresholds(80, 60))
    assert both.playing_s == pytest.approx(60) and not both.brief
    assert merge_records([early, late], Thresholds(80, 61)).brief


def test_only_overlapping_watches_are_merged() -> None:
    """Two that touch and one much later stay apart; one that bridges two makes all three one."""
    first, second, third = make_watch("a", 0, 30), make_watch("b", 30, 60), make_watch("c", 90, 110)
    assert group_overlapping([third, first, second], record_extent) == [[first], [second], [third]]
    bridge = make_watch("d", 29, 31)
    assert group_overlapping([first, bridge, second], record_extent) == [[first, bridge, second]]


@given(watches())
def test_a_merged_watch_never_exceeds_film_and_time(some: list[WatchRecord]) -> None:
    """Coverage at least each one's and at most the film; playing time at least the longest and at most the wall's."""
    for group in group_overlapping(some, record_extent):
        whole = merge_records(group, Thresholds(80, 60))
        assert max(each.coverage_ms for each in group) <= whole.coverage_ms <= int(FILM.duration_ms or 0)
        assert spans.coverage(whole.spans) == whole.coverage_ms
        wall_s = whole.ended_at_s - whole.started_at_s
        assert max(each.playing_s for each in group) <= whole.playing_s <= wall_s + 0.01
        assert whole.playing_s <= sum(each.playing_s for each in group) + 0.01
        assert whole.completion_percent is not None and 0 <= whole.completion_percent <= 100
        assert whole.watch_id in {each.watch_id for each in group}


@given(watches())
def test_order_does_not_matter(some: list[WatchRecord]) -> None:
    """Nor does the order in which the records came."""
    expected = [merge_records(group, Thresholds(80, 60)) for group in group_overlapping(some, record_extent)]
    for other in itertools.islice(itertools.permutations(some), 12):
        assert [
            merge_records(group, Thresholds(80, 60)) for group in group_overlapping(other, record_extent)
        ] == expected


@given(watches())
def test_every_record_is_in_one_group(some: list[WatchRecord]) -> None:
    """None is lost, none is in two; and no two groups share a moment."""
    groups = group_overlapping(some, record_extent)
    assert sorted(each.watch_id for group in groups for each in group) == sorted(each.watch_id for each in some)
    for before, after in itertools.pairwise(groups):
        assert max(each.ended_at_s for each in before) <= min(each.started_at_s for each in after)

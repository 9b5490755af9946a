"""The lanes of a film: bars, notes, attendance and axis, from what the tracker says of each seat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from charts.geometry import count_viewers
from messages import SOMEBODY, Moment
from tests.unit.web.page_stage import MINUTE_MS, RASHOMON, make_evening, make_screening, make_seat
from wording.lanes import Bar, build_lane_chart, build_ticks, make_faces

AT = Moment(1_795_957_000.0, 5000.0)


def test_a_lane_has_a_bar_for_each_stretch_in_percent_of_the_film() -> None:
    """Somebody who was away has two; the one of who watches now grows with the film."""
    chart = build_lane_chart(make_evening(AT), 62 * MINUTE_MS)
    assert chart is not None
    by_name = {lane.name: lane for lane in chart.lanes}
    assert by_name["Rosa"].bars == (Bar(0.0, 70.455, grows=True),)
    assert by_name["\u2068אורי\u2069"].bars == (Bar(0.0, 28.409), Bar(65.909, 4.545, grows=True))
    assert by_name["Dr. *Noodle*"].bars == (Bar(0.0, 47.727),)
    assert chart.played == 70.455


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("Rosa", "from the start · hosts"),
        ("Iris", "from the start"),
        ("Chiara", "came in at 0:30"),
        ("\u2068אורי\u2069", "away 0:25 to 0:58"),
        ("Dr. *Noodle*", "left at 0:42"),
    ],
)
def test_a_note_says_when_somebody_was_there(name: str, note: str) -> None:
    """In the film's minutes."""
    chart = build_lane_chart(make_evening(AT), 62 * MINUTE_MS)
    assert chart is not None
    assert [lane.note for lane in chart.lanes if lane.name == name] == [note]


def test_current_viewers_count_up_to_the_position_of_the_film() -> None:
    """Between two polls the position is ahead of the last report: the attendance does not fall to zero."""
    chart = build_lane_chart(make_evening(AT), 62 * MINUTE_MS + 8_000)
    assert chart is not None
    assert chart.summary == "5 at most, 5 now"
    assert not chart.line.endswith("100.0")


def test_the_lane_of_a_viewer_who_left_stays() -> None:
    """It is listed below those who are watching."""
    seat = make_seat("Iris", (0, 61.9), present=False)
    chart = build_lane_chart(make_screening(AT, 62, (seat, make_seat("Rosa", (0, 62)))), 62 * MINUTE_MS)
    assert chart is not None
    assert [lane.name for lane in chart.lanes] == ["Rosa", "Iris"]
    assert not chart.lanes[1].bars[0].grows
    assert chart.lanes[1].has_left


def test_hidden_viewers_are_counted_and_have_no_lane() -> None:
    """Neither a name nor a stretch of theirs is shown, nor could one be worked out from the attendance."""
    hidden = replace(make_seat("x", (10, 62)), viewer_id="", username=SOMEBODY)
    chart = build_lane_chart(make_screening(AT, 62, (make_seat("Rosa", (0, 62)), hidden)), 62 * MINUTE_MS)
    assert chart is not None
    assert [lane.name for lane in chart.lanes] == ["Rosa"]
    assert chart.hidden == "and 1 hidden"
    assert chart.most == 1


def test_there_is_no_chart_where_the_length_is_not_known_or_all_are_hidden() -> None:
    """Live TV has no lanes."""
    live = replace(RASHOMON, duration_ms=None)
    assert build_lane_chart(make_screening(AT, 5, (make_seat("Rosa", (0, 5)),), item=live), 0) is None
    hidden = replace(make_seat("x", (0, 5)), viewer_id="", username=SOMEBODY)
    assert build_lane_chart(make_screening(AT, 5, (hidden,)), 0) is None


def test_faces_of_a_room_differ_in_colour() -> None:
    """As long as there are colours."""
    faces = make_faces([make_seat(f"viewer {number}", (0, 1)) for number in range(7)])
    assert len({face.colour for face in faces}) == 7
    assert make_faces([make_seat("***", (0, 1))])[0].initial == "?"


def test_an_axis_has_round_minutes_and_its_end() -> None:
    """At most eight marks, the last one with room before it."""
    assert [tick.label for tick in build_ticks(88 * MINUTE_MS)] == [
        "0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:28",
    ]  # fmt: skip
    assert [tick.label for tick in build_ticks(3 * MINUTE_MS)] == ["0:00", "0:01", "0:02", "0:03"]
    assert len(build_ticks(24 * 60 * MINUTE_MS)) <= 8


def _pair(ends: list[int]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))


spans = st.lists(st.integers(0, 100), max_size=8, unique=True).map(_pair)


@given(st.lists(spans, max_size=6))
def test_the_attendance_counts_every_position(seats: list[tuple[tuple[int, int], ...]]) -> None:
    """Held against counting each position by itself."""
    steps = count_viewers(seats, 100)
    for at in range(100):
        expected = sum(any(start <= at < end for start, end in seat) for seat in seats)
        assert next((number for place, number in reversed(steps) if place <= at), 0) == expected

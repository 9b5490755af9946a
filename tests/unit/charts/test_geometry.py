"""Where things stand in a chart: the same for the page and for pictures."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts import geometry

MINUTE = 60_000
MINUTES = st.integers(0, 200).map(lambda minute: minute * MINUTE)
SPANS = st.lists(st.tuples(MINUTES, MINUTES), max_size=6).map(
    lambda pairs: tuple((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
)


@given(st.lists(SPANS, max_size=8), st.integers(1, 180))
def test_the_attendance_is_the_number_of_stretches_at_each_minute(all_spans: list[object], minutes: int) -> None:
    """At any position, whatever overlaps, begins late or runs past the end."""
    length_ms = minutes * MINUTE
    steps = geometry.count_viewers(all_spans, length_ms)  # type: ignore[arg-type]
    for at in range(MINUTE // 2, length_ms, MINUTE):
        drawn = next((number for place, number in reversed(steps) if place <= at), 0)
        assert drawn == sum(start <= at < end for spans in all_spans for start, end in spans)  # type: ignore[attr-defined]


def test_the_attendance_line_has_steps() -> None:
    """Two from the start, one of whom leaves halfway."""
    steps = [(0, 2), (50 * MINUTE, 1), (100 * MINUTE, 0)]
    points = geometry.trace_steps(steps, 100 * MINUTE, None, 2)
    assert points == [(0.0, 6.0), (500.0, 6.0), (500.0, 53.0), (1000.0, 53.0)]
    line, area = geometry.write_path(points)
    assert line == "M 0.00 6.0 L 500.00 6.0 L 500.00 53.0 L 1000.00 53.0"
    assert area == "M 0.00 100 L 0.00 6.0 L 500.00 6.0 L 500.00 53.0 L 1000.00 53.0 L 1000.00 100 Z"
    assert geometry.write_path(geometry.trace_steps([], MINUTE, None, 0)) == ("", "")


def test_the_attendance_line_does_not_fall_in_the_last_minute() -> None:
    """Viewers who saw the film up to there saw its end; while the film runs, a fall is drawn."""
    steps = [(0, 2), (99 * MINUTE + 1, 0)]
    assert geometry.trace_steps(steps, 100 * MINUTE, None, 2)[-1] == (1000.0, 6.0)
    assert geometry.trace_steps(steps, 100 * MINUTE, 100 * MINUTE, 2)[-1] == (1000.0, 100.0)


def test_bars_end_with_the_film() -> None:
    """What is past its end is cut off or left out."""
    bars = geometry.place_bars(
        ((0, 25 * MINUTE), (90 * MINUTE, 130 * MINUTE), (140 * MINUTE, 150 * MINUTE)), 100 * MINUTE
    )
    assert bars == ((0.0, 25.0), (90.0, 10.0))


@pytest.mark.parametrize(
    ("until", "days"),
    [("2026-12-31", 365), ("2024-12-31", 366), ("2040-12-31", 366), ("2024-02-29", 366), ("2026-11-22", 365)],
)
def test_a_year_has_all_its_days(until: str, days: int) -> None:
    """Also one of 366, and one of those that begins on a Sunday: each has a square of its own."""
    last = datetime.date.fromisoformat(until)
    placed = list(geometry.place_days(geometry.find_year_before(last), last))
    assert len(placed) == len({(week, weekday) for _day, week, weekday in placed}) == days
    assert all(weekday == day.weekday() for day, _week, weekday in placed)
    assert placed[0][1] == 0 and placed[-1][0] == last


def test_each_quarter_of_the_days_is_a_level() -> None:
    """Whatever the hours; a day without any is none, and where all are alike all are of the highest."""
    hours = [0.0, *map(float, range(1, 9))]
    quarters = geometry.find_quarters(hours)
    assert [geometry.find_level(value, quarters) for value in hours] == [0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert [geometry.find_level(value, geometry.find_quarters([2.0, 2.0])) for value in (0.0, 2.0)] == [0, 4]
    assert geometry.find_level(0.0, geometry.find_quarters([])) == 0


def test_neighbouring_lanes_differ_in_colour() -> None:
    """Eight in a row differ; a viewer keeps the colour if nobody before has it."""
    colours = geometry.choose_colours(str(number) for number in range(40))
    assert all(len(set(colours[place : place + 8])) == 8 for place in range(33))
    assert geometry.choose_colours(["Iris"]) == geometry.choose_colours(["Iris"])

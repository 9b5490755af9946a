"""Durations and positions: written, and read."""

import pytest

from wording.durations import format_duration, format_position, format_uptime, parse_clock_position, parse_position


@pytest.mark.parametrize(
    ("text", "ms"), [("0:00", 0), ("42:30", 2_550_000), ("90:00", 5_400_000), ("1:30:05", 5_405_000)]
)
def test_a_position_is_read(text: str, ms: int) -> None:
    """Minutes may go past 59 where no hours are given."""
    assert parse_clock_position(text) == ms


@pytest.mark.parametrize("text", ["", "42", "1:60", "1:60:00", "-1:00", "a:b", "1:2:3:4", "٣:٠٠"])
def test_no_position_is_refused_with_the_right_form(text: str) -> None:
    """Anything else is told what it should be."""
    with pytest.raises(ValueError, match="no position"):
        parse_clock_position(text)


def test_a_position_is_shown() -> None:
    """Hours, minutes, seconds; a question mark where none is known."""
    assert format_position(5_405_999) == "1:30:05" and format_position(None) == "?"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0s"), (59.9, "59s"), (303, "5m 03s"), (7620, "2h 07m"), (273_600, "3d 04h")]
)
def test_a_time_is_shown_as_people_say_it(seconds: float, shown: str) -> None:
    """Two units at most."""
    assert format_uptime(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (45, "45 s"), (60, "1 min"), (3600, "1 h"), (6960, "1 h 56 min"), (3_600_000, "1,000 h")],
)
def test_durations(seconds: float, shown: str) -> None:
    """Seconds in words."""
    assert format_duration(seconds) == shown


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("42:10", 2_530_000),
        ("0:42:10", 2_530_000),
        ("1:02:03", 3_723_000),
        ("90", 5_400_000),
        ("90 min", 5_400_000),
        ("100:00", 6_000_000),
        ("1:75:00", None),
        ("soon", None),
        ("-5:00", None),
        ("", None),
    ],
)
def test_positions_are_read(text: str, ms: int | None) -> None:
    """What people type, or None where it is no position."""
    assert parse_position(text) == ms


def test_positions_are_shown() -> None:
    """Hours, minutes, seconds; unknown ones say so."""
    assert format_position(2_530_999) == "0:42:10"
    assert format_position(None) == "?"

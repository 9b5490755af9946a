"""Repeated nights, as people write them, and when the next one is."""

import datetime
import zoneinfo

import pytest

from wording.recurrence import find_weekday, format_recurrence, next_start, split_recurrence

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "before", "weeks", "when"),
    [
        ("every friday 20:30", "", 1, "Friday 20:30"),
        ("Every Fri at 8pm", "", 1, "Friday at 8pm"),
        ("Film night every second friday 20:30", "Film night", 2, "Friday 20:30"),
        ("every other sunday, 18:00", "", 2, "Sunday 18:00"),
        ("every 2 weeks on saturday 20:00", "", 2, "Saturday 20:00"),
        ("Metropolis every tuesday 20:30", "Metropolis", 1, "Tuesday 20:30"),
        ("jeden Freitag 20:30", "", 1, "Friday 20:30"),
        ("jeden zweiten Sonnabend 20 Uhr", "", 2, "Saturday 20 Uhr"),
        ("Filmabend alle zwei Wochen freitags 20 Uhr", "Filmabend", 2, "Friday 20 Uhr"),
    ],
)
def test_it_is_found_at_the_end_of_a_text(text: str, before: str, weeks: int, when: str) -> None:
    """With what stands before it, in English and German."""
    assert split_recurrence(text) == (before, weeks, when)


@pytest.mark.parametrize(
    "text", ["", "friday 20:30", "Every Which Way But Loose friday 20:30", "every day 20:30", "Every"]
)
def test_titles_and_times_are_no_repetition(text: str) -> None:
    """Only a weekday is repeated."""
    assert split_recurrence(text) is None


def test_weekdays_are_known_by_their_beginnings() -> None:
    """Two letters are enough; one, or another word, is none."""
    assert [find_weekday(word) for word in ("mo", "Dienstags", "wed", "do", "fridays", "Sa", "so")] == list(range(7))
    assert find_weekday("f") is None and find_weekday("week") is None


def test_the_next_one_is_at_the_same_time_by_the_clock() -> None:
    """Over a change of the clocks too; those that were missed are passed over."""
    start = datetime.datetime(2026, 10, 23, 20, 30, tzinfo=BERLIN)
    after = next_start(start, 1, start + datetime.timedelta(hours=6))
    assert (after.isoformat(), after.timestamp() - start.timestamp()) == ("2026-10-30T20:30:00+01:00", 7 * 86400 + 3600)
    assert next_start(start, 2, datetime.datetime(2026, 12, 1, tzinfo=BERLIN)).date().isoformat() == "2026-12-04"
    assert next_start(start, 1, datetime.datetime(2026, 10, 30, 20, 30, tzinfo=BERLIN)).day == 6, "not the same moment"


def test_a_repetition_is_described() -> None:
    """By weekday and time."""
    start = datetime.datetime(2026, 10, 23, 20, 30, tzinfo=BERLIN)
    assert format_recurrence(start, 1) == "every Friday 20:30"
    assert format_recurrence(start, 2) == "every 2 weeks, Friday 20:30"

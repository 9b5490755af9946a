"""Times as people write them."""

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wording.time_parser import ambiguous_hours, local_time, parse_when

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
MONDAY = datetime.datetime(2026, 11, 23, 18, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20:30", "2026-11-23T20:30"),
        ("17:30", "2026-11-24T17:30"),
        ("18:00", "2026-11-24T18:00"),
        ("8pm", "2026-11-23T20:00"),
        ("8:15 PM", "2026-11-23T20:15"),
        ("12am", "2026-11-24T00:00"),
        ("12pm", "2026-11-24T12:00"),
        ("tonight 20.30", "2026-11-23T20:30"),
        ("tonight 0:30", "2026-11-24T00:30"),
        ("today 17:00", "2026-11-23T17:00"),
        ("tomorrow 8pm", "2026-11-24T20:00"),
        ("yesterday 20:00", "2026-11-22T20:00"),
        ("20:30 tomorrow", "2026-11-24T20:30"),
        ("friday 20:30", "2026-11-27T20:30"),
        ("Fri, 20:30", "2026-11-27T20:30"),
        ("friday at 8 pm", "2026-11-27T20:00"),
        ("monday 20:30", "2026-11-23T20:30"),
        ("monday 17:00", "2026-11-30T17:00"),
        ("2026-12-24 18:00", "2026-12-24T18:00"),
        ("2025-12-24 18:00", "2025-12-24T18:00"),
        ("24.12. 18:00", "2026-12-24T18:00"),
        ("24.12.2027 18:00", "2027-12-24T18:00"),
        ("1.2. 18:00", "2027-02-01T18:00"),
        ("24:00", "2026-11-24T00:00"),
        ("today 24:00", "2026-11-24T00:00"),
        ("friday 24:00", "2026-11-28T00:00"),
        ("31.12. 24:00", "2027-01-01T00:00"),
        ("24 o'clock", "2026-11-24T00:00"),
        ("midnight", "2026-11-24T00:00"),
        ("tonight at midnight", "2026-11-24T00:00"),
        ("on Friday at Midnight", "2026-11-28T00:00"),
        ("12 midnight", "2026-11-24T00:00"),
        ("noon", "2026-11-24T12:00"),
        ("tomorrow noon", "2026-11-24T12:00"),
        ("midday on saturday", "2026-11-28T12:00"),
        ("12 noon 2026-12-24", "2026-12-24T12:00"),
        ("friday at 20", "2026-11-27T20:00"),
        ("at 24 tomorrow", "2026-11-25T00:00"),
        ("tonight at 8", "2026-11-23T20:00"),
        ("at 12 tonight", "2026-11-24T00:00"),
        ("tonight at 1", "2026-11-24T01:00"),
    ],
)
def test_a_time_is_understood(text: str, meant: str) -> None:
    """On a Monday at six in the evening."""
    found = parse_when(text, MONDAY)
    assert found is not None
    assert found == datetime.datetime.fromisoformat(meant).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    "text",
    [
        "at 8",
        "friday at 8",
        "friday 20",
        "noon noon",
        "25:00",
        "9999-12-31 24:00",
        "24:01",
        "",
        "20",
        "24:30",
        "13pm",
        "0pm",
        "friday",
        "fr 20:30",
        "someday 20:30",
        "2026-02-30 20:30",
        "30.2. 20:30",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    """And a bare number may be a title's: Apollo 13."""
    assert parse_when(text, MONDAY) is None


@pytest.mark.parametrize(
    ("text", "either"),
    [
        ("at 8", ("8:00", "20:00")),
        ("friday at 8", ("8:00", "20:00")),
        ("at 12 on friday", ("12:00", "24:00")),
        ("at 8pm", None),
        ("at 8 pm", None),
        ("at 8:30", None),
        ("at 8.30", None),
        ("at 20", None),
        ("friday 8", None),
        ("flat 8", None),
        ("at 1917", None),
    ],
)
def test_an_hour_that_may_be_either_of_two_is_known(text: str, either: tuple[str, str] | None) -> None:
    """In the morning or in the evening: nobody guesses when a night is planned."""
    assert ambiguous_hours(text) == either


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Mitternacht", "2026-11-24T00:00"),
        ("am Freitag um Mitternacht", "2026-11-28T00:00"),
        ("heute 24 Uhr", "2026-11-24T00:00"),
        ("mittags", "2026-11-24T12:00"),
        ("morgen Mittag", "2026-11-24T12:00"),
        ("freitag um 20", "2026-11-27T20:00"),
        ("heute Abend um 8", "2026-11-23T20:00"),
        ("um 8 heute Abend", "2026-11-23T20:00"),
        ("heute Abend um 1", "2026-11-24T01:00"),
    ],
)
def test_german_words_for_times_are_understood(german: None, text: str, meant: str) -> None:
    """Those of English, too; and an hour alone is either of two."""
    assert parse_when(text, MONDAY) == datetime.datetime.fromisoformat(meant).replace(tzinfo=BERLIN)
    assert parse_when("friday midnight", MONDAY) == datetime.datetime(2026, 11, 28, tzinfo=BERLIN)
    assert ambiguous_hours("freitag um 8") == ("8:00", "20:00")


def test_an_hour_that_spring_leaves_out_is_the_next() -> None:
    """Half past two does not exist on that night in Berlin."""
    found = parse_when("2027-03-28 02:30", MONDAY)
    assert found is not None
    assert found.isoformat() == "2027-03-28T03:30:00+02:00"


def test_it_is_as_late_as_the_clocks_of_the_zone_say() -> None:
    """Summer time is theirs."""
    assert local_time("Europe/Berlin", 1_782_856_800).isoformat() == "2026-07-01T00:00:00+02:00"


@given(st.text(max_size=40), st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(9990, 1, 1)))
def test_any_text_at_any_time_is_read_or_not(text: str, now: datetime.datetime) -> None:
    """Never an error, and what is found is aware."""
    found = parse_when(text, now.replace(tzinfo=BERLIN))
    assert found is None or found.tzinfo is BERLIN


def test_after_midnight_tonight_is_still_tonight() -> None:
    """It is not a day later for who is still up."""
    now = datetime.datetime(2026, 11, 24, 0, 10, tzinfo=BERLIN)
    assert parse_when("tonight 0:30", now) == datetime.datetime(2026, 11, 24, 0, 30, tzinfo=BERLIN)

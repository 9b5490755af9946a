"""Times as people write them: read rightly or asked back, and never planned on a guess."""

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wording.time_tables import MORE_ENGLISH, MORE_GERMAN, USUAL_ENGLISH, USUAL_GERMAN
from wording.times import DateOrder, Doubt, format_choice, local_time
from wording.times.reader import read_time

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
MONDAY = datetime.datetime(2026, 11, 23, 18, 0, tzinfo=BERLIN)
"""A Monday, at six in the evening."""


def _rows(table: str) -> list[tuple[str, str]]:
    """Each line as what is written, and what it means; ? after it: to be confirmed, ! past, with what is offered."""
    rows = []
    for line in table.strip().splitlines():
        words = line.split()
        at = next(n for n, word in enumerate(words) if n and len(word) >= 5 and _is_result(words[n:]))
        rows.append((" ".join(words[:at]), " ".join(words[at:])))
    return rows


def _is_result(words: list[str]) -> bool:
    """Whether all of them are times of the table's right side."""
    texts = [word.rstrip("?!") for word in words]
    return all(len(text) == 16 and text[10] == "T" and text[:4].isdigit() for text in texts) or (
        len(texts) == 4 and all(len(text) == 5 for text in texts)
    )


def _check(text: str, expected: str, language: str, order: DateOrder) -> None:
    found = read_time(text, MONDAY, language, order)
    wanted = []
    for word in expected.split():
        bare = word.rstrip("?!")
        moment = datetime.datetime.fromisoformat(bare if "T" in bare else f"2026-11-23T{bare}")
        wanted.append(moment.replace(tzinfo=BERLIN))
    assert list(found.choices) == wanted
    if expected.endswith("!"):
        assert found.doubt is Doubt.PAST and found.past is not None and found.past < MONDAY
    else:
        assert (found.doubt is None) == (len(wanted) == 1 and not expected.endswith("?"))
        assert found.start == (wanted[0] if found.doubt is None else None)


@pytest.mark.parametrize(("text", "expected"), _rows(USUAL_ENGLISH) + _rows(MORE_ENGLISH))
def test_english_times(text: str, expected: str) -> None:
    """The one time that is meant, or all that may be meant."""
    _check(text, expected, "en", DateOrder.UNKNOWN)


@pytest.mark.parametrize(("text", "expected"), _rows(USUAL_GERMAN) + _rows(MORE_GERMAN))
def test_german_times(text: str, expected: str) -> None:
    """The same, and English words among them."""
    _check(text, expected, "de", DateOrder.DAY_FIRST)


@pytest.mark.parametrize(
    "text",
    [
        "", "20", "8", "friday 25:00", "24:01", "24:30", "13pm", "0pm", "0am", "noon noon", "9999-12-31 24:00",
        "2026-02-30 20:30", "30.2. 20:30", "13/13 8pm", "2026-13-01 8pm", "someday 20:30", "fri 20:30 please",
        "may 8pm", "weekend", "every friday 8pm", "friday 8pm or 9pm", "friday 8pm - 10pm", "next month", "now",
        "in 0 minutes", "in 2 hours 8pm", "friday saturday 8pm", "tomorrow 8pm somewhere/else", "flat 8", "at 1917",
        "morning 20:30", "friday evening 8am", "8pm 9pm", "tomorrow tomorrow 8pm", "fr 20:30", "halb neun", "20 Uhr",
        "freitag 20:30",
    ],
)  # fmt: skip
def test_other_texts_are_no_times(text: str) -> None:
    """A remaining word makes it unreadable; a number alone may be a title's: Apollo 13. German is not English."""
    assert read_time(text, MONDAY).doubt is Doubt.UNREADABLE


@pytest.mark.parametrize("text", ["friday", "next friday", "tomorrow", "Nov 30", "24.12.", "in 3 days"])
def test_a_day_without_its_hour_is_asked_about(text: str) -> None:
    """Of the usual hours of an evening."""
    found = read_time(text, MONDAY)
    assert found.doubt is Doubt.NO_CLOCK and {choice.hour for choice in found.choices} == {19, 20, 21}


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("friday at 8", Doubt.HALF_OF_DAY),
        ("at 8", Doubt.SEVERAL),
        ("next friday 8pm", Doubt.WHICH_DAY),
        ("friday midnight", Doubt.WHICH_DAY),
        ("friday 20", Doubt.SEVERAL),
        ("2027-03-28 02:30", Doubt.CLOCK_CHANGE),
        ("2027-10-31 02:30", Doubt.CLOCK_CHANGE),
    ],
)
def test_a_question_back_has_a_reason(text: str, doubt: Doubt) -> None:
    """So that the question can say it."""
    assert read_time(text, MONDAY).doubt in (doubt, Doubt.HALF_OF_DAY if text == "at 8" else doubt)


def test_an_hour_that_the_clocks_leave_out_or_show_twice_is_asked_about() -> None:
    """Half past two: not there on one night in spring, there twice on one in autumn."""
    spring = read_time("2027-03-28 02:30", MONDAY).choices
    assert [each.isoformat() for each in spring] == ["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"]
    autumn = read_time("2027-10-31 02:30", MONDAY).choices
    assert [each.isoformat() for each in autumn] == ["2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [(DateOrder.DAY_FIRST, {"2027-02-01"}), (DateOrder.MONTH_FIRST, {"2027-01-02"}),
     (DateOrder.UNKNOWN, {"2027-02-01", "2027-01-02"})],
)  # fmt: skip
def test_the_order_of_day_and_month_is_the_communitys(order: DateOrder, expected: set[str]) -> None:
    """Where it is not known, both are asked about; 11/30 needs none."""
    assert {each.date().isoformat() for each in read_time("1/2 8pm", MONDAY, order=order).choices} == expected
    assert read_time("11/30 8pm", MONDAY, order=order).start == datetime.datetime(2026, 11, 30, 20, tzinfo=BERLIN)


def test_a_zone_in_summer_may_be_meant_either_way() -> None:
    """EST is written in summer too, when New York's clocks show EDT."""
    july = datetime.datetime(2027, 7, 1, 12, 0, tzinfo=BERLIN)
    assert len(read_time("tomorrow 8pm est", july).choices) == 2
    assert read_time("tomorrow 8pm edt", july).start is not None


def test_a_past_reading_is_not_offered() -> None:
    """At six in the evening "today at 8" is clear; at seven in the morning it is not."""
    assert read_time("today at 8", MONDAY).start == MONDAY.replace(hour=20)
    assert len(read_time("today at 8", MONDAY.replace(hour=7)).choices) == 2


def test_after_midnight_tonight_is_still_tonight() -> None:
    """It is not a day later for who is still up."""
    now = datetime.datetime(2026, 11, 24, 0, 10, tzinfo=BERLIN)
    assert read_time("tonight 0:30", now).start == datetime.datetime(2026, 11, 24, 0, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("at", "text", "expected"),
    [
        ("00:10", "tomorrow 8pm", ["2026-11-24T20:00", "2026-11-25T20:00"]),
        ("03:00", "day after tomorrow 8pm", ["2026-11-25T20:00", "2026-11-26T20:00"]),
        ("05:00", "tomorrow 8pm", ["2026-11-25T20:00"]),
        ("00:10", "tonight at 1", ["2026-11-24T01:00", "2026-11-25T01:00"]),
        ("00:10", "today 8pm", ["2026-11-24T20:00"]),
        ("00:10", "in 20 minutes", ["2026-11-24T00:30"]),
        ("00:10", "tuesday 8pm", ["2026-11-24T20:00"]),
    ],
)
def test_shortly_after_midnight_tomorrow_may_have_begun(at: str, text: str, expected: list[str]) -> None:
    """Who is still up means the day that follows the night: it is asked."""
    now = datetime.datetime.fromisoformat(f"2026-11-24T{at}").replace(tzinfo=BERLIN)
    choices = read_time(text, now).choices
    assert [f"{choice:%Y-%m-%dT%H:%M}" for choice in choices] == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("friday 8pm", "en", "2026-11-27T20:00"),
        ("friday 5pm", "en", "2026-12-04T17:00"),
        ("this friday 8pm", "en", "2026-11-27T20:00"),
        ("next friday 8pm", "en", "2026-12-04T20:00"),
        ("friday next week 8pm", "en", "2026-12-04T20:00"),
        ("a week from friday 8pm", "en", "2026-12-04T20:00"),
        ("nächsten Freitag 20 Uhr", "de", "2026-12-04T20:00"),
        ("Freitag in einer Woche 20 Uhr", "de", "2026-12-04T20:00"),
        ("übernächsten Freitag 20 Uhr", "de", "2026-12-11T20:00"),
    ],
)
def test_on_a_friday(text: str, language: str, expected: str) -> None:
    """At six in the evening: today's is this friday, and the next one is in a week."""
    now = datetime.datetime(2026, 11, 27, 18, 0, tzinfo=BERLIN)
    found = read_time(text, now, language, DateOrder.DAY_FIRST)
    assert [f"{choice:%Y-%m-%dT%H:%M}" for choice in found.choices] == [expected] and found.doubt is None


def test_a_time_that_is_past_today_is_offered_for_tomorrow() -> None:
    """ "yesterday 20:30" at nine in the evening: today's half past eight is not offered any more."""
    found = read_time("yesterday 20:30", MONDAY.replace(hour=21))
    assert found.past is not None
    assert found.choices == (MONDAY.replace(day=MONDAY.day + 1, hour=20, minute=30),)


ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"])


@pytest.mark.parametrize("language", ["en", "de"])
@given(zone=ZONES, now_s=st.integers(1_500_000_000, 2_500_000_000), minutes=st.integers(1, 60 * 24 * 1500))
def test_a_printed_time_reads_back_to_itself(language: str, zone: str, now_s: int, minutes: int) -> None:
    """Whatever day it is, and however the clocks are changed."""
    from wording.translation import set_language

    set_language(language)
    try:
        now = local_time(zone, now_s)
        start = local_time(zone, now_s // 60 * 60 + minutes * 60)
        for choice in (start, local_time(zone, 1_825_029_000), local_time(zone, 1_825_032_600)):  # twice 02:30, Berlin
            if choice.timestamp() > now_s:
                found = read_time(format_choice(choice, now), now, language).start
                assert found is not None and found.timestamp() == choice.timestamp()
    finally:
        set_language("en")


WORDS = """
friday next this tomorrow at 8 8pm 20:30 24.12. 11/12 half past nine noon midnight in two hours heute abend um halb neun
uhr nächsten freitag morgen <t:1796068800:R> utc est the 5th dec 24 week from a
"""


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS.split()), max_size=9).map(" ".join)),
       st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(9990, 1, 1)),
       st.sampled_from(["en", "de"]))  # fmt: skip
def test_any_text_at_any_time_is_read_or_asked_about(text: str, now: datetime.datetime, language: str) -> None:
    """Never an error; what is found lies ahead, is aware, and is not offered without end."""
    here = now.replace(tzinfo=BERLIN)
    found = read_time(text, here, language)
    assert all(choice.tzinfo is BERLIN and choice.timestamp() > here.timestamp() for choice in found.choices)
    assert len(found.choices) <= 10
    assert found.doubt is not None or len(found.choices) == 1


def test_it_is_as_late_as_the_clocks_of_the_zone_say() -> None:
    """Summer time is theirs."""
    assert local_time("Europe/Berlin", 1_782_856_800).isoformat() == "2026-07-01T00:00:00+02:00"

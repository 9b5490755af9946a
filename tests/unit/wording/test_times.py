"""Times as people write them: read rightly or asked back, and never planned on a guess."""

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wording.times import DateOrder, Doubt, format_choice, local_time, read_time

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
MONDAY = datetime.datetime(2026, 11, 23, 18, 0, tzinfo=BERLIN)
"""A Monday, at six in the evening."""

USUAL_ENGLISH = """
20:30                        2026-11-23T20:30
8pm                          2026-11-23T20:00
8 p.m.                       2026-11-23T20:00
8:15 PM                      2026-11-23T20:15
tonight 20.30                2026-11-23T20:30
tonight at 8                 2026-11-23T20:00
tonight                      19:00 20:00 20:30 21:00
tomorrow 8pm                 2026-11-24T20:00
20:30 tomorrow               2026-11-24T20:30
tomorrow evening             2026-11-24T19:00 2026-11-24T20:00 2026-11-24T20:30 2026-11-24T21:00
tomorrow at 8                2026-11-24T08:00 2026-11-24T20:00
day after tomorrow 8pm       2026-11-25T20:00
friday 20:30                 2026-11-27T20:30
Fri, 20:30                   2026-11-27T20:30
friday 8pm                   2026-11-27T20:00
friday at 8 pm               2026-11-27T20:00
friday @ 8pm                 2026-11-27T20:00
friday 20h                   2026-11-27T20:00
friday 8                     2026-11-27T08:00 2026-11-27T20:00
friday 8:30                  2026-11-27T08:30 2026-11-27T20:30
friday night                 2026-11-27T20:00 2026-11-27T21:00 2026-11-27T22:00 2026-11-27T23:00
this friday 8pm              2026-11-27T20:00
next friday 8pm              2026-11-27T20:00 2026-12-04T20:00
friday next week 8pm         2026-12-04T20:00
in 2 hours                   2026-11-23T20:00
in half an hour              2026-11-23T18:30
in 3 days at 8pm             2026-11-26T20:00
Nov 30 8pm                   2026-11-30T20:00
30 November 20:30            2026-11-30T20:30
November 30th at 8pm         2026-11-30T20:00
Dec 24, 2026 6pm             2026-12-24T18:00
the 5th at 8pm               2026-12-05T20:00
11/30 8pm                    2026-11-30T20:00
12/11 8pm                    2026-12-11T20:00
2/1 8pm                      2027-01-02T20:00 2027-02-01T20:00
2026-12-24 18:00             2026-12-24T18:00
2026-12-24T18:00             2026-12-24T18:00
24.12. 18:00                 2026-12-24T18:00
<t:1796068800:F>             2026-11-30T21:00
friday midnight              2026-11-27T00:00 2026-11-28T00:00
tomorrow noon                2026-11-24T12:00
8pm CET                      2026-11-23T20:00
"""
MORE_ENGLISH = """
17:30                        2026-11-24T17:30
18:00                        2026-11-24T18:00
12am                         2026-11-24T00:00
12pm                         2026-11-24T12:00
830pm friday                 2026-11-27T20:30
tonight 0:30                 2026-11-24T00:30
tonight at 1                 2026-11-24T01:00
at 12 tonight                2026-11-24T00:00
at 8                         2026-11-23T20:00 2026-11-24T08:00
at 12 on friday              2026-11-27T12:00 2026-11-28T00:00
friday 20                    2026-11-27T20:00?
monday 20:30                 2026-11-23T20:30
monday 17:00                 2026-11-30T17:00
friday 24:00                 2026-11-28T00:00
24 o'clock                   2026-11-24T00:00
tomorrow 8 o’clock           2026-11-24T08:00 2026-11-24T20:00
tonight at midnight          2026-11-24T00:00
12 midnight                  2026-11-24T00:00
midday on saturday           2026-11-28T12:00
12 noon 2026-12-24           2026-12-24T12:00
half past eight              2026-11-23T20:30 2026-11-24T08:30
quarter to 9 pm              2026-11-23T20:45
ten past nine friday evening 2026-11-27T21:10
8 in the evening             2026-11-23T20:00
friday 08:30                 2026-11-27T08:30
saturday morning at 9        2026-11-28T09:00
in an hour and a half        2026-11-23T19:30
in 1 hour 30 minutes         2026-11-23T19:30
in 2h30m                     2026-11-23T20:30
90 minutes from now          2026-11-23T19:30
in a week 8pm                2026-11-30T20:00
a week from friday 8pm       2026-12-04T20:00
friday week 8pm              2026-12-04T20:00
coming monday 8pm            2026-11-30T20:00
friday after next 8pm        2026-12-04T20:00 2026-12-11T20:00
friday 4 december 8pm        2026-12-04T20:00
friday 5 december 8pm        2026-12-04T20:00 2026-12-05T20:00
dec24 6pm                    2026-12-24T18:00
christmas eve 6pm            2026-12-24T18:00
24.12.2027 18:00             2027-12-24T18:00
11.12 20:30                  2026-12-11T20:30
29 feb 8pm                   2028-02-29T20:00
in 24 hours                  2026-11-24T18:00
friday 20:30h                2026-11-27T20:30
friday night 1am             2026-11-27T01:00 2026-11-28T01:00
2026-12-24T18:00Z            2026-12-24T19:00
2026-12-24 18:00+02:00       2026-12-24T17:00
tomorrow 8pm EST             2026-11-25T02:00
8pm cst                      2026-11-24T03:00 2026-11-24T13:00
friday 8pm Europe/London     2026-11-27T21:00
20:30 UTC+2                  2026-11-23T19:30
today 17:00                  2026-11-24T17:00!
yesterday 20:00              2026-11-23T20:00!
2025-12-24 18:00             2026-12-24T18:00!
22 nov 8pm                   2027-11-22T20:00!
Fri 4 Dec, 10:30             2026-12-04T10:30
around 8pm friday            2026-11-27T20:00
friday 8pm sharp             2026-11-27T20:00
sat 10.30pm                  2026-11-28T22:30
saturday 22h15               2026-11-28T22:15
5th of December 9pm          2026-12-05T21:00
Dec. 5th, 9 pm               2026-12-05T21:00
2026/12/05 21:00             2026-12-05T21:00
tmr 8                        2026-11-24T08:00 2026-11-24T20:00
this evening at 8            2026-11-23T20:00
in 45 min                    2026-11-23T18:45
in a couple of hours         2026-11-23T20:00
in two and a half hours      2026-11-23T20:30
today in 2 hours             2026-11-23T20:00
in 2 weeks 8pm               2026-12-07T20:00
in a fortnight 8pm           2026-12-07T20:00
two weeks from today 8pm     2026-12-07T20:00
half eight friday            2026-11-27T08:30 2026-11-27T20:30
quarter past 8pm             2026-11-23T20:15
8.30                         2026-11-23T20:30 2026-11-24T08:30
tomorrow at noon             2026-11-24T12:00
31/12 8pm                    2026-12-31T20:00
12/31 8pm                    2026-12-31T20:00
12-31 8pm                    2026-12-31T20:00
NYE 8pm                      2026-12-31T20:00
xmas eve 6pm                 2026-12-24T18:00
boxing day 8pm               2026-12-26T20:00
weds 8pm                     2026-11-25T20:00
8pm on Mon, Nov 30           2026-11-30T20:00
friday the 13th 8pm          2026-12-11T20:00 2026-12-13T20:00
next monday 8pm              2026-11-30T20:00
friday afternoon 3           2026-11-27T15:00
friday 12:30                 2026-11-27T12:30 2026-11-28T00:30
3 days from now at 8pm       2026-11-26T20:00
tomorrow 2:30                2026-11-24T02:30 2026-11-24T14:30
8:30 p.m. on Friday, December 4th 2026-12-04T20:30
"""
USUAL_GERMAN = """
20:30                        2026-11-23T20:30
20 Uhr                       2026-11-23T20:00
20 Uhr 30                    2026-11-23T20:30
20.30 Uhr                    2026-11-23T20:30
um 8                         2026-11-23T20:00 2026-11-24T08:00
heute abend                  19:00 20:00 20:30 21:00
heute Abend um 8             2026-11-23T20:00
heute Abend 20.15            2026-11-23T20:15
heute 24 Uhr                 2026-11-24T00:00
morgen, 20 Uhr               2026-11-24T20:00
morgen um 20 Uhr             2026-11-24T20:00
morgen um 8                  2026-11-24T08:00 2026-11-24T20:00
morgen früh um 9             2026-11-24T09:00
morgen abend um halb neun    2026-11-24T20:30
übermorgen                   2026-11-25T19:00 2026-11-25T20:00 2026-11-25T20:30 2026-11-25T21:00
übermorgen 20 Uhr            2026-11-25T20:00
freitag 20:30                2026-11-27T20:30
Fr 20:30 Uhr                 2026-11-27T20:30
am Freitag um 20 Uhr         2026-11-27T20:00
freitag um 20                2026-11-27T20:00
freitag um 8                 2026-11-27T08:00 2026-11-27T20:00
Freitagabend um acht         2026-11-27T20:00
diesen Freitag 20 Uhr        2026-11-27T20:00
kommenden Freitag 20 Uhr     2026-11-27T20:00
nächsten Freitag 20 Uhr      2026-11-27T20:00 2026-12-04T20:00
nächste Woche Freitag 20 Uhr 2026-12-04T20:00
am 24.12. um 20:30           2026-12-24T20:30
24. Dezember 20 Uhr          2026-12-24T20:00
24. Dez. um 20 Uhr           2026-12-24T20:00
24.12.2026 18:00             2026-12-24T18:00
11/12 20 Uhr                 2026-12-11T20:00
2026-12-24 18:00             2026-12-24T18:00
in zwei Stunden              2026-11-23T20:00
in einer halben Stunde       2026-11-23T18:30
in drei Tagen um 20 Uhr      2026-11-26T20:00
halb neun                    2026-11-23T20:30 2026-11-24T08:30
Viertel vor acht             2026-11-23T19:45 2026-11-24T07:45
Viertel nach acht abends     2026-11-23T20:15
Mitternacht                  2026-11-24T00:00
mittags                      2026-11-24T12:00
<t:1796068800:F>             2026-11-30T21:00
"""
MORE_GERMAN = """
am Freitag um Mitternacht    2026-11-27T00:00 2026-11-28T00:00
morgen Mittag                2026-11-24T12:00
um 8 heute Abend             2026-11-23T20:00
heute Abend um 1             2026-11-24T01:00
8 Uhr abends                 2026-11-23T20:00
um acht                      2026-11-23T20:00 2026-11-24T08:00
zwanzig Uhr                  2026-11-23T20:00
zwanzig Uhr dreißig          2026-11-23T20:30
fünf vor halb neun abends    2026-11-23T20:25
dreiviertel acht             2026-11-23T19:45 2026-11-24T07:45
zehn nach acht abends        2026-11-23T20:10
halb eins                    2026-11-24T00:30 2026-11-24T12:30
Freitag Abend                2026-11-27T19:00 2026-11-27T20:00 2026-11-27T20:30 2026-11-27T21:00
Freitag morgen um 9          2026-11-27T09:00
Samstagnacht um 1            2026-11-28T01:00 2026-11-29T01:00
So 20:15                     2026-11-29T20:15
Sonnabend 20 Uhr             2026-11-28T20:00
in anderthalb Stunden        2026-11-23T19:30
in 1,5 Stunden               2026-11-23T19:30
in einer Dreiviertelstunde   2026-11-23T18:45
in 90 Minuten                2026-11-23T19:30
in einer Woche um 20 Uhr     2026-11-30T20:00
Freitag in einer Woche 20 Uhr 2026-12-04T20:00
Freitag in zwei Wochen 20 Uhr 2026-12-11T20:00
übernächsten Freitag 20 Uhr  2026-12-04T20:00 2026-12-11T20:00
am 24. um 20 Uhr             2026-11-24T20:00
den 4. Dezember um halb neun abends 2026-12-04T20:30
Freitag, den 4. Dezember, 20 Uhr 2026-12-04T20:00
Fr. 4.12. 20:30              2026-12-04T20:30
Sa 4.12. 20:30               2026-12-04T20:30 2026-12-05T20:30
Heiligabend 18 Uhr           2026-12-24T18:00
Silvester um 21 Uhr          2026-12-31T21:00
1.2. 18 Uhr                  2027-02-01T18:00
20 Uhr MEZ                   2026-11-23T20:00
20 Uhr UTC                   2026-11-23T21:00
8 am                         2026-11-24T08:00
8 am freitag                 2026-11-27T08:00 2026-11-27T20:00
friday 8pm                   2026-11-27T20:00
in acht Tagen 20 Uhr         2026-11-30T20:00 2026-12-01T20:00
heute in einer Woche 20 Uhr  2026-11-30T20:00
Montag in 14 Tagen 20 Uhr    2026-12-07T20:00
so um 20 Uhr                 2026-11-23T20:00 2026-11-29T20:00
punkt 20 Uhr                 2026-11-23T20:00
halb 9 Uhr abends            2026-11-23T20:30
ab 20 Uhr                    2026-11-23T20:00
gestern 20 Uhr               2026-11-23T20:00!
heute um 17 Uhr              2026-11-24T17:00!
Fr 4 Dez, 10:30              2026-12-04T10:30
Freitag 20 Uhr pünktlich     2026-11-27T20:00
Freitag gegen 8              2026-11-27T08:00 2026-11-27T20:00
so gegen 20 Uhr              2026-11-23T20:00 2026-11-29T20:00
ca. 20 Uhr                   2026-11-23T20:00
halb acht                    2026-11-23T19:30 2026-11-24T07:30
halb 8                       2026-11-23T19:30 2026-11-24T07:30
8.30                         2026-11-23T20:30 2026-11-24T08:30
20.30                        2026-11-23T20:30
viertel acht                 2026-11-23T19:15 2026-11-24T07:15
5 nach halb 9 abends         2026-11-23T20:35
20Uhr                        2026-11-23T20:00
20:15h                       2026-11-23T20:15
12 Uhr                       2026-11-24T00:00 2026-11-24T12:00
1 Uhr nachts                 2026-11-24T01:00
heute Nacht um 1             2026-11-24T01:00
heute in 2 Stunden           2026-11-23T20:00
in ner Stunde                2026-11-23T19:00
in 'ner Viertelstunde        2026-11-23T18:15
in der Früh um 9             2026-11-24T09:00
in 2 Wochen 20 Uhr           2026-12-07T20:00
in 14 Tagen 20 Uhr           2026-12-07T20:00
Samstag in acht Tagen 20 Uhr 2026-12-05T20:00
Freitag in 14 Tagen 20 Uhr   2026-12-11T20:00
morgen in einer Woche 20 Uhr 2026-12-01T20:00
Montag nächste Woche 20 Uhr  2026-11-30T20:00
am kommenden Samstag 20:15   2026-11-28T20:15
20 Uhr am Freitag            2026-11-27T20:00
3.Dezember 20 Uhr            2026-12-03T20:00
03.12.26 20:15               2026-12-03T20:15
31.12. 20 Uhr                2026-12-31T20:00
12/31 20:00                  2026-12-31T20:00
Freitag der 13. 20 Uhr       2026-12-11T20:00 2026-12-13T20:00
2. Weihnachtstag 20 Uhr      2026-12-26T20:00
am ersten Weihnachtstag um 18 Uhr 2026-12-25T18:00
Nikolaus 20 Uhr              2026-12-06T20:00
Freitag 24 Uhr               2026-11-28T00:00
Freitag 0 Uhr                2026-11-27T00:00
zwanzig Uhr fünfzehn         2026-11-23T20:15
nachmittags um 3             2026-11-24T15:00
Freitag, der 4. Dezember um 20:15 2026-12-04T20:15
"""


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
def test_what_is_no_time_is_said_to_be_none(text: str) -> None:
    """A word left over makes it unreadable; a number alone may be a title's: Apollo 13. German is not English."""
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
def test_why_it_is_asked_is_known(text: str, doubt: Doubt) -> None:
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


def test_what_is_past_is_not_one_of_two_readings() -> None:
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


def test_what_is_past_today_too_is_offered_for_tomorrow() -> None:
    """ "yesterday 20:30" at nine in the evening: today's half past eight is no choice any more."""
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

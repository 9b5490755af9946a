"""On which days a watch was played: by its sittings, split at midnight in the community's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awards import Totals, add_watches, build_stats, compute_streaks, current_streak
from awards.days import (
    PlayedTime,
    evenings_of,
    is_past_midnight,
    seconds_by_day,
    seconds_by_hour,
    sum_by_day,
    week_of,
    weekends_of,
)
from messages import Sitting, Sittings, WatchRecord
from tests.unit.awards.slow_year import select_year, summarise_year
from tests.unit.persistence.record_builders import FILM, record

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Kolkata",
    "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Auckland", "Africa/Cairo",
]  # fmt: skip


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    """Return the seconds since 1970 of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def sitting(start: str, minutes: float) -> Sitting:
    """Return a sitting in which the film ran all the time."""
    return Sitting(at(start), at(start) + minutes * 60, minutes * 60)


def watch(*sittings: Sitting, ended: str = "", watch_id: str = "w1") -> WatchRecord:
    """Return the record of a film of two hours played in these sittings; `ended`: when it was left."""
    playing_s = sum(each.playing_s for each in sittings)
    return record(
        watch_id,
        started_at_s=sittings[0].start_s,
        ended_at_s=at(ended) if ended else sittings[-1].end_s,
        playing_s=playing_s,
        sittings=sittings,
    )


def minutes_by_day(*watches: WatchRecord) -> dict[str, float]:
    """Return the minutes of each day."""
    return {day: round(seconds / 60, 1) for day, seconds in sum_by_day(watches, BERLIN).items()}


def test_a_film_on_three_evenings_is_a_streak_of_three() -> None:
    """Monday, Tuesday, Wednesday: 40, 40 and 39.8 minutes, and the streak grows as it goes on."""
    parts = [
        sitting("2026-11-16T20:00", 40),
        sitting("2026-11-17T20:00", 40),
        sitting("2026-11-18T20:00", 39.8),
    ]
    streaks = []
    for count in (1, 2, 3):
        film = watch(*parts[:count])
        days = minutes_by_day(film)
        today = datetime.fromisoformat(max(days)).date()
        streaks.append(build_stats(add_watches(Totals(), [film], BERLIN), "501", "Ann", today).current_streak_days)
    assert minutes_by_day(watch(*parts)) == {"2026-11-16": 40, "2026-11-17": 40, "2026-11-18": 39.8}
    assert streaks == [1, 2, 3]


def test_each_day_of_a_weekend_has_its_own_minutes() -> None:
    """100 minutes on Saturday and 15 on Sunday, of one weekend."""
    film = watch(sitting("2026-11-21T20:00", 100), sitting("2026-11-22T20:00", 15))
    assert minutes_by_day(film) == {"2026-11-21": 100, "2026-11-22": 15}
    assert weekends_of(film, BERLIN) == {"2026-11-21"}


def test_a_pause_belongs_to_no_day() -> None:
    """An hour on Monday, left paused until Thursday: Monday alone."""
    film = watch(sitting("2026-11-16T20:00", 60), ended="2026-11-19T20:00")
    assert minutes_by_day(film) == {"2026-11-16": 60}


def test_a_pause_past_midnight_is_no_night() -> None:
    """Played 20:00 to 21:50, paused until 01:30: no night, one day."""
    film = watch(sitting("2026-11-16T20:00", 110), ended="2026-11-17T01:30")
    assert not is_past_midnight(film, BERLIN)
    assert list(minutes_by_day(film)) == ["2026-11-16"]


def test_played_through_the_night_is_a_night() -> None:
    """Played 21:00 to 05:50: a night, though it neither began nor ended between midnight and five."""
    assert is_past_midnight(watch(sitting("2026-11-16T21:00", 530)), BERLIN)


def test_hours_in_a_day_are_those_played_on_it() -> None:
    """Four hours on Monday, the last half hour and another film on Tuesday: Tuesday has 3.2 hours."""
    long_film = watch(sitting("2026-11-16T18:00", 240), sitting("2026-11-17T18:00", 30))
    other = watch(sitting("2026-11-17T19:00", 162), watch_id="w2")
    assert minutes_by_day(long_film, other) == {"2026-11-16": 240, "2026-11-17": 192}


def test_new_years_eve_is_in_both_years() -> None:
    """Two hours over New Year: an hour in each year, and one film, in the year in which it began."""
    film = watch(sitting("2026-12-31T23:00", 120))
    years = [summarise_year([film], year, BERLIN) for year in (2026, 2027)]
    assert [year.watch_time_s for year in years] == [3600, 3600]
    assert [year.films for year in years] == [1, 0]


def test_evenings_are_those_it_was_played_on() -> None:
    """From noon on Halloween until noon of the next day, with the evening between: Halloween night."""
    assert evenings_of(watch(sitting("2026-10-31T12:00", 24 * 60)), BERLIN) == {"10-31"}
    left_paused = watch(sitting("2026-10-31T12:00", 60), ended="2026-11-01T00:30")
    assert evenings_of(left_paused, BERLIN) == set()


def test_an_hour_that_does_not_exist_is_not_counted() -> None:
    """Over the change to summer time a sitting has the seconds that passed."""
    assert minutes_by_day(watch(sitting("2026-03-29T01:00", 60), sitting("2026-03-29T03:30", 60))) == {
        "2026-03-29": 120
    }


def test_a_streak_that_is_over_is_over_when_it_is_read() -> None:
    """Until the day after its last day a streak goes on; then it is 0, whatever was saved."""
    days = ["2026-11-16", "2026-11-17", "2026-11-18"]
    for today, streak in ((18, 3), (19, 3), (20, 0)):
        day = datetime(2026, 11, today, tzinfo=UTC).date()
        assert compute_streaks(days, day)[0] == current_streak(3, "2026-11-18", day) == streak
    assert current_streak(0, "", day) == 0


SITTINGS = st.lists(
    st.tuples(st.integers(1, 200_000), st.integers(60, 20_000), st.floats(0.1, 1.0)), min_size=1, max_size=6
)


def build_sittings(start_s: float, parts: list[tuple[int, int, float]]) -> Sittings:
    """Return sittings one after another: each a gap, a length and the share of it that was played."""
    sittings = []
    for gap_s, length_s, share in parts:
        start_s += gap_s
        sittings.append(Sitting(start_s, start_s + length_s, length_s * share))
        start_s += length_s
    return tuple(sittings)


@given(st.integers(1_700_000_000, 1_900_000_000), SITTINGS, st.sampled_from(ZONES))
def test_figures_by_day_match_a_sum_of_minutes(start_s: int, parts: list[tuple[int, int, float]], name: str) -> None:
    """In any zone: days, nights, evenings, weekends, weeks and years, for any sittings."""
    zone, sittings = ZoneInfo(name), build_sittings(start_s, parts)
    played = PlayedTime(sittings[0].start_s, sittings[-1].end_s, sum(each.playing_s for each in sittings), sittings)
    days: dict[str, float] = {}
    hours: dict[tuple[int, int], float] = {}
    evenings, weekends, is_night = set(), set(), False
    for each in sittings:
        second = each.start_s
        while second < each.end_s:
            step = min(60 - second % 60, each.end_s - second)  # zones change at whole minutes
            local = datetime.fromtimestamp(second, UTC).astimezone(zone)
            day = local.date()
            days[day.isoformat()] = days.get(day.isoformat(), 0.0) + step * each.playing_s / (each.end_s - each.start_s)
            slot = local.year, local.weekday() * 24 + local.hour
            hours[slot] = hours.get(slot, 0.0) + step * each.playing_s / (each.end_s - each.start_s)
            is_night = is_night or local.hour < 5
            if local.hour >= 18 or local.hour < 6:
                evenings.add((day - timedelta(days=local.hour < 6)).strftime("%m-%d"))
            if day.weekday() >= 5:
                weekends.add((day - timedelta(days=day.weekday() - 5)).isoformat())
            second += step
    found = seconds_by_day(played, zone)
    assert found == pytest.approx(days)
    assert seconds_by_hour(played, zone) == pytest.approx(hours)
    assert (is_past_midnight(played, zone), evenings_of(played, zone), weekends_of(played, zone)) == (
        is_night,
        evenings,
        weekends,
    )
    film = record(started_at_s=played.started_at_s, ended_at_s=played.ended_at_s, playing_s=played.playing_s)
    film = WatchRecord(**{name: getattr(film, name) for name in film.__struct_fields__} | {"sittings": sittings})
    for year in {int(day[:4]) for day in days}:
        figures = summarise_year([film], year, zone)
        in_year = {day: seconds for day, seconds in days.items() if day.startswith(str(year))}
        assert dict(figures.days) == pytest.approx(in_year)
        assert figures.watch_time_s == pytest.approx(sum(in_year.values()))
        assert select_year([film], year, zone) == [film]
    totals = add_watches(Totals(), [film], zone)
    assert totals.days == pytest.approx(days)
    assert sum(totals.days.values()) == pytest.approx(totals.playing_s)


def test_a_week_begins_on_monday() -> None:
    """A Sunday belongs to the week of the Monday before it."""
    assert [week_of(day) for day in ("2026-11-16", "2026-11-22", "2026-11-23")] == [
        "2026-11-16", "2026-11-16", "2026-11-23",
    ]  # fmt: skip


def test_records_of_older_versions_keep_their_figures() -> None:
    """Without sittings a record counts for the days, the weekend, the night and the evenings of its two ends."""
    old = record(item=FILM, started_at_s=at("2026-11-22T22:00"), ended_at_s=at("2026-11-23T02:00"), playing_s=7200.0)
    assert seconds_by_day(old, BERLIN) == {"2026-11-22": 3600, "2026-11-23": 3600}
    assert weekends_of(old, BERLIN) == {"2026-11-21"}
    assert is_past_midnight(old, BERLIN)
    assert evenings_of(old, BERLIN) == {"11-22"}


def test_hours_of_the_week_are_those_it_was_played_in() -> None:
    """From Monday 00:00 in the community's time zone; a sitting over New Year's Eve is in both years."""
    friday = watch(sitting("2026-11-20 20:15", 90), sitting("2026-11-20 23:50", 20))
    evening = 4 * 24 + 20
    assert seconds_by_hour(friday, BERLIN) == {
        (2026, evening): 2700.0,
        (2026, evening + 1): 2700.0,
        (2026, evening + 3): 600.0,
        (2026, evening + 4): 600.0,
    }
    new_year = watch(sitting("2026-12-31 23:30", 60))
    assert seconds_by_hour(new_year, BERLIN) == {(2026, 3 * 24 + 23): 1800.0, (2027, 4 * 24): 1800.0}


def test_an_hour_that_comes_twice_counts_twice() -> None:
    """When the clocks go back, what is played from two to three counts in that hour both times."""
    start = at("2026-10-25 01:30")
    film = PlayedTime(start, start + 3 * 3600.0, 3 * 3600.0, (Sitting(start, start + 3 * 3600.0, 3 * 3600.0),))
    sunday = 6 * 24
    hours = {(2026, sunday + 1): 1800.0, (2026, sunday + 2): 7200.0, (2026, sunday + 3): 1800.0}
    assert seconds_by_hour(film, BERLIN) == hours


def test_a_record_without_sittings_is_played_from_its_start_on() -> None:
    """For as long as it was played: when else is not known."""
    start = at("2026-11-16 00:30")
    imported = PlayedTime(start, start + 86_400.0, 3600.0, ())
    assert seconds_by_hour(imported, BERLIN) == {(2026, 0): 1800.0, (2026, 1): 1800.0}

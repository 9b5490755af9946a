"""What a year of watches adds up to."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import WatchRecord
from messages.base import DurationMs
from tests.unit.awards.slow_year import biggest_night, select_year, summarise_year, top_films, top_viewers
from tests.unit.persistence.record_builders import FILM, record

LONG = replace(FILM, rating_key="7", title="Sátántangó", year=1994, duration_ms=DurationMs(26_340_000))


def on(day: str, number: int = 0, hour: int = 20, **changes: Any) -> WatchRecord:
    """A film of two hours, begun on an ISO date at 20:00 UTC."""
    start_s = datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC).timestamp()
    plain: dict[str, Any] = {"started_at_s": start_s, "ended_at_s": start_s + 7200}
    return record(f"{day}-{number}", **{**plain, **changes})


def test_a_viewers_year() -> None:
    """Films, hours, streak, favourites, busiest month and day, longest film."""
    watches = [
        on("2026-03-01"),
        on("2026-03-02"),
        on("2026-03-03", item=LONG, completed=False),
        on("2026-11-20"),
        on("2026-11-20", 1, hour=14),
        on("2025-12-30"),
    ]
    year = summarise_year(watches, 2026, UTC)
    assert (year.films, year.completed, year.watch_time_s) == (5, 4, 5 * 7200.0)
    assert year.titles == 2
    assert year.longest_streak_days == 3
    assert year.genre == ("Horror", 5.0)
    assert year.decade == ("1970s", 4.0)
    assert year.director == ("Ridley Scott", 5.0)
    assert year.busiest_month == ("2026-03", 3 * 7200.0)
    assert year.busiest_day == ("2026-11-20", 2 * 7200.0)
    assert year.longest_film == ("Sátántangó (1994)", 26_340.0)


def test_brief_watches_and_other_years_are_left_out() -> None:
    """A year with nothing but those is an empty one, and no figure of it fails."""
    year = summarise_year([on("2026-05-01", brief=True), on("2025-05-01")], 2026, UTC)
    assert (year.films, year.watch_time_s, year.days, year.longest_streak_days) == (0, 0.0, (), 0)
    assert year.genre is year.busiest_day is year.longest_film is year.companion is None


def test_the_year_is_that_of_the_zone() -> None:
    """New Year's Eve, 23:30 in UTC, is the next year in Berlin; a film over midnight counts where it began."""
    late = on("2025-12-31", hour=23)
    assert summarise_year([late], 2025, UTC).films == 1
    assert summarise_year([late], 2026, ZoneInfo("Europe/Berlin")).films == 1
    assert [day for day, _ in summarise_year([late], 2025, UTC).days] == ["2025-12-31"]


def test_the_companion_is_who_shared_most_watch_parties() -> None:
    """Screenings count, not watches; a screening that was no party, or not one's own, counts for nobody."""
    watches = [on(f"2026-01-0{n}", screening_id=f"s{n}", party=n < 4) for n in range(1, 6)]
    company = [
        ("s1", "2", "Björn"), ("s1", "2", "Björn"), ("s1", "2", "Björn"),
        ("s1", "3", "Cem"), ("s2", "3", "Cem"),
        ("s4", "4", "Dana"), ("s5", "4", "Dana"), ("s9", "4", "Dana"),
    ]  # fmt: skip
    assert summarise_year(watches, 2026, UTC, company).companion == ("Cem", 2.0)


def test_everybodys_year() -> None:
    """The films seen most, told apart by year; who watched longest; the party with the most viewers."""
    remake = replace(FILM, year=2017)
    watches = [
        on("2026-01-01", 1, viewer_id="1", screening_id="a", party=True),
        on("2026-01-01", 2, viewer_id="2", screening_id="a", party=True),
        on("2026-01-01", 3, viewer_id="2", screening_id="a", party=True, item=remake),
        on("2026-01-02", 4, viewer_id="3", screening_id="b"),
    ]
    assert [(film.year, film.watches) for film in top_films(watches)] == [(1979, 3), (2017, 1)]
    assert [(row.rank, row.viewer_id) for row in top_viewers(watches, 2026, UTC)] == [(1, "2"), (2, "1"), (2, "3")]
    night = biggest_night(watches)
    assert night is not None and (night.title, night.viewers) == ("Alien (1979)", 2)
    assert biggest_night(watches[3:]) is None


DAYS = st.dates(datetime(2024, 12, 25, tzinfo=UTC).date(), datetime(2026, 1, 5, tzinfo=UTC).date())


@given(st.lists(st.tuples(DAYS, st.integers(0, 23), st.booleans()), max_size=40))
def test_any_year_is_consistent(played: list[tuple[Any, int, bool]]) -> None:
    """For any watches: years share them out without rest, and no part exceeds the whole."""
    watches = [on(day.isoformat(), n, hour, brief=brief) for n, (day, hour, brief) in enumerate(played)]
    years = {number: summarise_year(watches, number, UTC) for number in (2024, 2025, 2026)}
    assert sum(year.films for year in years.values()) == sum(not watch.brief for watch in watches)
    seconds = sum(year.watch_time_s for year in years.values())
    assert seconds == pytest.approx(7200.0 * sum(not watch.brief for watch in watches))
    for number, year in years.items():
        assert year.watch_time_s <= 7200.0 * len(select_year(watches, number, UTC)) + 1e-6
        assert sum(seconds for _, seconds in year.days) == pytest.approx(year.watch_time_s)
        assert year.longest_streak_days <= len(year.days)
        assert list(year.days) == sorted(year.days)
        if year.busiest_month and year.busiest_day:
            assert year.busiest_day[1] <= year.busiest_month[1] + 1e-6

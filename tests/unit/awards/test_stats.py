"""Statistics and streaks as of a day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from awards import Totals, build_stats, compute_streaks

TODAY = date(2026, 11, 20)


def days(*back: int) -> list[str]:
    """ISO dates so many days before TODAY."""
    return [(TODAY - timedelta(days=n)).isoformat() for n in back]


def test_streaks() -> None:
    """The current streak reaches today or yesterday; the longest one may be over."""
    assert compute_streaks([], TODAY) == (0, 0)
    assert compute_streaks(days(0), TODAY) == (1, 1)
    assert compute_streaks(days(0, 1), TODAY) == (2, 2)
    assert compute_streaks(days(1, 2), TODAY) == (2, 2)
    assert compute_streaks(days(2, 3, 4), TODAY) == (0, 3)
    assert compute_streaks(days(0, 5, 6, 7), TODAY) == (1, 3)


@given(st.sets(st.integers(0, 60)))
def test_streaks_against_counting(back: set[int]) -> None:
    """For any days, the figures are those of counting by hand."""
    runs = [next(n for n in range(100) if start + n not in back) for start in back]
    current = max((next(n for n in range(100) if s + n not in back) for s in (0, 1) if s in back), default=0)
    assert compute_streaks(days(*back), TODAY) == (current, max(runs, default=0))


def test_stats_show_the_most_frequent_first() -> None:
    """Genres and directors are ranked, decades are in order of time."""
    totals = Totals(
        films=2,
        genres={"A": 1, "C": 3, "B": 3},
        decades={"1990s": 3, "1980s": 1},
        days=dict.fromkeys(days(0, 1), 5.0),
        longest_known_days=4,
    )
    stats = build_stats(totals, "501", "Ann", TODAY, watching_now="Alien", badges=2)
    assert list(stats.genres) == ["B", "C", "A"]
    assert list(stats.decades) == ["1980s", "1990s"]
    assert (stats.current_streak_days, stats.longest_streak_days) == (2, 4)
    assert (stats.last_watch_date, stats.watching_now, stats.badges) == ("2026-11-20", "Alien", 2)

"""A viewer's statistics on a given day."""

import functools
from collections.abc import Iterable
from datetime import date, timedelta

from awards.totals import Totals
from messages import ViewerStats


def compute_streaks(days: Iterable[str], today: date) -> tuple[int, int]:
    """Return (current, longest) streak in days from the ISO dates on which something was watched.

    The current one runs up to today, or up to yesterday: today is not over yet.
    """
    run, last, longest = _find_runs(tuple(days))
    return current_streak(run, last, today), longest


@functools.lru_cache(maxsize=8)
def _find_runs(days: tuple[str, ...]) -> tuple[int, str, int]:
    """Return the length of the last run in days, its last ISO date, and the length of the longest run.

    Cached: a save needs the same runs twice, for a viewer's figures and for the badges.
    """
    longest = run = before = 0
    for day in sorted(set(map(_find_ordinal, days))):
        if day == before + 1:
            run += 1
        else:
            if run > longest:
                longest = run
            run = 1
        before = day
    return run, date.fromordinal(before).isoformat() if run else "", max(run, longest)


@functools.lru_cache(maxsize=10_000)
def _find_ordinal(day: str) -> int:
    """Return the number of an ISO date. Cached: viewers watch on the same days."""
    return date.fromisoformat(day).toordinal()


def current_streak(streak_days: int, last_day: str, today: date) -> int:
    """Return a streak as of `today`: 0 once it is over. `last_day`: the ISO date of its last day, empty for none."""
    return streak_days if last_day >= oldest_current_day(today) else 0


def oldest_current_day(today: date) -> str:
    """Return the earliest last day (ISO date) of a streak that is not over: yesterday."""
    return (today - timedelta(days=1)).isoformat()


def longest_streak(totals: Totals) -> int:
    """Return the longest streak ever, in days."""
    return max(compute_streaks(totals.days, date.max)[1], totals.longest_known_days)


def build_stats(
    totals: Totals, viewer_id: str, username: str, today: date, *, watching_now: str = "", badges: int = 0
) -> ViewerStats:
    """Return the statistics to show and save. `today` is the day in TIMEZONE; `badges` how many are held."""
    current, longest = compute_streaks(totals.days, today)
    return ViewerStats(
        viewer_id=viewer_id,
        username=username,
        total_movies=totals.films,
        completed_movies=totals.completed,
        total_watch_time_s=totals.playing_s,
        current_streak_days=current,
        longest_streak_days=max(longest, totals.longest_known_days),
        last_watch_date=max(totals.days, default=""),
        genres=_sort_by_count(totals.genres),
        decades=dict(sorted(totals.decades.items())),
        directors=_sort_by_count(totals.directors),
        watching_now=watching_now,
        badges=badges,
        total_episodes=totals.episodes,
    )


def _sort_by_count(counts: dict[str, int]) -> dict[str, int]:
    """Sort by count, and equal ones by name, so that the same watches always give the same bytes."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

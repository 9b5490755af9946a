"""A viewer's statistics, as of a day."""

from collections.abc import Iterable
from datetime import date, timedelta

from awards.totals import Totals
from messages import ViewerStats


def compute_streaks(days: Iterable[str], today: date) -> tuple[int, int]:
    """Return (current, longest) streak in days from the ISO dates on which something was watched.

    The current one runs up to today, or up to yesterday: today is not over yet.
    """
    longest = run = before = 0
    for day in sorted({date.fromisoformat(day).toordinal() for day in days}):
        run = run + 1 if day == before + 1 else 1
        longest = max(longest, run)
        before = day
    last = date.fromordinal(before).isoformat() if run else ""
    return current_streak(run, last, today), longest


def current_streak(streak_days: int, last_day: str, today: date) -> int:
    """Return a streak as of `today`: 0 once it is over. `last_day`: the ISO date of its last day, empty for none."""
    return streak_days if last_day >= oldest_current_day(today) else 0


def oldest_current_day(today: date) -> str:
    """Return the day (ISO date) on which a streak must have ended at the earliest to go on: yesterday."""
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
    """The most frequent first; equal ones by name, so that the same watches always give the same bytes."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

"""Turns watches into statistics, streaks and badges. Pure rules: time is an argument."""

from awards.badges import (
    BADGES_LIMITS,
    Badge,
    BadgesError,
    build_progress,
    find_newly_earned,
    merge_badges,
    read_badges,
)
from awards.stats import build_stats, compute_streaks, current_streak, oldest_current_day
from awards.totals import Totals, add_watches, subtract_explained
from wording.dates import decade_of
from wording.titles import record_title

__all__ = [
    "BADGES_LIMITS",
    "Badge",
    "BadgesError",
    "Totals",
    "add_watches",
    "build_progress",
    "build_stats",
    "compute_streaks",
    "current_streak",
    "decade_of",
    "find_newly_earned",
    "merge_badges",
    "oldest_current_day",
    "read_badges",
    "record_title",
    "subtract_explained",
]

"""From watches to statistics, streaks and badges: pure rules. Time comes in as an argument."""

from awards.badges import Badge, BadgesError, earned, merged, progress, read_badges
from awards.stats import published, streaks
from awards.totals import Totals, added, remainder
from wording.titles import decade_of, shown_title

__all__ = [
    "Badge",
    "BadgesError",
    "Totals",
    "added",
    "decade_of",
    "earned",
    "merged",
    "progress",
    "published",
    "read_badges",
    "remainder",
    "shown_title",
    "streaks",
]

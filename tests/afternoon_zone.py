"""The time zone of tests that say a time as people do: what "tomorrow" means must not depend on when they run."""

import datetime
import zoneinfo

HOUR = 14
"""Far from midnight, and beyond twelve: 12:30 may be half an hour after midnight. The evening is to come."""


def find_afternoon_zone() -> zoneinfo.ZoneInfo:
    """Return a zone in which it is between two and three in the afternoon now.

    Its clocks never change. Ask once for each test, and keep the answer: an hour later it is another zone.
    """
    ahead = HOUR - datetime.datetime.now(datetime.UTC).hour
    return zoneinfo.ZoneInfo(f"Etc/GMT{-ahead:+d}")  # the names have the opposite sign

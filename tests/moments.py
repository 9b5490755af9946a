"""When tests take place: neither the hour nor the date at which they run may matter.

What was recorded on a certain day is looked at with a clock that was set to it. What people say, such as
"tomorrow 20:30", is said in a zone in which it is afternoon.
"""

import datetime
import time
import zoneinfo

from actors.runtime import Clock
from messages import Moment

AFTERNOON = 14
"""An hour far from midnight, and beyond twelve: 12:30 may be half an hour after midnight. The evening is to come."""


def find_afternoon_zone() -> zoneinfo.ZoneInfo:
    """Return a zone in which it is between two and three in the afternoon now.

    Its clocks never change. Ask once for each test, and keep the answer: an hour later it is another zone.
    """
    ahead = AFTERNOON - datetime.datetime.now(datetime.UTC).hour
    return zoneinfo.ZoneInfo(f"Etc/GMT{-ahead:+d}")  # the names have the opposite sign


class SetClock(Clock):
    """Shows a certain moment at first, seconds since 1970, and runs from there."""

    def __init__(self, wall_s: float) -> None:
        super().__init__()
        self._ahead_s = wall_s - time.time()

    def now(self) -> Moment:
        """Return this moment on both clocks."""
        real = super().now()
        return Moment(real.wall_s + self._ahead_s, real.steady_s)

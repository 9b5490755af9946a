"""Times of day, in the community's zone."""

import datetime
from zoneinfo import ZoneInfo


def format_clock(wall_s: float, zone: ZoneInfo) -> str:
    """Return a time of day like 21:05. `wall_s`: seconds since 1970, UTC."""
    return f"{datetime.datetime.fromtimestamp(wall_s, zone):%H:%M}"

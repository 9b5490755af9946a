"""Discord's ids and times."""

from __future__ import annotations

import datetime
import itertools
import time

EPOCH_MS = 1_420_070_400_000
"""Discord's epoch: the first moment of 2015, in ms since 1970."""

_count = itertools.count()


def snowflake() -> int:
    """Return a new Discord id of this moment: unique, and greater than every earlier one."""
    return ((time.time_ns() // 1_000_000 - EPOCH_MS) << 22) + (next(_count) & 0x3FFFFF)


def iso_of(wall_s: float) -> str:
    """Return a time, in seconds since 1970, as Discord writes it."""
    return datetime.datetime.fromtimestamp(wall_s, datetime.UTC).isoformat()

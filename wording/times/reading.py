"""The result of parsing a time. The parser needs many modules, which are imported only when it is used."""

import datetime
import enum
from typing import NamedTuple

MOST_AHEAD_DAYS = 270
"""If a date without a year is further ahead than this, the one just past was probably meant."""


class DateOrder(enum.Enum):
    """Which of the two numbers in 11/12 is the day."""

    DAY_FIRST = "day-month"
    MONTH_FIRST = "month-day"
    UNKNOWN = ""
    """Not known: both are offered."""


class Doubt(enum.Enum):
    """Why a time is not clear."""

    UNREADABLE = enum.auto()
    """It is not a time, or contains an unknown word."""
    PAST = enum.auto()
    """It is past; the choices are the next such times."""
    NO_CLOCK = enum.auto()
    """The day is clear, but the hour is missing; the choices are usual hours."""
    HALF_OF_DAY = enum.auto()
    """It may be in the morning or in the evening."""
    WHICH_DAY = enum.auto()
    """The hour is clear, but several days are possible."""
    CLOCK_CHANGE = enum.auto()
    """The clocks change at that time: the hour occurs twice, or not at all."""
    SEVERAL = enum.auto()
    """There are several possibilities, or one that must be confirmed."""


class TimeReading(NamedTuple):
    """The result of parsing a text."""

    choices: tuple[datetime.datetime, ...]
    """The possible times, the earliest first; aware, in the zone of the given `now`."""
    doubt: Doubt | None
    """None if the only choice is clear."""
    past: datetime.datetime | None = None
    """The meant time, if it is past."""

    @property
    def start(self) -> datetime.datetime | None:
        """The meant time; None if that is not clear."""
        return self.choices[0] if self.doubt is None else None

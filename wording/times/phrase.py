"""The pieces of a time phrase, before the calendar is applied."""

import datetime
import enum
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

HOUR = 60
DAY = 24 * HOUR
"""Minutes."""


class DayPart(enum.Enum):
    """A part of the day, with its usual hours for a film, in minutes of the day."""

    MORNING = (9 * HOUR, 10 * HOUR, 11 * HOUR)
    AFTERNOON = (14 * HOUR, 15 * HOUR, 16 * HOUR, 17 * HOUR)
    EVENING = (19 * HOUR, 20 * HOUR, 20 * HOUR + 30, 21 * HOUR)
    NIGHT = (20 * HOUR, 21 * HOUR, 22 * HOUR, 23 * HOUR)


class Which(enum.Enum):
    """Which one of the weekdays of that name."""

    COMING = enum.auto()
    """`friday`: today if the time is still to come, or else the first one after today."""
    THIS = enum.auto()
    """`this friday`: today, or else the first one after today; a past time is reported."""
    FIRST_AFTER = enum.auto()
    """`coming friday`: the first after today."""
    NEXT = enum.auto()
    """`next friday`: the first after today to some people, the one a week later to others."""
    AFTER_NEXT = enum.auto()
    """`friday after next`: a week after the next one."""
    NEXT_WEEK = enum.auto()
    """`friday next week`: the one in the following week, which begins on Monday."""


class RelativeDay(NamedTuple):
    """A number of days from today: tomorrow, in three days."""

    days: int


class WeekdayName(NamedTuple):
    """A weekday."""

    number: int
    """0 for Monday."""
    which: Which = Which.COMING
    weeks_later: int = 0
    """As in "friday in two weeks"."""


class CalendarDay(NamedTuple):
    """A date; if month or year is missing, the next such day."""

    day: int
    month: int | None = None
    year: int | None = None


Day = RelativeDay | WeekdayName | CalendarDay


class ClockTime(NamedTuple):
    """A time of the day."""

    minutes: int
    """From midnight; 1440 at the end of the day."""
    is_exact: bool
    """Whether its half of the day is clear: it is for 20:30, 8pm and 08:30, but not for 8:30."""
    is_midnight: bool = False
    """Whether it is called midnight, which may be the one before or after a day."""
    is_bare: bool = False
    """Whether it is only a number: a time only beside a day, and then it must be confirmed."""


class SpokenPart(NamedTuple):
    """A part of the day, as a piece of a phrase."""

    part: DayPart


class Ahead(NamedTuple):
    """A number of minutes from now."""

    minutes: float


class Instant(NamedTuple):
    """An absolute instant in Discord's notation; seconds since 1970, UTC."""

    at_s: float


class Zones(NamedTuple):
    """A time zone by its name; several if the name is ambiguous."""

    zones: tuple[datetime.tzinfo, ...]


Piece = Day | ClockTime | SpokenPart | Ahead | Instant | Zones


class Phrase(msgspec.Struct, frozen=True):
    """One interpretation of the words of a time: at most one piece of each kind."""

    days: tuple[Day, ...] = ()
    clock: ClockTime | None = None
    part: DayPart | None = None
    zones: tuple[datetime.tzinfo, ...] = ()
    ahead: float | None = None
    instant: float | None = None

    def add(self, piece: Piece) -> "Phrase | None":
        """Return the phrase with one more piece; None if it already has such a piece."""
        match piece:
            case RelativeDay() | WeekdayName() | CalendarDay():
                is_second = any(type(day) is type(piece) for day in self.days) or len(self.days) > 1
                return None if is_second else replace(self, days=(*self.days, piece))
            case ClockTime():
                return replace(self, clock=piece) if self.clock is None else None
            case SpokenPart(part):
                return replace(self, part=part) if self.part in (None, part) else None
            case Zones(zones):
                return replace(self, zones=zones) if not self.zones else None
            case Ahead(minutes):
                return replace(self, ahead=minutes) if self.ahead is None else None
            case Instant(at_s):
                return replace(self, instant=at_s) if self.instant is None else None

    @property
    def is_whole(self) -> bool:
        """Whether its pieces are a time, or a day without a time."""
        if self.ahead is not None or self.instant is not None:
            days = [day for day in self.days if day != RelativeDay(0)]  # "today" adds nothing to "today in two hours"
            others = (self.clock, self.part, *days, *self.zones, self.ahead if self.instant is not None else None)
            return not any(other is not None for other in others)
        if self.clock is not None and self.clock.is_bare and not self.days and self.part is None:
            return False
        return bool(self.days) or self.clock is not None or self.part is not None

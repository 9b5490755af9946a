"""What the words of a time say, piece by piece, before a calendar is asked."""

import datetime
import enum
from dataclasses import dataclass, replace
from typing import NamedTuple

HOUR = 60
DAY = 24 * HOUR
"""Minutes."""


class DayPart(enum.Enum):
    """A part of the day, with the hours that are usual for a film in it, in minutes of the day."""

    MORNING = (9 * HOUR, 10 * HOUR, 11 * HOUR)
    AFTERNOON = (14 * HOUR, 15 * HOUR, 16 * HOUR, 17 * HOUR)
    EVENING = (19 * HOUR, 20 * HOUR, 20 * HOUR + 30, 21 * HOUR)
    NIGHT = (20 * HOUR, 21 * HOUR, 22 * HOUR, 23 * HOUR)


class Which(enum.Enum):
    """Which one of the weekdays of that name."""

    COMING = enum.auto()
    """`friday`: today's while its hour is to come, or else the first after it."""
    THIS = enum.auto()
    """`this friday`: today's, or else the first after it; if that is past, it is said so."""
    FIRST_AFTER = enum.auto()
    """`coming friday`: the first after today."""
    NEXT = enum.auto()
    """`next friday`: the first after today to some people, the one a week later to others."""
    AFTER_NEXT = enum.auto()
    """`friday after next`: a week after what is next."""
    NEXT_WEEK = enum.auto()
    """`friday next week`: the one of the week after this, which begins on Monday."""


class RelativeDay(NamedTuple):
    """So many days from today: tomorrow, in three days."""

    days: int


class WeekdayName(NamedTuple):
    """A weekday."""

    number: int
    """0 for Monday."""
    which: Which = Which.COMING
    weeks_later: int = 0
    """As in "friday in two weeks"."""


class CalendarDay(NamedTuple):
    """A date; without a month or a year the next such day."""

    day: int
    month: int | None = None
    year: int | None = None


Day = RelativeDay | WeekdayName | CalendarDay


class ClockTime(NamedTuple):
    """A time of the day."""

    minutes: int
    """From midnight; 1440 at the end of the day."""
    is_exact: bool
    """Whether it says which half of the day is meant: 20:30, 8pm and 08:30 do, 8:30 does not."""
    is_midnight: bool = False
    """Midnight by its name: it may be that before a day, or that after it."""
    is_bare: bool = False
    """A number alone: a time only beside a day, and then to be confirmed."""


class SpokenPart(NamedTuple):
    """A part of the day, as a piece of a phrase."""

    part: DayPart


class Ahead(NamedTuple):
    """So many minutes from now."""

    minutes: float


class Instant(NamedTuple):
    """An instant of its own, as Discord writes it; seconds since 1970, UTC."""

    at_s: float


class Zones(NamedTuple):
    """A time zone by its name; several where it names several."""

    zones: tuple[datetime.tzinfo, ...]


Piece = Day | ClockTime | SpokenPart | Ahead | Instant | Zones


@dataclass(frozen=True)
class Phrase:
    """One way to read the words of a time: at most one piece of each kind."""

    days: tuple[Day, ...] = ()
    clock: ClockTime | None = None
    part: DayPart | None = None
    zones: tuple[datetime.tzinfo, ...] = ()
    ahead: float | None = None
    instant: float | None = None

    def add(self, piece: Piece) -> "Phrase | None":
        """Return the phrase with one piece more; None where it has such a piece already."""
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
        """Whether its pieces say a time, or a day of which the hour is missing."""
        if self.ahead is not None or self.instant is not None:
            days = [day for day in self.days if day != RelativeDay(0)]  # "today in two hours" says no more than without
            others = (self.clock, self.part, *days, *self.zones, self.ahead if self.instant is not None else None)
            return not any(other is not None for other in others)
        if self.clock is not None and self.clock.is_bare and not self.days and self.part is None:
            return False
        return bool(self.days) or self.clock is not None or self.part is not None

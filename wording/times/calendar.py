"""Finds the days and instants that a phrase can mean."""

import datetime
from collections.abc import Iterator
from typing import NamedTuple

from wording.times.phrase import (
    DAY,
    HOUR,
    CalendarDay,
    ClockTime,
    Day,
    DayPart,
    Phrase,
    RelativeDay,
    WeekdayName,
    Which,
)
from wording.times.reading import MOST_AHEAD_DAYS
from wording.times.zones import instants_of

_WEEK = 7
_TWELVE = 12
_MORNING = 6 * HOUR
"""Until this time the previous night has not ended."""
_STILL_UP = 4
"""Until this hour "tomorrow" may also mean the day that has already begun, for people who are still up."""
_EVENING = 5
"""The first hour that, combined with "evening", is before midnight; earlier hours are after midnight."""
_USUAL = DayPart.EVENING
_LAST_YEAR = 9998


class DateReading(NamedTuple):
    """One day that words may mean."""

    date: datetime.date
    following: datetime.date | None
    """The next such day; None if there is none."""
    is_next_meant: bool
    """Whether `following` is meant if `date` is past."""
    is_contradictory: bool = False
    """Whether it fits only one of the date and the weekday in the text."""


class Candidate(NamedTuple):
    """One instant that a phrase may mean."""

    start: datetime.datetime
    is_offered: bool = False
    """Whether it is offered in place of a past one."""
    is_clock_missing: bool = False
    """Whether the text has no time, so that a usual hour was chosen."""
    is_unsure: bool = False
    """Whether it must be confirmed."""
    is_contradictory: bool = False
    """Whether the date and the weekday in the text do not agree."""


def find_instants(phrase: Phrase, now: datetime.datetime) -> Iterator[Candidate]:
    """Yield every instant that a phrase can mean at `now`, including past ones; aware, in the zone of `now`.

    Raises ValueError or OverflowError if the calendar has no such day.
    """
    if phrase.instant is not None:
        yield Candidate(datetime.datetime.fromtimestamp(phrase.instant, now.tzinfo))
        return
    if phrase.ahead is not None:
        start = now.astimezone(datetime.UTC) + datetime.timedelta(minutes=phrase.ahead)
        yield Candidate(start.replace(second=0, microsecond=0).astimezone(now.tzinfo))
        return
    for zone in phrase.zones or (now.tzinfo,):
        for here in {now.astimezone(zone).date(): now.astimezone(zone), now.date(): now}.values():
            for candidate in _find_in_zone(phrase, here, now, zone):
                yield candidate._replace(start=candidate.start.astimezone(now.tzinfo))


def _find_in_zone(
    phrase: Phrase, here: datetime.datetime, now: datetime.datetime, zone: datetime.tzinfo | None
) -> Iterator[Candidate]:
    """Yield the instants of a phrase with the clock of `zone`, and with the date of `here` as today."""
    is_bare = phrase.clock is not None and phrase.clock.is_bare and phrase.clock.is_exact
    for reading in _find_dates_tonight(phrase.days, here):
        is_unsure = is_bare or reading.is_contradictory
        for minutes in _find_minutes(phrase, here):
            is_past = False
            for start in instants_of(reading.date, minutes, zone):
                is_past = is_past or start.timestamp() <= now.timestamp()
                yield Candidate(
                    start,
                    is_clock_missing=phrase.clock is None,
                    is_unsure=is_unsure,
                    is_contradictory=reading.is_contradictory,
                )
            if not is_past or reading.following is None:
                continue
            following = reading.following
            if all(start.timestamp() <= now.timestamp() for start in instants_of(following, minutes, zone)):
                following = _add_days(following, 1) or following  # "yesterday 20:30" at 21:00: today's is past too
            is_soon = following - here.date() <= datetime.timedelta(days=MOST_AHEAD_DAYS)
            is_meant = reading.is_next_meant and is_soon
            for start in instants_of(following, minutes, zone):
                yield Candidate(start, not is_meant, phrase.clock is None, is_unsure, reading.is_contradictory)


def _find_minutes(phrase: Phrase, here: datetime.datetime) -> list[int]:
    """Return the possible times of the day, in minutes; more than 1440 is after the midnight that ends the day."""
    clock, part = phrase.clock, phrase.part
    if clock is None:
        return list((part or _USUAL).value)
    if clock.is_midnight:
        is_end = part in (DayPart.EVENING, DayPart.NIGHT) or not phrase.days
        return [DAY] if is_end or phrase.days == (RelativeDay(0),) else [0, DAY]
    is_tonight = phrase.days == (RelativeDay(0),) and part is DayPart.EVENING
    is_night_now = here.hour * HOUR < _MORNING
    if clock.is_exact:
        return _fit_exact(clock, part, is_tonight=is_tonight, is_night_now=is_night_now)
    early = clock.minutes % (_TWELVE * HOUR)
    late = early + _TWELVE * HOUR
    hour = clock.minutes // HOUR
    if hour == _TWELVE:
        early, late = late, DAY + early  # noon, and the following midnight
        if part in (DayPart.EVENING, DayPart.NIGHT):
            return [late]
        return [early] if part is DayPart.AFTERNOON else [early, late]
    match part:
        case DayPart.MORNING:
            return [early]
        case DayPart.AFTERNOON:
            return [late]
        case DayPart.EVENING | DayPart.NIGHT if hour >= _EVENING:
            return [late]
        case DayPart.EVENING:
            return [*([early] if is_night_now else []), DAY + early] if is_tonight else []
        case DayPart.NIGHT:
            return [early, DAY + early]
    return [early, late]


def _fit_exact(clock: ClockTime, part: DayPart | None, *, is_tonight: bool, is_night_now: bool) -> list[int]:
    """Return a time whose half of the day is clear, if it fits the part of the day."""
    minutes = clock.minutes
    if is_tonight and minutes < _MORNING:
        return [minutes if is_night_now else DAY + minutes]
    match part:
        case DayPart.MORNING:
            return [minutes] if minutes <= _TWELVE * HOUR else []
        case DayPart.AFTERNOON:
            return [minutes] if _TWELVE * HOUR <= minutes <= 19 * HOUR else []
        case DayPart.EVENING:
            return [minutes] if minutes >= 16 * HOUR else []
        case DayPart.NIGHT:
            if minutes < _MORNING:
                return [minutes, DAY + minutes]
            return [minutes] if minutes >= 17 * HOUR else []
    return [minutes]


def _find_dates_tonight(days: tuple[Day, ...], here: datetime.datetime) -> list[DateReading]:
    """Return the possible days; shortly after midnight also those counted from the previous day."""
    found = _find_dates(days, here.date())
    if here.hour < _STILL_UP and any(day in (RelativeDay(1), RelativeDay(2)) for day in days):
        found += _find_dates(days, here.date() - datetime.timedelta(days=1))
    return found


def _find_dates(days: tuple[Day, ...], today: datetime.date) -> list[DateReading]:
    """Return the possible days. If a date and a weekday disagree, either may be the mistake."""
    if not days:
        return [DateReading(today, _add_days(today, 1), is_next_meant=True)]
    if len(days) == 1:
        return _find_day(days[0], today)
    weekday = next((day.number for day in days if isinstance(day, WeekdayName)), None)
    if weekday is None:
        return []
    others = [reading for day in days if not isinstance(day, WeekdayName) for reading in _find_day(day, today)]
    if agreeing := [reading for reading in others if reading.date.weekday() == weekday]:
        return agreeing
    if agreeing := [reading for each in others if each.date < today for reading in _skip_to(each, weekday)]:
        return agreeing
    either = [*others, *(_find_nearest_weekday(reading.date, weekday) for reading in others)]
    return [reading._replace(is_contradictory=True) for reading in either]


def _skip_to(reading: DateReading, weekday: int) -> list[DateReading]:
    """Return the next such day after a past one, if it falls on that weekday."""
    is_meant = reading.following is not None and reading.following.weekday() == weekday and reading.is_next_meant
    return [DateReading(reading.following, None, is_next_meant=False)] if is_meant and reading.following else []


def _find_nearest_weekday(date: datetime.date, weekday: int) -> DateReading:
    ahead = (weekday - date.weekday() + 3) % _WEEK - 3
    return DateReading(date + datetime.timedelta(days=ahead), None, is_next_meant=False)


def _find_day(day: Day, today: datetime.date) -> list[DateReading]:
    match day:
        case RelativeDay(days):
            following = today if days < 0 else _add_days(today, days + 1)
            return [DateReading(today + datetime.timedelta(days=days), following, is_next_meant=False)]
        case WeekdayName():
            return _find_weekday(day, today)
        case CalendarDay():
            return [_find_date(day, today)]


def _find_weekday(day: WeekdayName, today: datetime.date) -> list[DateReading]:
    ahead = (day.number - today.weekday()) % _WEEK
    first_after = ahead or _WEEK
    match day.which:
        case Which.COMING | Which.THIS:
            offsets = [ahead]
        case Which.FIRST_AFTER:
            offsets = [first_after]
        case Which.NEXT:
            offsets = [first_after, first_after + _WEEK] if ahead else [_WEEK]
        case Which.AFTER_NEXT:
            offsets = [first_after + _WEEK, first_after + 2 * _WEEK] if ahead else [2 * _WEEK]
        case Which.NEXT_WEEK:
            offsets = [_WEEK - today.weekday() + day.number]
    later = datetime.timedelta(days=_WEEK * day.weeks_later)
    dates = [today + datetime.timedelta(days=offset) + later for offset in offsets]
    is_next_meant = day.which is Which.COMING and not day.weeks_later
    return [DateReading(date, _add_days(date, _WEEK), is_next_meant) for date in dates]


def _find_date(day: CalendarDay, today: datetime.date) -> DateReading:
    if day.month is None:
        months = [_find_month(today, ahead) for ahead in range(13)]
        there = [datetime.date(year, month, day.day) for year, month in months if _has_day(year, month, day.day)]
        first, second = [each for each in there if each >= today][:2]
        return DateReading(first, second, is_next_meant=True)
    if day.year is not None:
        date = datetime.date(day.year, day.month, day.day)
        again = (
            _find_next_date(day, today)
            if date < today
            else None
            if date > today
            else _find_next_date(day, _add_days(today, 1))
        )
        return DateReading(date, again, is_next_meant=False)
    this_year = _find_next_date(day, datetime.date(today.year, 1, 1))
    if this_year is None:
        raise ValueError(f"{day} comes in no year")
    return DateReading(this_year, _find_next_date(day, _add_days(max(this_year, today), 1)), is_next_meant=True)


def _add_days(date: datetime.date, days: int) -> datetime.date | None:
    """Return a later day; None beyond the calendar."""
    try:
        return date + datetime.timedelta(days=days)
    except OverflowError:
        return None


def _find_next_date(day: CalendarDay, since: datetime.date | None) -> datetime.date | None:
    """Return the first such day from a day on, or None; 29 February does not exist in every year."""
    if since is None:
        return None
    month = day.month or 1
    for year in range(since.year, min(since.year + 9, _LAST_YEAR)):
        if _has_day(year, month, day.day) and datetime.date(year, month, day.day) >= since:
            return datetime.date(year, month, day.day)
    return None


def _find_month(day: datetime.date, ahead: int) -> tuple[int, int]:
    years, month = divmod(day.month - 1 + ahead, 12)
    return day.year + years, month + 1


def _has_day(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True

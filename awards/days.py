"""The rule for days: which local days, weekends, evenings and years a watch belongs to.

A watch belongs to the days on which it was really played: those of its sittings, split at midnight in the community's
time zone. A pause belongs to no day. Statistics, badges, charts and the year in review all use these functions.

A record without sittings (of an older version, or imported) has only its begin and end. It counts as played only on
those two days: if it was resumed days later, it was not played on the days between.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple, Protocol

from messages import Sitting, Sittings

NIGHT_ENDS_HOUR = 5
"""A watch is past midnight if it was played between 00:00 and this hour."""
EVENING_BEGINS_HOUR = 18
"""The evening of a day begins at this hour..."""
EVENING_ENDS_HOUR = 6
"""...and lasts until this hour of the next day."""
_DAY = timedelta(days=1)
_TURNS = (time(), time(NIGHT_ENDS_HOUR), time(EVENING_ENDS_HOUR), time(EVENING_BEGINS_HOUR))
"""Times at which a day, a night or an evening begins or ends."""


class Played(Protocol):
    """When a watch was played: a record, or a row with the same columns."""

    @property
    def started_at_s(self) -> float:
        """When it began; seconds since 1970, UTC."""

    @property
    def ended_at_s(self) -> float:
        """When it ended; seconds since 1970, UTC."""

    @property
    def playing_s(self) -> float:
        """Playing time, seconds."""

    @property
    def sittings(self) -> Sittings:
        """Its sittings; empty if they are not known."""


class PlayedTime(NamedTuple):
    """When a watch was played, without the rest of its record."""

    started_at_s: float
    ended_at_s: float
    playing_s: float
    sittings: Sittings


def to_local(at_s: float, zone: tzinfo) -> datetime:
    """Return an instant (seconds since 1970, UTC) on the clocks of `zone`."""
    return datetime.fromtimestamp(at_s, zone)


class PartOfDay(NamedTuple):
    """A stretch of time within which no day, night or evening begins or ends."""

    begin_s: float
    """Seconds since 1970, UTC."""
    end_s: float

    def has(self, at_s: float) -> bool:
        """Tell whether an instant lies within it, and not at its begin or end."""
        return self.begin_s < at_s < self.end_s


def find_part_of_day(at_s: float, zone: tzinfo) -> PartOfDay:
    """Return the stretch around an instant: a watch that ends later in it belongs to the same days and evenings.

    Returns an empty stretch if the clocks are set within it.
    """
    day = to_local(at_s, zone).date()
    turns = [
        datetime.combine(around, turn, zone).timestamp() for around in (day - _DAY, day, day + _DAY) for turn in _TURNS
    ]
    part = PartOfDay(max(turn for turn in turns if turn <= at_s), min(turn for turn in turns if turn > at_s))
    is_even = to_local(part.begin_s, zone).utcoffset() == to_local(part.end_s, zone).utcoffset()
    return part if is_even else PartOfDay(at_s, at_s)


def seconds_by_day(played: Played, zone: tzinfo) -> dict[str, float]:
    """Return the playing seconds of a watch on each of its local days: {ISO date: seconds}."""
    if not played.sittings:
        return _seconds_of_first_and_last_day(played, zone)
    days: dict[str, float] = {}
    for sitting in played.sittings:
        for day, share in _split_at_midnight(sitting.start_s, sitting.end_s, zone):
            key = day.isoformat()
            days[key] = days.get(key, 0.0) + share * sitting.playing_s
    return days


def sum_by_day(watches: Iterable[Played], zone: tzinfo) -> dict[str, float]:
    """Return the playing seconds of many watches on each local day, in order of the days."""
    days: dict[str, float] = {}
    for played in watches:
        for day, seconds in seconds_by_day(played, zone).items():
            days[day] = days.get(day, 0.0) + seconds
    return dict(sorted(days.items()))


def seconds_by_hour(played: Played, zone: tzinfo) -> dict[tuple[int, int], float]:
    """Return the playing seconds of a watch in each hour of the week: {(year, 0 for Monday 00:00 to 167): seconds}.

    A record without sittings is taken to have been played from its start on, without a break.
    """
    sittings = played.sittings
    if not sittings:
        end_s = min(played.ended_at_s, played.started_at_s + played.playing_s)
        sittings = (Sitting(played.started_at_s, end_s, played.playing_s),)
    hours: dict[tuple[int, int], float] = {}
    for sitting in sittings:
        length_s = sitting.end_s - sitting.start_s
        from_s = sitting.start_s
        while True:
            local = to_local(from_s, zone)
            to_s = min(sitting.end_s, from_s + 3600.0 - local.minute * 60 - local.second - local.microsecond / 1e6)
            key = local.year, local.weekday() * 24 + local.hour
            share = (to_s - from_s) / length_s if length_s > 0 else 1.0
            hours[key] = hours.get(key, 0.0) + share * sitting.playing_s
            if to_s >= sitting.end_s or to_s <= from_s:
                break
            from_s = to_s
    return hours


def week_of(day: str) -> str:
    """Return the Monday (ISO date) of the week of an ISO date."""
    at = date.fromisoformat(day)
    return (at - timedelta(days=at.weekday())).isoformat()


def weekends_of(played: Played, zone: tzinfo) -> set[str]:
    """Return the weekends on which a watch was played, each by its Saturday (ISO date).

    A record without sittings counts for the weekend on which it began.
    """
    if not played.sittings:
        days: Iterable[date] = (to_local(played.started_at_s, zone).date(),)
    else:
        days = map(date.fromisoformat, seconds_by_day(played, zone))
    return {(day - timedelta(days=day.weekday() - 5)).isoformat() for day in days if day.weekday() >= 5}


def is_past_midnight(played: Played, zone: tzinfo) -> bool:
    """Tell whether a watch was played between 00:00 and 05:00; without sittings, whether it began or ended then."""
    if not played.sittings:
        return any(to_local(at_s, zone).hour < NIGHT_ENDS_HOUR for at_s in (played.started_at_s, played.ended_at_s))
    return any(True for _ in _days_played_within(played.sittings, time(), time(NIGHT_ENDS_HOUR), zone))


def evenings_of(played: Played, zone: tzinfo) -> set[str]:
    """Return the evenings (18:00 to 06:00) on which a watch was played, as "MM-DD" of their first day.

    A record without sittings counts for the evenings on which it began and ended.
    """
    if played.sittings:
        begins, ends = time(EVENING_BEGINS_HOUR), time(EVENING_ENDS_HOUR)
        return {_month_and_day(day) for day in _days_played_within(played.sittings, begins, ends, zone)}
    evenings = set()
    for at_s in (played.started_at_s, played.ended_at_s):
        moment = to_local(at_s, zone)
        if moment.hour >= EVENING_BEGINS_HOUR:
            evenings.add(_month_and_day(moment))
        elif moment.hour < EVENING_ENDS_HOUR:
            evenings.add(_month_and_day(moment.date() - _DAY))
    return evenings


def _month_and_day(day: date) -> str:
    return f"{day.month:02}-{day.day:02}"


def _days_played_within(sittings: Sittings, begins: time, ends: time, zone: tzinfo) -> Iterator[date]:
    """Yield the local days on which it was played from `begins` to `ends` (of the next day, if `ends` is earlier)."""
    over_midnight = _DAY if ends <= begins else timedelta()
    for sitting in sittings:
        day = to_local(sitting.start_s, zone).date() - over_midnight
        last = to_local(sitting.end_s, zone).date()
        while day <= last:
            from_s = datetime.combine(day, begins, zone).timestamp()
            to_s = datetime.combine(day + over_midnight, ends, zone).timestamp()
            if max(from_s, sitting.start_s) < min(to_s, sitting.end_s):
                yield day
            day += _DAY


def _split_at_midnight(start_s: float, end_s: float, zone: tzinfo) -> Iterator[tuple[date, float]]:
    """Yield each local day between two instants with its share of the time, 0 to 1."""
    day, last = to_local(start_s, zone).date(), to_local(end_s, zone).date()
    from_s = start_s
    while day < last:
        to_s = datetime.combine(day + _DAY, time(), zone).timestamp()
        if to_s > from_s:
            yield day, (to_s - from_s) / (end_s - start_s)
        from_s, day = max(from_s, to_s), day + _DAY
    if end_s > from_s or from_s == start_s:
        yield day, (end_s - from_s) / (end_s - start_s) if end_s > start_s else 1.0


def _seconds_of_first_and_last_day(played: Played, zone: tzinfo) -> dict[str, float]:
    """Split playing seconds between the days on which a watch began and ended, in proportion to its time on each."""
    first, last = to_local(played.started_at_s, zone).date(), to_local(played.ended_at_s, zone).date()
    if last <= first:
        return {first.isoformat(): played.playing_s}
    before = datetime.combine(first + _DAY, time(), zone).timestamp() - played.started_at_s
    after = played.ended_at_s - datetime.combine(last, time(), zone).timestamp()
    if after <= 0:
        return {first.isoformat(): played.playing_s}
    share = played.playing_s * before / (before + after)
    return {first.isoformat(): share, last.isoformat(): played.playing_s - share}

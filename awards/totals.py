"""A viewer's accumulator: everything that statistics and badges need from the watches so far.

New watches are added to it, so that a save costs the same after a million watches as after none.
"""

from collections.abc import Callable, Iterable
from datetime import tzinfo
from typing import Any, TypeVar

import msgspec

from awards.days import evenings_of, is_past_midnight, seconds_by_day, weekends_of
from messages import WatchRecord
from messages.ids import is_session_account
from wording.dates import decade_of

FULL_FILM_JOIN_MS = 120_000
"""A viewer who joins this early, ms of film, has seen the film from its start."""
FULL_FILM_PERCENT = 95.0
"""A viewer who saw this percentage of a film has seen it to its end."""


Number = TypeVar("Number", int, float)


class Totals(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The totals of a viewer's watches, without brief ones."""

    films: int = 0
    """Watches of films."""
    episodes: int = 0
    """Watches of episodes and everything else."""
    completed: int = 0
    """Films watched to WATCHED_PERCENT or more."""
    playing_s: float = 0.0
    """Playing time, seconds."""
    days: dict[str, float] = {}
    """Playing seconds by ISO date of the local day. A day with 0 seconds is known only as a watched day."""
    weekends: dict[str, int] = {}
    """Films played on a weekend, by ISO date of its Saturday."""
    genres: dict[str, int] = {}
    """Watches by genre."""
    decades: dict[str, int] = {}
    """Watches by decade, like "1980s"."""
    directors: dict[str, int] = {}
    """Watches by director."""
    evenings: dict[str, int] = {}
    """Watches by evening, "MM-DD"."""
    nights: int = 0
    """Watches past midnight."""
    first_seats: int = 0
    """Watch parties joined before every other member."""
    full_films: int = msgspec.field(default=0, name="wholes")
    """Films seen from start to end."""
    longest_known_days: int = 0
    """A streak known from an import, without its days."""

    def copy(self) -> "Totals":
        """Return an independent copy."""
        return msgspec.structs.replace(self, **{name: dict(getattr(self, name)) for name in _COUNTS})


_COUNTS = ("days", "weekends", "genres", "decades", "directors", "evenings")
_SUMS = ("films", "episodes", "completed", "playing_s", "nights", "first_seats", "full_films")
_SECONDS_DIGITS = 6
"""Seconds are added up in whole microseconds, so that subtracting what was added restores the earlier sum."""
_LEFT_S = 0.001
"""A day with fewer seconds is a rounding error, not a watch."""


def add_watches(
    totals: Totals,
    records: Iterable[WatchRecord],
    zone: tzinfo,
    *,
    under_way: bool = False,
    badge_counters: bool = True,
) -> Totals:
    """Return `totals` with more watches added. `totals` itself is not changed.

    `under_way`: the watches are still running, and are counted for badges: one that is not completed yet adds its time
    but no film, or the badge for a first film would come after five minutes. `badge_counters`: also count what only
    badges need (nights, evenings, weekends, first seats, full films); that is half the work.
    """
    result = totals.copy()
    for record in records:
        if not record.brief:
            counts = record.completed or not under_way
            _add_time(result, record, zone)
            if counts:
                _add_title(result, record)
            if badge_counters:
                _add_badge_counters(result, record, zone)
                if counts and record.media_type == "movie":
                    _add_film_badge_counters(result, record, zone)
    return result


def count_titles(judged: Totals, records: Iterable[WatchRecord]) -> Totals:
    """Return totals that `add_watches` made of watches `under_way`, with their films counted as if they had ended.

    The result is as if ended watches had been added, except for what only badges need.
    """
    more = [record for record in records if not (record.brief or record.completed)]
    if not more:
        return judged
    counts: dict[str, Any] = {name: dict(getattr(judged, name)) for name in ("genres", "decades", "directors")}
    result = msgspec.structs.replace(judged, **counts)  # the rest is shared, not copied: for example years of days
    for record in more:
        _add_title(result, record)
    return result


def subtract_watches(
    totals: Totals,
    records: Iterable[WatchRecord],
    zone: tzinfo,
    instead: Iterable[WatchRecord],
    otherwise: Callable[[str], bool],
) -> Totals | None:
    """Return `totals` without watches that they contain; `instead` is added next.

    `otherwise` tells whether an ISO date stays a watched day although none of its time is left. Returns None if
    `totals` come from another time zone, so that the difference cannot be computed: then add up the remaining watches.
    """
    again = add_watches(Totals(), instead, zone).days
    gone = add_watches(Totals(), records, zone)
    return subtract_totals(totals, gone, lambda day: day in again or otherwise(day))


def subtract_totals(totals: Totals, gone: Totals, otherwise: Callable[[str], bool]) -> Totals | None:
    """Return `totals` without `gone`, the sum of watches that they contain; see `subtract_watches`."""
    result = totals.copy()
    for day, seconds in gone.days.items():
        left_s = result.days.get(day, 0.0) - seconds
        if left_s < -_LEFT_S:
            return None
        if left_s < _LEFT_S and not otherwise(day):
            result.days.pop(day, None)
        else:
            result.days[day] = max(0.0, round(left_s, _SECONDS_DIGITS))
    for name in _SUMS:
        setattr(result, name, _round_sum(getattr(result, name) - getattr(gone, name)))
    for name in ("weekends", "genres", "decades", "directors", "evenings"):
        counts = getattr(result, name)
        for key, count in getattr(gone, name).items():
            if counts.get(key, 0) < count:
                return None
            counts[key] -= count
            if not counts[key]:
                del counts[key]
    return result


def _add_title(totals: Totals, record: WatchRecord) -> None:
    if record.media_type == "movie":
        totals.films += 1
        totals.completed += record.completed
    else:
        totals.episodes += 1
    _count(totals.genres, record.item.genres)
    _count(totals.directors, record.item.directors)
    _count(totals.decades, [decade_of(record.item.year)])


def _add_time(totals: Totals, record: WatchRecord, zone: tzinfo) -> None:
    totals.playing_s = add_playing_s(totals.playing_s, record)
    for day, seconds in seconds_by_day(record, zone).items():
        totals.days[day] = _round_sum(totals.days.get(day, 0.0) + _round_sum(seconds))


def add_playing_s(playing_s: float, record: WatchRecord) -> float:
    """Return a sum of playing time plus that of one more watch, seconds."""
    return _round_sum(playing_s + _round_sum(record.playing_s))


def _round_sum(value: Number) -> Number:
    """Return a number rounded to microseconds, which removes the errors of earlier additions."""
    return round(value, _SECONDS_DIGITS) if isinstance(value, float) else value


def _add_badge_counters(totals: Totals, record: WatchRecord, zone: tzinfo) -> None:
    _count(totals.evenings, evenings_of(record, zone))
    totals.nights += is_past_midnight(record, zone)
    # The account of the party's own Plex session always comes first: that earns nothing.
    totals.first_seats += record.party and record.first_seat and not is_session_account(record.source)


def _add_film_badge_counters(totals: Totals, record: WatchRecord, zone: tzinfo) -> None:
    _count(totals.weekends, weekends_of(record, zone))
    totals.full_films += is_full(record)


def is_full(record: WatchRecord) -> bool:
    """Tell whether the viewer saw the film from start to end."""
    joined = record.join_position_ms
    return joined is not None and joined <= FULL_FILM_JOIN_MS and (record.completion_percent or 0) >= FULL_FILM_PERCENT


def _count(counts: dict[str, int], names: Iterable[str]) -> None:
    for name in dict.fromkeys(names):
        if name:
            counts[name] = counts.get(name, 0) + 1


def subtract_explained(claimed: Totals, explained: Totals) -> Totals:
    """Return how much `claimed` exceeds `explained`, never less than 0.

    The older bot cut its history to 1,000 rows, so that its statistics may exceed what its history explains. The
    difference is kept as a base to which all watches are added, so that none counts twice and none is lost.
    """
    return Totals(
        films=max(0, claimed.films - explained.films),
        episodes=max(0, claimed.episodes - explained.episodes),
        completed=max(0, claimed.completed - explained.completed),
        playing_s=_subtract_seconds(claimed.playing_s, explained.playing_s),
        days={day: 0.0 for day in sorted(claimed.days) if day not in explained.days},
        genres=_subtract_counts(claimed.genres, explained.genres),
        decades=_subtract_counts(claimed.decades, explained.decades),
        directors=_subtract_counts(claimed.directors, explained.directors),
        longest_known_days=claimed.longest_known_days,
    )


def _subtract_seconds(claimed_s: float, explained_s: float) -> float:
    """Subtract seconds that files give in rounded minutes: less than a minute is the rounding of many rows."""
    return claimed_s - explained_s if claimed_s - explained_s >= 60 else 0.0


def _subtract_counts(claimed: dict[str, int], explained: dict[str, int]) -> dict[str, int]:
    rest = {name: count - explained.get(name, 0) for name, count in claimed.items()}
    return {name: count for name, count in rest.items() if count > 0}


def combine_totals(one: Totals, other: Totals) -> Totals:
    """Return the totals of two viewers who are the same person."""
    result = one.copy()
    for name in _SUMS:
        setattr(result, name, _round_sum(getattr(one, name) + getattr(other, name)))
    for name in _COUNTS:
        counts = getattr(result, name)
        for key, value in getattr(other, name).items():
            counts[key] = _round_sum(counts.get(key, 0) + value)
    result.longest_known_days = max(one.longest_known_days, other.longest_known_days)
    return result

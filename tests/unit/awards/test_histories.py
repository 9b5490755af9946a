"""Random histories as the tracking measures them: in parts, left paused for nights, over midnight, changes of the clock
and New Year, in twelve zones. Days, streaks, nights, weekends and years are those of what was really played.

`USHER_HISTORIES=2000` plays more of them. The truth is worked out from the parts alone, minute by minute.
"""

import os
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from awards.days import is_past_midnight, sum_by_day, weekends_of
from awards.stats import compute_streaks
from awards.totals import Totals, add_watches
from messages import Moment, PlayerState, WatchRecord, WatchState
from tests.unit.tracking.builders import HEAT, playing
from tracking.rules import Rules
from tracking.watches.progress import advance
from tracking.watches.watch import finish, open_watch, resume

HISTORIES = int(os.environ.get("USHER_HISTORIES", "120"))
ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Los_Angeles",
    "America/St_Johns", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
)  # fmt: skip
BEGINNINGS = (
    "2026-12-31T21:00", "2027-01-01T00:00", "2026-03-28T22:30", "2026-10-24T22:30", "2026-03-07T22:30",
    "2026-11-01T00:30", "2026-04-05T00:30", "2026-10-03T23:30", "2026-06-12T19:45", "2028-02-28T20:00",
)  # fmt: skip
"""Local times: New Year, changes of the clock in several zones, the evening before a leap day, an evening in summer."""
RULES = Rules()
POLL_S = 30.0
UNSURE_S = 3 * POLL_S
"""A day with less than this is one of which nobody can be sure."""


@dataclass
class History:
    """What one viewer really played, and the records of it."""

    zone: ZoneInfo
    played: list[tuple[float, float]] = field(default_factory=list)
    """Stretches in which the film ran; seconds since 1970, UTC."""
    records: list[WatchRecord] = field(default_factory=list)

    def days(self) -> dict[date, float]:
        """Return the seconds really played on each local day."""
        days: dict[date, float] = {}
        for local, step_s in self.minutes():
            days[local.date()] = days.get(local.date(), 0.0) + step_s
        return days

    def minutes(self) -> list[tuple[datetime, float]]:
        """Return each minute that was played, or its part, with its local time."""
        found = []
        for start_s, end_s in self.played:
            at_s = start_s
            while at_s < end_s:
                step_s = min(60 - at_s % 60, end_s - at_s)
                found.append((datetime.fromtimestamp(at_s, UTC).astimezone(self.zone), step_s))
                at_s += step_s
        return found


def play_history(seed: int) -> History:
    """Play one history: films in parts, each part a stretch of play and what comes after it."""
    rnd = random.Random(seed)  # noqa: S311 - a history that can be had again
    history = History(ZoneInfo(ZONES[seed % len(ZONES)]))
    begins = datetime.fromisoformat(rnd.choice(BEGINNINGS)).replace(tzinfo=history.zone)
    now_s = begins.timestamp() + rnd.uniform(-3600, 3600)
    for _ in range(rnd.randint(1, 4)):
        now_s = _play_film(history, rnd, now_s) + rnd.choice([600.0, 20 * 3600.0, rnd.uniform(0, 60 * 3600.0)])
    return history


def _play_film(history: History, rnd: random.Random, now_s: float) -> float:
    """Play one film in parts; return when it was over."""
    position_s, record = 0.0, None
    state = _open(history, now_s, position_s, len(history.records))
    for part in range(rnd.randint(1, 4)):
        length_s = min(rnd.uniform(300, 5400), 7200.0 - position_s)
        if length_s < 300:
            break
        history.played.append((now_s, now_s + length_s))
        state = _show(state, now_s, length_s, position_s, "playing", POLL_S)
        now_s, position_s = now_s + length_s, position_s + length_s
        after = rnd.choice(["pause", "overnight", "stop"])
        if after == "stop" or part == 3:
            record = finish(state, now_s, "left", RULES)
            now_s += rnd.uniform(4 * 3600, 23 * 3600)
            state = resume(record, _open(history, now_s, position_s, len(history.records)))
            continue
        away_s = rnd.uniform(60, 1800) if after == "pause" else rnd.uniform(6 * 3600, 60 * 3600)
        state = _show(state, now_s, away_s, position_s, "paused", 600.0)
        now_s += away_s
        record = None
    history.records.append(record or finish(state, now_s, "left", RULES))
    return now_s


def _open(history: History, now_s: float, position_s: float, number: int) -> WatchState:
    shown = playing(position_s, item=HEAT)
    at = Moment(now_s, now_s)
    name = f"{history.zone} {number}"
    return open_watch(shown, name, name, "Ann", "plex", at, shown.position_ms, "playing")


def _show(
    state: WatchState, now_s: float, length_s: float, position_s: float, doing: PlayerState, every_s: float
) -> WatchState:
    """Show a stretch in polls, its first and its last moment included: a player tells a change at once."""
    times = [number * every_s for number in range(int(length_s / every_s) + 1)] + [length_s]
    for after_s in times:
        there_s = position_s + (after_s if doing == "playing" else 0.0)
        state = advance(state, Moment(now_s + after_s, now_s + after_s), round(there_s * 1000), doing, RULES)
    return state


@pytest.mark.parametrize("first", range(0, HISTORIES, 40))
def test_figures_by_day_are_those_of_what_was_played(first: int) -> None:
    """In each random history: seconds of each day and year, streaks, the longest day, nights, weekends."""
    for seed in range(first, min(HISTORIES, first + 40)):
        history = play_history(seed)
        true, zone = history.days(), history.zone
        found = {date.fromisoformat(day): seconds for day, seconds in sum_by_day(history.records, zone).items()}
        assert sum(found.values()) == pytest.approx(sum(true.values()), abs=1.0), seed
        for day in true.keys() | found.keys():
            assert found.get(day, 0.0) == pytest.approx(true.get(day, 0.0), abs=UNSURE_S), (seed, day)
        for year in {day.year for day in true}:
            in_year_s = sum(seconds for day, seconds in true.items() if day.year == year)
            found_s = sum(seconds for day, seconds in found.items() if day.year == year)
            assert found_s == pytest.approx(in_year_s, abs=UNSURE_S), (seed, year)
        totals = add_watches(Totals(), history.records, zone)
        assert max(totals.days.values()) == pytest.approx(max(true.values()), abs=UNSURE_S), seed
        if min(true.values()) < UNSURE_S or min(found.values()) < UNSURE_S:
            continue  # a streak hangs on seconds
        assert compute_streaks(totals.days, max(true)) == _count_streaks(true), seed
        weekends = {day - timedelta(days=day.weekday() - 5) for day in true if day.weekday() >= 5}
        assert set().union(*(weekends_of(each, zone) for each in history.records)) == {
            day.isoformat() for day in weekends
        }, seed
        night_s = sum(step_s for local, step_s in history.minutes() if local.hour < 5)
        if night_s == 0 or night_s > UNSURE_S:
            assert any(is_past_midnight(each, zone) for each in history.records) == (night_s > 0), seed


def _count_streaks(days: dict[date, float]) -> tuple[int, int]:
    """Return the streak that ends on the last day, and the longest, day by day."""
    longest = run = 0
    day = min(days)
    while day <= max(days):
        run = run + 1 if day in days else 0
        longest, day = max(longest, run), day + timedelta(days=1)
    return run, longest

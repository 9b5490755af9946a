"""The slow way to a year, from its records one by one: what the answers from the summaries are held against."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, tzinfo
from typing import Any

from awards.days import Played, seconds_by_day, sum_by_day
from awards.stats import compute_streaks
from awards.totals import Totals, add_watches
from messages import BigNight, LeaderboardRow, TitleCount, WatchRecord, YearFigures
from wording.leaderboards import round_as_shown
from wording.titles import record_title

MOST = 5
Presence = tuple[str, str, str]
"""Somebody's presence at a screening: screening_id, viewer_id, name."""


def select_year(records: Iterable[WatchRecord], year: int, zone: tzinfo) -> list[WatchRecord]:
    """Return the watches that count in a year: those played in it, in `zone`, and not brief."""
    return [
        record
        for record in records
        if not record.brief and any(is_in_year(day, year) for day in seconds_by_day(record, zone))
    ]


def began_in_year(record: WatchRecord, year: int, zone: tzinfo) -> bool:
    """Tell whether a watch was first played in a year: there it counts as a film watched. Its time is split."""
    return is_in_year(min(seconds_by_day(record, zone)), year)


def summarise_year(
    records: Iterable[WatchRecord],
    year: int,
    zone: tzinfo,
    company: Iterable[Presence] = (),
    named: Iterable[WatchRecord] | None = None,
) -> YearFigures:
    """Return what the watches of a year add up to. `company`: who else was at the watch parties among them.
    `named`: those of the watches that began in it whose film may be named; by default all.

    Time counts in the year in which it was played; the rest in the year in which a watch began.
    """
    played = select_year(records, year, zone)
    counted = [record for record in played if began_in_year(record, year, zone)]
    totals = add_watches(Totals(), counted, zone, badge_counters=False)
    days = {day: seconds for day, seconds in sum_by_day(played, zone).items() if is_in_year(day, year)}
    months: dict[str, float] = {}
    for day, seconds in days.items():
        months[day[:7]] = months.get(day[:7], 0.0) + seconds
    lengths: dict[str, float] = {}
    for record in counted if named is None else named:
        if record.media_type == "movie" and record.item.duration_ms:
            name = title_with_year(record)
            lengths[name] = max(lengths.get(name, 0.0), record.item.duration_ms / 1000)
    parties = {record.screening_id for record in counted if record.party}
    met = {(screening_id, viewer_id): name for screening_id, viewer_id, name in company if screening_id in parties}
    return YearFigures(
        year=year,
        films=totals.films,
        episodes=totals.episodes,
        completed=totals.completed,
        watch_time_s=sum(days.values()),
        longest_streak_days=compute_streaks(days, date.max)[1],
        genre=_top(totals.genres),
        decade=_top(totals.decades),
        director=_top(totals.directors),
        busiest_month=_top(months),
        busiest_day=_top(days),
        longest_film=_top(lengths),
        companion=_top_companion(met),
        days=tuple(days.items()),
        titles=len({(record_title(each.item), each.item.year) for each in counted if each.media_type == "movie"}),
    )


def title_with_year(record: WatchRecord) -> str:
    """Return a watch's title with its year, which tells a film from its remake."""
    title = record_title(record.item)
    return f"{title} ({record.item.year})" if record.item.year else title


def _top(figures: Mapping[str, float]) -> tuple[str, float] | None:
    """The greatest, of equal ones the first by name."""
    return min(figures.items(), key=lambda pair: (-pair[1], pair[0]), default=None)


def _top_companion(met: Mapping[tuple[str, str], str]) -> tuple[str, float] | None:
    times = Counter(viewer_id for _, viewer_id in met)
    names = {viewer_id: name for (_, viewer_id), name in met.items()}
    best = _top(times)
    return (names[best[0]], best[1]) if best else None


def top_films(counted: Sequence[WatchRecord]) -> tuple[TitleCount, ...]:
    """Return the films seen most often, told apart by title and year."""
    by_film: dict[tuple[str, int | None], list[WatchRecord]] = {}
    for record in counted:
        by_film.setdefault((record_title(record.item), record.item.year), []).append(record)
    films = [
        TitleCount(title, year, len(same), len({each.viewer_id for each in same}), sum(each.playing_s for each in same))
        for (title, year), same in by_film.items()
    ]
    return tuple(sorted(films, key=lambda film: (-film.watches, -film.watch_time_s, film.title, film.year or 0))[:MOST])


def top_viewers(
    played: Sequence[WatchRecord],
    year: int,
    zone: tzinfo,
    order: Callable[[str, str], Any] | None = None,
) -> tuple[LeaderboardRow, ...]:
    """Return who watched longest in a year; the value is seconds. `order`: of equal ones, from viewer id and name."""
    order = order or (lambda viewer_id, name: (name.casefold(), viewer_id))
    names = {record.viewer_id: record.username for record in sorted(played, key=lambda each: each.ended_at_s)}
    seconds: dict[str, float] = {}
    for record in played:
        seconds[record.viewer_id] = seconds.get(record.viewer_id, 0.0) + seconds_in_year(record, year, zone)
    shown = {who: round_as_shown("time", value) for who, value in seconds.items()}
    ordered = sorted(seconds.items(), key=lambda pair: (-shown[pair[0]], order(pair[0], names[pair[0]])))[:MOST]
    longer = {who: sum(shown[other] > shown[who] for other in shown) for who, _ in ordered}
    return tuple(LeaderboardRow(1 + longer[who], who, names[who], value) for who, value in ordered)


def biggest_night(counted: Sequence[WatchRecord]) -> BigNight | None:
    """Return the watch party with the most viewers, of equal ones the first; None where there was none."""
    parties: dict[str, list[WatchRecord]] = {}
    for record in counted:
        if record.party and record.screening_id:
            parties.setdefault(record.screening_id, []).append(record)
    nights = [
        BigNight(
            title_with_year(same[0]), min(each.started_at_s for each in same), len({each.viewer_id for each in same})
        )
        for same in parties.values()
    ]
    return min(nights, key=lambda night: (-night.viewers, night.started_at_s, night.title), default=None)


def seconds_in_year(played: Played, year: int, zone: tzinfo) -> float:
    """Return the playing seconds of a watch within a year."""
    return sum(seconds for day, seconds in seconds_by_day(played, zone).items() if is_in_year(day, year))


def is_in_year(day: str, year: int) -> bool:
    """Tell whether an ISO date lies in a year."""
    return day.startswith(f"{year:04}-")

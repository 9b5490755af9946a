"""Writes viewers' statistics and badges, inside the transaction of a save."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, case, select, update

from awards import Totals, add_watches, build_stats, find_newly_earned, oldest_current_day, record_title
from awards.days import seconds_by_day
from awards.totals import subtract_watches
from messages import ViewerStats, WatchRecord
from persistence.database.rows import (
    PLAYED_TIME,
    Row,
    as_json,
    decode_totals,
    encode_totals,
    played_time,
    watch_record,
)
from persistence.database.sql import split_batches, upsert
from persistence.database.tables import VIEWER_BADGES, VIEWER_STATS, VIEWERS, WATCHES
from persistence.records.running_watches import RunningWatches
from persistence.records.viewers import read_directory
from persistence.rules import StatisticsRules


def count_totals(connection: Connection, rules: StatisticsRules, viewer_id: str, without: Iterable[str] = ()) -> Totals:
    """Count a viewer's totals anew: the base of an import and every stored watch but those in `without`."""
    left_out = set(without)
    rows = connection.execute(
        select(WATCHES).where(WATCHES.c.viewer_id == viewer_id).order_by(WATCHES.c.seq)
    ).mappings()
    records = (watch_record(row) for row in rows if row["watch_id"] not in left_out)
    return add_watches(_read_base(connection, viewer_id), records, rules.zone)


def _read_base(connection: Connection, viewer_id: str) -> Totals:
    """Return what imports claim beyond their history."""
    query = select(VIEWERS.c.base).where(VIEWERS.c.viewer_id == viewer_id)
    return decode_totals(connection.execute(query).scalar())


def subtract_replaced(
    connection: Connection, rules: StatisticsRules, viewer_id: str, totals: Totals, now: RunningWatches
) -> Totals:
    """Return a viewer's totals without the stored watches whose place is taken by what runs now."""
    ids = now.instead_of
    if not ids:
        return totals
    chosen = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.watch_id.in_(ids))
    rows = connection.execute(select(WATCHES).where(*chosen)).mappings()

    def is_watched_otherwise(day: str) -> bool:
        return _is_day_watched(connection, rules, viewer_id, day, ids)

    less = subtract_watches(totals, map(watch_record, rows), rules.zone, now.records, is_watched_otherwise)
    return count_totals(connection, rules, viewer_id, ids) if less is None else less


def _is_day_watched(
    connection: Connection, rules: StatisticsRules, viewer_id: str, day: str, without: Iterable[str]
) -> bool:
    """Tell whether a viewer watched on a local day (ISO date): an import says so, or a stored watch but `without`."""
    if day in _read_base(connection, viewer_id).days:
        return True
    began = datetime.combine(date.fromisoformat(day), time(), rules.zone)
    query = select(*PLAYED_TIME).where(
        WATCHES.c.viewer_id == viewer_id,
        WATCHES.c.ended_at_s >= began.timestamp(),
        WATCHES.c.started_at_s < (began + timedelta(days=1)).timestamp(),
        WATCHES.c.brief.is_(False),
        WATCHES.c.watch_id.not_in(list(without)),
    )
    return any(day in seconds_by_day(played_time(row), rules.zone) for row in connection.execute(query))


def read_totals(connection: Connection, viewer_id: str) -> Totals | None:
    """Return the accumulator of a viewer's finished watches; None where the viewer is new."""
    query = select(VIEWER_STATS.c.totals).where(VIEWER_STATS.c.viewer_id == viewer_id)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else decode_totals(found)


def age_streaks(connection: Connection, rules: StatisticsRules, at_s: float) -> None:
    """Save every viewer's statistics and badges anew: only a streak that is over changes by itself."""
    oldest_day = oldest_current_day(rules.today(at_s))
    streak = VIEWER_STATS.c.current_streak_days
    connection.execute(
        update(VIEWER_STATS).values(
            saved_at_s=at_s,
            badges_saved_at_s=at_s,
            current_streak_days=case((VIEWER_STATS.c.last_watch_date < oldest_day, 0), else_=streak),
        )
    )


def write_statistics(
    connection: Connection,
    rules: StatisticsRules,
    totals: Mapping[str, Totals],
    running: RunningWatches,
    at_s: float,
    *,
    earned_in: Mapping[str, str] | None = None,
    announce: bool = True,
) -> None:
    """Write the statistics of the viewers in `totals` (finished watches alone) with what they watch now, and
    the badges that this earns them.

    `running` holds their running watches as if they ended now; records whose place they take stay out of the
    figures. `earned_in` names the screening that earned a viewer's badges where that is not one of them.
    """
    names = _read_names(connection, totals)
    held = read_held_badges(connection, totals)
    unseen = read_directory(connection).hidden_viewers()
    new_badges = []
    rows = []
    for viewer_id, finished in totals.items():
        theirs = running.of_viewer(viewer_id)
        now = theirs.records
        alone = subtract_replaced(connection, rules, viewer_id, finished, theirs)
        with_now = add_watches(alone, now, rules.zone)
        won = find_newly_earned(
            rules.badges, add_watches(alone, now, rules.zone, under_way=True), held.get(viewer_id, ())
        )
        screening_id = (earned_in or {}).get(viewer_id) or (now[-1].screening_id if now else "")
        new_badges += [
            {
                "viewer_id": viewer_id,
                "badge_id": badge.id,
                "earned_at_s": at_s,
                "progress": figure,
                "screening_id": screening_id,
                "announced": not announce or viewer_id in unseen,
            }
            for badge, figure in won
        ]
        stats = build_stats(
            with_now,
            viewer_id,
            names.get(viewer_id, viewer_id),
            rules.today(at_s),
            watching_now=title_watched_now(now),
        )
        rows.append(_build_row(stats, finished, at_s))
    upsert(connection, VIEWER_STATS, rows)
    if new_badges:
        connection.execute(VIEWER_BADGES.insert(), new_badges)


def without_running(row: Row, rules: StatisticsRules) -> dict[str, Any]:
    """Return a row of `viewer_stats` without what was running: finished watches alone."""
    finished, saved_s = decode_totals(row["totals"]), row["saved_at_s"]
    stats = build_stats(finished, row["viewer_id"], row["username"], rules.today(saved_s), watching_now="")
    return {**row, **_build_row(stats, finished, saved_s)}


def title_watched_now(running: list[WatchRecord]) -> str:
    """Return the title of what a viewer watches now; empty where nothing."""
    return record_title(running[-1].item) if running else ""


def _build_row(stats: ViewerStats, finished: Totals, at_s: float) -> dict[str, Any]:
    return {
        "viewer_id": stats.viewer_id,
        "username": stats.username,
        "total_movies": stats.total_movies,
        "total_episodes": stats.total_episodes,
        "completed_movies": stats.completed_movies,
        "total_watch_time_s": stats.total_watch_time_s,
        "current_streak_days": stats.current_streak_days,
        "longest_streak_days": stats.longest_streak_days,
        "last_watch_date": stats.last_watch_date,
        "genres": as_json(stats.genres),
        "decades": as_json(stats.decades),
        "directors": as_json(stats.directors),
        "watching_now": stats.watching_now,
        "totals": encode_totals(finished),
        "saved_at_s": at_s,
        "badges_saved_at_s": at_s,
    }


def _read_names(connection: Connection, viewer_ids: Iterable[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for some in split_batches(viewer_ids):
        query = select(VIEWERS.c.viewer_id, VIEWERS.c.username).where(VIEWERS.c.viewer_id.in_(some))
        names.update(connection.execute(query).all())
    return names


def read_held_badges(connection: Connection, viewer_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return the ids of the badges that each viewer has."""
    held: dict[str, set[str]] = {}
    for some in split_batches(viewer_ids):
        query = select(VIEWER_BADGES.c.viewer_id, VIEWER_BADGES.c.badge_id)
        for viewer_id, badge_id in connection.execute(query.where(VIEWER_BADGES.c.viewer_id.in_(some))):
            held.setdefault(viewer_id, set()).add(badge_id)
    return held


def count_totals_with_running(
    connection: Connection, rules: StatisticsRules, viewer_id: str, running: RunningWatches
) -> Totals:
    """Return a viewer's totals with what runs of that viewer as if it ended now."""
    finished = read_totals(connection, viewer_id) or Totals()
    return add_watches(subtract_replaced(connection, rules, viewer_id, finished, running), running.records, rules.zone)

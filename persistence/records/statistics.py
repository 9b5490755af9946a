"""Writes viewers' statistics and badges, inside the transaction of a save."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from awards import Totals, add_watches, build_stats, oldest_current_day, record_title
from awards.badges import judge_totals
from awards.days import seconds_by_day
from awards.totals import count_titles, subtract_totals, subtract_watches
from messages import ViewerStats, WatchRecord
from persistence.database.rows import (
    PLAYED_TIME,
    Row,
    as_json,
    decode_totals,
    played_time,
    watch_record,
)
from persistence.database.sql import upsert
from persistence.database.tables import VIEWER_BADGES, VIEWER_STATS, VIEWERS, WATCHES
from persistence.records.change_set import ChangeSet
from persistence.records.known_viewers import KnownViewers, read_known_viewers
from persistence.records.running_watches import RunningWatches
from persistence.rules import StatisticsRules

_ROWS_AT_ONCE = 1000


def count_totals(connection: Connection, rules: StatisticsRules, viewer_id: str, without: Iterable[str] = ()) -> Totals:
    """Recount a viewer's totals: the base of an import and every stored watch but those in `without`."""
    left_out = set(without)
    query = select(WATCHES).where(WATCHES.c.viewer_id == viewer_id).execution_options(yield_per=_ROWS_AT_ONCE)
    rows = connection.execute(query).mappings()
    records = (watch_record(row) for row in rows if row["watch_id"] not in left_out)
    return add_watches(_read_base(connection, viewer_id), records, rules.zone)


def _read_base(connection: Connection, viewer_id: str) -> Totals:
    """Return the totals that imports state beyond their history."""
    query = select(VIEWERS.c.base).where(VIEWERS.c.viewer_id == viewer_id)
    return decode_totals(connection.execute(query).scalar())


def subtract_replaced(
    connection: Connection, rules: StatisticsRules, viewer_id: str, totals: Totals, now: RunningWatches
) -> Totals:
    """Return a viewer's totals without the stored watches that running ones replace."""
    ids = now.instead_of
    if not ids:
        return totals
    chosen = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.watch_id.in_(ids))
    rows = connection.execute(select(WATCHES).where(*chosen)).mappings()

    def is_watched_otherwise(day: str) -> bool:
        return _is_day_watched(connection, rules, viewer_id, day, ids)

    less = subtract_watches(totals, map(watch_record, rows), rules.zone, now.records, is_watched_otherwise)
    return count_totals(connection, rules, viewer_id, ids) if less is None else less


def _count_after(
    change: ChangeSet,
    rules: StatisticsRules,
    viewer_id: str,
    before: Totals | None,
    gone: Sequence[WatchRecord],
    come: Sequence[WatchRecord],
) -> Totals:
    """Return a viewer's totals after some records were removed and others added, which the store already contains.

    The cost depends on the changes only. If there are no totals `before`, or only for another time zone, all records
    are counted.
    """

    def is_watched_otherwise(day: str) -> bool:
        return _is_day_watched(change.connection, rules, viewer_id, day)

    after = before
    if after is not None and gone:
        after = subtract_watches(after, gone, rules.zone, come, is_watched_otherwise)
    if after is not None:
        after = add_watches(after, come, rules.zone)
    if after is not None and viewer_id in change.moved_away:
        after = subtract_totals(after, change.moved_away[viewer_id], is_watched_otherwise)
    return count_totals(change.connection, rules, viewer_id) if after is None else after


def _is_day_watched(
    connection: Connection, rules: StatisticsRules, viewer_id: str, day: str, without: Iterable[str] = ()
) -> bool:
    """Tell whether a viewer watched on a local day (ISO date), by an import or a stored watch not in `without`."""
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


def count_moved(connection: Connection, zone: tzinfo, viewer_id: str, identity: str) -> Totals:
    """Return the totals of a viewer's watches under one id."""
    chosen = (WATCHES.c.viewer_id == viewer_id, WATCHES.c.identity == identity)
    query = select(WATCHES).where(*chosen).execution_options(yield_per=_ROWS_AT_ONCE)
    return add_watches(Totals(), map(watch_record, connection.execute(query).mappings()), zone)


def read_totals(connection: Connection, viewer_id: str) -> Totals | None:
    """Return the accumulator of a viewer's finished watches; None if the viewer is new."""
    query = select(VIEWER_STATS.c.totals).where(VIEWER_STATS.c.viewer_id == viewer_id)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else decode_totals(found)


def age_streaks(connection: Connection, rules: StatisticsRules, at_s: float) -> None:
    """Set streaks that are over to 0: no other figure changes while a viewer does not watch."""
    is_over = VIEWER_STATS.c.last_watch_date < oldest_current_day(rules.today(at_s))
    connection.execute(
        update(VIEWER_STATS)
        .values(saved_at_s=at_s, badges_saved_at_s=at_s, current_streak_days=0)
        .where(VIEWER_STATS.c.current_streak_days != 0, is_over)
    )


class SettledFigures(NamedTuple):
    """The part of a viewer's figures that the next save need not read again."""

    finished_s: float
    """Playing time of the finished watches, seconds."""
    seconds_to_badge: float
    """Minimum further playing time that would earn a badge by itself."""


class WrittenStatistics(NamedTuple):
    """The rows written for viewers."""

    rows: list[dict[str, Any]]
    """Rows of `viewer_stats`."""
    new_badges: list[dict[str, Any]]
    """New rows of `viewer_badges`."""
    new_viewers: int
    """Number of viewers who had no statistics before."""
    settled: dict[str, SettledFigures]
    """Figures of viewers with running watches, except those whose name in them differs from the stored one."""


def settle_statistics(
    change: ChangeSet,
    rules: StatisticsRules,
    viewer_ids: Iterable[str],
    known: KnownViewers,
    running: RunningWatches,
    at_s: float,
    *,
    earned_in: Mapping[str, str] | None = None,
    announce: bool = True,
) -> WrittenStatistics:
    """Update the totals of viewers for a transaction's changes, and write their statistics (`write_statistics`)."""
    gone: dict[str, list[WatchRecord]] = {}
    come: dict[str, list[WatchRecord]] = {}
    for old, new in change.row_changes():
        if old is not None:
            gone.setdefault(old["viewer_id"], []).append(watch_record(old))
        if new is not None:
            come.setdefault(new["viewer_id"], []).append(watch_record(new))
    totals = {}
    for viewer_id in viewer_ids:
        before = None
        if viewer_id not in change.viewers:
            before = change.totals.get(viewer_id, known.totals.get(viewer_id))
        totals[viewer_id] = _count_after(
            change, rules, viewer_id, before, gone.get(viewer_id, ()), come.get(viewer_id, ())
        )
    return write_statistics(
        change.connection, rules, totals, running, at_s, known=known, earned_in=earned_in, announce=announce
    )


def write_statistics(
    connection: Connection,
    rules: StatisticsRules,
    totals: Mapping[str, Totals],
    running: RunningWatches,
    at_s: float,
    *,
    known: KnownViewers | None = None,
    earned_in: Mapping[str, str] | None = None,
    announce: bool = True,
) -> WrittenStatistics:
    """Write the statistics of the viewers in `totals` (finished watches alone) including their running watches, and
    the badges that these earn.

    `running` contains their running watches as if they ended now; the records that these replace are left out of the
    figures. `earned_in` names the screening that earned a viewer's badges, if it is not a running one. `known`: what
    the store contains about these viewers, if it was already read.
    """
    known = read_known_viewers(connection, totals) if known is None else known
    unseen = known.people.hidden_viewers()
    by_viewer = running.by_viewer()
    written = WrittenStatistics([], [], len(totals.keys() - known.totals.keys()), {})
    for viewer_id, finished in totals.items():
        theirs = by_viewer.get(viewer_id, RunningWatches())
        now = theirs.records
        alone = subtract_replaced(connection, rules, viewer_id, finished, theirs)
        judged = add_watches(alone, now, rules.zone, under_way=True) if now else alone
        with_now = count_titles(judged, now)
        screening_id = (earned_in or {}).get(viewer_id) or (now[-1].screening_id if now else "")
        won, left_s = judge_totals(rules.badges, judged, known.badge_ids.get(viewer_id, ()))
        row = known.rows.get(viewer_id)
        if now and row is not None and _is_called_alike(row, now):
            written.settled[viewer_id] = SettledFigures(alone.playing_s, left_s)
        written.new_badges.extend(
            {
                "viewer_id": viewer_id,
                "badge_id": badge.id,
                "earned_at_s": at_s,
                "progress": figure,
                "screening_id": screening_id,
                "announced": not announce or viewer_id in unseen,
            }
            for badge, figure in won
        )
        stats = build_stats(
            with_now,
            viewer_id,
            viewer_id if row is None else row["username"],
            rules.today(at_s),
            watching_now=title_watched_now(now),
        )
        written.rows.append(_build_row(stats, known.encode_totals(viewer_id, finished), at_s))
    upsert(connection, VIEWER_STATS, written.rows)
    if written.new_badges:
        connection.execute(VIEWER_BADGES.insert(), written.new_badges)
    return written


def _is_called_alike(row: Mapping[str, Any], now: Iterable[WatchRecord]) -> bool:
    """Tell whether all running watches have the name (and guild) of the viewer's row."""
    return all(
        record.username == row["username"] and (record.guild_id or row["guild_id"]) == row["guild_id"] for record in now
    )


def without_running(row: Row, rules: StatisticsRules) -> dict[str, Any]:
    """Return a row of `viewer_stats` without running watches: finished ones alone."""
    finished, saved_s = decode_totals(row["totals"]), row["saved_at_s"]
    stats = build_stats(finished, row["viewer_id"], row["username"], rules.today(saved_s), watching_now="")
    return {**row, **_build_row(stats, row["totals"], saved_s)}


def title_watched_now(running: list[WatchRecord]) -> str:
    """Return the title that a viewer is watching now; empty if none."""
    return record_title(running[-1].item) if running else ""


def _build_row(stats: ViewerStats, totals: str, at_s: float) -> dict[str, Any]:
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
        "totals": totals,
        "saved_at_s": at_s,
        "badges_saved_at_s": at_s,
    }


def count_totals_with_running(
    connection: Connection, rules: StatisticsRules, viewer_id: str, running: RunningWatches
) -> Totals:
    """Return a viewer's totals, with the running watches as if they ended now."""
    finished = read_totals(connection, viewer_id) or Totals()
    return add_watches(subtract_replaced(connection, rules, viewer_id, finished, running), running.records, rules.zone)

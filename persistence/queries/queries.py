"""Answers to what people ask, read beside the writer: they hold up no save.

Running watches are in every figure, in the place of the stored records that they are one with.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, select

from awards import add_watches, build_progress, build_stats, compute_streaks
from awards.badges import undeclared_badge
from awards.days import local
from messages import (
    BadgeCatalogue,
    EarnedBadge,
    GetHistory,
    GetLeaderboard,
    GetViewerStats,
    HistoryPage,
    Leaderboard,
    LeaderboardRow,
    TitlesSuggested,
    ViewerProfile,
)
from persistence.database.rows import watch_record
from persistence.database.tables import VIEWER_BADGES, VIEWER_STATS, VIEWERS, WATCHES
from persistence.records.running_watches import RunningWatches
from persistence.records.statistics import (
    decode_totals,
    read_totals,
    subtract_replaced,
    title_watched_now,
)
from persistence.records.viewers import (
    read_directory,
    with_current_name,
)
from persistence.rules import StatisticsRules
from viewers.redact import anonymise_rows, hides_rank, may_see

YEAR_S = 366 * 86_400
MAX_ROWS = 100
"""More than a page of a chat ever shows."""


class Queries:
    """Answers from what one connection shows, in the thread that opened it (`Store.reading`)."""

    def __init__(self, connection: Connection, rules: StatisticsRules) -> None:
        self._connection = connection
        self._rules = rules

    def viewer(self, asked: GetViewerStats, running: RunningWatches, at_s: float) -> ViewerProfile:
        """Return a viewer's statistics with what runs now, badges and progress."""
        people = read_directory(self._connection)
        viewer_id = people.viewer(asked.viewer_id)
        present = running.of(viewer_id)
        now = present.records
        if not may_see(people, viewer_id, asked.asker):
            return ViewerProfile(stats=None, badges=(), progress=(), hidden=True)
        name = self._connection.execute(select(VIEWERS.c.username).where(VIEWERS.c.viewer_id == viewer_id)).scalar()
        if name is None and not now:
            return ViewerProfile(stats=None, badges=(), progress=self._progress(None, {}))
        totals = self._totals(viewer_id, present)
        badges = self._earned(viewer_id)
        stats = build_stats(
            totals,
            viewer_id,
            now[-1].username if now else str(name),
            self._rules.today(at_s),
            watching_now=title_watched_now(now),
            badges=len(badges),
        )
        held = {badge.badge_id: badge.earned_at_s for badge in badges}
        rank = 0
        if not hides_rank(people, viewer_id, asked.asker):  # beside the name it would say who Somebody is
            board = self._by_value("time", running, at_s)
            rank = next((row.rank for row in board if row.viewer_id == viewer_id), 0)
        days = self._days(viewer_id, present, at_s)
        return ViewerProfile(stats, badges, self._progress(totals, held), rank, days)

    def _days(self, viewer_id: str, now: RunningWatches, at_s: float) -> tuple[tuple[str, float], ...]:
        """Seconds watched on each day of the last year; a watch belongs to the day it began on."""
        query = select(WATCHES.c.started_at_s, WATCHES.c.playing_s).where(
            WATCHES.c.viewer_id == viewer_id,
            WATCHES.c.brief.is_(False),
            WATCHES.c.started_at_s >= at_s - YEAR_S,
            WATCHES.c.watch_id.not_in(now.instead_of),
        )
        played: list[Any] = [
            *self._connection.execute(query),
            *((each.started_at_s, each.playing_s) for each in now.records),
        ]
        days: dict[str, float] = {}
        for started_at_s, playing_s in played:
            day = local(started_at_s, self._rules.zone).date().isoformat()
            days[day] = days.get(day, 0.0) + playing_s
        return tuple(sorted(days.items()))

    def _totals(self, viewer_id: str, now: RunningWatches) -> Any:
        finished = read_totals(self._connection, viewer_id) or decode_totals(None)
        alone = subtract_replaced(self._connection, self._rules, viewer_id, finished, now)
        return add_watches(alone, now.records, self._rules.zone)

    def _progress(self, totals: Any, held: dict[str, float]) -> Any:
        query = select(VIEWER_BADGES.c.badge_id, func.count()).group_by(VIEWER_BADGES.c.badge_id)
        holders: dict[str, int] = dict(self._connection.execute(query).all())
        return build_progress(self._rules.badges, totals or decode_totals(None), held, holders)

    def _earned(self, viewer_id: str) -> tuple[EarnedBadge, ...]:
        rows = self._connection.execute(
            select(VIEWER_BADGES)
            .where(VIEWER_BADGES.c.viewer_id == viewer_id)
            .order_by(VIEWER_BADGES.c.earned_at_s.desc(), VIEWER_BADGES.c.badge_id)
        ).mappings()
        return tuple(describe_badge(self._rules, row["badge_id"], row["earned_at_s"], row["progress"]) for row in rows)

    def catalogue(self) -> BadgeCatalogue:
        """Return every badge there is, with how many have it."""
        shown = self._progress(None, {})
        return BadgeCatalogue(tuple(msgspec.structs.replace(badge, progress=0.0) for badge in shown))

    def history(self, asked: GetHistory) -> HistoryPage:
        """Return a page of finished watches, the newest first."""
        people = read_directory(self._connection)
        if asked.viewer_id and not may_see(people, asked.viewer_id, asked.asker):
            return HistoryPage((), 0, hidden=True)
        chosen: list[ColumnElement[bool]] = []
        if asked.viewer_id:
            chosen.append(WATCHES.c.viewer_id == people.viewer(asked.viewer_id))
        elif unseen := people.hidden_viewers():
            chosen.append(WATCHES.c.viewer_id.not_in(sorted(unseen)))
        if asked.title:
            chosen.append(match_title(asked.title))
        if asked.since_s is not None:
            chosen.append(WATCHES.c.ended_at_s >= asked.since_s)
        query = (
            select(WATCHES)
            .where(*chosen)
            .order_by(WATCHES.c.ended_at_s.desc(), WATCHES.c.watch_id)
            .limit(_bound_limit(asked.limit))
            .offset(max(0, asked.offset))
        )
        total = self._connection.execute(select(func.count()).select_from(WATCHES).where(*chosen)).scalar_one()
        names = people.member_names()
        records = tuple(
            with_current_name(watch_record(row), names) for row in self._connection.execute(query).mappings()
        )
        return HistoryPage(records, total)

    def suggest(self, part: str, limit: int) -> TitlesSuggested:
        """Return titles that contain `part`, the most watched first."""
        query = (
            select(WATCHES.c.title)
            .where(match_title(part))
            .group_by(WATCHES.c.title)
            .order_by(func.count().desc(), WATCHES.c.title)
            .limit(_bound_limit(limit))
        )
        return TitlesSuggested(tuple(self._connection.execute(query).scalars()))

    def leaderboard(self, asked: GetLeaderboard, running: RunningWatches, at_s: float) -> Leaderboard:
        """Return a page of places. With `since_s` only watches that ended since then count (movies, time)."""
        if asked.since_s is not None and asked.kind in ("movies", "time"):
            rows = self._since(asked.kind, asked.since_s, running)
        else:
            rows = self._by_value(asked.kind, running, at_s)
        start = max(0, asked.offset)
        page = anonymise_rows(rows[start : start + _bound_limit(asked.limit)], read_directory(self._connection))
        return Leaderboard(asked.kind, page, len(rows))

    def _by_value(self, kind: str, running: RunningWatches, at_s: float) -> list[LeaderboardRow]:
        """Everybody's saved figure; of those who watch now, the present one."""
        found = {
            viewer_id: (name, float(value)) for viewer_id, name, value in self._connection.execute(_saved_figures(kind))
        }
        if kind != "badges":
            for record in running.records:
                totals = self._totals(record.viewer_id, running.of(record.viewer_id))
                streak = compute_streaks(totals.days, self._rules.today(at_s))[0]
                value = {"movies": totals.films, "time": totals.playing_s, "streak": streak}[kind]
                found[record.viewer_id] = (record.username, float(value))
        unseen = read_directory(self._connection).hidden_viewers()
        return _rank((who, name, value) for who, (name, value) in found.items() if who not in unseen)

    def _since(self, kind: str, since_s: float, running: RunningWatches) -> list[LeaderboardRow]:
        films = WATCHES.c.media_type == "movie"
        figure = func.sum(WATCHES.c.playing_s) if kind == "time" else func.count().filter(films)
        query = (
            select(WATCHES.c.viewer_id, figure)
            .where(
                WATCHES.c.ended_at_s >= since_s,
                WATCHES.c.brief.is_(False),
                WATCHES.c.watch_id.not_in(running.instead_of),
            )
            .group_by(WATCHES.c.viewer_id)
        )
        values = {viewer_id: float(value or 0) for viewer_id, value in self._connection.execute(query)}
        names: dict[str, str] = dict(self._connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.username)).all())
        for record in running.records:
            if not record.brief:
                more = record.playing_s if kind == "time" else float(record.media_type == "movie")
                values[record.viewer_id] = values.get(record.viewer_id, 0.0) + more
                names.setdefault(record.viewer_id, record.username)
        unseen = read_directory(self._connection).hidden_viewers()
        return _rank((who, names.get(who, who), value) for who, value in values.items() if who not in unseen)


def describe_badge(rules: StatisticsRules, badge_id: str, earned_at_s: float, figure: float) -> EarnedBadge:
    """Return a held badge as people are told, known or not."""
    known = next((badge for badge in rules.badges if badge.id == badge_id), None)
    return known.as_earned(earned_at_s, figure) if known else undeclared_badge(badge_id, earned_at_s, figure)


def _saved_figures(kind: str) -> Select[Any]:
    if kind == "badges":
        held = func.count(VIEWER_BADGES.c.badge_id)
        return (
            select(VIEWERS.c.viewer_id, VIEWERS.c.username, held)
            .join(VIEWER_BADGES, VIEWER_BADGES.c.viewer_id == VIEWERS.c.viewer_id)
            .group_by(VIEWERS.c.viewer_id, VIEWERS.c.username)
        )
    column = {
        "movies": VIEWER_STATS.c.total_movies,
        "time": VIEWER_STATS.c.total_watch_time_s,
        "streak": VIEWER_STATS.c.current_streak_days,
    }[kind]
    return select(VIEWER_STATS.c.viewer_id, VIEWER_STATS.c.username, column)


def _rank(values: Iterable[tuple[str, str, float]]) -> list[LeaderboardRow]:
    """Places from 1, equal figures sharing one; who has nothing is not listed."""
    ordered = sorted((row for row in values if row[2] > 0), key=lambda row: (-row[2], row[1].casefold(), row[0]))
    rows: list[LeaderboardRow] = []
    for place, (viewer_id, name, value) in enumerate(ordered, 1):
        rank = rows[-1].rank if rows and rows[-1].value == value else place
        rows.append(LeaderboardRow(rank, viewer_id, name, value))
    return rows


def match_title(part: str) -> ColumnElement[bool]:
    """Match titles that contain `part`, in any case."""
    return WATCHES.c.title_folded.contains(part.casefold(), autoescape=True)


def _bound_limit(limit: int) -> int:
    return max(0, min(limit, MAX_ROWS))

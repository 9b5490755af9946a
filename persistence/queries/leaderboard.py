"""`leaderboard`: who watched most."""

import operator
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, literal, select

from awards import compute_streaks, current_streak
from messages import GetLeaderboard, Leaderboard, LeaderboardKind, LeaderboardRow
from persistence.database.sql import split_batches
from persistence.database.tables import VIEWER_BADGES, VIEWER_PERIODS, VIEWER_STATS, VIEWERS, WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.records.statistics import count_totals_with_running
from persistence.store import StoreSnapshot
from persistence.summaries.ended import cover_since, sum_viewers_since
from viewers.directory import ViewerDirectory
from viewers.redact import anonymise_rows, ranking_order
from wording.leaderboards import round_as_shown

_SAVED_FIGURES: dict[LeaderboardKind, ColumnElement[Any]] = {
    "movies": VIEWER_STATS.c.total_movies,
    "time": VIEWER_STATS.c.total_watch_time_s,
    "streak": VIEWER_STATS.c.current_streak_days,
}
"""The columns of the kinds that are not counts of rows."""


@answers(GetLeaderboard)
def rank_viewers(asked: GetLeaderboard, store: StoreSnapshot) -> Leaderboard:
    """Return a page of places. With `since_s`, only watches that ended since then count (movies, time)."""
    if asked.since_s is not None and asked.kind in ("movies", "time"):
        rows = _rank_since(store, asked.kind, asked.since_s)
    else:
        rows = rank_by_figure(store, asked.kind)
    start = max(0, asked.offset)
    page = anonymise_rows(rows[start : start + bound_limit(asked.limit)], store.directory)
    own = next((row for row in rows if asked.asker and row.viewer_id == asked.asker), None)
    return Leaderboard(asked.kind, page, len(rows), own)


def rank_by_figure(store: StoreSnapshot, kind: LeaderboardKind) -> list[LeaderboardRow]:
    """Return all places, by saved figures, or by current ones for viewers with running watches."""
    figures = _read_figures(store, kind)
    return _rank(store.directory, kind, ((who, name, value) for who, (name, value) in figures.items()))


def find_rank(store: StoreSnapshot, kind: LeaderboardKind, viewer_id: str) -> int:
    """Return a viewer's place in `rank_by_figure` without sorting all viewers; 0 for one who is not listed."""
    present = _read_present_figures(store, kind)
    viewers = VIEWERS if kind not in _SAVED_FIGURES else VIEWER_STATS
    figures = _read_saved_figures(store, kind, viewers.c.viewer_id == viewer_id) | present
    own = figures[viewer_id][1] if viewer_id in figures else 0.0
    hidden = store.directory.hidden_viewers()
    if own <= 0 or viewer_id in hidden:
        return 0
    shown = round_as_shown(kind, own)
    saved = _SAVED_FIGURES.get(kind)
    figures = _read_saved_figures(store, kind, *(() if saved is None else (saved > own,))) | present
    above = (who for who, (_, value) in figures.items() if value > own and round_as_shown(kind, value) > shown)
    return 1 + sum(who not in hidden for who in above)


def _read_figures(store: StoreSnapshot, kind: LeaderboardKind) -> dict[str, tuple[str, float]]:
    """Return everybody's name and saved figure, or the current one of viewers with running watches."""
    return _read_saved_figures(store, kind) | _read_present_figures(store, kind)


def _read_saved_figures(
    store: StoreSnapshot, kind: LeaderboardKind, *conditions: ColumnElement[bool]
) -> dict[str, tuple[str, float]]:
    """Return the viewers' names and saved figures; a saved streak that is over counts as 0."""
    today = store.rules.today(store.now_s)
    figures: dict[str, tuple[str, float]] = {}
    query = _select_saved_figures(kind).where(*conditions)
    for viewer_id, name, value, last_day in store.connection.execute(query).all():
        figure = current_streak(value, last_day, today) if kind == "streak" else value
        figures[viewer_id] = name, float(figure)
    return figures


def _read_present_figures(store: StoreSnapshot, kind: LeaderboardKind) -> dict[str, tuple[str, float]]:
    """Return names and current figures of viewers with running watches; nothing if only a save changes the figure."""
    if kind in ("movies", "time"):
        return _count_present(store, kind)
    figures: dict[str, tuple[str, float]] = {}
    if kind == "streak":
        today = store.rules.today(store.now_s)
        for record in store.running.records:
            totals = count_totals_with_running(
                store.connection, store.rules, record.viewer_id, store.running.of_viewer(record.viewer_id)
            )
            streak = compute_streaks(totals.days, today)[0]
            figures[record.viewer_id] = (record.username, float(streak))
    return figures


class _SavedTotals(msgspec.Struct):
    """The required fields of `Totals`, without the days, whose decoding would take most of the time."""

    films: int = 0
    playing_s: float = 0.0


def _count_present(store: StoreSnapshot, kind: str) -> dict[str, tuple[str, float]]:
    """Return names and figures of viewers with running watches: their finished watches, and the running ones."""
    names = {record.viewer_id: record.username for record in store.running.records}
    saved = dict.fromkeys(names, _SavedTotals())
    for some in split_batches(names):
        query = select(VIEWER_STATS.c.viewer_id, VIEWER_STATS.c.totals).where(VIEWER_STATS.c.viewer_id.in_(some))
        for who, totals in store.connection.execute(query).all():
            saved[who] = msgspec.json.decode(totals, type=_SavedTotals)
    changes = store.running_changes.amounts[VIEWER_PERIODS]
    more = {who: changes["all", 0, who] for who in names}
    if kind == "movies":
        return {who: (name, float(saved[who].films + more[who].movies)) for who, name in names.items()}
    return {who: (name, saved[who].playing_s + more[who].playing_s) for who, name in names.items()}


def _rank_since(store: StoreSnapshot, kind: LeaderboardKind, since_s: float) -> list[LeaderboardRow]:
    store.require_summaries()
    cover = cover_since(since_s)
    ended_in_periods = sum_viewers_since(store, cover)
    films = {who: amounts.movies for who, amounts in ended_in_periods.items()}
    times_us = {who: amounts.playing_us for who, amounts in ended_in_periods.items()}
    columns = (WATCHES.c.viewer_id, WATCHES.c.media_type, WATCHES.c.playing_s)
    rest = select(*columns).where(
        WATCHES.c.ended_at_s >= since_s, WATCHES.c.ended_at_s < cover.until_s, WATCHES.c.brief.is_(False)
    )
    rows: list[tuple[str, str, float, int]] = [(*row, 1) for row in store.connection.execute(rest).all()]
    rows += [
        (row["viewer_id"], row["media_type"], row["playing_s"], -1)
        for row in store.replaced_rows
        if row["ended_at_s"] >= since_s and not row["brief"]
    ]
    running = [record for record in store.running.records if not record.brief]
    rows += [(record.viewer_id, record.media_type, record.playing_s, 1) for record in running]
    for who, media_type, playing_s, sign in rows:
        films[who] = films.get(who, 0) + sign * (media_type == "movie")
        times_us[who] = times_us.get(who, 0) + sign * round(playing_s * 1e6)
    names: dict[str, str] = dict(store.connection.execute(select(VIEWERS.c.viewer_id, VIEWERS.c.username)).all())
    for record in running:
        names.setdefault(record.viewer_id, record.username)
    values = {who: us / 1e6 for who, us in times_us.items()} if kind == "time" else films
    return _rank(store.directory, kind, ((who, names.get(who, who), float(value)) for who, value in values.items()))


def _select_saved_figures(kind: LeaderboardKind) -> Select[Any]:
    """Select everybody's id, name and figure, and the last day of a streak."""
    if kind not in _SAVED_FIGURES:
        held = func.count(VIEWER_BADGES.c.badge_id)
        return (
            select(VIEWERS.c.viewer_id, VIEWERS.c.username, held, literal(""))
            .join(VIEWER_BADGES, VIEWER_BADGES.c.viewer_id == VIEWERS.c.viewer_id)
            .group_by(VIEWERS.c.viewer_id, VIEWERS.c.username)
        )
    return select(
        VIEWER_STATS.c.viewer_id, VIEWER_STATS.c.username, _SAVED_FIGURES[kind], VIEWER_STATS.c.last_watch_date
    )


def _rank(
    directory: ViewerDirectory, kind: LeaderboardKind, values: Iterable[tuple[str, str, float]]
) -> list[LeaderboardRow]:
    """Return places from 1, of visible viewers with a figure above 0.

    Figures that look the same as shown share a place, even if one is some seconds longer.
    """
    hidden = directory.hidden_viewers()
    ordered = sorted(
        (
            (-round_as_shown(kind, value), ranking_order(directory, viewer_id, name), viewer_id, name, value)
            for viewer_id, name, value in values
            if value > 0 and viewer_id not in hidden
        ),
        key=operator.itemgetter(0, 1),
    )
    rows: list[LeaderboardRow] = []
    before = None
    for place, (shown, _, viewer_id, name, value) in enumerate(ordered, 1):
        rows.append(LeaderboardRow(rows[-1].rank if shown == before else place, viewer_id, name, value))
        before = shown
    return rows

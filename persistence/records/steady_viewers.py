"""Finds viewers for whom only the playing time has changed since the last save.

From one auto-save to the next these are nearly all viewers who watch. Their totals need not be read, nor checked for
badges: their row of statistics gets two new figures. This file checks for the exceptions: another film, a film that is
now completed, a new day or evening, a badge that more time could earn.
"""

import operator
from collections.abc import Iterable, Mapping
from datetime import date, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, update

from awards.days import PartOfDay, find_part_of_day
from awards.totals import add_playing_s, is_full
from messages import Sitting, WatchRecord
from persistence.database.sql import execute_many
from persistence.database.tables import VIEWER_STATS, VIEWERS
from persistence.records.running_watches import RunningWatches
from persistence.records.statistics import SettledFigures

_MARGIN_S = 1.0
"""Viewers this close to a badge are checked for it, because sums are rounded."""
_get_unchanging = operator.attrgetter(
    *("watch_id", "username", "item", "media_type", "source", "started_at_s", "join_position_ms"),
    *("completed", "brief", "party", "first_seat", "guild_id"),
)
"""The fields of a record that statistics and badges depend on, besides when it was played."""


class _SteadyViewer(NamedTuple):
    """A viewer at the save that counted the figures."""

    running: RunningWatches
    figures: SettledFigures
    today: date
    part: PartOfDay
    """The part of the day in which the running watches were last played."""


class WatchedLonger(NamedTuple):
    """The new figures of a viewer who only continued watching."""

    total_watch_time_s: float
    last_seen_s: float
    """Seconds since 1970, UTC."""


class SteadyViewers:
    """The counted figures of viewers who watch, kept from one save to the next. Used on the writer's thread."""

    def __init__(self) -> None:
        self._viewers: dict[str, _SteadyViewer] = {}

    @property
    def count(self) -> int:
        """Number of viewers whose figures are kept."""
        return len(self._viewers)

    def forget(self) -> None:
        """Drop all viewers, so that the next save counts them: something else may have changed their figures."""
        self._viewers.clear()

    def forget_viewers(self, viewer_ids: Iterable[str]) -> None:
        """Drop these viewers, so that the next save counts them."""
        for viewer_id in viewer_ids:
            self._viewers.pop(viewer_id, None)

    def take_longer(self, running: Mapping[str, RunningWatches], today: date) -> dict[str, WatchedLonger]:
        """Return the new figures of viewers who only continued watching, and drop all others."""
        found = {}
        for viewer_id, now in running.items():
            steady = self._viewers.get(viewer_id)
            if steady is not None and steady.today == today and _has_only_gone_on(steady, now):
                records = now.records
                total_s = steady.figures.finished_s
                for record in records:
                    if not record.brief:
                        total_s = add_playing_s(total_s, record)
                found[viewer_id] = WatchedLonger(total_s, max(record.ended_at_s for record in records))
        self._viewers = {viewer_id: self._viewers[viewer_id] for viewer_id in found}
        return found

    def remember(
        self,
        running: Mapping[str, RunningWatches],
        settled: Mapping[str, SettledFigures],
        today: date,
        zone: tzinfo,
    ) -> None:
        """Keep the counted figures of viewers who watch; called after the commit."""
        part = PartOfDay(0.0, 0.0)
        for viewer_id, figures in settled.items():
            theirs = running[viewer_id]
            last = [_find_last_sitting(record) for record in theirs.records]
            if not part.has(last[0].end_s):
                part = find_part_of_day(last[0].end_s, zone)
            if all(sitting.start_s < sitting.end_s and part.has(sitting.end_s) for sitting in last):
                self._viewers[viewer_id] = _SteadyViewer(theirs, figures, today, part)


def write_longer(connection: Connection, longer: Mapping[str, WatchedLonger], at_s: float) -> None:
    """Write the new figures of viewers who only continued watching."""
    if longer:
        rows: list[dict[str, Any]] = [
            {"viewer": viewer_id, "total_s": each.total_watch_time_s, "seen_s": each.last_seen_s, "at_s": at_s}
            for viewer_id, each in longer.items()
        ]
        execute_many(connection, _UPDATE_STATISTICS, rows)
        execute_many(connection, _UPDATE_VIEWERS, rows)


_UPDATE_STATISTICS = (
    update(VIEWER_STATS)
    .where(VIEWER_STATS.c.viewer_id == bindparam("viewer"))
    .values(total_watch_time_s=bindparam("total_s"), saved_at_s=bindparam("at_s"), badges_saved_at_s=bindparam("at_s"))
)
_seen_s = bindparam("seen_s", type_=VIEWERS.c.last_seen_s.type)
_UPDATE_VIEWERS = (
    update(VIEWERS)
    .where(VIEWERS.c.viewer_id == bindparam("viewer"))
    .values(last_seen_s=case((VIEWERS.c.last_seen_s > _seen_s, VIEWERS.c.last_seen_s), else_=_seen_s))
)


def _has_only_gone_on(steady: _SteadyViewer, now: RunningWatches) -> bool:
    """Tell whether the only change is more playing time in the same part of the same day, and earns no badge."""
    before = steady.running.watches
    if len(before) != len(now.watches):
        return False
    more_s = _MARGIN_S
    for (old, old_ids), (new, new_ids) in zip(before, now.watches, strict=True):
        if old is new:
            continue
        if old_ids != new_ids or _get_unchanging(old) != _get_unchanging(new) or is_full(old) != is_full(new):
            return False
        last, longer = _find_last_sitting(old), _find_last_sitting(new)
        is_same = last.start_s == longer.start_s and old.sittings[:-1] == new.sittings[:-1]
        if not is_same or not steady.part.has(longer.end_s):
            return False
        # A sitting over midnight is divided between two days: what one loses, the other gains.
        more_s += abs(longer.end_s - last.end_s)
        more_s += max(abs(longer.playing_s - last.playing_s), abs(new.playing_s - old.playing_s))
    return more_s < steady.figures.seconds_to_badge


def _find_last_sitting(record: WatchRecord) -> Sitting:
    """Return the last sitting of a watch; for a record without sittings, the time from its start to its end."""
    if record.sittings:
        return record.sittings[-1]
    return Sitting(record.started_at_s, record.ended_at_s, record.playing_s)

"""Viewers who watch on as they did at the last save: nothing but their playing time has changed since.

From one auto-save to the next that is nearly everybody who watches. A viewer's years need not be read for it, nor
judged for badges: the row of the statistics gets two new figures. What makes a viewer another case is looked at here:
another film, a film that is completed by now, a new day or evening, a badge that more time could earn.
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
"""Who is so near to a badge is judged for it: sums are rounded."""
_get_unchanging = operator.attrgetter(
    *("watch_id", "username", "item", "media_type", "source", "started_at_s", "join_position_ms"),
    *("completed", "brief", "party", "first_seat", "guild_id"),
)
"""What of a record statistics and badges go by, but for when it was played."""


class _SteadyViewer(NamedTuple):
    """A viewer as of the save at which the figures were counted."""

    running: RunningWatches
    figures: SettledFigures
    today: date
    part: PartOfDay
    """When what runs was last played."""


class WatchedLonger(NamedTuple):
    """What is new of such a viewer."""

    total_watch_time_s: float
    last_seen_s: float
    """Seconds since 1970, UTC."""


class SteadyViewers:
    """What is known of those who watch, kept from one save to the next. Used on the writer's thread."""

    def __init__(self) -> None:
        self._viewers: dict[str, _SteadyViewer] = {}

    @property
    def count(self) -> int:
        """How many are known."""
        return len(self._viewers)

    def forget(self) -> None:
        """Have everybody's figures counted by the next save: something else may have changed them."""
        self._viewers.clear()

    def forget_viewers(self, viewer_ids: Iterable[str]) -> None:
        """Have the figures of some counted by the next save."""
        for viewer_id in viewer_ids:
            self._viewers.pop(viewer_id, None)

    def take_longer(self, running: Mapping[str, RunningWatches], today: date) -> dict[str, WatchedLonger]:
        """Return what is new of those who only watched on, and forget all others."""
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
        """Note how the figures of those who watch were counted, after that is committed."""
        part = PartOfDay(0.0, 0.0)
        for viewer_id, figures in settled.items():
            theirs = running[viewer_id]
            last = [_find_last_sitting(record) for record in theirs.records]
            if not part.has(last[0].end_s):
                part = find_part_of_day(last[0].end_s, zone)
            if all(sitting.start_s < sitting.end_s and part.has(sitting.end_s) for sitting in last):
                self._viewers[viewer_id] = _SteadyViewer(theirs, figures, today, part)


def write_longer(connection: Connection, longer: Mapping[str, WatchedLonger], at_s: float) -> None:
    """Write what is new of those who only watched on."""
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
    """Tell whether more playing time, in the same part of the same day, is all that is new, and earns no badge."""
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
        # A sitting over midnight shares its time between two days: what one gets less, the other gets more.
        more_s += abs(longer.end_s - last.end_s)
        more_s += max(abs(longer.playing_s - last.playing_s), abs(new.playing_s - old.playing_s))
    return more_s < steady.figures.seconds_to_badge


def _find_last_sitting(record: WatchRecord) -> Sitting:
    """Return when a watch was last played; a record without sittings says only when it began and ended."""
    if record.sittings:
        return record.sittings[-1]
    return Sitting(record.started_at_s, record.ended_at_s, record.playing_s)

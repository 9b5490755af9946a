"""Builds watches from Tautulli's rows: which rows are one watch, and what is known of it. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby

from messages import Item, Sitting, WatchRecord, sittings
from messages.base import DurationMs, PositionMs
from messages.ids import plex_viewer_id
from persistence.tautulli.database import TautulliRow, TautulliUsers
from viewers.merge import Thresholds

ID_PREFIX = "tautulli-"
"""Prefix of the ids of watches imported from Tautulli."""


def group_rows(rows: Iterator[TautulliRow]) -> Iterator[list[TautulliRow]]:
    """Yield the rows of each watch: those of one of Tautulli's groups, one account and one item.

    They must come in the order of `TautulliDatabase.read_rows`. Tautulli's groups alone are not enough: some contain
    rows of several accounts and films.
    """
    for _key, group in groupby(rows, key=lambda row: (row.user_id, row.group_id, row.rating_key)):
        yield list(group)


def read_item(row: TautulliRow, server_id: str) -> Item:
    """Return the item that was watched."""
    return Item(
        server_id=server_id,
        rating_key=row.rating_key,
        kind=row.media_type,
        title=row.title,
        year=row.year,
        duration_ms=None if row.duration_ms is None else DurationMs(row.duration_ms),
        genres=row.genres,
        directors=row.directors,
        show=row.show,
        season=row.season,
        episode=row.episode,
        guid=row.guid,
        library_section_id=row.section_id,
        live=row.is_live,
        thumb=row.thumb,
    )


def build_watch_id(group: Sequence[TautulliRow], server_id: str, account_id: str) -> str:
    """Return the id of a watch: the same at each import, even after rows were added to it."""
    first = group[0]
    named = "\x1f".join((server_id, account_id, first.rating_key, repr(first.started_s)))
    return ID_PREFIX + hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=12).hexdigest()


def build_record(
    watch_id: str, group: Sequence[TautulliRow], item: Item, users: TautulliUsers, thresholds: Thresholds
) -> WatchRecord:
    """Return the record of one watch's rows.

    Tautulli knows when it was played and where it stopped, not which parts of the film were seen: the record has
    sittings and no spans. Coverage equals playing time, limited to the position where it stopped.
    """
    first, last = group[0], max(group, key=lambda row: row.stopped_s)
    together = sittings.merge(
        (Sitting(row.started_s, row.stopped_s, row.stopped_s - row.started_s - row.paused_s),)
        for row in group
        if row.stopped_s - row.started_s > row.paused_s
    )
    playing_s = sittings.playing_s(together)
    offsets = [row.view_offset_ms for row in group if row.view_offset_ms is not None]
    bounds = [round(playing_s * 1000), *([max(offsets)] if offsets else [])]
    coverage_ms = min([*bounds, *([item.duration_ms] if item.duration_ms else [])])
    percent = min(100.0, coverage_ms / item.duration_ms * 100) if item.duration_ms and not item.live else None
    return WatchRecord(
        watch_id=watch_id,
        screening_id="",
        viewer_id=plex_viewer_id(item.server_id, users.account_id(first.user_id)),
        username=users.names.get(first.user_id) or last.user or f"Plex account {first.user_id}",
        source="import",
        item=item,
        media_type="live" if item.live else item.kind,
        started_at_s=first.started_s,
        ended_at_s=last.stopped_s,
        join_position_ms=None,
        leave_position_ms=None if last.view_offset_ms is None else PositionMs(last.view_offset_ms),
        playing_s=playing_s,
        paused_s=sum(row.paused_s for row in group),
        spans=(),
        coverage_ms=DurationMs(coverage_ms),
        completion_percent=percent,
        completed=percent is not None and percent >= thresholds.watched_percent,
        brief=playing_s < thresholds.min_watch_s,
        end_reason="from_history",
        sittings=together,
    )

"""Builds watches from a Plex server's history of plays. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from messages import Item, WatchRecord
from messages.base import DurationMs
from messages.ids import plex_viewer_id
from viewers.merge import Thresholds

ID_PREFIX = "plexhistory-"
"""Prefix of the ids of watches imported from a Plex server."""
PLAYED_PERCENT = 90.0
"""Share of the item from which Plex adds a play to its history, by default."""
SAME_PLAY_S = 60.0
"""Rows of one account and film within this time are one play that the server counted twice."""


class Play(NamedTuple):
    """A row of the history: an account played something almost to its end."""

    history_key: str
    """The server's own id of the row."""
    account_id: str
    username: str
    viewed_at_s: float
    """When the server counted it as played; seconds since 1970, UTC."""
    item: Item
    """The library's item; for a deleted one only what the row says."""


def drop_repeats(plays: Iterable[Play]) -> Iterator[Play]:
    """Yield the plays account by account, in order of time, without those that were counted twice."""
    last: dict[tuple[str, str], float] = {}
    for play in sorted(plays, key=lambda play: (play.item.server_id, play.account_id, play.viewed_at_s)):
        film = play.item.rating_key or f"{play.item.show}/{play.item.title}/{play.item.season}/{play.item.episode}"
        key = play.account_id, f"{play.item.server_id}/{film}"
        if play.viewed_at_s - last.get(key, float("-inf")) > SAME_PLAY_S:
            yield play
        last[key] = play.viewed_at_s


def build_record(play: Play, thresholds: Thresholds) -> WatchRecord:
    """Return the watch record of a play.

    The server knows when it counted the play, but not its start, pauses or parts. So the record has neither spans nor
    sittings, and counts as seen only the share that a play needs to get into the history. An item of unknown length
    counts as a film seen, without playing time.
    """
    item = play.item
    length_ms = item.duration_ms or 0
    coverage_ms = round(length_ms * PLAYED_PERCENT / 100)
    playing_s = coverage_ms / 1000
    named = "\x1f".join((item.server_id, play.history_key))
    return WatchRecord(
        watch_id=ID_PREFIX + hashlib.blake2b(named.encode("utf-8", "replace"), digest_size=12).hexdigest(),
        screening_id="",
        viewer_id=plex_viewer_id(item.server_id, play.account_id),
        username=play.username or f"Plex account {play.account_id}",
        source="import",
        item=item,
        media_type=item.kind,
        started_at_s=play.viewed_at_s - playing_s,
        ended_at_s=play.viewed_at_s,
        join_position_ms=None,
        leave_position_ms=None,
        playing_s=playing_s,
        paused_s=0.0,
        spans=(),
        coverage_ms=DurationMs(coverage_ms),
        completion_percent=PLAYED_PERCENT if length_ms else None,
        completed=not length_ms or thresholds.watched_percent <= PLAYED_PERCENT,
        brief=0 < playing_s < thresholds.min_watch_s,
        end_reason="from_history",
    )

"""What a server's own history says about a session that ended unobserved."""

from collections.abc import Sequence

from messages import FindHistory, HistoryRow, WatchState

SLACK_S = 60.0
"""The server's clock may differ, and it may count a play a little before it was last seen."""


def history_query(server_id: str, timeline: WatchState, watches: Sequence[WatchState]) -> FindHistory:
    """Return what to ask a server's history about a session: its timeline, and the watches that run in it."""
    watches = watches or [timeline]
    return FindHistory(
        watch_id=watches[0].watch_id,
        server_id=server_id,
        account_id=timeline.account_id,
        rating_key=timeline.item.rating_key,
        since_s=min(watch.started_at_s for watch in watches) - SLACK_S,
    )


def matching_row(timeline: WatchState, watches: Sequence[WatchState], rows: Sequence[HistoryRow]) -> HistoryRow | None:
    """Return the row that must be this session's: the first after it was last seen, or else the newest."""
    started_s = min((watch.started_at_s for watch in watches), default=timeline.started_at_s)
    ours = [
        row
        for row in rows
        if row.account_id == timeline.account_id
        and row.rating_key == timeline.item.rating_key
        and row.viewed_at_s >= started_s - SLACK_S
    ]
    ours.sort(key=lambda row: row.viewed_at_s)
    after = [row for row in ours if row.viewed_at_s >= timeline.seen.wall_s - SLACK_S]
    return after[0] if after else (ours[-1] if ours else None)

"""The attendees of a screening, for display."""

from messages import Attendee, WatchRecord, WatchState, spans
from messages.base import DurationMs
from tracking.watches.watch import completion, sittings_so_far, watched_s


def attendee_of(state: WatchState) -> Attendee:
    """Return the attendee of a running watch."""
    return Attendee(
        viewer_id=state.viewer_id,
        username=state.username,
        joined_at_s=state.started_at_s,
        join_position_ms=state.join_position_ms,
        playing_s=watched_s(state),
        coverage_ms=DurationMs(spans.coverage(state.spans)),
        completion_percent=completion(state),
        spans=state.spans,
        sittings=sittings_so_far(state),
    )


def past_attendee_of(record: WatchRecord) -> Attendee:
    """Return the attendee of a finished watch."""
    return Attendee(
        viewer_id=record.viewer_id,
        username=record.username,
        joined_at_s=record.started_at_s,
        join_position_ms=record.join_position_ms,
        playing_s=record.playing_s,
        coverage_ms=record.coverage_ms,
        completion_percent=record.completion_percent,
        present=False,
        left_at_s=record.ended_at_s,
        brief=record.brief,
        spans=record.spans,
        sittings=record.sittings,
    )

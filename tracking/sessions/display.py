"""Sessions, their running watches and their attendees, for display."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING

from messages import ActiveWatch, ActiveWatches, Attendee, Moment, Problem, Screening, WatchRecord, WatchState, spans
from messages.base import DurationMs
from tracking.rules import Rules
from tracking.watches.watch import completion, estimate_position, sittings_so_far, watched_s
from wording.problems import english

if TYPE_CHECKING:  # the store uses this module too, and needs no sessions
    from tracking.sessions.server import ServerSessions
    from tracking.sessions.session import Session

MOST_LISTED = 2_000
"""Running watches, and screenings, that are shown at a time: a message of 1 MB."""


def describe_session(session: Session, at: Moment, rules: Rules) -> Screening:
    """Return a session as a screening, with the film where it is at `at`."""
    line, playback = session.timeline, session.playback
    attendees = [*session.past_attendees.values(), *map(attendee_of, session.watches())]
    attendees.sort(key=lambda attendee: attendee.joined_at_s)
    return Screening(
        screening_id=session.screening_id,
        server_id=session.server_id,
        session_key=line.session_key,
        item=line.item,
        host=playback.account_name if playback else line.username,
        player=playback.player if playback else "",
        state=line.state,
        position_ms=line.position_ms if session.missing else estimate_position(line, at, rules),
        seen=line.seen if session.missing else at,
        started_at_s=session.started_at_s,
        party=line.party,
        seats=tuple(attendees),
    )


def list_watches(
    sessions: Iterable[Session], away: Set[str], presence_known: bool, at: Moment, rules: Rules
) -> list[tuple[ActiveWatch, Attendee]]:
    """Return the running watches, each with its attendee.

    Members of the channel are among them only while it is known who is in it (`presence_known`). `away`: ids of the
    servers that do not answer.
    """
    return [
        (_describe(watch, session.missing or session.server_id in away, at, rules), attendee_of(watch))
        for session in sessions
        for watch in session.watches()
        if presence_known or watch.source == "plex"
    ]


def bound_list(
    at: Moment, watches: Sequence[ActiveWatch], screenings: Sequence[Screening], reasons: tuple[Problem, ...]
) -> ActiveWatches:
    """Return the watches to show; of very many only the first, with the number of the rest."""
    return ActiveWatches(
        at,
        tuple(watches[:MOST_LISTED]),
        tuple(screenings[:MOST_LISTED]),
        " ".join(map(english, reasons)),
        reasons,
        max(0, len(watches) - MOST_LISTED),
        max(0, len(screenings) - MOST_LISTED),
    )


def list_problems(servers: Iterable[ServerSessions], notice: Problem | None) -> Iterator[Problem]:
    """Yield the problems that prevent tracking. `notice`: what prevents the watch party."""
    for server in servers:
        if server.away:
            yield Problem.of("tracking.server_silent", server=server.name or server.server_id)
    if notice is not None:
        yield notice


def _describe(watch: WatchState, stands: bool, at: Moment, rules: Rules) -> ActiveWatch:
    return ActiveWatch(
        watch_id=watch.watch_id,
        viewer_id=watch.viewer_id,
        username=watch.username,
        source=watch.source,
        screening_id=watch.together_id if watch.together else watch.screening_id,
        item=watch.item,
        state=watch.state,
        join_position_ms=watch.join_position_ms,
        position_ms=watch.position_ms if stands else estimate_position(watch, at, rules),
        watched_s=watched_s(watch),
        started_at_s=watch.started_at_s,
        coverage_ms=DurationMs(spans.coverage(watch.spans)),
        completion_percent=completion(watch),
        party=watch.party,
    )


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

"""How a session ends that polls do not show any more, and what the server's history says of it."""

from messages import EndReason, FindHistory, HistoryFound, HistoryRow, Moment, PlaybackSnapshot
from tracking.engine import House
from tracking.events import HistoryWanted
from tracking.rules import is_live
from tracking.session import Asked, Session
from tracking.watch import at_end, credit_remainder, finish, finish_from_history, mark_unobserved

ASK_AGAIN_S = 60.0
"""How long the server's history may take to answer."""
ASK_TRIES = 3
"""How often it is asked: then the end is unknown."""
HISTORY_SLACK_S = 60.0
"""The server's clock may differ, and it may count a play a little before it was last seen."""


def miss(
    house: House,
    session: Session,
    snapshot: PlaybackSnapshot,
    away_since: Moment | None,
    showing: set[tuple[str, str, str]],
) -> None:
    """Take in that a successful poll did not show a session.

    `away_since`: the last poll before an outage that this one ends, else None. `showing`: key, account and
    player of all that plays now.
    """
    at = snapshot.taken
    if _held(house, session, snapshot, away_since):
        return
    if session.missing_since is None:
        session.missing_since = session.gone_by = at
        if away_since is not None:
            # Nobody looked when it ended. A single failed poll leaves no more doubt than the grace does
            # anyway.
            session.vanished = at.steady_s - session.line.seen.steady_s > house.rules.end_grace_s
            _blind(session)
        session.vanished = session.vanished or session.restored
    elif away_since is not None:
        _wait_longer(session, away_since, at)
    if session.asked is not None:
        _await_history(house, session, at)
        return
    line = session.line
    if (line.session_key, line.account_id, line.machine_id) in showing:
        _end(house, session, at, "switched")
    elif line.session_key in snapshot.stopped_keys and not line.outage:
        _end(house, session, at, "stopped")
    elif at.steady_s - session.missing_since.steady_s >= house.rules.end_grace_s:
        _end(house, session, at, None)


def history_found(house: House, found: HistoryFound, at: Moment) -> None:
    """Take in what the server's history says of a watch whose end nobody saw."""
    session = next(
        (
            session
            for session in house.sessions()
            if session.asked and any(state.watch_id == found.watch_id for state in session.watches())
        ),
        None,
    )
    if session is None:
        return
    row = None if found.failed else _row(session, found.rows)
    if row is None:
        house.close(session, at, "end_unknown")
        return
    viewed_at_s = min(row.viewed_at_s, at.wall_s)
    for state in session.watches():
        known = state is session.line or not house.voice_lost
        record = (
            finish_from_history(state, viewed_at_s, at, house.rules)
            if known
            else finish(state, state.seen.wall_s, "end_unknown", house.rules)
        )
        house.record(session, record, at)
    house.dismiss(session, at)


def _held(house: House, session: Session, snapshot: PlaybackSnapshot, away_since: Moment | None) -> bool:
    """Tell whether the session may be one that is listed but cannot be read: neither seen nor gone.

    Its key is proof. A mere place in the list is believed for a while only: something broken may stand
    there all night, and must not keep every ended session alive.
    """
    at = snapshot.taken
    named = session.line.session_key in snapshot.unreadable
    if not named and not any(place.startswith("#") for place in snapshot.unreadable):
        session.held_since = None
        return False
    since = session.held_since = session.held_since or at
    if not named and at.steady_s - since.steady_s >= house.rules.ghost_end_s:
        return False
    if session.missing_since is not None:
        _wait_longer(session, away_since or session.missing_since, at)
    _blind(session)
    return True


def _blind(session: Session) -> None:
    """Note for all its watches that nobody could look."""
    session.line = mark_unobserved(session.line)
    for member, state in session.guests.items():
        session.guests[member] = mark_unobserved(state)


def _wait_longer(session: Session, since: Moment, at: Moment) -> None:
    """Leave the time from `since` to `at` out of the grace."""
    start = session.missing_since
    if start is not None:
        lost_s = max(0.0, at.steady_s - max(since.steady_s, start.steady_s))
        session.missing_since = Moment(start.wall_s + lost_s, start.steady_s + lost_s)


def _end(house: House, session: Session, at: Moment, reason: EndReason | None) -> None:
    """End a missed session, or first ask the server's history if its end was in the dark."""
    if session.vanished:
        line = session.line
        if line.account_id and line.item.rating_key and not is_live(line.item):
            _ask(house, session, at)
        else:
            house.close(session, at, "end_unknown")
        return
    if session.gone_by is not None:
        session.line = credit_remainder(session.line, session.gone_by)
        for member, state in session.guests.items():
            session.guests[member] = credit_remainder(state, session.gone_by)
    if reason == "stopped" and at_end(session.line, house.rules):
        reason = "ended"
    house.close(session, at, reason)


def _ask(house: House, session: Session, at: Moment) -> None:
    """Ask the server's history about a session."""
    session.asked = Asked(at, session.asked.tries + 1 if session.asked else 1)
    line = session.line
    watches = session.watches() or [line]
    question = FindHistory(
        watch_id=watches[0].watch_id,
        server_id=session.identity.server_id,
        account_id=line.account_id,
        rating_key=line.item.rating_key,
        since_s=min(state.started_at_s for state in watches) - HISTORY_SLACK_S,
    )
    poller = house.servers[session.identity.server_id].poller
    house.events.append(HistoryWanted(poller, question))


def _await_history(house: House, session: Session, at: Moment) -> None:
    """Ask again where the answer is long in coming; give up after a few tries."""
    asked = session.asked
    if asked is None or at.steady_s - asked.at.steady_s < ASK_AGAIN_S:
        return
    if asked.tries < ASK_TRIES:
        _ask(house, session, at)
    else:
        house.close(session, at, "end_unknown")


def _row(session: Session, rows: tuple[HistoryRow, ...]) -> HistoryRow | None:
    """Return the play that must be this one: the first after it was last seen, or else the newest."""
    line = session.line
    started_s = min((state.started_at_s for state in session.watches()), default=line.started_at_s)
    ours = [
        row
        for row in rows
        if row.account_id == line.account_id
        and row.rating_key == line.item.rating_key
        and row.viewed_at_s >= started_s - HISTORY_SLACK_S
    ]
    ours.sort(key=lambda row: row.viewed_at_s)
    after = [row for row in ours if row.viewed_at_s >= line.seen.wall_s - HISTORY_SLACK_S]
    return after[0] if after else (ours[-1] if ours else None)

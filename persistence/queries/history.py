"""`history`: finished watches, a page at a time."""

from sqlalchemy import ColumnElement, func, select

from messages import GetHistory, HistoryPage
from persistence.database.rows import watch_record
from persistence.database.tables import WATCHES
from persistence.queries.answers import answers, bound_limit
from persistence.records.viewers import with_current_name
from persistence.records.watches import match_title
from persistence.store import StoreSnapshot
from viewers.redact import may_see


@answers(GetHistory)
def read_history(asked: GetHistory, store: StoreSnapshot) -> HistoryPage:
    """Return a page of finished watches, the newest first."""
    directory = store.directory
    if asked.viewer_id and not may_see(directory, asked.viewer_id, asked.asker):
        return HistoryPage((), 0, hidden=True)
    conditions: list[ColumnElement[bool]] = []
    if asked.viewer_id:
        conditions.append(WATCHES.c.viewer_id == directory.viewer(asked.viewer_id))
    elif hidden := directory.hidden_viewers():
        conditions.append(WATCHES.c.viewer_id.not_in(sorted(hidden)))
    if asked.title:
        conditions.append(match_title(asked.title))
    if asked.since_s is not None:
        conditions.append(WATCHES.c.ended_at_s >= asked.since_s)
    query = (
        select(WATCHES)
        .where(*conditions)
        .order_by(WATCHES.c.ended_at_s.desc(), WATCHES.c.watch_id)
        .limit(bound_limit(asked.limit))
        .offset(max(0, asked.offset))
    )
    total = store.connection.execute(select(func.count()).select_from(WATCHES).where(*conditions)).scalar_one()
    names = directory.member_names()
    rows = store.connection.execute(query).mappings()
    return HistoryPage(tuple(with_current_name(watch_record(row), names) for row in rows), total)

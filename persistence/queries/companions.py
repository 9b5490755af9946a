"""With whom a viewer watches."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import func, or_, select

from messages import Companion, CompanionList, GetCompanions
from messages.ids import SESSION_SOURCE, is_session_account
from persistence.database.sql import split_batches
from persistence.database.tables import VIEWERS, WATCHES
from persistence.queries.answers import answers
from persistence.store import StoreSnapshot
from viewers.redact import hides_figures, may_see

PARTIES = 100
"""Number of a viewer's last watch parties that are counted."""
MOST = 8
_IS_COMPANY = or_(WATCHES.c.source != SESSION_SOURCE, WATCHES.c.channel_id == "")


@answers(GetCompanions)
def list_companions(asked: GetCompanions, store: StoreSnapshot) -> CompanionList:
    """Return the visible viewers who were at most of a viewer's last watch parties."""
    directory = store.directory
    who = directory.viewer(asked.viewer_id)
    if not may_see(directory, who, asked.asker) or hides_figures(directory, who, asked.asker):
        return CompanionList((), 0)
    parties = _read_last_parties(store, who)
    met = count_company(store, who, parties)
    names = read_current_names(store, met)
    most = sorted(met, key=lambda viewer_id: (-met[viewer_id], names[viewer_id], viewer_id))[:MOST]
    rows = tuple(Companion(viewer_id, names[viewer_id], met[viewer_id]) for viewer_id in most)
    return CompanionList(rows, len(parties))


def _read_last_parties(store: StoreSnapshot, who: str) -> set[str]:
    own = (
        WATCHES.c.viewer_id == who,
        WATCHES.c.party.is_(True),
        WATCHES.c.brief.is_(False),
        WATCHES.c.screening_id != "",
        WATCHES.c.watch_id.not_in(store.running.instead_of),
    )
    query = select(WATCHES.c.screening_id).where(*own).order_by(WATCHES.c.ended_at_s.desc()).limit(PARTIES)
    running = [record for record in store.running.of_viewer(who).records if record.party and not record.brief]
    return {*store.connection.execute(query).scalars(), *(record.screening_id for record in running)} - {""}


def count_company(store: StoreSnapshot, who: str, screening_ids: Collection[str]) -> dict[str, int]:
    """Return how many of a viewer's screenings each other visible viewer attended.

    The account whose Plex session plays into a channel does not count; viewers who play the same film at home do.
    """
    left_out = {who, *store.hidden}
    met: dict[str, int] = {}
    for some in split_batches(screening_ids):
        query = select(WATCHES.c.viewer_id, func.count(WATCHES.c.screening_id.distinct())).where(
            WATCHES.c.screening_id.in_(some),
            WATCHES.c.brief.is_(False),
            _IS_COMPANY,
            WATCHES.c.viewer_id.not_in(sorted(left_out)),
        )
        for viewer_id, count in store.connection.execute(query.group_by(WATCHES.c.viewer_id)).all():
            met[viewer_id] = met.get(viewer_id, 0) + count
    running = {
        (record.screening_id, record.viewer_id)
        for record in store.running.records
        if record.screening_id in screening_ids
        and not (is_session_account(record.source) and record.channel_id)
        and not record.brief
        and record.viewer_id not in left_out
    }
    for some in split_batches(sorted({screening_id for screening_id, _ in running})):
        stored = select(WATCHES.c.screening_id, WATCHES.c.viewer_id).where(
            WATCHES.c.screening_id.in_(some), WATCHES.c.brief.is_(False), _IS_COMPANY
        )
        running -= {(row.screening_id, row.viewer_id) for row in store.connection.execute(stored).all()}
    for _, viewer_id in running:
        met[viewer_id] = met.get(viewer_id, 0) + 1
    return met


def read_current_names(store: StoreSnapshot, viewer_ids: Iterable[str]) -> Mapping[str, str]:
    """Return the names that viewers have now."""
    names: dict[str, str] = dict.fromkeys(viewer_ids, "")
    for some in split_batches(names):
        query = select(VIEWERS.c.viewer_id, VIEWERS.c.username).where(VIEWERS.c.viewer_id.in_(some))
        names |= dict(store.connection.execute(query).all())
    names |= {record.viewer_id: record.username for record in store.running.records}
    return names | store.directory.member_names()

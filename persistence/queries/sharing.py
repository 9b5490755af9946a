"""The pages that members share by a link."""

from sqlalchemy import select

from messages import FindShare, ListShares, ShareFound, ShareList
from persistence.database.tables import VIEWERS
from persistence.queries.answers import answers
from persistence.records.sharing import find_share, list_shares
from persistence.store import StoreSnapshot


@answers(ListShares)
def read_shares(asked: ListShares, store: StoreSnapshot) -> ShareList:
    """Return the pages that a member shares; none for a hidden member."""
    if not store.directory.shows(asked.viewer_id):
        return ShareList(())
    return ShareList(tuple(list_shares(store.connection, asked.viewer_id)))


@answers(FindShare)
def read_share(asked: FindShare, store: StoreSnapshot) -> ShareFound:
    """Return the page that is shared at an address."""
    found = find_share(store.connection, asked.token)
    if found is None or not store.directory.shows(found[0]):
        return ShareFound(None)
    viewer_id, share = found
    name = store.connection.execute(select(VIEWERS.c.username).where(VIEWERS.c.viewer_id == viewer_id)).scalar()
    return ShareFound(share, viewer_id, store.directory.member_names().get(viewer_id) or name or "")

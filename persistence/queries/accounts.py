"""`link` and `privacy`: a member's links and choice of privacy, and the accounts that can be linked."""

from sqlalchemy import and_, func, select

from messages import (
    AccountsFound,
    AccountSummary,
    FindAccounts,
    GetViewerAccount,
    GetVisibleViewers,
    ViewerAccount,
    VisibleViewers,
)
from messages.ids import PLEX_PREFIX
from persistence.database.tables import ONLY_COMMUNITY, VIEWER_PERIODS, VIEWERS
from persistence.queries.answers import answers
from persistence.records.links import read_links
from persistence.records.viewers import read_account, read_choices, read_erasures
from persistence.store import StoreSnapshot


@answers(GetViewerAccount)
def find_account(asked: GetViewerAccount, store: StoreSnapshot) -> ViewerAccount:
    """Return a member's links and choice of privacy."""
    return read_account(store.connection, asked.viewer_id)


@answers(GetVisibleViewers)
def find_visible_viewers(_asked: GetVisibleViewers, store: StoreSnapshot) -> VisibleViewers:
    """Return links, choices of privacy, and erased viewers."""
    erasures = tuple(sorted(read_erasures(store.connection).items()))
    return VisibleViewers(read_links(store.connection), read_choices(store.connection), erasures)


@answers(FindAccounts)
def find_plex_accounts(asked: FindAccounts, store: StoreSnapshot) -> AccountsFound:
    """Return the Plex accounts that are not linked, by name; hidden ones only if asked for."""
    part, directory = asked.part.casefold(), store.directory
    store.require_summaries()
    own = and_(
        VIEWER_PERIODS.c.community == ONLY_COMMUNITY,
        VIEWER_PERIODS.c.kind == "all",
        VIEWER_PERIODS.c.viewer_id == VIEWERS.c.viewer_id,
    )
    records = func.coalesce(VIEWER_PERIODS.c.watches + VIEWER_PERIODS.c.briefs, 0)
    query = (
        select(VIEWERS.c.viewer_id, VIEWERS.c.username, records)
        .join(VIEWER_PERIODS, own, isouter=True)
        .where(VIEWERS.c.viewer_id.startswith(PLEX_PREFIX, autoescape=True))
    )
    accounts = [
        AccountSummary(plex_id, name, watches)
        for plex_id, name, watches in store.connection.execute(query).all()
        if plex_id not in directory.links
        and part in name.casefold()
        and (asked.with_hidden or directory.shows(plex_id))
    ]
    accounts.sort(key=lambda account: (account.name.casefold(), account.plex_id))
    return AccountsFound(tuple(accounts[: max(0, asked.limit)]))

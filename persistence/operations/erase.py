"""Removes everything that is stored about one viewer."""

import msgspec
from sqlalchemy import ColumnElement, delete, or_, select

from messages import UnlinkAccount
from persistence.database.sql import upsert
from persistence.database.tables import (
    ACCOUNT_LINKS,
    CHECKPOINT,
    FILM_RATINGS,
    NIGHT_RSVPS,
    POLL_VOTES,
    PRIVACY,
    VIEWER_BADGES,
    VIEWER_STATS,
    VIEWERS,
    WATCH_PARTS,
    WATCHES,
    WEB_SHARES,
)
from persistence.operations.link import unlink
from persistence.records.change_set import ChangeSet, RowChange
from persistence.records.links import UnprovenLink, read_unproven_links
from persistence.records.suggestions import delete_wishes
from persistence.records.viewers import read_directory, record_erasure
from persistence.records.watches import write_rows
from persistence.records.web_sessions import forget_access


class ErasedViewer(msgspec.Struct, frozen=True):
    """The result of erasing a viewer."""

    ids: tuple[str, ...]
    """The ids under which the viewer was seen."""
    watches: int
    badges: int
    separated: tuple[UnprovenLink, ...] = ()
    """Links that only an administrator had confirmed: these accounts keep what they watched before."""


def erase_viewer(change: ChangeSet, viewer_id: str, at_s: float) -> ErasedViewer:
    """Remove a viewer's watches, statistics, badges, suggestions, votes, ratings, links, sessions, shares and choice.

    Linked accounts are included; for an account that the member has not signed in to, only watches since the link,
    because it may be somebody else's. The choice "untracked" is kept.
    A watch that began before `at_s` and arrives later is not stored either.
    """
    connection = change.connection
    separated = tuple(read_unproven_links(connection, viewer_id))
    since_links = sum(_separate_account(change, viewer_id, each) for each in separated)
    people = read_directory(connection)
    ids = people.ids_of(viewer_id)
    watches = _remove_watches(change, or_(WATCHES.c.viewer_id.in_(ids), WATCHES.c.identity.in_(ids)))
    connection.execute(delete(WATCH_PARTS).where(WATCH_PARTS.c.viewer_id.in_(ids)))
    badges = connection.execute(delete(VIEWER_BADGES).where(VIEWER_BADGES.c.viewer_id.in_(ids))).rowcount
    delete_wishes(connection, ids)
    forget_access(connection, ids)
    for table in (VIEWER_STATS, VIEWERS, CHECKPOINT, FILM_RATINGS, POLL_VOTES, NIGHT_RSVPS, WEB_SHARES):
        connection.execute(delete(table).where(table.c.viewer_id.in_(ids)))
    connection.execute(delete(ACCOUNT_LINKS).where(ACCOUNT_LINKS.c.viewer_id == viewer_id))
    own_choice = PRIVACY.c.viewer_id == viewer_id
    connection.execute(delete(PRIVACY).where(own_choice, PRIVACY.c.choice != "untracked"))
    connection.execute(PRIVACY.update().where(own_choice).values(username=""))
    if people.choice(viewer_id) == "untracked":  # it applied to the accounts too, which would otherwise be tracked
        rows = [{"viewer_id": each, "username": "", "choice": "untracked", "since_s": at_s} for each in ids[1:]]
        upsert(connection, PRIVACY, rows)
    record_erasure(connection, ids, at_s)
    change.leave(ids)
    return ErasedViewer(tuple(ids), watches + since_links, badges, separated)


def _separate_account(change: ChangeSet, viewer_id: str, account: UnprovenLink) -> int:
    """Undo a link, and remove what the account watched since; return how many records were removed."""
    unlink(change, UnlinkAccount(account.plex_id, viewer_id, "forgetme"))
    own = WATCHES.c.identity == account.plex_id
    removed = _remove_watches(change, own & (WATCHES.c.started_at_s >= account.linked_at_s))
    change.connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.viewer_id == account.plex_id))
    if change.connection.execute(select(WATCHES.c.watch_id).where(own).limit(1)).first() is None:
        for table in (VIEWER_STATS, VIEWERS, VIEWER_BADGES):
            change.connection.execute(delete(table).where(table.c.viewer_id == account.plex_id))
        change.leave([account.plex_id])
    else:
        change.viewers.add(account.plex_id)  # part of what the unlink restored was removed again
    return removed


def _remove_watches(change: ChangeSet, chosen: ColumnElement[bool]) -> int:
    rows = change.connection.execute(select(WATCHES).where(chosen)).mappings().all()
    write_rows(change, [RowChange(row, None) for row in rows])
    return len(rows)

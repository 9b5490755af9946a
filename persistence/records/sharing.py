"""Rows of `web_shares` and `night_rsvps`: pages shared by a link, and the RSVPs of nights."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from messages import FIRST_YEAR, LAST_YEAR, OpenShare, Share
from persistence.database.sql import upsert
from persistence.database.tables import NIGHT_RSVPS, ONLY_COMMUNITY, VIEWER_BADGES, WATCHES, WEB_SHARES

MOST_SHARES = 100
"""Maximum number of a member's shares; a new one ends the oldest."""
MOST_RSVPS = 1000
_COLUMNS = tuple(WEB_SHARES.c[name] for name in Share.__struct_fields__)


def can_share(connection: Connection, asked: OpenShare) -> bool:
    """Tell whether the page belongs to the owner: their year, a night they attended, a badge they have."""
    match asked.kind:
        case "year":
            is_year = asked.subject.isascii() and asked.subject.isdecimal() and len(asked.subject) == 4
            return is_year and FIRST_YEAR <= int(asked.subject) <= LAST_YEAR
        case "night":
            own = (WATCHES.c.screening_id == asked.subject) & (WATCHES.c.viewer_id == asked.viewer_id)
            query = select(WATCHES.c.watch_id).where(own, WATCHES.c.brief.is_(False)).limit(1)
        case "badge":
            own = (VIEWER_BADGES.c.viewer_id == asked.viewer_id) & (VIEWER_BADGES.c.badge_id == asked.subject)
            query = select(VIEWER_BADGES.c.badge_id).where(own)
    return connection.execute(query).first() is not None


def put_share(connection: Connection, asked: OpenShare, now_s: float) -> Share:
    """Insert a share, or return the existing share of the same page."""
    for share in list_shares(connection, asked.viewer_id):
        if (share.kind, share.subject) == (asked.kind, asked.subject):
            return share
    share = Share(asked.token, asked.kind, asked.subject, now_s)
    row = {name: getattr(share, name) for name in Share.__struct_fields__}
    upsert(connection, WEB_SHARES, [{"community": ONLY_COMMUNITY, "viewer_id": asked.viewer_id, **row}])
    for old in list_shares(connection, asked.viewer_id)[MOST_SHARES:]:
        end_shares(connection, asked.viewer_id, old.token)
    return share


def list_shares(connection: Connection, viewer_id: str) -> list[Share]:
    """Return the shares of a member, the newest first."""
    own = (WEB_SHARES.c.community == ONLY_COMMUNITY) & (WEB_SHARES.c.viewer_id == viewer_id)
    order = WEB_SHARES.c.created_at_s.desc(), WEB_SHARES.c.token
    return [Share(*row) for row in connection.execute(select(*_COLUMNS).where(own).order_by(*order))]


def find_share(connection: Connection, token: str) -> tuple[str, Share] | None:
    """Return the owner's id and the share; None if there is no such share."""
    own = (WEB_SHARES.c.community == ONLY_COMMUNITY) & (WEB_SHARES.c.token == token)
    row = connection.execute(select(WEB_SHARES.c.viewer_id, *_COLUMNS).where(own)).first()
    return None if row is None else (row[0], Share(*row[1:]))


def end_shares(connection: Connection, viewer_id: str, token: str = "") -> int:
    """Remove one of a member's shares, or all; return how many were removed."""
    own = WEB_SHARES.c.viewer_id == viewer_id
    chosen = own & (WEB_SHARES.c.token == token) if token else own
    return connection.execute(delete(WEB_SHARES).where(chosen)).rowcount


def put_rsvps(connection: Connection, screening_id: str, viewer_ids: Iterable[str]) -> None:
    """Replace the RSVPs of a night."""
    own = (NIGHT_RSVPS.c.community == ONLY_COMMUNITY) & (NIGHT_RSVPS.c.screening_id == screening_id)
    connection.execute(delete(NIGHT_RSVPS).where(own))
    rows = [
        {"community": ONLY_COMMUNITY, "screening_id": screening_id, "viewer_id": viewer_id}
        for viewer_id in sorted(set(viewer_ids))[:MOST_RSVPS]
    ]
    if rows:
        connection.execute(insert(NIGHT_RSVPS), rows)


def read_rsvps(connection: Connection, screening_id: str) -> set[str]:
    """Return the RSVPs of a night."""
    own = (NIGHT_RSVPS.c.community == ONLY_COMMUNITY) & (NIGHT_RSVPS.c.screening_id == screening_id)
    return set(connection.execute(select(NIGHT_RSVPS.c.viewer_id).where(own)).scalars())

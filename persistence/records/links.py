"""Rows of `account_links`: the media server accounts of Discord members."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from messages import PLEX_TV, LinkAccount, LinkedAccount
from persistence.database.rows import PreLinkState, as_json
from persistence.database.tables import ACCOUNT_LINKS, WATCHES


class StoredLink(NamedTuple):
    """A link, with what is needed to undo it."""

    plex_name: str
    username: str
    linked_at_s: float
    """Seconds since 1970, UTC."""
    before: PreLinkState


def read_links(connection: Connection) -> tuple[LinkedAccount, ...]:
    """Return every link."""
    rows = connection.execute(select(ACCOUNT_LINKS).order_by(ACCOUNT_LINKS.c.plex_id)).mappings()
    return tuple(LinkedAccount(row["plex_id"], row["plex_name"], row["viewer_id"], row["username"]) for row in rows)


def has_linked_account(connection: Connection, viewer_id: str) -> bool:
    """Tell whether a viewer has a linked account."""
    return (
        connection.execute(select(ACCOUNT_LINKS.c.plex_id).where(ACCOUNT_LINKS.c.viewer_id == viewer_id)).first()
        is not None
    )


class UnprovenLink(NamedTuple):
    """A link that only an administrator confirmed, without a sign-in to the account."""

    plex_id: str
    plex_name: str
    linked_at_s: float
    """Seconds since 1970, UTC."""


def read_unproven_links(connection: Connection, viewer_id: str) -> list[UnprovenLink]:
    """Return the links of a member to accounts that they have not signed in to."""
    columns = (ACCOUNT_LINKS.c.plex_id, ACCOUNT_LINKS.c.plex_name, ACCOUNT_LINKS.c.linked_at_s)
    own = (ACCOUNT_LINKS.c.viewer_id == viewer_id) & (ACCOUNT_LINKS.c.confirmed_by != PLEX_TV)
    return [UnprovenLink(*row) for row in connection.execute(select(*columns).where(own).order_by(columns[0])).all()]


def prove_link(connection: Connection, plex_id: str) -> None:
    """Note that the member has signed in to a linked account."""
    connection.execute(update(ACCOUNT_LINKS).where(ACCOUNT_LINKS.c.plex_id == plex_id).values(confirmed_by=PLEX_TV))


def insert_link(connection: Connection, asked: LinkAccount, plex_name: str, before: PreLinkState, at_s: float) -> None:
    """Insert a link. `at_s`: when it was made, seconds since 1970, UTC."""
    row = {
        "plex_id": asked.plex_id,
        "plex_name": plex_name,
        "viewer_id": asked.viewer_id,
        "username": asked.username,
        "confirmed_by": asked.confirmed_by,
        "linked_at_s": at_s,
        "aside": as_json(before),
    }
    connection.execute(ACCOUNT_LINKS.insert(), row)


def pop_link(connection: Connection, plex_id: str, viewer_id: str) -> StoredLink | None:
    """Remove a link and return it; None if the two are not linked."""
    own = (ACCOUNT_LINKS.c.plex_id == plex_id) & (ACCOUNT_LINKS.c.viewer_id == viewer_id)
    row = connection.execute(select(ACCOUNT_LINKS).where(own)).mappings().first()
    if row is None:
        return None
    connection.execute(delete(ACCOUNT_LINKS).where(own))
    return _build_link(row)


def read_first_link(connection: Connection, viewer_id: str) -> StoredLink | None:
    """Return the oldest link of a member; None if there is none."""
    query = select(ACCOUNT_LINKS).where(ACCOUNT_LINKS.c.viewer_id == viewer_id).order_by(ACCOUNT_LINKS.c.linked_at_s)
    row = connection.execute(query).mappings().first()
    return None if row is None else _build_link(row)


def read_pre_link_states(connection: Connection, viewer_id: str) -> list[PreLinkState]:
    """Return the saved state before each link of a member."""
    query = select(ACCOUNT_LINKS.c.aside).where(ACCOUNT_LINKS.c.viewer_id == viewer_id)
    return [msgspec.json.decode(text, type=PreLinkState) for text in connection.execute(query).scalars()]


class NameSighting(NamedTuple):
    """A viewer's name in a watch, with the watch's start."""

    viewer_id: str
    name: str
    started_at_s: float
    """Seconds since 1970, UTC."""


def update_display_names(
    connection: Connection, sightings: Iterable[NameSighting], links: Iterable[LinkedAccount] | None = None
) -> set[str]:
    """Update the names of members with a linked account; return the members whose name changed.

    The newest name wins, among these sightings, the stored watches and the link itself. `links`: the links, at least
    of these viewers, if they were already read.
    """
    current: dict[str, set[str]] = {}
    for link in read_links(connection) if links is None else links:
        current.setdefault(link.viewer_id, set()).add(link.username)
    newest = {each.viewer_id: each for each in sorted(sightings, key=lambda each: each.started_at_s) if each.name}
    changed = set()
    for sighting in newest.values():
        is_other = sighting.viewer_id in current and current[sighting.viewer_id] != {sighting.name}
        if is_other and sighting.started_at_s >= _read_name_time(connection, sighting.viewer_id):
            set_display_name(connection, sighting.viewer_id, sighting.name)
            changed.add(sighting.viewer_id)
    return changed


def set_display_name(connection: Connection, viewer_id: str, name: str) -> None:
    """Set the member's name in all their links."""
    connection.execute(update(ACCOUNT_LINKS).where(ACCOUNT_LINKS.c.viewer_id == viewer_id).values(username=name))


def _read_name_time(connection: Connection, viewer_id: str) -> float:
    """Return the time of the newest name of a member with a linked account."""
    linked = select(func.max(ACCOUNT_LINKS.c.linked_at_s)).where(ACCOUNT_LINKS.c.viewer_id == viewer_id)
    own = (WATCHES.c.viewer_id == viewer_id) & (WATCHES.c.identity == viewer_id)
    watched = select(func.max(WATCHES.c.started_at_s)).where(own)
    times = (connection.execute(query).scalar_one() for query in (linked, watched))
    return max((at_s for at_s in times if at_s is not None), default=-math.inf)


def _build_link(row: Any) -> StoredLink:
    before = msgspec.json.decode(row["aside"], type=PreLinkState)
    return StoredLink(row["plex_name"], row["username"], row["linked_at_s"], before)

"""Rows of `communities`: the Discord servers that are served beside the environment's own, and what they chose."""

import msgspec
from sqlalchemy import Connection, delete, select

from messages import Community
from persistence.database.rows import as_json
from persistence.database.sql import upsert
from persistence.database.tables import COMMUNITIES

_SETTINGS = msgspec.json.Decoder(dict[str, str])


def read_communities(connection: Connection) -> tuple[Community, ...]:
    """Return every community, by the id of its Discord server."""
    rows = connection.execute(select(COMMUNITIES)).mappings().all()
    found = [Community(row["community"], row["name"], _SETTINGS.decode(row["settings"])) for row in rows]
    return tuple(sorted(found, key=lambda community: int(community.guild_id)))


def write_community(connection: Connection, community: Community, now_s: float) -> None:
    """Add a community, or put what it chose in place of what it chose before."""
    row = {
        "community": community.guild_id,
        "name": community.name,
        "settings": as_json(dict(sorted(community.settings.items()))),
        "changed_at_s": now_s,
    }
    upsert(connection, COMMUNITIES, [row])


def delete_community(connection: Connection, guild_id: str) -> bool:
    """Take a community off the list; return whether it was there."""
    return connection.execute(delete(COMMUNITIES).where(COMMUNITIES.c.community == guild_id)).rowcount > 0

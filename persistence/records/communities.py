"""Rows of `communities`: the further Discord servers that are served, and their settings."""

import msgspec
from sqlalchemy import Connection, RowMapping, delete, func, select

from messages import Community
from persistence.database.rows import as_json
from persistence.database.sql import upsert
from persistence.database.tables import COMMUNITIES

_SETTINGS = msgspec.json.Decoder(dict[str, str])


def read_communities(connection: Connection) -> tuple[Community, ...]:
    """Return every community, by the id of its Discord server."""
    found = map(_build, connection.execute(select(COMMUNITIES)).mappings())
    return tuple(sorted(found, key=lambda community: int(community.guild_id)))


def read_community(connection: Connection, guild_id: str) -> Community | None:
    """Return the community of a Discord server; None if it has none."""
    wanted = select(COMMUNITIES).where(COMMUNITIES.c.community == guild_id)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else _build(row)


def count_communities(connection: Connection) -> int:
    """Return the number of communities."""
    return int(connection.execute(select(func.count()).select_from(COMMUNITIES)).scalar_one())


def _build(row: RowMapping) -> Community:
    return Community(row["community"], row["name"], _SETTINGS.decode(row["settings"]))


def write_community(connection: Connection, community: Community, now_s: float) -> None:
    """Add a community, or replace its settings."""
    row = {
        "community": community.guild_id,
        "name": community.name,
        "settings": as_json(dict(sorted(community.settings.items()))),
        "changed_at_s": now_s,
    }
    upsert(connection, COMMUNITIES, [row])


def delete_community(connection: Connection, guild_id: str) -> bool:
    """Delete a community; return whether it existed."""
    return connection.execute(delete(COMMUNITIES).where(COMMUNITIES.c.community == guild_id)).rowcount > 0

"""`communities.json`: the list of further communities, which `export` writes with the other files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from actors.persistence.community_keeper import check_choice, check_guild_id
from actors.runtime.errors import Declined
from atomic_file import write_atomically
from config import COMMUNITIES_DIR, Settings
from foreign_input import ForeignInputError, read_text
from messages import Community
from persistence.database.errors import ImportFault
from persistence.records.communities import read_communities, write_community
from persistence.store import Store

FILE = "communities.json"
_LARGEST = 50_000_000
"""Largest size of the file, bytes."""


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A community in the file."""

    guild_id: str
    name: str
    settings: dict[str, str]


def export_communities(store: Store, folder: Path) -> Path | None:
    """Write the list, in which tokens stay encrypted; return its file, or None if there are no further communities."""
    with store.reader.connect() as connection:
        communities = read_communities(connection)
    if not communities:
        return None
    entries = [_Entry(each.guild_id, each.name, each.settings) for each in communities]
    file = folder / FILE
    write_atomically(file, [msgspec.json.format(msgspec.json.encode(entries), indent=2)])
    return file


def read_exported_communities(folder: Path, settings: Settings) -> Sequence[Community]:
    """Return the communities in a folder that `export` wrote; a further community has none. Raises ImportFault."""
    file = folder / FILE
    if settings.community or not file.is_file():
        return ()
    try:
        entries = msgspec.json.decode(read_text(file, _LARGEST), type=list[_Entry])
        return [
            Community(
                check_guild_id(each.guild_id, settings.discord_guild_id),
                each.name[:100],
                {name: check_choice(name, text) for name, text in each.settings.items()},
            )
            for each in entries
        ]
    except (OSError, ForeignInputError, msgspec.MsgspecError, Declined) as error:
        raise ImportFault(f"{file}: {error}. Nothing was changed.") from error


def add_communities(store: Store, communities: Sequence[Community], settings: Settings) -> int:
    """Add the communities that are not in the store; return how many. Their data must be in their folders already."""
    if not communities:
        return 0
    with store.transaction() as connection:
        known = {each.guild_id for each in read_communities(connection)}
        new = [each for each in communities if each.guild_id not in known]
        for each in new:
            (Path(settings.data_dir) / COMMUNITIES_DIR / each.guild_id).mkdir(parents=True, exist_ok=True)
            write_community(connection, each, time.time())
    return len(new)

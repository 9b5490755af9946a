"""Checks the further communities for `check`: is each store intact, and does a key decrypt their Plex tokens?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from actors.media.sealing import SealError, TokenSealer
from config import Settings
from diagnosis.findings import Finding, error, ok


def check_communities(settings: Settings) -> Iterator[Finding]:
    """Check each further community (the service itself checks their Plex servers). Yields nothing if there are none."""
    from launcher.commands.communities import list_communities  # here, so that `setup` never loads SQLAlchemy
    from launcher.connection.service_client import NotReachedError
    from persistence.database.errors import StoreAway, StoreError
    from persistence.database.open_store import check_store
    from persistence.json_files.files import find_own_copies

    try:
        communities = list_communities(settings)
    except (StoreError, StoreAway, NotReachedError):
        return  # the check of the store reports it, or the next command that asks the service
    sealer, wrong = TokenSealer(settings.usher_keys), 0
    for each in communities:
        own = settings.for_community(each.guild_id, each.settings)
        folder = Path(own.data_dir).absolute()
        try:
            check_store(own.store_url, folder / "backups", find_own_copies(folder))
        except (StoreError, StoreAway) as failure:
            wrong += 1
            yield error("communities", "communities.store", name=each.name, text=failure.found, cure=failure.cure)
        for server in own.servers:
            try:
                sealer.open(server.token, each.guild_id, server.server_id)
            except SealError as failure:
                wrong += 1
                yield error("communities", "communities.token", name=each.name, text=failure.problem)
    if communities and not wrong:
        yield ok("communities", "communities.ok", count=len(communities))

"""`python run.py communities`: the further Discord servers, which are served besides the one in the settings."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from actors.media.sealing import make_key
from config import COMMUNITIES_DIR, Settings
from launcher.audit import record_command
from launcher.commands.store import exclusive_access, report_failures
from launcher.connection.run_state import read_running_state
from launcher.connection.service_client import ServiceClient
from messages import Community, ListCommunities, RemoveCommunity
from persistence.database.engine import reader_engine, sqlite_file, writer_engine
from persistence.database.errors import StoreError
from persistence.database.open_store import translate_store_errors
from persistence.database.revision import read_revision
from persistence.records.communities import delete_community, read_communities

_FIRST_REVISION = "0008"
"""The first schema revision with a table of communities."""


@report_failures
def main(settings: Settings, arguments: argparse.Namespace, console: Console) -> int:
    """List the communities, make a key for their tokens, or stop serving one."""
    if arguments.action == "key":
        console.print(make_key(), highlight=False, soft_wrap=True)
        return 0
    if arguments.action == "remove":
        return _remove(settings, arguments.which, console)
    communities = list_communities(settings)
    if not communities:
        console.print("No further Discord server is served. docs/communities.md says how several are.")
        return 0
    console.print(_build_table(settings, communities))
    return 0


def list_communities(settings: Settings) -> tuple[Community, ...]:
    """Return every further community: from the service if it is running, else from the store. Raises StoreError."""
    if read_running_state(settings.installation_dir) is not None:
        with ServiceClient(settings.installation_dir) as service:
            return service.ask(ListCommunities()).communities
    file = sqlite_file(settings.store_url)
    with translate_store_errors(settings.store_url):
        if file is not None and not file.exists():
            return ()
        engine = reader_engine(settings.store_url)
        try:
            with engine.connect() as connection:
                if (read_revision(connection) or "") < _FIRST_REVISION:
                    return ()
                return read_communities(connection)
        finally:
            engine.dispose()


def choose_community(settings: Settings, wanted: str) -> Settings:
    """Return the settings of the community with that id or name. Raises StoreError if there is none.

    A removed community is found by its id, as long as its folder exists.
    """
    if not wanted:
        return settings
    communities = list_communities(settings)
    found = [each for each in communities if each.guild_id == wanted]
    found = found or [each for each in communities if each.name.casefold() == wanted.casefold()]
    if len(found) == 1:
        return settings.for_community(found[0].guild_id, found[0].settings)
    if wanted.isascii() and wanted.isdigit() and (Path(settings.data_dir) / COMMUNITIES_DIR / wanted).is_dir():
        return settings.for_community(wanted, {})
    if found:
        raise StoreError(f"Several communities are called {wanted}.", "Name one by its id: python run.py communities")
    raise StoreError(f"There is no further community {wanted}.", "'python run.py communities' lists them.")


def _remove(settings: Settings, wanted: str, console: Console) -> int:
    chosen = choose_community(settings, wanted)
    if not chosen.community:
        raise StoreError("Which one?", "Name it by its id: python run.py communities")
    if read_running_state(settings.installation_dir) is not None:
        with ServiceClient(settings.installation_dir) as service:
            service.ask(RemoveCommunity(chosen.community, "the command line"))
    else:
        with exclusive_access(settings), translate_store_errors(settings.store_url):
            engine = writer_engine(settings.store_url, is_owner=True)
            try:
                with engine.begin() as connection:
                    is_gone = delete_community(connection, chosen.community)
            finally:
                engine.dispose()
        if not is_gone:
            raise StoreError(f"{chosen.community} is not served.", "'python run.py communities' lists those that are.")
        record_command(Path(chosen.data_dir), "community remove", chosen.community, "done")
    console.print(f"Discord server {chosen.community} is served no longer. Its data stay in {Path(chosen.data_dir)}.")
    return 0


def _build_table(settings: Settings, communities: tuple[Community, ...]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for head in ("id", "Discord server", "Plex servers", "language", "zone", "data"):
        shown.add_column(head, justify="right" if head == "Plex servers" else "left", overflow="fold")
    for each in communities:
        own = settings.for_community(each.guild_id, each.settings)
        servers = str(len(own.servers))
        shown.add_row(each.guild_id, each.name, servers, own.bot_language, own.timezone, own.data_dir)
    return shown

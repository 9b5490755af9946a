"""The Plex servers that an account owns, for a further community: each with its address and its sealed token."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Final

from actors.media.plex.client import connect_server
from actors.media.plex.errors import POSSIBLE, NotAPlexServer, classify_failure
from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand.plextv import AccountServer
from actors.media.public_address import find_private
from actors.media.sealing import TokenSealer
from messages import OwnedPlexServer, Problem

MOST: Final = 20
"""Servers of an account at most."""
_MOST_ADDRESSES: Final = 6
_AT_ONCE: Final = 8
"""Servers that are tried at the same time."""


def describe_owned_servers(
    servers: list[AccountServer], community: str, sealer: TokenSealer, http: Callable[[str], BoundedSession]
) -> tuple[OwnedPlexServer, ...]:
    """Return the servers that the account owns, by name. Raises SealError if there is no key.

    `http` makes the connection to an address, and refuses addresses that further communities may not use.
    """
    owned = [server for server in servers if server.owned and server.server_id][:MOST]
    sealed = [sealer.seal(server.token, community, server.server_id) for server in owned]
    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="plex-owned") as pool:
        found = list(pool.map(lambda server: _find_address(server, http), owned))
    described = [
        OwnedPlexServer(server.server_id[:100], server.name[:100], url, token, reason)
        for server, token, (url, reason) in zip(owned, sealed, found, strict=True)
    ]
    return tuple(sorted(described, key=lambda server: (server.name.casefold(), server.server_id)))


def _find_address(server: AccountServer, http: Callable[[str], BoundedSession]) -> tuple[str, Problem | None]:
    """Return the first address at which the server answers; otherwise the last that `http` allows, and the problem."""
    best, reason = "", Problem.of("community.no_address")
    for url in server.addresses[:_MOST_ADDRESSES]:
        try:
            with http(url) as session:
                answered = str(connect_server(url, server.token, session).machineIdentifier or "")
            if answered != server.server_id:
                raise NotAPlexServer("another server")
        except POSSIBLE as error:
            if find_private(error) is None:
                best, reason = url, classify_failure(error, url).problem
            elif not best:
                reason = classify_failure(error, url).problem
        else:
            return url, None
    return best, reason

"""The format of viewer ids: Discord's digits for a member, `plex:<server>:<account>` for a Plex account.

Only this module builds or parses such ids.
"""

from __future__ import annotations

from typing import Final, NamedTuple

PLEX_PREFIX: Final = "plex:"
"""Prefix of every Plex account's id, even if it names no server (from an old data folder)."""

SESSION_SOURCE: Final = "plex"
"""`WatchRecord.source` for a session's own account; for queries of the store."""


class PlexAccountId(NamedTuple):
    """The parts of a Plex account's id."""

    server_id: str
    """machineIdentifier of the server; empty if an old data folder did not name it."""
    account_id: str
    """Plex's id of the account on that server; 1 is the owner."""

    def __str__(self) -> str:
        return plex_viewer_id(self.server_id, self.account_id)


def plex_viewer_id(server_id: str, account_id: str) -> str:
    """Return the viewer id of an account on a Plex server."""
    return f"{PLEX_PREFIX}{server_id}:{account_id}"


def is_plex_account(viewer_id: str) -> bool:
    """Tell whether the viewer is a Plex account, not a Discord member."""
    return viewer_id.startswith(PLEX_PREFIX)


def parse_plex_account(viewer_id: str) -> PlexAccountId | None:
    """Return the parts of a Plex account's id; None for a Discord member's."""
    if not is_plex_account(viewer_id):
        return None
    server_id, colon, account_id = viewer_id.removeprefix(PLEX_PREFIX).partition(":")
    return PlexAccountId(server_id, account_id) if colon else PlexAccountId("", server_id)


def server_of(viewer_id: str) -> str:
    """Return the machineIdentifier of a Plex account's server; empty for a Discord member."""
    account = parse_plex_account(viewer_id)
    return account.server_id if account else ""


def is_session_account(source: str) -> bool:
    """Tell whether a watch belongs to its session's own account, not to a member of the voice channel.

    `source`: as in `WatchRecord.source`.
    """
    return source == SESSION_SOURCE

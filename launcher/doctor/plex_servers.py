"""Checks for `check` and `setup` whether each Plex server answers and accepts the token as its owner's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import config
from actors.media.plex.client import PlexClient
from actors.media.plex.errors import POSSIBLE, classify_failure
from actors.media.plex.http import BoundedSession
from diagnosis.findings import Finding, error, ok
from diagnosis.plex_checks import check_accounts

_TIMEOUT_S = 10.0


def check_plex(settings: config.Settings) -> Iterator[Finding]:
    """Check every Plex server, then the accounts that the settings name."""
    accounts: list[tuple[str, str]] = []
    answered = 0
    for server in settings.servers:
        connected = connect(server, is_listed=server.url != settings.plex_url)
        if isinstance(connected, Finding):
            yield connected
            continue
        name, version = str(connected.friendlyName), str(connected.version)
        yield ok("plex", "plex.ok", name=name, version=version, url=server.url)
        with contextlib.suppress(*POSSIBLE):
            accounts += [(str(account.id), str(account.name or "")) for account in connected.systemAccounts()]
            answered += 1
    yield from check_accounts(accounts if answered == len(settings.servers) else None, settings)


def connect(
    server: config.PlexServer, timeout_s: float = _TIMEOUT_S, *, only_public: bool = False, is_listed: bool = False
) -> Any:
    """Return plexapi's server if it accepts the token as its owner's; else a Finding that says why not.

    It is asked by the service's own client: with the same proxy, certificates and limits. `only_public`: connect only
    to public addresses, as for a further community. `is_listed`: it is one of PLEX_SERVERS.
    """
    setting = "PLEX_SERVERS" if is_listed else "PLEX_TOKEN"
    if not server.token:
        return error("plex", "plex.no_token", url=server.url, setting=setting)
    source = PlexClient(server.url, server.token, BoundedSession(server.url, timeout_s, only_public=only_public))
    try:
        source.connect()
    except POSSIBLE as failure:
        return _explain(failure, server.url, is_listed=is_listed)
    try:
        source.fetch_sessions()
    except POSSIBLE as failure:
        finding = _explain(failure, server.url, is_listed=is_listed)
        # Some servers answer a member's request for the sessions as if the token were wrong.
        is_members = finding.code == "plex.unauthorized"
        return error("plex", "plex.member_token", url=server.url, setting=setting) if is_members else finding
    return source.server


def _explain(failure: Exception, url: str, *, is_listed: bool) -> Finding:
    explained = classify_failure(failure, url, is_listed=is_listed)
    return error("plex", f"plex.{explained.kind}", text=explained.what, cure=explained.cure)

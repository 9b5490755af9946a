"""Checks of accounts on the Plex servers: the host of the watch parties, and accounts to be ignored."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from config import Settings
from diagnosis.findings import Finding, error, note


def check_accounts(accounts: Collection[tuple[str, str]] | None, settings: Settings) -> Iterator[Finding]:
    """Check the accounts that the settings name.

    `accounts`: id and name of every account on all servers; None if a server could not be asked, since an account may
    be on that one.
    """
    host = settings.watch_party_plex_user
    if accounts:
        names = ", ".join(sorted({name for _id, name in accounts if name}))
        known = {text for account_id, name in accounts for text in (account_id, name.casefold())}
        if host and host.casefold() not in known:
            yield error("watch_party", "plex.no_host", account=host, accounts=names, setting="WATCH_PARTY_PLEX_USER")
        for name in settings.excluded_plex_users:
            if name.casefold() not in known:
                yield note("excluded", "plex.no_excluded", account=name, accounts=names, setting="EXCLUDED_PLEX_USERS")
    if settings.watch_party_voice_channel_id and not host:
        yield note("watch_party", "plex.host_unset", setting="WATCH_PARTY_PLEX_USER")

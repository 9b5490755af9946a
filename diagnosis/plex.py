"""Is each Plex server there, and does it accept the token as its owner's?"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

import requests
from plexapi.exceptions import PlexApiException, Unauthorized
from plexapi.server import PlexServer

import config
from diagnosis.findings import Finding, bad, good, note

_TIMEOUT_S = 10
_connect: Callable[..., Any] = PlexServer  # its functions have no types
_HOW_TO_GET_IT = (
    "sign in to Plex Web as the server's owner, open 'View XML' of any item and copy X-Plex-Token from its address"
)


def check(settings: config.Settings) -> Iterator[Finding]:
    """A finding for each server, and one for the host of the watch parties."""
    accounts: set[str] = set()
    known: set[str] = set()
    asked = 0
    for server in settings.servers:
        found = look(server)
        if isinstance(found, Finding):
            yield found
            continue
        yield good("Plex", f"{found.friendlyName} ({found.version}) at {server.url} knows the token as its owner's")
        with contextlib.suppress(Exception):
            for account in found.systemAccounts():
                accounts.update(filter(None, [account.name]))
                known.update({str(account.name).casefold(), str(account.id)})
            asked += 1
    host = settings.watch_party_plex_user
    # A server that could not be asked may have whom the others lack.
    is_all = bool(accounts) and asked == len(settings.servers)
    if host and is_all and host.casefold() not in known:
        yield bad(
            "Watch party",
            f"no account named {host!r} on the Plex server",
            f"set WATCH_PARTY_PLEX_USER to one of: {', '.join(sorted(accounts))}",
        )
    for name in settings.excluded_plex_users:
        if is_all and name.casefold() not in known:
            yield note(
                "Excluded accounts",
                f"no account named {name!r} on the Plex server",
                f"take it out of EXCLUDED_PLEX_USERS, or write it as Plex does: {', '.join(sorted(accounts))}",
            )
    if settings.watch_party_voice_channel_id and not host:
        yield note(
            "Watch party",
            "no host is named: the only film playing is taken for the party's",
            "set WATCH_PARTY_PLEX_USER to the host's account so that other sessions never stand in the way",
        )


def look(server: config.PlexServer, timeout_s: float = _TIMEOUT_S) -> Any:
    """The server, as plexapi has it, where it takes the token as its owner's; else a Finding that says why not."""
    where = f"Plex at {server.url}"
    if not server.token:
        return bad(where, "there is no token to ask it with", f"set PLEX_TOKEN: {_HOW_TO_GET_IT}")
    try:
        found = _connect(server.url, server.token, timeout=timeout_s)
    except Unauthorized:
        return bad(where, "refuses the token", f"set PLEX_TOKEN anew: {_HOW_TO_GET_IT}")
    except requests.exceptions.SSLError:
        return bad(
            where,
            "has a certificate that does not fit its address",
            "use http:// within your network, or the https://...plex.direct address that Plex Web shows",
        )
    except (requests.exceptions.RequestException, OSError) as error:
        return bad(
            where,
            f"cannot be reached ({_kind(error)})",
            "is it running, and is PLEX_URL right as seen from here (a container is its own localhost)?",
        )
    except (PlexApiException, ParseError, AttributeError, TypeError) as error:
        return bad(where, f"does not answer as a Plex server ({_kind(error)})", "set PLEX_URL to a Plex Media Server")
    try:
        found.query("/status/sessions")  # not sessions(): one odd session must not look like a fault
    except (Unauthorized, PlexApiException):
        return bad(
            where,
            "accepts the token, but not as its owner's: it hides who is watching",
            f"use the owner's token: {_HOW_TO_GET_IT}",
        )
    except (requests.exceptions.RequestException, OSError, ParseError, AttributeError, TypeError) as error:
        return bad(where, f"did not list its sessions ({_kind(error)})", "try again; look at the server's own log")
    return found


def _kind(error: Exception) -> str:
    # Only the kind: the text of a request's error can carry an address with a token in it.
    return type(error).__name__

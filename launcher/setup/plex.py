"""The part of `setup` about Plex: a token, a server, and who hosts the watch parties."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import ParseError

import requests
from plexapi.exceptions import PlexApiException

import config
from actors.media.plex.on_demand.plextv import PlexTvError, Server, SignIn, servers
from diagnosis import plex
from diagnosis.findings import Finding
from launcher.setup.prompter import Asker, Option
from wording.plural import count_noun

PIN_S = 300.0
"""How long to wait until a PIN is typed in."""
_POLL_S = 1.0
_TRY_S = 4.0
"""How long an address of a server may take to answer."""


def ask(asker: Asker, known: config.Settings, plex_tv: str) -> tuple[dict[str, str], Any]:
    """Answers for PLEX_URL and PLEX_TOKEN that work, and the server as plexapi has it."""
    asker.say("\nPlex", "bold")
    if known.plex_url and known.plex_token:
        found = plex.look(config.PlexServer(known.plex_url, known.plex_token))
        if not isinstance(found, Finding):
            asker.say(f"✔ {found.friendlyName} at {known.plex_url} is set and works.", "green")
            if asker.text("Keep it? (y/n)", "y").lower().startswith("y"):
                return {"PLEX_URL": known.plex_url, "PLEX_TOKEN": known.plex_token}, found
        else:
            _complain(asker, found)
    ways = [Option("sign in at plex.tv/link with a PIN", True), Option("paste the token of the server's owner", False)]
    while True:
        if asker.choose("How do you want to sign in to Plex?", ways):
            found = _by_pin(asker, known, plex_tv)
        else:
            token = asker.secret("Plex token", known.plex_token)
            found = _at_address(asker, known, token) if _is_token(asker, token) else None
        if found is not None:
            server, url, token = found
            asker.say(f"✔ {server.friendlyName} ({server.version}) at {url} works.", "green")
            return {"PLEX_URL": url, "PLEX_TOKEN": token}, server


def host(asker: Asker, known: config.Settings, server: Any) -> dict[str, str]:
    """An answer for WATCH_PARTY_PLEX_USER."""
    try:
        names = sorted({account.name for account in server.systemAccounts() if account.name}, key=str.casefold)
    except (requests.exceptions.RequestException, PlexApiException, ParseError):
        asker.say("! Plex did not list its accounts; set WATCH_PARTY_PLEX_USER later.", "yellow")
        return {}
    options = [Option("nobody: the only film that plays is the party's", ""), *(Option(name, name) for name in names)]
    before = known.watch_party_plex_user
    default = names.index(before) + 1 if before in names else 0
    return {"WATCH_PARTY_PLEX_USER": asker.choose("Whose Plex account hosts the watch parties?", options, default)}


def _by_pin(asker: Asker, known: config.Settings, plex_tv: str) -> tuple[Any, str, str] | None:
    try:
        login = SignIn(plex_tv)
        asker.say(f"Open https://plex.tv/link, sign in as the server's owner, and type in:  {login.pin}", "bold")
        token = asker.wait(login.token, PIN_S, _POLL_S)
        if not token:
            asker.say(f"✘ The PIN was not typed in within {PIN_S / 60:.0f} minutes.", "red")
            return None
        asker.say("✔ Signed in.", "green")
        own = [server for server in servers(token, plex_tv) if server.owned]
    except PlexTvError as error:
        asker.say(f"✘ {error} Try again, or paste a token.", "red")
        return None
    if not own:
        asker.say("This account owns no server that plex.tv knows.", "yellow")
        return _at_address(asker, known, token)
    chosen = own[0] if len(own) == 1 else asker.choose("Which server?", [Option(s.name, s) for s in own])
    asker.say(f"Trying {count_noun(len(chosen.addresses), 'address', 'addresses')} of {chosen.name} from here...")
    return _first_that_works(chosen) or _at_address(asker, known, chosen.token)


def _first_that_works(server: Server) -> tuple[Any, str, str] | None:
    """The first of its addresses, in their order, that answers from here; all are tried at once."""
    if not server.addresses:
        return None

    def look(url: str) -> Any:
        return plex.look(config.PlexServer(url, server.token), _TRY_S)

    with concurrent.futures.ThreadPoolExecutor(len(server.addresses)) as pool:
        looks: Sequence[Any] = list(pool.map(look, server.addresses))
    for url, found in zip(server.addresses, looks, strict=True):
        if not isinstance(found, Finding):
            return found, url, server.token
    return None


def _at_address(asker: Asker, known: config.Settings, token: str) -> tuple[Any, str, str] | None:
    """Ask where the server is until one answers there; None where it does not take the token."""
    asker.say("The server's address as seen from this machine, like http://192.168.1.10:32400")
    url = known.plex_url or "http://127.0.0.1:32400"
    while True:
        try:
            url = config.reader("PLEX_URL")(asker.text("Address of the Plex server", url))
        except ValueError as wrong:
            asker.say(f"✘ That is wrong: it takes {wrong}.", "red")
            continue
        found = plex.look(config.PlexServer(url, token))
        if not isinstance(found, Finding):
            return found, url, token
        _complain(asker, found)
        if "token" in found.found:
            return None


def _is_token(asker: Asker, token: str) -> bool:
    try:
        config.reader("PLEX_TOKEN")(token)
    except ValueError as wrong:
        asker.say(f"✘ That is wrong: it takes {wrong}.", "red")
        return False
    return bool(token)


def _complain(asker: Asker, found: Finding) -> None:
    asker.say(f"✘ {found.what} {found.found}\n  → {found.cure}", "red")

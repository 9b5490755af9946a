"""The questions of `setup` about Plex: a token, a server, and who hosts the watch parties."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree.ElementTree import ParseError

import requests
from plexapi.exceptions import PlexApiException

import config
from actors.media.plex.on_demand.plextv import AccountServer, PinSignIn, PlexTvError, fetch_servers
from diagnosis.findings import Finding, render
from launcher.doctor.plex_servers import connect
from launcher.setup.prompter import Option, Prompter
from wording.numbers import count_noun

SignIn = Callable[[Prompter, config.Settings, str], tuple[Any, str, str] | None]
"""Asks for the sign-in's data; returns plexapi's server, its address and the token, or None to ask again."""
PIN_S = 300.0
"""Seconds to wait until a PIN is typed in."""
_POLL_S = 1.0
_TOKEN_CODES = ("plex.no_token", "plex.unauthorized", "plex.forbidden", "plex.member_token")
_TRY_S = 4.0
"""Seconds that a server's address may take to answer."""


def ask_about_plex(prompter: Prompter, current: config.Settings, plex_tv: str) -> tuple[dict[str, str], Any]:
    """Ask for PLEX_URL and PLEX_TOKEN until they work; return them, and plexapi's server."""
    prompter.print("\nPlex", "bold")
    if current.plex_url and current.plex_token:
        connected = connect(config.PlexServer(current.plex_url, current.plex_token))
        if not isinstance(connected, Finding):
            prompter.print(f"✔ {connected.friendlyName} at {current.plex_url} is set and works.", "green")
            if prompter.text("Keep it? (y/n)", "y").lower().startswith("y"):
                return {"PLEX_URL": current.plex_url, "PLEX_TOKEN": current.plex_token}, connected
        else:
            _print_finding(prompter, connected)
    ways: list[Option[SignIn]] = [
        Option("sign in at plex.tv/link with a PIN", _sign_in_by_pin),
        Option("paste the token of the server's owner", _sign_in_by_token),
    ]
    while True:
        sign_in = prompter.choose("How do you want to sign in to Plex?", ways)
        result = sign_in(prompter, current, plex_tv)
        if result is not None:
            server, url, token = result
            prompter.print(f"✔ {server.friendlyName} ({server.version}) at {url} works.", "green")
            return {"PLEX_URL": url, "PLEX_TOKEN": token}, server


def ask_for_host(prompter: Prompter, current: config.Settings, server: Any) -> dict[str, str]:
    """Ask for WATCH_PARTY_PLEX_USER."""
    try:
        names = sorted({account.name for account in server.systemAccounts() if account.name}, key=str.casefold)
    except (requests.exceptions.RequestException, PlexApiException, ParseError):
        prompter.print("! Plex did not list its accounts; set WATCH_PARTY_PLEX_USER later.", "yellow")
        return {}
    options = [Option("nobody: the only film that is playing counts", ""), *(Option(name, name) for name in names)]
    before = current.watch_party_plex_user
    default = names.index(before) + 1 if before in names else 0
    return {"WATCH_PARTY_PLEX_USER": prompter.choose("Whose Plex account hosts the watch parties?", options, default)}


def _sign_in_by_pin(prompter: Prompter, current: config.Settings, plex_tv: str) -> tuple[Any, str, str] | None:
    try:
        login = PinSignIn(plex_tv)
        prompter.print(
            f"Open https://plex.tv/link, sign in as the server's owner, and enter this PIN:  {login.pin}", "bold"
        )
        token = prompter.poll(login.fetch_token, PIN_S, _POLL_S)
        if not token:
            prompter.print(f"✘ The PIN was not entered within {PIN_S / 60:.0f} minutes.", "red")
            return None
        prompter.print("✔ Signed in.", "green")
        own = [server for server in fetch_servers(token, plex_tv) if server.owned]
    except PlexTvError as error:
        prompter.print(f"✘ {error} Try again, or paste a token.", "red")
        return None
    if not own:
        prompter.print("plex.tv knows no server of this account.", "yellow")
        return _ask_for_address(prompter, current, token)
    chosen = own[0] if len(own) == 1 else prompter.choose("Which server?", [Option(s.name, s) for s in own])
    prompter.print(f"Trying {count_noun(len(chosen.addresses), 'address', 'addresses')} of {chosen.name} from here...")
    return _find_working_address(chosen) or _ask_for_address(prompter, current, chosen.token)


def _sign_in_by_token(prompter: Prompter, current: config.Settings, _plex_tv: str) -> tuple[Any, str, str] | None:
    token = prompter.secret("Plex token", current.plex_token)
    return _ask_for_address(prompter, current, token) if _check_token(prompter, token) else None


def _find_working_address(server: AccountServer) -> tuple[Any, str, str] | None:
    """Return the first of a server's addresses that answers; all are tried at once. None if none answers."""
    if not server.addresses:
        return None

    def try_address(url: str) -> Any:
        return connect(config.PlexServer(url, server.token), _TRY_S)

    with concurrent.futures.ThreadPoolExecutor(len(server.addresses)) as pool:
        results: Sequence[Any] = list(pool.map(try_address, server.addresses))
    for url, connected in zip(server.addresses, results, strict=True):
        if not isinstance(connected, Finding):
            return connected, url, server.token
    return None


def _ask_for_address(prompter: Prompter, current: config.Settings, token: str) -> tuple[Any, str, str] | None:
    """Ask for the server's address until one answers; return None if the server rejects the token."""
    prompter.print("The server's address as seen from this machine, like http://192.168.1.10:32400")
    url = current.plex_url or "http://127.0.0.1:32400"
    while True:
        try:
            url = config.check_value("PLEX_URL", prompter.text("Address of the Plex server", url))
        except ValueError as wrong:
            prompter.print(f"✘ That doesn't work: it takes {wrong}.", "red")
            continue
        connected = connect(config.PlexServer(url, token))
        if not isinstance(connected, Finding):
            return connected, url, token
        _print_finding(prompter, connected)
        if connected.code in _TOKEN_CODES:
            return None


def _check_token(prompter: Prompter, token: str) -> bool:
    try:
        config.check_value("PLEX_TOKEN", token)
    except ValueError as wrong:
        prompter.print(f"✘ That doesn't work: it takes {wrong}.", "red")
        return False
    return bool(token)


def _print_finding(prompter: Prompter, finding: Finding) -> None:
    words = render(finding)
    prompter.print(f"✘ {words.text}\n  → {words.cure}", "red")

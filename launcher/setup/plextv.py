"""Signing in to Plex by a PIN at plex.tv, and the servers of who signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

import requests
from plexapi.exceptions import PlexApiException
from plexapi.myplex import MyPlexPinLogin

PLEX_TV = "https://plex.tv"
_TIMEOUT_S = 10
_pin_login: Callable[..., Any] = MyPlexPinLogin  # its functions have no types
_NAME = {"X-Plex-Product": "Usher", "X-Plex-Device-Name": "Usher", "X-Plex-Client-Identifier": "usher-setup"}


class PlexTvError(Exception):
    """plex.tv did not answer as it should; the text is for people and has no token."""


class Server(NamedTuple):
    """A server of the account: its addresses, the nearest first, and the token it takes."""

    name: str
    addresses: tuple[str, ...]
    token: str

    def __repr__(self) -> str:
        return f"Server({self.name!r}, {self.addresses!r}, ***)"


class SignIn:
    """One PIN: shown to a person, then asked about until it was typed in at plex.tv/link."""

    def __init__(self, base: str = PLEX_TV) -> None:
        """Ask plex.tv for a PIN. Raises PlexTvError."""
        self._login: Any = _pin_login(requestTimeout=_TIMEOUT_S, headers=_NAME)
        self._login.PINS = f"{base}/api/v2/pins"
        try:
            self.pin = str(self._login.pin or "")
        except (requests.exceptions.RequestException, PlexApiException, ParseError, OSError) as error:
            raise PlexTvError(f"plex.tv gave no PIN ({type(error).__name__}).") from None
        if not self.pin:
            raise PlexTvError("plex.tv gave no PIN.")

    def token(self) -> str:
        """The account's token once the PIN was typed in; empty until then. Raises PlexTvError when it is void."""
        if self._login.checkLogin():
            return str(self._login.token)
        if self._login.expired:
            raise PlexTvError("The PIN is void, or plex.tv does not answer any more.")
        return ""


def servers(token: str, base: str = PLEX_TV) -> list[Server]:
    """The account's own servers. Raises PlexTvError."""
    try:
        answer = requests.get(
            f"{base}/api/v2/resources?includeHttps=1",
            headers={**_NAME, "X-Plex-Token": token, "Accept": "application/json"},
            timeout=_TIMEOUT_S,
        )
        answer.raise_for_status()
        return [
            Server(str(found["name"]), _addresses(found["connections"]), str(found.get("accessToken") or token))
            for found in answer.json()
            if found.get("owned") and "server" in str(found.get("provides", "")).split(",")
        ]
    except (requests.exceptions.RequestException, KeyError, TypeError, AttributeError, ValueError) as error:
        raise PlexTvError(f"plex.tv did not list the servers ({type(error).__name__}).") from None


def _addresses(connections: list[dict[str, Any]]) -> tuple[str, ...]:
    """Local ones first, and of each local one the plain address before that with a certificate."""
    near: list[str] = []
    far: list[str] = []
    for found in connections:
        if found.get("relay"):
            continue
        if found.get("local"):
            host = str(found["address"])
            near.append(f"http://{f'[{host}]' if ':' in host else host}:{int(found['port'])}")
        (near if found.get("local") else far).append(str(found["uri"]))
    return tuple(dict.fromkeys(near + far))

"""Client of plex.tv: sign-in by a PIN, and the account and servers of the user who signed in."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from xml.etree.ElementTree import ParseError

import requests
from plexapi.exceptions import PlexApiException

from actors.media.plex.http import BoundedSession, clean_answer
from foreign_input import InputLimits, parse_json
from messages import Problem
from wording.problems import ProblemError

PLEX_TV: Final = "https://plex.tv"
SETUP, LINKING = "usher-setup", "usher-link"
"""Names of the devices with which Usher signs in: plex.tv lists them among the account's devices."""
_BODY_LIMIT: Final = 2**20
_JSON_LIMITS: Final = InputLimits(size=_BODY_LIMIT)
_POSSIBLE: Final = (requests.RequestException, PlexApiException, ParseError, OSError)
_ODD: Final = (requests.RequestException, OSError, LookupError, TypeError, AttributeError, ValueError)


class PlexTvError(ProblemError):
    """plex.tv did not answer as it should; the problem is for people, and contains no token."""


class AccountServer(NamedTuple):
    """A server that the account can use: its addresses, local ones first, and the account's token there."""

    name: str
    addresses: tuple[str, ...]
    token: str
    server_id: str
    """machineIdentifier"""
    owned: bool
    """Whether the account owns it."""

    def __repr__(self) -> str:
        return f"Server({self.name!r}, {self.addresses!r}, ***)"


class PlexTvAccount(NamedTuple):
    """The account that signed in."""

    id: str
    """The account's id on servers of other accounts; on its own servers the id is 1."""
    name: str


class _Site(BoundedSession):
    """A bounded session; plex.tv answers in XML and in JSON, and the caller looks at the status."""

    def __init__(self, base: str) -> None:
        super().__init__(base, body_limit=_BODY_LIMIT)

    def check_answer(self, response: requests.Response) -> requests.Response:
        """Return the answer, or raise its fault if it is XML beyond the limits."""
        is_xml = response.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
        return clean_answer(response) if is_xml and response.ok else response


class PinSignIn:
    """One PIN, to be entered at plex.tv/link."""

    def __init__(self, base: str = PLEX_TV, device: str = SETUP) -> None:
        """Get a PIN from plex.tv. Raises PlexTvError."""
        # A large module, which is rarely needed: import it when somebody signs in.
        from plexapi.myplex import MyPlexPinLogin

        make: Any = MyPlexPinLogin  # which has no types
        self._login = make(session=_Site(base), headers=_headers(device))
        self._login.PINS = f"{base}/api/v2/pins"
        try:
            self.pin = str(self._login.pin or "")
        except _POSSIBLE as error:
            raise PlexTvError(Problem.of("plextv.no_pin", error=type(error).__name__)) from None
        if not self.pin:
            raise PlexTvError(Problem.of("plextv.empty_pin"))

    def __repr__(self) -> str:
        return "SignIn(***)"

    def fetch_token(self) -> str:
        """Return the account's token once the PIN was entered; "" until then. Raises PlexTvError."""
        if self._login.checkLogin():
            return str(self._login.token)
        if self._login.expired:
            self._login.expired = False  # the next check may succeed
            raise PlexTvError(Problem.of("plextv.pin_void"))
        return ""


def fetch_account(token: str, base: str = PLEX_TV, device: str = SETUP) -> PlexTvAccount:
    """Return the account of a token. Raises PlexTvError."""
    try:
        user = _get_json(base, "/api/v2/user", token, device)
        return PlexTvAccount(str(int(user["id"])), str(user.get("username") or user.get("title") or "")[:100])
    except _ODD as error:
        raise PlexTvError(Problem.of("plextv.no_account", error=type(error).__name__)) from None


def fetch_servers(token: str, base: str = PLEX_TV, device: str = SETUP) -> list[AccountServer]:
    """Return the servers that the account can use. Raises PlexTvError."""
    try:
        return [
            AccountServer(
                str(found["name"]),
                _addresses(found.get("connections") or []),
                str(found.get("accessToken") or token),
                str(found["clientIdentifier"]),
                bool(found.get("owned")),
            )
            for found in _get_json(base, "/api/v2/resources?includeHttps=1", token, device)
            if "server" in str(found.get("provides", "")).split(",")
        ]
    except _ODD as error:
        raise PlexTvError(Problem.of("plextv.no_servers", error=type(error).__name__)) from None


def sign_out(token: str, base: str = PLEX_TV, device: str = SETUP) -> bool:
    """Revoke a token; return whether that succeeded."""
    try:
        with _Site(base) as site:
            return bool(site.delete(f"{base}/api/v2/users/signout", headers=_headers(device, token)).ok)
    except _ODD:
        return False


def _get_json(base: str, path: str, token: str, device: str) -> Any:
    with _Site(base) as site:
        answer = site.get(f"{base}{path}", headers=_headers(device, token))
    answer.raise_for_status()
    return parse_json(answer.content, _JSON_LIMITS)


def _headers(device: str, token: str = "") -> dict[str, str]:
    named = {"X-Plex-Product": "Usher", "X-Plex-Device-Name": "Usher", "X-Plex-Client-Identifier": device}
    return {**named, "X-Plex-Token": token, "Accept": "application/json"} if token else named


def _addresses(connections: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the addresses: local ones first, each as plain HTTP before the one with a certificate."""
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

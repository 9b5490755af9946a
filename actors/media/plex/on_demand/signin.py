"""Sign-in at plex.tv: gives out a code to enter there, and then reads the account.

For `/link` the result is the account's ids on our servers. The token from plex.tv is used to read the account's name,
id and servers, and is then revoked and dropped: it is never stored, logged or sent on. For a further community the
result is the servers that the account owns, with their tokens, which leave this process only sealed; if it owns none,
the token is revoked too.
"""

import concurrent.futures
import functools
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from actors.media.plex.client import connect_server
from actors.media.plex.errors import POSSIBLE
from actors.media.plex.http import BoundedSession
from actors.media.plex.on_demand.owned_servers import describe_owned_servers
from actors.media.plex.on_demand.plextv import (
    LINKING,
    PLEX_TV,
    SETUP,
    AccountServer,
    PinSignIn,
    PlexTvAccount,
    PlexTvError,
    fetch_account,
    fetch_servers,
    sign_out,
)
from actors.media.plex.on_demand.request_queue import RequestQueue, completed_future
from actors.media.sealing import SealError, TokenSealer
from actors.runtime.logs import hide_in_logs
from config import PlexServer
from messages import CheckPlexSignIn, Message, OwnedPlexServer, PlexSignedIn, PlexSignIn, Problem, StartPlexSignIn
from messages.ids import plex_viewer_id
from wording.problems import english

HOLDS_S: Final = 600.0
"""How long a code is valid here (real seconds); plex.tv accepts it for longer."""
MOST: Final = 100
"""Codes at one time at most, for members who link their accounts."""
MOST_EACH: Final = 3
"""Codes of one further community at one time at most; a new one replaces the oldest."""
LINK_PAGE: Final = "https://plex.tv/link"
_OWNER: Final = "1"
"""The owner's account id on a server, whatever the account's id at plex.tv is."""


class _Code(msgspec.Struct):
    """A code that was given out. Its `repr` shows no secret, because PinSignIn's shows none."""

    login: PinSignIn | None
    """Holds the token once there is one; None once there is an answer."""
    until_s: float
    community: str = ""
    """The further community that wants the account's servers; empty if the code is to identify a member."""
    answer: PlexSignedIn | None = None
    """The answer once there is one; kept in case the asker did not get it."""


class PlexSignInService:
    """The codes of one poller. Called from the actor's thread; plex.tv is asked in others.

    Requests wait only for others of the same community: so neither its silent servers nor a member who asks for many
    codes holds up another community.
    """

    def __init__(
        self,
        ours: Sequence[PlexServer],
        http: Callable[[str], BoundedSession],
        plex_tv: str,
        log: logging.Logger,
        sealer: TokenSealer | None = None,
        others_http: Callable[[str], BoundedSession] | None = None,
    ) -> None:
        """`others_http` makes the connections to servers of further communities, whose tokens the `sealer` seals."""
        self._ours = ours
        self._sealer = sealer or TokenSealer(())
        self._others_http = others_http or functools.partial(BoundedSession, only_public=True)
        self._http = http
        self._plex_tv = plex_tv.rstrip("/") or PLEX_TV
        self._log = log
        self._changing = threading.Lock()
        self._codes: dict[str, _Code] = {}
        """The codes by id; the oldest comes first."""
        self._requests: dict[str, RequestQueue] = {}
        """A queue for each community that has codes or asks for one; "" is for members who link their accounts."""

    def start(self, question: StartPlexSignIn) -> "concurrent.futures.Future[Message]":
        """Return a Future of a code, or of the problem if there is none."""
        if question.community and not self._sealer.has_keys:
            return completed_future(_describe_missing_code(Problem.of("community.no_keys")))
        queue = self._find_queue(question.community)
        return queue.run(lambda: self._start(question.community), _describe_missing_code)

    def check(self, question: CheckPlexSignIn) -> "concurrent.futures.Future[Message]":
        """Return a Future of a code's state or result."""
        with self._changing:
            code = self._codes.get(question.sign_in_id)
        if code is None:
            return completed_future(PlexSignedIn("expired"))
        return self._find_queue(code.community).run(
            lambda: self._check(question.sign_in_id), lambda problem: _describe_result("waiting", problem)
        )

    def _find_queue(self, community: str) -> RequestQueue:
        """Return the queue of a community's requests; drop unused queues."""
        with self._changing:
            needed = {code.community for code in self._codes.values()}
            self._requests = {
                name: queue for name, queue in self._requests.items() if name in needed or not queue.is_idle
            }
            return self._requests.setdefault(community, RequestQueue("plex-tv"))

    def _start(self, community: str) -> PlexSignIn:
        if self._count_codes(community) >= MOST and not community:
            return _describe_missing_code(Problem.of("signin.too_many"))
        try:
            login = PinSignIn(self._plex_tv, SETUP if community else LINKING)
        except PlexTvError as error:
            self._log.warning("Nobody can sign in at plex.tv: %s", error)
            return _describe_missing_code(error.problem)
        key = secrets.token_hex(16)
        with self._changing:
            own = [other for other, code in self._codes.items() if code.community == community]
            for oldest in own[: max(0, len(own) + 1 - MOST_EACH)] if community else ():
                del self._codes[oldest]
            self._codes[key] = _Code(login, time.monotonic() + HOLDS_S, community)
        return PlexSignIn(key, login.pin, LINK_PAGE, HOLDS_S)

    def _count_codes(self, community: str) -> int:
        """Return how many codes a community has; remove expired ones."""
        now_s = time.monotonic()
        with self._changing:
            self._codes = {key: code for key, code in self._codes.items() if code.until_s > now_s}
            return sum(code.community == community for code in self._codes.values())

    def _check(self, key: str) -> PlexSignedIn:
        with self._changing:
            code = self._codes.get(key)
        if code is None or code.until_s <= time.monotonic():
            return PlexSignedIn("expired")
        if code.login is not None:
            try:
                token = code.login.fetch_token()
            except PlexTvError as error:
                return _describe_result("waiting", error.problem)
            if not token:
                return PlexSignedIn("waiting")
            code.answer = self._find_servers(token, code.community) if code.community else self._identify(token)
            code.login = None
        assert code.answer is not None  # noqa: S101  # it is set when the login is dropped
        return code.answer

    def _identify(self, token: str) -> PlexSignedIn:
        """Return the account of a token, and revoke the token."""
        try:
            who = fetch_account(token, self._plex_tv, LINKING)
            can_use = fetch_servers(token, self._plex_tv, LINKING)
        except PlexTvError as error:
            return _describe_result("expired", error.problem)
        finally:
            self._revoke(token, LINKING)
        here, silent = self._find_own_servers()
        ids = tuple(build_viewer_id(who, server) for server in can_use if server.server_id in here)
        problem = Problem.of("signin.server_silent") if silent else None
        return PlexSignedIn(
            "signed_in" if ids else "no_access", ids, who.name, english(problem) if problem else "", problem
        )

    def _find_servers(self, token: str, community: str) -> PlexSignedIn:
        """Return the servers that the account owns. Revoke the token if it owns none; otherwise it stays in use."""
        hide_in_logs([token])
        servers: tuple[OwnedPlexServer, ...] = ()
        try:
            who = fetch_account(token, self._plex_tv, SETUP)
            found = fetch_servers(token, self._plex_tv, SETUP)
            hide_in_logs(server.token for server in found)
            servers = describe_owned_servers(found, community, self._sealer, self._others_http)
        except (PlexTvError, SealError) as error:
            return _describe_result("expired", error.problem)
        finally:
            if not servers:
                self._revoke(token, SETUP)
        return PlexSignedIn("signed_in" if servers else "no_access", (), who.name, servers=servers)

    def _revoke(self, token: str, device: str) -> None:
        if not sign_out(token, self._plex_tv, device):
            self._log.info("plex.tv did not confirm a sign-out; what it gave is dropped all the same")

    def _find_own_servers(self) -> tuple[set[str], int]:
        """Return the machineIdentifiers of our servers that answer, and how many servers do not."""
        found: set[str] = set()
        silent = 0
        for ours in self._ours:
            try:
                with self._http(ours.url) as session:
                    found.add(str(connect_server(ours.url, ours.token, session).machineIdentifier or ""))
            except POSSIBLE:
                silent += 1
        return found - {""}, silent


def _describe_missing_code(problem: Problem) -> PlexSignIn:
    return PlexSignIn(problem=english(problem), reason=problem)


def _describe_result(state: Literal["waiting", "expired"], problem: Problem) -> PlexSignedIn:
    return PlexSignedIn(state, problem=english(problem), reason=problem)


def build_viewer_id(who: PlexTvAccount, server: AccountServer) -> str:
    """Return the viewer id of an account on a server, as in a session there: the owner is account 1."""
    return plex_viewer_id(server.server_id, _OWNER if server.owned else str(who.id))

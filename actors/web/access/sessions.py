"""Sessions: finds whose cookie a request has, and whether that person is still a member."""

import base64
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPMethod
from typing import Generic, NamedTuple, TypeVar

from aiohttp import web

from actors.sign_in_links import PROGRAM_MARK, hash_secret
from actors.web.http.peers import find_peer
from actors.web.page import Ask, PageUnavailableError
from actors.web.readers import Reader, ReaderKind, make_unknown_reader
from messages import EndSessions, EndShares, FindSession, GetMember, MemberStanding, WebSession

SECURE_COOKIE, PLAIN_COOKIE = "__Host-usher", "usher"
"""Browsers accept a cookie whose name begins with __Host- only over https."""
LONGEST_SECRET = 100
SESSION_KNOWN_S = 15.0
"""How long a session is trusted before the store is asked again; any change of the store ends that at once."""
MEMBER_KNOWN_S = 60.0
"""How long a membership is trusted; before each change Discord is asked again."""
MEMBER_TRUSTED_S = 600.0
"""How long a membership is trusted while Discord does not answer."""
MOST_KNOWN = 2000
ValueT = TypeVar("ValueT")


class _Timed(NamedTuple, Generic[ValueT]):
    value: ValueT
    asked_s: float


class _Remembered(Generic[ValueT]):
    """A cache of recent answers, by key."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._entries: OrderedDict[str, _Timed[ValueT]] = OrderedDict()
        self.clearings = 0
        """How often the cache was cleared."""

    def get(self, key: str, within_s: float) -> ValueT | None:
        """Return the answer under this key, if it is younger than that."""
        found = self._entries.get(key)
        return found.value if found is not None and self._now_s() - found.asked_s < within_s else None

    def put(self, key: str, value: ValueT, clearings: int) -> ValueT:
        """Remember an answer, and return it. `clearings`: its value when the question was asked.

        An answer to a question that was asked before the last clearing may be outdated, and is not remembered.
        """
        if clearings != self.clearings:
            return value
        self._entries.pop(key, None)
        self._entries[key] = _Timed(value, self._now_s())
        if len(self._entries) > MOST_KNOWN:
            self._entries.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget everything."""
        self.clearings += 1
        self._entries.clear()


class Sessions:
    """Finds out who makes a request. Its coroutines run on the server's loop."""

    def __init__(self, access: str, ask: Ask, now_s: Callable[[], float] = time.monotonic) -> None:
        """`access`: WEB_ACCESS."""
        self.unknown = make_unknown_reader(access)
        self._ask = ask
        self._sessions = _Remembered[WebSession](now_s)
        self._members = _Remembered[MemberStanding](now_s)

    def drop_known(self) -> None:
        """Forget the known sessions, so that the store is asked again: some may have ended."""
        self._sessions.clear()

    async def identify(self, request: web.Request) -> Reader:
        """Return who makes a request. Raises PageUnavailableError if that cannot be known now.

        Before each change Discord is asked again, so that former members and administrators cannot change anything.
        """
        if self.unknown.kind is ReaderKind.LOCAL:
            return self.unknown
        session = await self.find(request)
        if session is None:
            return self.unknown
        is_change = request.method != HTTPMethod.GET and request.method != HTTPMethod.HEAD
        member = await self._find_member(session.viewer_id, 0.0 if is_change else MEMBER_KNOWN_S)
        if not member.viewer_id:
            await self._end_access(session.viewer_id)
            return self.unknown
        kind = ReaderKind.ADMIN if member.is_admin else ReaderKind.MEMBER
        return Reader(kind, member.viewer_id, member.name)

    async def is_member(self, viewer_id: str) -> bool:
        """Tell whether somebody is still a member. Raises PageUnavailableError if that cannot be known now."""
        if (await self._find_member(viewer_id, MEMBER_KNOWN_S)).viewer_id:
            return True
        await self._end_access(viewer_id)
        return False

    async def _end_access(self, viewer_id: str) -> None:
        """End the sessions and shared pages of somebody who left and can no longer end them themselves."""
        await self._ask(EndSessions(viewer_id=viewer_id))
        await self._ask(EndShares(viewer_id))

    async def find(self, request: web.Request) -> WebSession | None:
        """Return the session of a request's token or cookie; None if there is none."""
        secret = read_token(request) or read_cookie(request)
        if not secret:
            return None
        key = hash_secret(secret)
        session = self._sessions.get(key, SESSION_KNOWN_S)
        if session is None:
            clearings = self._sessions.clearings
            session = self._sessions.put(key, await self._ask(FindSession(key)), clearings)
        return session if session.viewer_id else None

    async def find_member_now(self, viewer_id: str) -> MemberStanding:
        """Ask Discord now whether somebody is a member. Raises PageUnavailableError if it does not answer."""
        return await self._find_member(viewer_id, 0.0)

    async def _find_member(self, viewer_id: str, within_s: float) -> MemberStanding:
        known = self._members.get(viewer_id, within_s)
        if known is not None:
            return known
        clearings = self._members.clearings
        try:
            return self._members.put(viewer_id, await self._ask(GetMember(viewer_id)), clearings)
        except PageUnavailableError:
            known = self._members.get(viewer_id, MEMBER_TRUSTED_S) if within_s else None
            if known is None:
                raise
            return known


def read_token(request: web.Request) -> str:
    """Return the token that a program sends; empty if it sends none.

    Programs that support only names and passwords (calendars) send it as the password. A token allows reading only,
    and the secret of a browser's session is not accepted as a token.
    """
    kind, _space, value = request.headers.get("Authorization", "").partition(" ")
    if request.method not in (HTTPMethod.GET, HTTPMethod.HEAD):
        return ""
    if kind.lower() == "basic":
        try:
            value = base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    elif kind.lower() != "bearer":
        return ""
    secret = value.strip()
    return secret if secret.startswith(PROGRAM_MARK) and len(secret) <= LONGEST_SECRET else ""


def read_cookie(request: web.Request) -> str:
    """Return the session secret in a request's cookie; empty if there is none, or if it is a program's token."""
    is_https = find_peer(request).is_https
    secret = request.cookies.get(SECURE_COOKIE) or ("" if is_https else request.cookies.get(PLAIN_COOKIE, ""))
    return secret if not secret.startswith(PROGRAM_MARK) and len(secret) <= LONGEST_SECRET else ""


def set_cookie(request: web.Request, response: web.StreamResponse, secret: str, session: WebSession) -> None:
    """Set the session's cookie, which the browser sends to this site alone until the session ends."""
    is_https = find_peer(request).is_https
    response.set_cookie(
        SECURE_COOKIE if is_https else PLAIN_COOKIE,
        secret,
        max_age=round(session.expires_at_s - session.started_at_s),
        path="/",
        secure=is_https,
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Delete the session's cookie in the browser."""
    is_https = find_peer(request).is_https
    name = SECURE_COOKIE if is_https else PLAIN_COOKIE
    response.del_cookie(name, path="/", secure=is_https, httponly=True, samesite="Lax")

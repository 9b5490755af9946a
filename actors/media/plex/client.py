"""Client of one Plex server, through PlexAPI: its identity, its sessions, its history."""

import datetime
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from xml.etree.ElementTree import Element

import plexapi
import plexapi.utils
from plexapi.base import PlexHistory
from plexapi.server import PlexServer

from actors.media.plex.errors import NotAPlexServer, TooManySessions
from actors.media.plex.http import BoundedSession
from actors.media.plex.scrubber import CHILDREN
from actors.media.plex.session_parser import SESSIONS_PATH, ParsedSessions, read_sessions
from actors.media.plex.xml_guard import build_tree
from messages import FindHistory, HistoryRow

SESSION_LIMIT: Final = 2000
HISTORY_ROWS: Final = 100
"""Rows that are read for one question: one request."""
SAME_PLAY_S: Final = 60.0
"""Rows of one account and item within this time are one play that the server counted twice."""

_plexapi: Any = plexapi


class ServerInfo(NamedTuple):
    """The server that answers at the address."""

    server_id: str
    """machineIdentifier"""
    name: str
    """friendlyName"""


_PAGE_SIZE: Final = "X-Plex-Container-Size"
"""The header with the number of entries that are requested."""
_PAGE_START: Final = "X-Plex-Container-Start"
"""The header with the number of the first entry, counted from 0."""


class _GuardedServer(PlexServer):
    """PlexAPI's server, whose answers are parsed within its session's `tree_limit`."""

    def query(
        self,
        key: str,
        method: Callable[..., Any] | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, Any] | None = None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> Element:
        """Send a request; return the tree of its answer.

        PlexAPI's own `query` turns the answer into a text of up to four times its size, keeps all elements of a
        session, makes objects of them all, and asks for further pages as long as the server claims to have some.
        """
        root = self._send(key, headers or {}, method, params=params, timeout=timeout, **kwargs)
        if _PAGE_SIZE in (headers or {}):
            root.set("totalSize", str(len(root)))  # so that PlexAPI asks for no second page
        return root

    def query_page(self, key: str, start: int, size: int) -> Element:
        """Return the tree of one page of at most `size` entries, with the total number that the server gives."""
        return self._send(key, {_PAGE_START: str(start), _PAGE_SIZE: str(size)}, None)

    def _send(self, key: str, headers: dict[str, str], method: Callable[..., Any] | None, **kwargs: Any) -> Element:
        own: Any = self  # PlexAPI's functions have no types
        named = own._headers(**headers)
        response = (method or own._session.get)(own.url(key), headers=named, **kwargs)
        kept = CHILDREN if key == SESSIONS_PATH else None
        root = build_tree(response.content, kept, own._session.tree_limit)
        if _PAGE_SIZE in named:
            for entries in (root, *root):  # the answer to a search has several lists
                del entries[int(named[_PAGE_SIZE]) :]
        return root


def connect_server(url: str, token: str, http: BoundedSession) -> Any:
    """Return PlexAPI's server at an address (GET /). Raises one of `errors.POSSIBLE`."""
    connect: Any = _GuardedServer
    return connect(url, token, session=http)


def introduce_usher() -> None:
    """Set the name that PlexAPI sends, and that times are UTC. Once in a process."""
    plexapi.BASE_HEADERS.update(
        {"X-Plex-Product": "Usher", "X-Plex-Device-Name": "Usher", "X-Plex-Version": "1.0", "X-Plex-Provides": ""}
    )
    _plexapi.utils.DATETIME_TIMEZONE = datetime.UTC  # its setter would load the system's time zones


class PlexClient:
    """The server of one poller. Every method that sends a request may raise one of `errors.POSSIBLE`."""

    def __init__(self, url: str, token: str, http: BoundedSession) -> None:
        self.url = url
        self._token = token
        self._http = http
        self._server: Any = None
        self.identity = ServerInfo("", "")

    def __repr__(self) -> str:
        return f"PlexSource({self.url!r}, token=***)"

    @property
    def server(self) -> Any:
        """PlexAPI's object of the server at the last connection; None before the first."""
        return self._server

    def forget(self) -> None:
        """Let the next `connect` ask again which server answers: it may be another one."""
        self._server = None

    def connect(self) -> ServerInfo:
        """Return which server answers (GET /, unless it is known already)."""
        if self._server is None:
            server = connect_server(self.url, self._token, self._http)
            if not isinstance(server.machineIdentifier, str) or not server.machineIdentifier:
                raise NotAPlexServer("no machineIdentifier")
            self._server = server
            self.identity = ServerInfo(server.machineIdentifier[:100], str(server.friendlyName or "Plex")[:100])
        return self.identity

    def fetch_sessions(self) -> Any:
        """Return the complete list of sessions as XML, within SESSION_LIMIT: one request, after `connect`."""
        # Not PlexServer.sessions(): one broken element would make all fail, and each page would be a request.
        container = self._server.query(SESSIONS_PATH)
        if container.tag != "MediaContainer":
            raise NotAPlexServer(f"<{container.tag[:40]}>")
        total = container.get("totalSize", "")
        listed = max(len(container), int(total) if total.isascii() and total.isdigit() and len(total) < 10 else 0)
        if listed > SESSION_LIMIT:
            raise TooManySessions(f"{listed} sessions")
        if listed > len(container):
            raise NotAPlexServer(f"{len(container)} of {listed} sessions")
        return container

    def parse_sessions(self, container: Any) -> ParsedSessions:
        """Parse the list of sessions, without a request."""
        return read_sessions(container, self._server)

    def read_history(self, question: FindHistory) -> tuple[HistoryRow, ...]:
        """Return the completed plays of one account and item since a time, each once, oldest first."""
        entries = self._server.history(
            maxresults=HISTORY_ROWS,
            mindate=datetime.datetime.fromtimestamp(question.since_s, datetime.UTC),
            ratingKey=question.rating_key,
            accountID=question.account_id,
        )
        rows = [row for entry in entries if (row := _parse_row(entry)) is not None and _matches(row, question)]
        return _drop_duplicates(sorted(rows, key=lambda row: row.viewed_at_s))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _is_history(built: object) -> bool:
    return isinstance(built, PlexHistory)


def _parse_row(entry: Any) -> HistoryRow | None:
    """Return a history entry, or None if it has no time or no account."""
    if not _is_history(entry):
        return None
    account, key, viewed_at = entry.accountID, entry.ratingKey, entry.viewedAt
    if not isinstance(account, int) or viewed_at is None:
        return None
    return HistoryRow(str(account), str(key) if isinstance(key, int) else "", viewed_at.timestamp())


def _matches(row: HistoryRow, question: FindHistory) -> bool:
    """Tell whether a row is what was asked for: not every server filters by every parameter."""
    asked = (question.account_id, question.rating_key)
    return (row.account_id, row.rating_key) == asked and row.viewed_at_s >= question.since_s


def _drop_duplicates(rows: list[HistoryRow]) -> tuple[HistoryRow, ...]:
    kept: list[HistoryRow] = []
    for row in rows:
        if not kept or row.viewed_at_s - kept[-1].viewed_at_s > SAME_PLAY_S:
            kept.append(row)
    return tuple(kept)

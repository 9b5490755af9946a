"""The poller's HTTP session: limits the time, size and origin of every answer.

PlexAPI takes a `requests.Session` and calls its `get`. With this session no server, proxy or login page can hang the
actor, fill its memory or steal the token.
"""

from __future__ import annotations

import contextlib
import email.message
import io
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from actors.media.plex.xml_guard import DOCUMENT_LIMIT, TREE_LIMIT, AnswerTooLarge, NotPlexXml, clean_xml
from actors.media.public_address import connect_public

CONNECT_S: Final = 3.0
READ_S: Final = 8.0
"""Longest silence in the middle of an answer (real seconds)."""
TOTAL_S: Final = 10.0
"""Longest time for one request, even if data keep coming (real seconds)."""
BODY_LIMIT: Final = DOCUMENT_LIMIT
"""Bytes of an answer, decompressed."""
OTHERS_BODY_LIMIT, OTHERS_TREE_LIMIT = 2 * 2**20, 4 * 2**20
"""BODY_LIMIT and TREE_LIMIT for a further community's server: one process reads the servers of all communities, and its
memory limit grows by MEMORY_MB_EACH for each. 300 sessions need 2 MB."""
IDENTITY_BODY_LIMIT, IDENTITY_TREE_LIMIT = 256 * 2**10, 2**20
"""The same limits for the question which server it is; the answer has some kB."""
ERROR_BODY_LIMIT: Final = 65_536
"""Bytes that are read of an answer whose status is an error."""
_SUCCESSES: Final = (200, 201, 204)
REDIRECTS: Final = 3


class RedirectedAway(requests.RequestException):
    """The answer redirects to another server; the token is not sent there. The exception's text is that address."""


class _AbortablePool:
    """A pool that knows its connection, so that another thread can abort a slow answer."""

    latest: HTTPConnection | None = None

    def _new_conn(self) -> Any:
        self.latest = super()._new_conn()  # type: ignore[misc]  # urllib3's pools have it; this class is mixed in
        return self.latest


class _HttpPool(_AbortablePool, HTTPConnectionPool):
    pass


class _HttpsPool(_AbortablePool, HTTPSConnectionPool):
    pass


class _PublicConnection:
    """A connection of urllib3 that goes only to public addresses."""

    def _new_conn(self) -> socket.socket:
        made: Any = self
        return connect_public(made._dns_host, made.port, made.timeout, made.socket_options)


class _PublicHttpConnection(_PublicConnection, HTTPConnection):
    pass


class _PublicHttpsConnection(_PublicConnection, HTTPSConnection):
    pass


class _PublicHttpPool(_HttpPool):
    ConnectionCls = _PublicHttpConnection


class _PublicHttpsPool(_HttpsPool):
    ConnectionCls = _PublicHttpsConnection


class _Adapter(HTTPAdapter):
    """Makes abortable pools, and aborts their connections."""

    def __init__(self, only_public: bool) -> None:
        self._pools = (_PublicHttpPool, _PublicHttpsPool) if only_public else (_HttpPool, _HttpsPool)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(zip(("http", "https"), self._pools, strict=True))

    def abort(self) -> None:
        """Shut down the connection that another thread is reading, which then gets the end of the stream."""
        for key in self.poolmanager.pools.keys():  # noqa: SIM118  # urllib3's container cannot be iterated otherwise
            connection = getattr(self.poolmanager.pools.get(key), "latest", None)
            held = getattr(connection, "sock", None)
            if held is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(held, socket.SHUT_RDWR)  # not TLS's own, which belongs to the reading thread


class BoundedSession(requests.Session):
    """A session that answers within TOTAL_S with at most `body_limit` bytes of XML, or raises a RequestException."""

    def __init__(
        self,
        url: str,
        total_s: float = TOTAL_S,
        read_s: float = READ_S,
        body_limit: int = BODY_LIMIT,
        *,
        tree_limit: int = TREE_LIMIT,
        only_public: bool = False,
    ) -> None:
        """`tree_limit`: bytes that an answer may take in memory once it is parsed.

        `only_public`: connect only to public addresses, and not through a proxy, which would look names up itself.
        """
        super().__init__()
        self.only_public = only_public
        self.tree_limit = tree_limit
        self._total_s = total_s
        self._read_s = read_s
        self._body_limit = body_limit
        self._adapter = _Adapter(only_public)
        self.mount("http://", self._adapter)
        self.mount("https://", self._adapter)
        # Proxies and certificates as the environment sets them, looked up once: for each request they would cost more
        # than the request. A .netrc is not for Plex.
        found = self.merge_environment_settings(url, {}, None, None, None)
        self.proxies, self.verify = {} if only_public else found["proxies"], found["verify"]
        self.trust_env = False
        self._kept_alive = False

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect: requests would read its whole body, and send the token to any host."""
        return

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, following redirects within the server only. Raises HTTPError unless the status is 200."""
        kwargs |= {"timeout": (CONNECT_S, self._read_s), "stream": True, "allow_redirects": False}
        address = url.decode() if isinstance(url, bytes) else url
        with self._deadline() as late:
            for _ in range(REDIRECTS + 1):
                try:
                    response = self._ask(late, method, address, *args, **kwargs)
                except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
                    if late.is_set():
                        raise self._too_late() from error
                    raise
                if late.is_set():  # an answer that ends within its headers looks like one without a body
                    raise self._too_late()
                if not response.is_redirect:
                    return self.check_answer(response)
                address = _resolve_redirect(address, response.headers["location"])
        raise RedirectedAway("itself, again and again")

    def check_answer(self, response: requests.Response) -> requests.Response:
        """Return an answer that PlexAPI can parse, or raise its fault."""
        return _check_xml(response)

    def _too_late(self) -> requests.ReadTimeout:
        return requests.ReadTimeout(f"no whole answer within {self._total_s:g} s")

    def _ask(
        self, late: threading.Event, method: str | bytes, url: str, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request; if the connection that was kept from the last poll is closed, send it again on a new one."""
        kept, self._kept_alive = self._kept_alive, True
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.ConnectionError as error:
            if not kept or late.is_set() or isinstance(error, requests.Timeout):
                self._kept_alive = False
                raise
            self._adapter.poolmanager.clear()
            response = super().request(method, url, *args, **kwargs)
        with contextlib.closing(response):
            # requests keeps a body here once it was read, and PlexAPI takes it from here.
            response._content = self._read_body(response)
            response.__dict__["_content_consumed"] = True
        return response

    def _read_body(self, response: requests.Response) -> bytes:
        """Return the body, or the beginning of an error's. Raises AnswerTooLarge."""
        body = io.BytesIO()  # not a list: a server may send a million pieces of one byte
        for chunk in response.iter_content(65536):
            body.write(chunk)
            if response.status_code not in _SUCCESSES:
                if body.tell() >= ERROR_BODY_LIMIT:
                    break
            elif body.tell() > self._body_limit:
                raise AnswerTooLarge(f"more than {self._body_limit} bytes")
        return body.getvalue()

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Abort the connection when the time is up; the event is set if this was the reason."""
        late, done = threading.Event(), threading.Event()

        def watch() -> None:
            wait_s = self._total_s
            while not done.wait(wait_s):
                late.set()
                self._adapter.abort()
                wait_s = 0.25  # it may be connecting just now, so that there is nothing to abort yet

        threading.Thread(target=watch, name="plex-deadline", daemon=True).start()
        try:
            yield late
        finally:
            done.set()


def _resolve_redirect(address: str, location: str) -> str:
    """Return the address to which a redirect points. Raises RedirectedAway if that is another server's."""
    target = urljoin(address, location)
    here, there = urlsplit(address), urlsplit(target)
    try:
        same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
    except ValueError:
        same = False
    if not same:
        raise RedirectedAway(f"{there.scheme}://{there.netloc.rpartition('@')[2]}")
    return target


def _check_xml(response: requests.Response) -> requests.Response:
    """Return an answer that PlexAPI can parse, or raise its fault."""
    # PlexAPI's own errors carry the whole body and the address, and it has no name for a status like 520.
    if response.status_code not in (200, 204):
        raise requests.HTTPError(str(response.status_code), response=response)
    body = response.content
    head = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not body.strip():
        raise NotPlexXml("an empty answer")
    if head.startswith((b"<!doctype html", b"<html")):
        raise NotPlexXml("a web page")
    return clean_answer(response)


def clean_answer(response: requests.Response) -> requests.Response:
    """Return an answer of XML in UTF-8 and within the limits, or raise its fault."""
    message = email.message.Message()
    message["content-type"] = response.headers.get("content-type", "")[:200]
    charset = message.get_param("charset") or ""
    response._content = clean_xml(response.content, charset if isinstance(charset, str) else charset[2])
    response.encoding = "utf-8"
    return response

"""Posts to one address: within a deadline, only to permitted machines, and without following redirects."""

import email.utils
import os
import socket
import time
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from aiohttp.connector import AddrInfoType

from actors.webhooks.address_policy import find_refusal
from messages import Problem
from version import VERSION

DEADLINE_S = 10.0
"""Real seconds for a request, from the look-up of the name to the headers of the answer."""
LONGEST_WAIT_S = 3600.0
"""The longest pause that a receiver may ask for, seconds."""
_NEVER_TAKEN = (
    HTTPStatus.BAD_REQUEST, HTTPStatus.GONE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY,
)  # fmt: skip
"""Statuses with which a receiver refuses an event for good. Not 404: a proxy sends it while a receiver starts."""


class PostResult(NamedTuple):
    """The result of a post; a failure names only the host of the address."""

    failure: Problem | None = None
    """Why the event was not taken, or None if it was."""
    is_final: bool = False
    """Whether another try is useless."""
    wait_s: float = 0.0
    """How long the receiver asks to wait before the next try, seconds."""


class ProbeResult(NamedTuple):
    """Whether a receiver answers."""

    failure: Problem | None = None
    """Why nothing can be posted there, or None if it answers."""
    status: int = 0
    """The status of the answer to HEAD; 0 if there was none."""


class _RefusedAddressError(OSError):
    """The address leads to a machine to which nothing may be posted."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


class WebhookClient:
    """One receiver. Runs on the actor's loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self.name = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        """Host and port: the receiver's name in logs and health, for whoever knows the rest may post there."""
        self._is_encrypted = parts.scheme == "https"
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes, headers: dict[str, str]) -> PostResult:
        """Post JSON once. Raises nothing."""
        sent = {"Content-Type": "application/json; charset=utf-8", **headers}
        answer = await self._request("POST", data=body, headers=sent)
        return PostResult(answer) if isinstance(answer, Problem) else _judge(*answer, time.time())

    async def probe(self) -> ProbeResult:
        """Check with HEAD whether the receiver answers; it gets no event. Raises nothing."""
        answer = await self._request("HEAD")
        if isinstance(answer, Problem):
            return ProbeResult(answer)
        status, _retry_after = answer
        is_redirected = HTTPStatus(300) <= status < HTTPStatus(400)
        return ProbeResult(Problem.of("webhooks.redirected", status=status) if is_redirected else None, status)

    async def _request(self, method: str, **parts: Any) -> tuple[int, str] | Problem:
        """Send a request; return the status and Retry-After of the answer, or why there is none."""
        try:
            async with self._open_session().request(method, self._url, allow_redirects=False, **parts) as answer:
                return answer.status, answer.headers.get("Retry-After", "")
        except TimeoutError:
            return Problem.of("webhooks.timeout", seconds=round(DEADLINE_S))
        except aiohttp.ClientConnectorCertificateError:
            return Problem.of("webhooks.certificate")
        except aiohttp.ClientConnectorError as error:
            return _explain(error.os_error)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _explain(error)

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=1, force_close=True, socket_factory=self._open_socket),
                timeout=aiohttp.ClientTimeout(total=DEADLINE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"Usher/{VERSION}"},
                trust_env=True,  # HTTPS_PROXY and NO_PROXY, as for Plex and Discord
            )
        return self._session

    def _open_socket(self, address: AddrInfoType) -> socket.socket:
        """Return a socket for an address to which the name resolved. Raises OSError if nothing may be posted there."""
        family, kind, protocol, _, place = address
        if refusal := find_refusal(str(place[0]), is_encrypted=self._is_encrypted):
            raise _RefusedAddressError(refusal)
        return socket.socket(family, kind, protocol)


def _judge(status: int, retry_after: str, now_s: float) -> PostResult:
    if HTTPStatus(200) <= status < HTTPStatus(300):
        return PostResult()
    if HTTPStatus(300) <= status < HTTPStatus(400):
        return PostResult(Problem.of("webhooks.redirected", status=status))
    failure = Problem.of("webhooks.status", status=status)
    return PostResult(failure, status in _NEVER_TAKEN, _read_retry_after(retry_after, now_s))


def _read_retry_after(text: str, now_s: float) -> float:
    """Return the seconds until the time in a Retry-After header (seconds or a date); 0 if it has neither."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(float(text), LONGEST_WAIT_S)
    try:
        until_s = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
    return min(max(0.0, until_s - now_s), LONGEST_WAIT_S)


def _explain(error: BaseException) -> Problem:
    """Return a failure as a problem without the address, which the texts of libraries may contain."""
    if isinstance(error, _RefusedAddressError):
        return error.problem
    if isinstance(error, socket.gaierror):
        return Problem.of("webhooks.unknown_name")
    number = error.errno if isinstance(error, OSError) else None  # asyncio's text contains the address
    return Problem.of("webhooks.unreachable", error=os.strerror(number) if number else type(error).__name__)

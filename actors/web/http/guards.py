"""Checks of every request (Host header, limits for each address), and the headers of every answer."""

import hmac
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from actors.web.http.peers import PeerFinder, came_through_proxy, is_over_https, note_peer, shows_proxy
from setting_checks import is_loopback

REQUESTS_A_SECOND = 10.0
BURST = 40.0
"""Requests that an address may make at once: a page with its files and posters makes more than ten."""
MOST_ADDRESSES = 4096
# Referrer-Policy: with no-referrer, browsers send forms with "Origin: null"; older ones send no other usable header.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
"""A name or an address, with an optional port and nothing else, for links are built from it."""
STRICT_TRANSPORT = "max-age=31536000"
_OPEN_TO_PROXIES = ("/static/", "/health", "/robots.txt")
"""Path prefixes without personal data."""


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address, and not a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class HostGuard:
    """Refuses requests with another host's name, so that another web site cannot make a browser read this one.

    If a foreign name resolves to 127.0.0.1 (DNS rebinding), the browser sends that name as Host. An IP address as
    Host is safe.
    """

    def __init__(self, public_url: str, *, allows_addresses: bool = False) -> None:
        """`allows_addresses`: whether other machines may open the page, by any IP address of this one."""
        self._public_host = (urlsplit(public_url).hostname or "").lower()
        self._allows_addresses = allows_addresses

    def allows(self, host_header: str) -> bool:
        """Tell whether a Host header names this machine or WEB_URL."""
        found = _HOST.fullmatch(host_header)
        if found is None:
            return False
        host = found[1].strip("[]").lower()
        return is_loopback(host) or host == self._public_host or (self._allows_addresses and is_address(host))


class AddressLimiter:
    """A token bucket for each address or IPv6 network: `burst` requests at once, `a_second` in the long run."""

    def __init__(
        self,
        burst: float = BURST,
        now_s: Callable[[], float] = time.monotonic,
        a_second: float = REQUESTS_A_SECOND,
    ) -> None:
        self._burst = burst
        self._a_second = a_second
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By address: tokens left, and when they were counted; the address that has been silent longest comes first."""

    def take(self, address: str) -> bool:
        """Take a token for an address; False if none is left."""
        now_s = self._now_s()
        tokens, at_s = self._buckets.pop(address, (self._burst, now_s))
        tokens = min(self._burst, tokens + (now_s - at_s) * self._a_second)
        allowed = tokens >= 1.0
        self._buckets[address] = (tokens - 1.0 if allowed else tokens, now_s)
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed


def may_read_metrics(request: web.Request, token: str) -> bool:
    """Tell whether a request may read the metrics: it comes from this machine, or has the token.

    A request through a proxy counts as remote, whatever address the proxy has. `token`: WEB_METRICS_TOKEN.
    """
    given = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {token}".encode()):
        return True
    return not came_through_proxy(request) and is_loopback(request.remote or "")


class ProxyRefused(web.HTTPForbidden):  # named like aiohttp's own exceptions
    """A proxy passed on a request for a page that only this machine may read."""

    def __init__(self) -> None:
        super().__init__(
            text="This page is for this machine alone (WEB_ACCESS=local), and a proxy brought you here. To show it to "
            "others, set WEB_ACCESS=members, WEB_URL and WEB_TRUSTED_PROXIES.\n"
        )


def make_guard(
    peers: PeerFinder, hosts: HostGuard, limiter: AddressLimiter, *, refuses_proxies: bool = False
) -> Middleware:
    """Return the middleware that all requests pass.

    `refuses_proxies`: whether requests through untrusted proxies are refused. Without sign-in everybody behind such a
    proxy could read: it may run on this machine, and may send this machine's name as Host.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = peers.find(request)
        note_peer(request, peer)
        is_open = request.path.startswith(_OPEN_TO_PROXIES)
        if refuses_proxies and not is_open and shows_proxy(request) and not peers.is_trusted(request.remote or ""):
            raise ProxyRefused
        if not hosts.allows(peer.host):
            raise web.HTTPMisdirectedRequest(text="This page is at another address. Set WEB_URL to the one you use.\n")
        if not limiter.take(peer.network):
            raise web.HTTPTooManyRequests(text="Too many requests: wait a moment.\n", headers={"Retry-After": "2"})
        return await handler(request)

    return guard


_FRAMED_BY = web.RequestKey("framed_by", tuple)


def allow_frames(request: web.Request, origins: tuple[str, ...]) -> None:
    """Allow these web sites to show the answer to a request in a frame."""
    request[_FRAMED_BY] = origins


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers of every answer, errors and streams included (a signal of aiohttp)."""
    response.headers.update(SECURITY_HEADERS)
    if origins := request.get(_FRAMED_BY, ()):
        policy = SECURITY_HEADERS["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace(
            "frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}"
        )
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers.pop("X-Frame-Options", None)
    if is_over_https(request):
        response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("Server", None)

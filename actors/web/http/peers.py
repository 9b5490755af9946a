"""The client of a request: its address, host and scheme, as seen through trusted proxies."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.http import HttpVersion11

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_HOPS = 20
_OF_PROXIES = frozenset(
    (
        "cf-connecting-ip", "client-ip", "fastly-client-ip", "forwarded", "true-client-ip", "via", "x-client-ip",
        "x-original-host", "x-real-ip",
    )
)  # fmt: skip
"""Headers that proxies add, beside X-Forwarded-*."""
OWN_NETWORK_BITS = 64
"""Prefix length of an IPv6 network that counts as one client."""


class Peer(msgspec.Struct, frozen=True):
    """The client of a request."""

    address: str
    """IP address of the browser, as far as it can be known."""
    host: str
    """The host that the browser asked for, with the port if any."""
    is_https: bool
    """Whether the browser speaks https, to this server or to a proxy before it."""

    @property
    def network(self) -> str:
        """The address or IPv6 network that limits apply to."""
        return find_network(self.address)

    @property
    def origin(self) -> str:
        """The header Origin that a page of this server sends."""
        return f"{'https' if self.is_https else 'http'}://{self.host}"


_PEER = web.RequestKey("peer", Peer)


class PeerFinder:
    """Reads the headers X-Forwarded-*, only from the proxies of WEB_TRUSTED_PROXIES."""

    def __init__(self, trusted_proxies: Iterable[str], public_url: str) -> None:
        """`trusted_proxies`: addresses and networks. `public_url`: WEB_URL; empty if not set."""
        self._trusted = tuple(ipaddress.ip_network(each, strict=False) for each in trusted_proxies)
        parts = urlsplit(public_url)
        self._https_host = parts.netloc.lower() if parts.scheme == "https" else ""

    def find(self, request: web.Request) -> Peer:
        """Return the client of a request."""
        address = request.remote or ""
        host = request.headers.get("Host", "")
        is_https = False
        if self.is_trusted(address):
            address = self._read_chain(address, request.headers.getall("X-Forwarded-For", []))
            host = _read_last(request.headers.getall("X-Forwarded-Host", [])) or host
            is_https = _read_last(request.headers.getall("X-Forwarded-Proto", [])).lower() == "https"
        return Peer(address, host, is_https or (bool(self._https_host) and host.lower() == self._https_host))

    def is_trusted(self, address: str) -> bool:
        """Tell whether an address is a trusted proxy's."""
        parsed = _parse(address)
        return parsed is not None and any(parsed in network for network in self._trusted)

    def _read_chain(self, address: str, headers: Iterable[str]) -> str:
        """Return the last address of a chain that is not a trusted proxy's: anybody can forge earlier ones."""
        hops = [hop.strip() for header in headers for hop in header.split(",")][-MOST_HOPS:]
        for hop in reversed(hops):
            parsed = _parse(hop)
            if parsed is None:
                return address
            address = str(parsed)
            if not self.is_trusted(address):
                return address
        return address


def find_network(address: str) -> str:
    """Return the network of one household or machine for an IPv6 address; otherwise the address itself."""
    parsed = _parse(address)
    if not isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed or address)
    return str(ipaddress.ip_network((int(parsed), OWN_NETWORK_BITS), strict=False))


def came_through_proxy(request: web.Request) -> bool:
    """Tell whether the headers say that a proxy passed the request on, whatever address it comes from."""
    return any(name in _OF_PROXIES or name.startswith("x-forwarded") for name in map(str.lower, request.headers))


def shows_proxy(request: web.Request) -> bool:
    """Tell whether anything in a request reveals a proxy, even one without headers of its own.

    HTTP/1.0 reveals one: nginx uses it towards its backend, browsers do not. So does a request from our own page
    whose Origin or Referer names another host than the header Host.
    """
    if came_through_proxy(request) or request.version < HttpVersion11:
        return True
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        return False
    origins = (request.headers.get(name, "") for name in ("Origin", "Referer"))
    host = request.headers.get("Host", "").lower()
    return any(urlsplit(origin).netloc.lower() not in ("", host) for origin in origins)


def find_peer(request: web.Request) -> Peer:
    """Return the client of a request that has passed the guard."""
    return request[_PEER]


def is_over_https(request: web.Request) -> bool:
    """Tell whether the browser uses https; False for a request that has not passed the guard."""
    peer = request.get(_PEER)
    return peer is not None and peer.is_https


def note_peer(request: web.Request, peer: Peer) -> None:
    """Note the client on a request, for its handlers."""
    request[_PEER] = peer


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address, even if a port follows it as some proxies write; an IPv4-mapped IPv6 address as IPv4."""
    text = address.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


def _read_last(headers: list[str]) -> str:
    """Return the last value of a header, which the nearest proxy wrote."""
    return headers[-1].rpartition(",")[2].strip() if headers else ""

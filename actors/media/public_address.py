"""Connects only to public addresses: a further community's server must not lead into a private network.

The address is checked after each look-up of the name, and the connection goes to that very address, so a name that
resolves to another address a moment later does no harm.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that lead to the IPv4 address in their last four bytes."""


class PrivateAddress(OSError):
    """A name resolves to no public address, but to `address`."""

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is no address of the internet")
        self.address = address


def is_public(address: str) -> bool:
    """Tell whether an IP address is public: not private, loopback, link-local or reserved."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _TRANSLATED:
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast and not found.is_reserved


def resolve_public(host: str, port: int) -> list[str]:
    """Return the public IP addresses of a host. Raises PrivateAddress if it has none, and OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    public = [address for address in addresses if is_public(address)]
    if not public:
        raise PrivateAddress(addresses[0] if addresses else host)
    return public


def connect_public(host: str, port: int, timeout_s: float | None, options: Any = None) -> socket.socket:
    """Return a TCP connection to a public address of a host. Raises OSError. `options`: as for `setsockopt`."""
    failure: OSError | None = None
    for address in resolve_public(host, port):
        try:
            made = socket.create_connection((address, port), timeout_s)
        except OSError as error:
            failure = error
            continue
        for option in options or ():
            made.setsockopt(*option)
        return made
    assert failure is not None  # noqa: S101  # there was one address at least
    raise failure


def find_private(error: BaseException | None) -> PrivateAddress | None:
    """Return the PrivateAddress that caused an error, or None if it has another cause."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, PrivateAddress):
            return error
        error = error.__cause__ or error.__context__
    return None

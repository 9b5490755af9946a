"""Decides to which addresses a webhook may be posted.

Addresses come from the settings alone, never from people on Discord or Plex, so the local network is allowed: Home
Assistant, ntfy and Apprise run there. The address of each connection is checked, not the name, which may resolve to
another address later.
"""

import ipaddress

from messages import Problem

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def find_refusal(address: str, *, is_encrypted: bool) -> Problem | None:
    """Return why an IP address is refused, or None if it is allowed.

    Link-local addresses (clouds keep a machine's credentials there) are refused, those of many machines or of none,
    and public ones without TLS: names of viewers would cross the internet unencrypted.
    """
    ip = _unwrap(ipaddress.ip_address(address.partition("%")[0]))
    if ip.is_loopback:
        return None
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or str(ip) == "255.255.255.255":
        return Problem.of("webhooks.not_a_machine", address=str(ip))
    if ip.is_global and not is_encrypted:
        return Problem.of("webhooks.needs_https", address=str(ip))
    return None


def _unwrap(ip: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip

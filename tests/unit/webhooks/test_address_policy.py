"""To which addresses events are posted."""

from __future__ import annotations

import pytest

from actors.webhooks.address_policy import find_refusal


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "::1", "192.168.1.5", "10.0.0.3", "172.20.0.2", "100.64.1.1", "fd12:3456::5", "::ffff:192.168.1.5"],
)
def test_the_own_network_is_allowed_over_http_and_https(address: str) -> None:
    """Home Assistant is there; 100.64.0.0/10 is a VPN's."""
    assert find_refusal(address, is_encrypted=False) is None
    assert find_refusal(address, is_encrypted=True) is None


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_public_addresses_need_https(address: str) -> None:
    """Names of viewers do not cross the internet unencrypted."""
    refusal = find_refusal(address, is_encrypted=False)
    assert refusal is not None
    assert refusal.code == "webhooks.needs_https"
    assert find_refusal(address, is_encrypted=True) is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
        "224.0.0.1", "ff02::1", "0.0.0.0", "::", "255.255.255.255",  # noqa: S104  # an address, not bound to
    ],
)  # fmt: skip
def test_link_local_and_multicast_addresses_are_refused(address: str) -> None:
    """In every notation: cloud machines offer credentials at link-local addresses."""
    for is_encrypted in (True, False):
        refusal = find_refusal(address, is_encrypted=is_encrypted)
        assert refusal is not None
        assert refusal.code == "webhooks.not_a_machine"

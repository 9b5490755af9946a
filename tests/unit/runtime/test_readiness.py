"""Readable file descriptors are reported, by whatever the operating system offers for waiting."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

import pytest

from actors.runtime.transport.readiness import PollReadiness, Readiness, SelectorReadiness

WAYS = (SelectorReadiness, *([PollReadiness] if hasattr(select, "poll") else []))


@pytest.mark.parametrize("make", WAYS)
def test_only_readable_descriptors_are_reported(make: Callable[[], Readiness]) -> None:
    """None before something arrives; then that one, until it is read."""
    readiness = make()
    pairs = [socket.socketpair() for _ in range(2)]
    try:
        for receiver, _ in pairs:
            readiness.register(receiver.fileno())
        began_s = time.monotonic()
        assert readiness.wait(0.05) == [] and time.monotonic() - began_s >= 0.04
        receiver, sender = pairs[1]
        sender.send(b"x")
        assert readiness.wait(10.0) == readiness.wait(0.0) == [receiver.fileno()]
        receiver.recv(1)
        assert readiness.wait(0.0) == []
    finally:
        readiness.close()
        for ends in pairs:
            for end in ends:
                end.close()

"""What only ZeroMQ does, beyond the contract of every transport (`tests/contract/test_transport.py`)."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from actors.runtime.transport.base import Origin, Transport
from actors.runtime.transport.zmq import ZmqNetwork
from tests.deadlines import WITHIN_S

NAMES = ("ann", "bob", "cem")
ipc_only = pytest.mark.skipif(os.name != "posix", reason="ipc needs a posix system")


@pytest.fixture
def ipc() -> Iterator[ZmqNetwork]:
    """Sockets in a private folder."""
    with contextlib.closing(ZmqNetwork.create(NAMES)) as network:
        yield network


@pytest.fixture
def tcp() -> Iterator[ZmqNetwork]:
    """Encrypted loopback TCP."""
    with contextlib.closing(ZmqNetwork.create_tcp(NAMES)) as network:
        yield network


def receive_frames(transport: Transport, count: int = 1) -> list[tuple[Origin | None, bytes]]:
    """Wait for so many frames."""
    frames: list[tuple[Origin | None, bytes]] = []
    end = time.monotonic() + WITHIN_S
    while len(frames) < count:
        frames += transport.receive(0.1)
        assert time.monotonic() < end, f"{len(frames)} of {count} frames came"
    return frames


@ipc_only
def test_frames_wait_for_an_actor_that_starts_later(ipc: ZmqNetwork) -> None:
    """It then gets what was sent before."""
    with contextlib.closing(ipc.transport("ann")) as ann:
        assert ann.send("bob", b"good morning")
        with contextlib.closing(ipc.transport("bob")) as bob:
            assert receive_frames(bob)[0][1] == b"good morning"


@ipc_only
def test_a_multipart_frame_is_refused(ipc: ZmqNetwork) -> None:
    """It arrives as an empty frame, which the codec refuses, and is never joined from its parts."""
    with (
        contextlib.closing(ipc.transport("bob")) as bob,
        zmq.Context() as context,
        context.socket(zmq.DEALER) as dealer,
    ):
        dealer.connect(ipc.spec.addresses["bob"])
        dealer.send_multipart([b"one", b"two", b"three"])
        dealer.send(b"whole")
        assert [frame for _, frame in receive_frames(bob, 2)] == [b"", b"whole"]


def test_a_tcp_port_in_use_is_an_error(tcp: ZmqNetwork) -> None:
    """It names the address, and the likely cause."""
    with contextlib.closing(tcp.transport("ann")), pytest.raises(OSError, match="is another process there"):
        tcp.transport("ann")


def test_a_stranger_without_the_keys_is_not_admitted(tcp: ZmqNetwork) -> None:
    """Nor one who only knows the public key, which is no secret: not a byte arrives."""
    public, secret = zmq.curve_keypair()
    with (
        contextlib.closing(tcp.transport("bob")) as bob,
        contextlib.closing(tcp.transport("ann")) as ann,
        zmq.Context() as context,
        context.socket(zmq.DEALER) as plain,
        context.socket(zmq.DEALER) as knowing,
    ):
        knowing.setsockopt_string(zmq.CURVE_SERVERKEY, tcp.spec.credentials[0])
        knowing.setsockopt(zmq.CURVE_PUBLICKEY, public)
        knowing.setsockopt(zmq.CURVE_SECRETKEY, secret)
        for stranger in (plain, knowing):
            stranger.setsockopt(zmq.LINGER, 0)
            stranger.connect(tcp.spec.addresses["bob"])
            stranger.send(b"let me in")
        ann.send("bob", b"it is me")
        assert [frame for _, frame in receive_frames(bob)] == [b"it is me"]
        assert bob.receive(0.3) == []


def test_other_protocols_are_ignored(tcp: ZmqNetwork) -> None:
    """After a port scanner or a browser, the transport works on."""
    port = int(tcp.spec.addresses["bob"].rpartition(":")[2])
    with contextlib.closing(tcp.transport("bob")) as bob:
        for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000, b""):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as scanner:
                scanner.sendall(noise)
        with contextlib.closing(tcp.transport("ann")) as ann:
            ann.send("bob", b"it is me")
            assert [frame for _, frame in receive_frames(bob)] == [b"it is me"]


@ipc_only
def test_a_closed_transport_leaves_nothing_open(ipc: ZmqNetwork, tcp: ZmqNetwork) -> None:
    """No descriptor stays when it is closed, nor when it could not listen."""
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("needs /proc")

    def go() -> None:
        with contextlib.closing(ipc.transport("ann")) as ann, contextlib.closing(ipc.transport("bob")) as bob:
            ann.send("bob", b"hello")
            receive_frames(bob)
        with contextlib.closing(tcp.transport("ann")), contextlib.suppress(OSError):
            tcp.transport("ann")

    go()
    before = len(list(fds.iterdir()))
    for _ in range(5):
        go()
    assert len(list(fds.iterdir())) <= before


def test_a_network_leaves_no_folder(ipc: ZmqNetwork) -> None:
    """Its sockets are gone with it."""
    folder = Path(ipc.spec.addresses["ann"].removeprefix("ipc://")).parent
    assert folder.is_dir()
    ipc.close()
    assert not folder.exists()

"""What every transport must do. To test a new one, add a line to `NETWORKS`."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from actors.address import shared_endpoint
from actors.runtime.transport.base import QUEUE_FRAMES, Network, Origin, Transport
from actors.runtime.transport.memory import MemoryNetwork
from actors.runtime.transport.shared import SharedTransport
from actors.runtime.transport.zmq import BATCH, ZmqNetwork

WITHIN_S = 10.0
NAMES = ("ann", "bob", "cem")
Opener = Callable[..., Transport]

COMMUNITY = "7"


class SharedNetwork:
    """Every endpoint is of a further community and shares its process's socket; cem's end is in another process."""

    def __init__(self) -> None:
        make = ZmqNetwork.create if os.name == "posix" else ZmqNetwork.create_tcp
        self._network = make(shared_endpoint(name) for name in NAMES)
        self._shared: list[SharedTransport] = []

    def transport(self, name: str, *, listen: bool = True) -> Transport:
        """See Network."""
        endpoint = self._network.transport(shared_endpoint(name), listen=listen)
        shared = SharedTransport(endpoint, self._network.spec.addresses)
        return CommunityEnd(shared, f"{name}@{COMMUNITY}")

    def close(self) -> None:
        """See Network."""
        self._network.close()


class CommunityEnd:
    """An end of a community whose peers are named without it; it closes its process's endpoint with it."""

    def __init__(self, shared: SharedTransport, address: str) -> None:
        self._shared = shared
        self._end = shared.open(address)
        self.answer, self.receive, self.wake = self._end.answer, self._end.receive, self._end.wake
        self.is_listening = self._end.is_listening

    def send(self, peer: str, frame: bytes) -> bool:
        """See Transport."""
        return self._end.send(f"{peer}@{COMMUNITY}", frame)

    def is_connected(self, peer: str) -> bool:
        """See Transport."""
        return self._end.is_connected(f"{peer}@{COMMUNITY}")

    def close(self) -> None:
        """See Transport."""
        self._end.close()
        self._shared.close()


NETWORKS: dict[str, Callable[[], Network]] = {
    "memory": MemoryNetwork,
    "shared by communities": SharedNetwork,
    "zmq over tcp with CURVE": lambda: ZmqNetwork.create_tcp(NAMES),
}
if os.name == "posix":
    NETWORKS["zmq over ipc"] = lambda: ZmqNetwork.create(NAMES)


@pytest.fixture(params=list(NETWORKS))
def open_end(request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Open the transport of an endpoint by its name; all are closed at the end."""
    network = NETWORKS[request.param]()
    opened: list[Transport] = []

    def open_transport(name: str, *, listen: bool = True) -> Transport:
        opened.append(network.transport(name, listen=listen))
        return opened[-1]

    yield open_transport
    for transport in opened:
        transport.close()
    network.close()


def receive_frames(transport: Transport, count: int = 1) -> list[tuple[Origin | None, bytes]]:
    """Wait for so many frames."""
    frames: list[tuple[Origin | None, bytes]] = []
    end = time.monotonic() + WITHIN_S
    while len(frames) < count:
        frames += transport.receive(0.1)
        assert time.monotonic() < end, f"{len(frames)} of {count} frames came"
    return frames


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, "not so in time"
        time.sleep(0.01)


def test_a_frame_can_be_answered(open_end: Opener) -> None:
    """A sent frame has an origin, through which it is answered; an answer has none."""
    ann, bob = open_end("ann"), open_end("bob")
    assert ann.send("bob", b"how are you")
    [(origin, frame)] = receive_frames(bob)
    assert frame == b"how are you"
    assert origin is not None
    assert bob.answer(origin, b"well")
    assert receive_frames(ann) == [(None, b"well")]


def test_frames_stay_in_order_and_whole(open_end: Opener) -> None:
    """Frames of any bytes and any length, also empty ones."""
    ann, bob = open_end("ann"), open_end("bob")
    sent = [b"", *(bytes([number]) * number * 500 for number in range(200)), bytes(1_000_000)]
    for frame in sent:
        assert ann.send("bob", frame)
    assert [frame for _, frame in receive_frames(bob, len(sent))] == sent


def test_many_frames_arrive_in_several_batches(open_end: Opener) -> None:
    """None is left behind, and none needs another frame to be sent before it arrives."""
    ann, bob = open_end("ann"), open_end("bob")
    count = 2 * BATCH + 7
    for number in range(count):
        assert ann.send("bob", str(number).encode())
    assert [int(frame) for _, frame in receive_frames(bob, count)] == list(range(count))


def test_each_sender_gets_its_own_answer(open_end: Opener) -> None:
    """Two senders ask at the same time."""
    ann, bob, cem = open_end("ann"), open_end("bob"), open_end("cem")
    ann.send("bob", b"ann")
    cem.send("bob", b"cem")
    for origin, frame in receive_frames(bob, 2):
        assert origin is not None
        bob.answer(origin, b"for " + frame)
    assert receive_frames(ann) == [(None, b"for ann")]
    assert receive_frames(cem) == [(None, b"for cem")]


def test_sending_while_receiving_loses_nothing(open_end: Opener) -> None:
    """Two ends send to each other while each answers the other: sending uses up no notice of arrival."""
    ann, bob = open_end("ann"), open_end("bob")
    rounds, answers = 300, {"ann": 0, "bob": 0}
    end = time.monotonic() + WITHIN_S
    sent = 0
    while min(answers.values()) < rounds:
        assert time.monotonic() < end, answers
        if sent < rounds:
            assert ann.send("bob", b"ask")
            assert bob.send("ann", b"ask")
            sent += 1
        for name, one in (("ann", ann), ("bob", bob)):
            for origin, frame in one.receive(0.0 if sent < rounds else 0.01):
                if origin is not None:
                    assert one.answer(origin, b"answer to " + frame)
                else:
                    answers[name] += 1
    assert answers == {"ann": rounds, "bob": rounds}


def test_waiting_ends_as_soon_as_a_frame_arrives(open_end: Opener) -> None:
    """500 waits of up to 5 s each end with a frame, and not with the timeout."""
    ann, bob = open_end("ann"), open_end("bob")
    done = threading.Event()

    def echo() -> None:
        while not done.is_set():
            for origin, frame in bob.receive(0.2):
                assert origin is not None
                bob.answer(origin, frame)

    thread = threading.Thread(target=echo)
    thread.start()
    try:
        longest_s = 0.0
        for number in range(500):
            ann.send("bob", str(number).encode())
            began = time.monotonic()
            while not (found := ann.receive(5.0)):
                assert time.monotonic() - began < WITHIN_S
            longest_s = max(longest_s, time.monotonic() - began)
            assert found == [(None, str(number).encode())]
        assert longest_s < 4.0
    finally:
        done.set()
        thread.join()


def test_sending_to_an_unknown_peer_returns_false(open_end: Opener) -> None:
    """It is no error: the sender notes a dead letter."""
    assert not open_end("ann").send("nobody", b"hello")


def test_answering_an_unknown_origin_returns_false(open_end: Opener) -> None:
    """Whoever asked may be long gone."""
    assert not open_end("ann").answer(b"nobody at all", b"hello")


def test_waiting_ends_at_the_timeout(open_end: Opener) -> None:
    """It takes that long, and no longer."""
    ann = open_end("ann")
    began = time.monotonic()
    assert ann.receive(0.1) == []
    assert 0.05 < time.monotonic() - began < 5.0
    assert ann.receive(0.0) == []


def test_waking_ends_a_wait(open_end: Opener) -> None:
    """A wake may come from any thread; one that comes before the wait is not lost."""
    ann = open_end("ann")
    waker = threading.Timer(0.05, ann.wake)
    waker.start()
    began = time.monotonic()
    ann.receive(30.0)
    waker.join()
    ann.wake()
    ann.receive(30.0)
    assert time.monotonic() - began < 10.0


def test_many_wakes_are_one(open_end: Opener) -> None:
    """They block nobody, and the next wait uses all of them up."""
    ann = open_end("ann")
    for _ in range(100_000):
        ann.wake()
    ann.receive(30.0)
    end = time.monotonic() + WITHIN_S
    while True:
        began = time.monotonic()
        ann.receive(0.2)
        if time.monotonic() - began > 0.1:
            break
        assert time.monotonic() < end, "it never sleeps again"


def test_sending_to_a_full_queue_returns_false(open_end: Opener, request: pytest.FixtureRequest) -> None:
    """If the receiver does not read, the sender does not block, and memory is bounded."""
    if "shared" in request.node.name:
        pytest.skip("one who does not look must not hold up those who share its socket: what it does not take is lost")
    ann, bob = open_end("ann"), open_end("bob")
    ann.send("bob", b"first")
    receive_frames(bob)
    taken = 0
    while ann.send("bob", bytes(100_000)):
        taken += 1
        assert taken <= 5 * QUEUE_FRAMES, "no end to it"
    assert taken >= QUEUE_FRAMES // 2
    assert len(receive_frames(bob, taken)) == taken


def test_a_restarted_peer_is_reached_under_its_name(open_end: Opener) -> None:
    """The sender does nothing for it; frames on their way to the old one may be lost."""
    ann, bob = open_end("ann"), open_end("bob")
    ann.send("bob", b"to the first")
    receive_frames(bob)
    bob.close()
    second = open_end("bob")
    end = time.monotonic() + WITHIN_S
    while True:
        ann.send("bob", b"to the second")
        if any(frame == b"to the second" for _, frame in second.receive(0.05)):
            break
        assert time.monotonic() < end, "the new one is not reached"


def test_closing_twice_is_allowed(open_end: Opener) -> None:
    """A shutdown can reach it in two ways."""
    ann = open_end("ann")
    ann.close()
    ann.close()
    ann.wake()


def test_a_client_without_an_address_can_ask(open_end: Opener) -> None:
    """The command line does, and gets its answers; nobody can send to it unasked."""
    asker, bob = open_end("stranger", listen=False), open_end("bob")
    asker.send("bob", b"how are you")
    [(origin, _)] = receive_frames(bob)
    assert origin is not None
    assert not asker.answer(origin, b"nothing to answer through")
    assert bob.answer(origin, b"well")
    assert receive_frames(asker) == [(None, b"well")]
    assert not bob.send("stranger", b"and you")


def test_connected_peers_are_known(open_end: Opener) -> None:
    """A peer counts as connected while it is there, so that an asker can tell slow from gone."""
    ann, bob = open_end("ann"), open_end("bob")
    assert not ann.is_connected("nobody")
    ann.send("bob", b"hello")
    receive_frames(bob)
    wait_until(lambda: ann.is_connected("bob"))
    bob.close()
    wait_until(lambda: not ann.is_connected("bob"))
    open_end("bob")
    wait_until(lambda: ann.is_connected("bob"))

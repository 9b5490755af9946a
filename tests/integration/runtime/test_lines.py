"""The transport's contract, the same for its twin in memory, for ipc and for loopback TCP with keys."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from actors.runtime.transport.memory import MemoryNetwork
from actors.runtime.transport.zmq import (
    BATCH,
    QUEUE_FRAMES,
    Addresses,
    Keys,
    Origin,
    Transport,
    ZmqTransport,
)

WITHIN_S = 10.0
NAMES = ("ann", "bob", "cem")
Maker = Callable[[str], Transport]
ipc_only = pytest.mark.skipif(os.name != "posix", reason="ipc needs a posix system")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: that of tmp_path may be too long for a socket."""
    made = Path(tempfile.mkdtemp(prefix="lines-"))
    yield made
    shutil.rmtree(made)


def tcp_addresses() -> dict[str, str]:
    """Ports that are free now."""
    with contextlib.ExitStack() as stack:
        free = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in NAMES]
        return {name: f"tcp://127.0.0.1:{one.getsockname()[1]}" for name, one in zip(NAMES, free, strict=True)}


@pytest.fixture(params=["memory", pytest.param("ipc", marks=ipc_only), "tcp with keys"])
def line(request: pytest.FixtureRequest, folder: Path) -> Iterator[Maker]:
    """Makes a line by its endpoint's name; all are closed in the end."""
    made: list[Transport] = []
    if request.param == "memory":
        make: Maker = MemoryNetwork().transport
    else:
        ipc = {name: f"ipc://{folder}/{name}.sock" for name in NAMES}
        addresses = Addresses(ipc) if request.param == "ipc" else Addresses(tcp_addresses(), Keys.new())

        def make(name: str) -> Transport:
            return ZmqTransport(name, addresses)

    def remembered(name: str) -> Transport:
        made.append(make(name))
        return made[-1]

    yield remembered
    for one in made:
        one.close()


def received(one: Transport, count: int = 1) -> list[tuple[Origin | None, bytes]]:
    """So many frames, waited for."""
    found: list[tuple[Origin | None, bytes]] = []
    end = time.monotonic() + WITHIN_S
    while len(found) < count:
        found += one.receive(0.1)
        assert time.monotonic() < end, f"{len(found)} of {count} frames came"
    return found


def test_there_and_back(line: Maker) -> None:
    """What is sent has an origin, through which it is answered; an answer has none."""
    ann, bob = line("ann"), line("bob")
    assert ann.send("bob", b"how are you")
    [(origin, frame)] = received(bob)
    assert frame == b"how are you"
    assert origin is not None
    assert bob.answer(origin, b"well")
    assert received(ann) == [(None, b"well")]


def test_frames_stay_in_order_and_whole(line: Maker) -> None:
    """Of any bytes and any length, the empty one among them."""
    ann, bob = line("ann"), line("bob")
    sent = [b"", *(bytes([number]) * number * 500 for number in range(200)), bytes(1_000_000)]
    for frame in sent:
        assert ann.send("bob", frame)
    assert [frame for _, frame in received(bob, len(sent))] == sent


def test_more_than_a_batch_comes_in_several(line: Maker) -> None:
    """None is left behind, and nobody has to send another so that it comes."""
    ann, bob = line("ann"), line("bob")
    count = 2 * BATCH + 7
    for number in range(count):
        assert ann.send("bob", str(number).encode())
    assert [int(frame) for _, frame in received(bob, count)] == list(range(count))


def test_senders_are_answered_apart(line: Maker) -> None:
    """Each gets its own."""
    ann, bob, cem = line("ann"), line("bob"), line("cem")
    ann.send("bob", b"ann")
    cem.send("bob", b"cem")
    for origin, frame in received(bob, 2):
        assert origin is not None
        bob.answer(origin, b"for " + frame)
    assert received(ann) == [(None, b"for ann")]
    assert received(cem) == [(None, b"for cem")]


def test_both_directions_at_once(line: Maker) -> None:
    """Two that send to one another while each answers the other lose nothing: sending uses up no notice of arrival."""
    ann, bob = line("ann"), line("bob")
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


def test_ping_pong_never_sleeps_on_what_is_there(line: Maker) -> None:
    """Each wait ends with the frame and not with the timeout: 500 waits of up to 5 s take no second each."""
    ann, bob = line("ann"), line("bob")
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


def test_an_unknown_peer_is_said(line: Maker) -> None:
    """False, and no error: the sender notes a dead letter."""
    assert not line("ann").send("nobody", b"hello")


def test_an_unknown_origin_is_said(line: Maker) -> None:
    """Who asked may be long gone."""
    assert not line("ann").answer(b"nobody at all", b"hello")


def test_nothing_arrives_within_the_time(line: Maker) -> None:
    """It waits that long, and not longer."""
    ann = line("ann")
    began = time.monotonic()
    assert ann.receive(0.1) == []
    assert 0.05 < time.monotonic() - began < 5.0
    assert ann.receive(0.0) == []


def test_waking_ends_a_wait(line: Maker) -> None:
    """From any thread; one that comes before the wait is not lost."""
    ann = line("ann")
    waker = threading.Timer(0.05, ann.wake)
    waker.start()
    began = time.monotonic()
    ann.receive(30.0)
    waker.join()
    ann.wake()
    ann.receive(30.0)
    assert time.monotonic() - began < 10.0


def test_many_wakes_are_one(line: Maker) -> None:
    """They block nobody, and are over with the next wait."""
    ann = line("ann")
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


def test_a_full_queue_is_said(line: Maker) -> None:
    """Nobody waits, and memory is bounded: False where too much waits for one who does not look."""
    ann, bob = line("ann"), line("bob")
    ann.send("bob", b"first")
    received(bob)
    taken = 0
    while ann.send("bob", bytes(100_000)):
        taken += 1
        assert taken <= 5 * QUEUE_FRAMES, "no end to it"
    assert taken >= QUEUE_FRAMES // 2
    assert len(received(bob, taken)) == taken


def test_a_new_life_under_a_name_is_reached(line: Maker) -> None:
    """Without the sender doing anything; what was under way to the old one may be lost."""
    ann, bob = line("ann"), line("bob")
    ann.send("bob", b"to the first")
    received(bob)
    bob.close()
    second = line("bob")
    end = time.monotonic() + WITHIN_S
    while True:
        ann.send("bob", b"to the second")
        if any(frame == b"to the second" for _, frame in second.receive(0.05)):
            break
        assert time.monotonic() < end, "the new one is not reached"


def test_closing_twice_is_closing(line: Maker) -> None:
    """As at an end that is reached on two ways."""
    ann = line("ann")
    ann.close()
    ann.close()
    ann.wake()


# -- ZeroMQ alone --------------------------------------------------------------------------------------------------


@ipc_only
def test_frames_wait_for_one_who_is_not_there_yet(folder: Path) -> None:
    """An actor that starts later gets what was told meanwhile."""
    addresses = Addresses({name: f"ipc://{folder}/{name}.sock" for name in NAMES})
    with contextlib.closing(ZmqTransport("ann", addresses)) as ann:
        assert ann.send("bob", b"good morning")
        with contextlib.closing(ZmqTransport("bob", addresses)) as bob:
            assert received(bob)[0][1] == b"good morning"


@ipc_only
def test_one_who_only_asks_does_not_listen(folder: Path) -> None:
    """The command line has an address of nobody's, and still gets its answers."""
    addresses = Addresses({name: f"ipc://{folder}/{name}.sock" for name in NAMES})
    with (
        contextlib.closing(ZmqTransport("stranger", addresses, listen=False)) as asker,
        contextlib.closing(ZmqTransport("bob", addresses)) as bob,
    ):
        asker.send("bob", b"how are you")
        [(origin, _)] = received(bob)
        assert origin is not None
        assert not asker.answer(origin, b"nothing to answer through")
        bob.answer(origin, b"well")
        assert received(asker) == [(None, b"well")]


@ipc_only
def test_a_frame_in_several_parts_is_none_of_ours(folder: Path) -> None:
    """It comes as an empty one, which the codec refuses: never as a frame that was pieced together."""
    addresses = Addresses({name: f"ipc://{folder}/{name}.sock" for name in NAMES})
    with (
        contextlib.closing(ZmqTransport("bob", addresses)) as bob,
        zmq.Context() as context,
        context.socket(zmq.DEALER) as dealer,
    ):
        dealer.connect(addresses.by_name["bob"])
        dealer.send_multipart([b"one", b"two", b"three"])
        dealer.send(b"whole")
        assert [frame for _, frame in received(bob, 2)] == [b"", b"whole"]


@ipc_only
def test_two_under_one_tcp_port_is_said() -> None:
    """Which address, and what may be the matter."""
    addresses = Addresses(tcp_addresses(), Keys.new())
    with contextlib.closing(ZmqTransport("ann", addresses)), pytest.raises(OSError, match="is another process there"):
        ZmqTransport("ann", addresses)


def test_a_stranger_without_the_keys_is_not_heard() -> None:
    """Nor one who knows the public key alone, which is no secret: not a byte of theirs arrives."""
    addresses = Addresses(tcp_addresses(), Keys.new())
    assert addresses.keys is not None
    public, secret = zmq.curve_keypair()
    with (
        contextlib.closing(ZmqTransport("bob", addresses)) as bob,
        contextlib.closing(ZmqTransport("ann", addresses)) as ann,
        zmq.Context() as context,
        context.socket(zmq.DEALER) as plain,
        context.socket(zmq.DEALER) as knowing,
    ):
        knowing.setsockopt_string(zmq.CURVE_SERVERKEY, addresses.keys.public)
        knowing.setsockopt(zmq.CURVE_PUBLICKEY, public)
        knowing.setsockopt(zmq.CURVE_SECRETKEY, secret)
        for stranger in (plain, knowing):
            stranger.setsockopt(zmq.LINGER, 0)
            stranger.connect(addresses.by_name["bob"])
            stranger.send(b"let me in")
        ann.send("bob", b"it is me")
        assert [frame for _, frame in received(bob)] == [b"it is me"]
        assert bob.receive(0.3) == []


def test_what_is_no_zeromq_is_not_heard() -> None:
    """A port scanner, a browser: the line goes on."""
    addresses = Addresses(tcp_addresses(), Keys.new())
    port = int(addresses.by_name["bob"].rpartition(":")[2])
    with contextlib.closing(ZmqTransport("bob", addresses)) as bob:
        for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000, b""):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as scanner:
                scanner.sendall(noise)
        with contextlib.closing(ZmqTransport("ann", addresses)) as ann:
            ann.send("bob", b"it is me")
            assert [frame for _, frame in received(bob)] == [b"it is me"]


@ipc_only
def test_lines_leave_nothing_open(folder: Path) -> None:
    """No descriptor stays when it is closed, nor when it could not listen."""
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("needs /proc")
    good = Addresses({name: f"ipc://{folder}/{name}.sock" for name in NAMES})
    taken = Addresses(tcp_addresses(), Keys.new())

    def go() -> None:
        with contextlib.closing(ZmqTransport("ann", good)) as ann, contextlib.closing(ZmqTransport("bob", good)) as bob:
            ann.send("bob", b"hello")
            received(bob)
        with contextlib.closing(ZmqTransport("ann", taken)), contextlib.suppress(OSError):
            ZmqTransport("ann", taken)

    go()
    before = len(list(fds.iterdir()))
    for _ in range(5):
        go()
    assert len(list(fds.iterdir())) <= before

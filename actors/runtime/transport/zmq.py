"""The way between processes: a port with two implementations, ZeroMQ and an in-memory twin for tests.

A line is one endpoint's end of it. `send` never waits; False says that the frame was not taken. A send is never a
delivery: what must arrive is kept by the outbox until it is acknowledged.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import stat
from pathlib import Path
from typing import Protocol

import msgspec
import zmq
from zmq.utils import z85

from messages.codec import MAX_FRAME_BYTES

QUEUE_FRAMES = 1000
"""Frames that wait at most on each side of one connection (ZeroMQ's high-water mark)."""
MOST_BYTES = 4 * MAX_FRAME_BYTES
"""Longest frame that a socket reads at all: more than the codec does, so that one too long is noted, not only lost."""
LINGER_MS = 200
"""What was not sent by then at the end is dropped."""
LONGEST_PATH = 100
"""Bytes of a socket's path: the operating system's limit is 103 or 107."""
BATCH = 200
"""Frames taken at most at one receive, so that timers and pings are never starved."""

# As plain numbers: pyzmq's own are enums, which cost a microsecond whenever they are combined.
_EVENTS, _READABLE, _RCVMORE = int(zmq.EVENTS), int(zmq.POLLIN), int(zmq.RCVMORE)
_NOBLOCK, _NOBLOCK_MORE = int(zmq.NOBLOCK), int(zmq.NOBLOCK | zmq.SNDMORE)

Origin = bytes
"""Where an answer goes: opaque to all but the line that gave it."""


class Transport(Protocol):
    """One endpoint's end of the transport. All but `wake` are called from one thread only."""

    def send(self, peer: str, frame: bytes) -> bool:
        """Put a frame on the way to a peer by its name; False where it is unknown or its queue is full."""

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """Put a frame on the way back; False where the asker is gone."""

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """Frames that arrived, waiting up to timeout_s for the first; no origin on answers."""

    def wake(self) -> None:
        """End a waiting `receive`; from any thread."""

    def close(self) -> None:
        """Give everything back; what was not sent within LINGER_MS is dropped."""


class Keys(msgspec.Struct, frozen=True, array_like=True):
    """A CURVE key pair, made for one run (Z85 text)."""

    public: str
    secret: str

    @classmethod
    def new(cls) -> Keys:
        """A fresh pair."""
        public, secret = zmq.curve_keypair()
        return cls(public.decode(), secret.decode())


class Addresses(msgspec.Struct, frozen=True, array_like=True):
    """Where every endpoint listens. With `keys`, connections are encrypted and only holders of them are heard."""

    by_name: dict[str, str]
    keys: Keys | None = None


class ZmqTransport:
    """ZeroMQ: a ROUTER that listens under this endpoint's name, a DEALER to each peer it speaks to."""

    def __init__(self, name: str, addresses: Addresses, *, listen: bool = True) -> None:
        self._addresses = addresses
        self._context = zmq.Context(io_threads=1)
        self._selector = selectors.DefaultSelector()
        self._unsure: set[zmq.Socket[bytes]] = set()
        self._dealers: dict[str, zmq.Socket[bytes]] = {}
        self._router: zmq.Socket[bytes] | None = None
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._zap_authenticator: _ZapAuthenticator | None = None
        if listen:
            try:
                self._router = self._listen(addresses.by_name[name])
            except BaseException:
                self.close()
                raise

    def _listen(self, address: str) -> zmq.Socket[bytes]:
        if self._addresses.keys:
            self._zap_authenticator = _ZapAuthenticator(self._context, self._addresses.keys)
            self._watch(self._zap_authenticator.socket)
        router = self._socket(zmq.ROUTER)
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        if self._addresses.keys:
            router.setsockopt(zmq.CURVE_SERVER, 1)
            router.setsockopt_string(zmq.CURVE_SECRETKEY, self._addresses.keys.secret)
            router.setsockopt_string(zmq.ZAP_DOMAIN, "usher")
        if address.startswith("ipc://"):
            _check_path(address.removeprefix("ipc://"))
        try:
            router.bind(address)
        except zmq.ZMQError as error:
            raise OSError(error.errno, f"cannot listen at {address} ({error}): is another process there?") from error
        self._watch(router)
        return router

    def _dealer(self, peer: str) -> zmq.Socket[bytes] | None:
        known = self._dealers.get(peer)
        address = self._addresses.by_name.get(peer)
        if known is not None or address is None:
            return known
        dealer = self._socket(zmq.DEALER)
        dealer.setsockopt(zmq.RECONNECT_IVL, 10)
        dealer.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
        if self._addresses.keys:
            keys = self._addresses.keys
            dealer.setsockopt_string(zmq.CURVE_SERVERKEY, keys.public)
            dealer.setsockopt_string(zmq.CURVE_PUBLICKEY, keys.public)
            dealer.setsockopt_string(zmq.CURVE_SECRETKEY, keys.secret)
        dealer.connect(address)
        self._dealers[peer] = dealer
        self._watch(dealer)
        return dealer

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        made: zmq.Socket[bytes] = self._context.socket(kind)
        made.setsockopt(zmq.LINGER, LINGER_MS)
        made.setsockopt(zmq.SNDHWM, QUEUE_FRAMES)
        made.setsockopt(zmq.RCVHWM, QUEUE_FRAMES)
        made.setsockopt(zmq.MAXMSGSIZE, MOST_BYTES)
        return made

    def send(self, peer: str, frame: bytes) -> bool:
        """See Line."""
        dealer = self._dealer(peer)
        if dealer is None:
            return False
        try:
            self._unsure.add(dealer)
            dealer.send(frame, _NOBLOCK)
        except zmq.Again:
            return False
        return True

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """See Line."""
        if self._router is None:
            return False
        try:
            self._unsure.add(self._router)
            self._router.send(origin, _NOBLOCK_MORE)
            self._router.send(frame, _NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def _watch(self, made: zmq.Socket[bytes]) -> None:
        self._selector.register(int(made.getsockopt(zmq.FD)), selectors.EVENT_READ, made)
        self._unsure.add(made)

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """See Line."""
        # A socket's descriptor tells once of all that came, and whatever is done with the socket may use that notice
        # up: so those we touched are asked themselves. zmq.Poller asks all, twice, at 40 us more a round trip.
        found: list[tuple[Origin | None, bytes]] = []
        unsure, self._unsure = self._unsure, set()
        for one in unsure:
            self._drain(one, found)
        for key, _ in self._selector.select(0.0 if found else max(0.0, timeout_s)):
            if key.data is None:
                self._sleep_again()
                continue
            self._unsure.add(key.data)  # mostly there is one; a second is found when we look again
            with contextlib.suppress(zmq.Again):
                self._take_in(key.data, found)
        return found

    def _drain(self, one: zmq.Socket[bytes], found: list[tuple[Origin | None, bytes]]) -> None:
        with contextlib.suppress(zmq.Again):
            for number in range(BATCH):
                # Asking is cheaper than a receive that fails, and of no use once there are many.
                if number < 2 and not int(one.getsockopt(_EVENTS)) & _READABLE:
                    return
                self._take_in(one, found)
            self._unsure.add(one)

    def _take_in(self, one: zmq.Socket[bytes], found: list[tuple[Origin | None, bytes]]) -> None:
        if one is self._router:
            origin = one.recv(_NOBLOCK)
            found.append((origin, _only_frame(one)))
        elif self._zap_authenticator is not None and one is self._zap_authenticator.socket:
            self._zap_authenticator.answer()
        else:
            found.append((None, _only_frame(one)))

    def _sleep_again(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while len(self._wake_in.recv(4096)) == 4096:
                pass

    def wake(self) -> None:
        """See Line."""
        with contextlib.suppress(OSError):  # full: it will wake anyway; closed: nobody waits
            self._wake_out.send(b"\0")

    def close(self) -> None:
        """See Line."""
        self._selector.close()
        self._context.destroy(linger=LINGER_MS)
        self._wake_in.close()
        self._wake_out.close()


def _only_frame(one: zmq.Socket[bytes]) -> bytes:
    """The rest of a message, which is one frame; empty where it is more, and so none of ours."""
    frame = one.recv(_NOBLOCK)
    while one.getsockopt(_RCVMORE):
        frame = b""
        one.recv(_NOBLOCK)
    return frame


class _ZapAuthenticator:
    """Admits only who holds the run's keys (ZAP, RFC 27): CURVE alone admits whoever knows the public one.

    pyzmq's own authenticator needs an asyncio loop that Windows does not have, and a thread.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], keys: Keys) -> None:
        self._public = keys.public.encode()
        self.socket: zmq.Socket[bytes] = context.socket(zmq.REP)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind("inproc://zeromq.zap.01")

    def answer(self) -> None:
        """Answer whether one who knocks may come in. zmq.Again where nobody does."""
        version, request, _domain, _address, _identity, mechanism, *proof = self.socket.recv_multipart(zmq.NOBLOCK)
        known = mechanism == b"CURVE" and len(proof) == 1 and z85.encode(proof[0]) == self._public
        verdict = [b"200", b"OK"] if known else [b"400", b"not of this run"]
        self.socket.send_multipart([version, request, *verdict, b"", b""])


def _check_path(path: str) -> None:
    """Refuse a path that the operating system would cut, and a folder that others can enter."""
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise OSError(
            errno.ENAMETOOLONG,
            f"a socket's path may have {LONGEST_PATH} bytes, and {path} has {len(os.fsencode(path))}: "
            "let the run folder be in a shorter path (TMPDIR)",
        )
    ensure_private_folder(Path(path).parent)


def ensure_private_folder(folder: Path) -> None:
    """Make a folder that only this user can enter, or make sure that it is one; PermissionError where it is not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077):
        raise PermissionError(
            f"the socket folder {folder} belongs to another user or is open to others: remove it, then start again"
        )

"""ZeroMQ as the transport: sockets in a private folder, or encrypted loopback TCP on systems without such sockets."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import zmq
from zmq.utils import z85

from actors.runtime.transport.base import QUEUE_FRAMES, NetworkSpec, Origin
from actors.runtime.transport.readiness import make_readiness
from messages.codec import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from actors.runtime.transport.zmq_socket_folder import SocketFolder

ENGINE, TCP_ENGINE = "zmq", "zmq-tcp"
MOST_BYTES = 4 * MAX_FRAME_BYTES
"""Longest frame that a socket reads, bytes: more than the codec accepts, so that longer ones are noted, not lost."""
LONGEST_PATH = 100
"""Bytes of a socket's path at most: the operating system's limit is 103 or 107."""
LOOK_EVERY_S = 3.0
"""How often an endpoint checks that its socket's file still exists (real seconds): cleaners delete old files."""
LINGER_MS = 200
"""Milliseconds after closing when unsent frames are dropped."""
BATCH = 200
"""Frames taken from a socket at one receive at most, so that timers and pings get their turn."""

# As plain numbers: pyzmq's own are enums, which cost a microsecond whenever they are combined.
_EVENTS, _READABLE, _RCVMORE = int(zmq.EVENTS), int(zmq.POLLIN), int(zmq.RCVMORE)
_NOBLOCK, _NOBLOCK_MORE = int(zmq.NOBLOCK), int(zmq.NOBLOCK | zmq.SNDMORE)


class ZmqNetwork:
    """A network of one run on this host. Its processes open their transports with `spec`."""

    def __init__(self, spec: NetworkSpec, folder: SocketFolder | None = None) -> None:
        self.spec = spec
        self._folder = folder

    @classmethod
    def create(cls, names: Iterable[str]) -> ZmqNetwork:
        """Use sockets in a folder of mode 0700, or `create_tcp` if the system has no such sockets."""
        if not zmq.has("ipc"):
            return cls.create_tcp(names)
        from actors.runtime.transport.zmq_socket_folder import SocketFolder, remove_stale_folders

        remove_stale_folders()
        folder = SocketFolder()
        return cls(NetworkSpec(ENGINE, {name: f"ipc://{folder.path / name}" for name in names}), folder)

    @classmethod
    def create_tcp(cls, names: Iterable[str]) -> ZmqNetwork:
        """Use loopback TCP. A CURVE key pair made for this run encrypts it and admits only its holders."""
        names = list(names)
        with contextlib.ExitStack() as stack:  # all at once, so that no port is given twice
            sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in names]
            ports = [one.getsockname()[1] for one in sockets]
        addresses = {name: f"tcp://127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)}
        public, secret = zmq.curve_keypair()
        return cls(NetworkSpec(TCP_ENGINE, addresses, (public.decode(), secret.decode())))

    def transport(self, name: str, *, listen: bool = True) -> ZmqTransport:
        """See Network."""
        return ZmqTransport(name, self.spec, listen=listen)

    def close(self) -> None:
        """See Network."""
        if self._folder is not None:
            self._folder.remove()


class ZmqTransport:
    """A ROUTER socket that listens under this endpoint's name, and a DEALER socket for each peer."""

    def __init__(self, name: str, spec: NetworkSpec, *, listen: bool = True) -> None:
        self._addresses = spec.addresses
        self._public_key, self._secret_key = spec.credentials or ("", "")
        self._context = zmq.Context(io_threads=1)
        self._readiness = make_readiness()
        self._watched: dict[int, zmq.Socket[bytes]] = {}
        """By descriptor."""
        self._touched: set[zmq.Socket[bytes]] = set()
        self._dealers: dict[str, zmq.Socket[bytes]] = {}
        self._connections: dict[str, _Connection] = {}
        self._router: zmq.Socket[bytes] | None = None
        self._own_address = spec.addresses[name] if listen else ""
        self._look_at_s = time.monotonic() + LOOK_EVERY_S
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.settimeout(0)
        self._readiness.register(self._wake_in.fileno())
        self._zap_authenticator: _ZapAuthenticator | None = None
        if listen:
            try:
                self._router = self._listen(self._own_address)
            except BaseException:
                self.close()
                raise

    def _listen(self, address: str) -> zmq.Socket[bytes]:
        if self._public_key:
            self._zap_authenticator = _ZapAuthenticator(self._context, self._public_key)
            self._watch(self._zap_authenticator.socket)
        router = self._socket(zmq.ROUTER)
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        if self._public_key:
            router.setsockopt(zmq.CURVE_SERVER, 1)
            router.setsockopt_string(zmq.CURVE_SECRETKEY, self._secret_key)
            router.setsockopt_string(zmq.ZAP_DOMAIN, "usher")
        if address.startswith("ipc://"):
            _check_socket_path(address.removeprefix("ipc://"))
        try:
            router.bind(address)
        except zmq.ZMQError as error:
            raise OSError(error.errno, f"cannot listen at {address} ({error}): is another process there?") from error
        self._watch(router)
        return router

    def _dealer(self, peer: str) -> zmq.Socket[bytes] | None:
        open_dealer = self._dealers.get(peer)
        address = self._addresses.get(peer)
        if open_dealer is not None or address is None:
            return open_dealer
        dealer = self._socket(zmq.DEALER)
        dealer.setsockopt(zmq.RECONNECT_IVL, 10)
        dealer.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
        if self._public_key:
            dealer.setsockopt_string(zmq.CURVE_SERVERKEY, self._public_key)
            dealer.setsockopt_string(zmq.CURVE_PUBLICKEY, self._public_key)
            dealer.setsockopt_string(zmq.CURVE_SECRETKEY, self._secret_key)
        self._connections[peer] = _Connection(dealer)
        dealer.connect(address)
        self._dealers[peer] = dealer
        self._watch(dealer)
        return dealer

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        new: zmq.Socket[bytes] = self._context.socket(kind)
        new.setsockopt(zmq.LINGER, LINGER_MS)
        new.setsockopt(zmq.SNDHWM, QUEUE_FRAMES)
        new.setsockopt(zmq.RCVHWM, QUEUE_FRAMES)
        new.setsockopt(zmq.MAXMSGSIZE, MOST_BYTES)
        return new

    def send(self, peer: str, frame: bytes) -> bool:
        """See Transport."""
        dealer = self._dealer(peer)
        if dealer is None:
            return False
        try:
            self._touched.add(dealer)
            dealer.send(frame, _NOBLOCK)
        except zmq.Again:
            return False
        return True

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """See Transport."""
        if self._router is None:
            return False
        try:
            self._touched.add(self._router)
            self._router.send(origin, _NOBLOCK_MORE)
            self._router.send(frame, _NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def _watch(self, new: zmq.Socket[bytes]) -> None:
        descriptor = int(new.getsockopt(zmq.FD))
        self._readiness.register(descriptor)
        self._watched[descriptor] = new
        self._touched.add(new)

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """See Transport."""
        # A socket's descriptor is edge-triggered, and any call on the socket may consume the event: so the sockets that
        # we touched are asked directly. zmq.Poller asks all of them, twice, which costs 40 us more a round trip.
        frames: list[tuple[Origin | None, bytes]] = []
        if self._look_at_s <= time.monotonic():
            self._look_at_s = time.monotonic() + LOOK_EVERY_S
            self.is_listening()
        touched, self._touched = self._touched, set()
        for ready in touched:
            self._drain(ready, frames)
        for descriptor in self._readiness.wait(0.0 if frames else max(0.0, timeout_s)):
            watched = self._watched.get(descriptor)
            if watched is None:
                self._clear_wake()
                continue
            self._touched.add(watched)  # mostly one frame is ready; a second is found at the next check
            try:
                self._read_ready(watched, frames)
            except zmq.Again:
                continue
        return frames

    def _drain(self, ready: zmq.Socket[bytes], frames: list[tuple[Origin | None, bytes]]) -> None:
        try:
            for number in range(BATCH):
                # Asking first is cheaper than a receive that fails; with many frames it would be a waste.
                if number < 2 and not int(ready.getsockopt(_EVENTS)) & _READABLE:
                    return
                self._read_ready(ready, frames)
        except zmq.Again:
            return
        self._touched.add(ready)

    def _read_ready(self, ready: zmq.Socket[bytes], frames: list[tuple[Origin | None, bytes]]) -> None:
        if ready is self._router:
            origin = ready.recv(_NOBLOCK)
            frames.append((origin, _read_only_frame(ready)))
        elif self._zap_authenticator is not None and ready is self._zap_authenticator.socket:
            self._zap_authenticator.answer()
        else:
            frames.append((None, _read_only_frame(ready)))

    def _clear_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while len(self._wake_in.recv(4096)) == 4096:
                pass

    def is_connected(self, peer: str) -> bool:
        """See Transport."""
        connection = self._connections.get(peer)
        return connection is not None and connection.is_open()

    def is_listening(self) -> bool:
        """See Transport. The socket folder is deleted with XDG_RUNTIME_DIR at a logout, or by a cleaner of /tmp."""
        path = self._own_address.removeprefix("ipc://")
        if self._router is None or path == self._own_address or os.path.lexists(path):
            return self._router is not None
        try:
            _check_socket_path(path)
            with contextlib.suppress(zmq.ZMQError):
                self._router.unbind(self._own_address)
            self._router.bind(self._own_address)
        except OSError:  # ZeroMQ's own errors are OSErrors
            return False
        self._touched.add(self._router)
        return True

    def wake(self) -> None:
        """See Transport."""
        with contextlib.suppress(OSError):  # full: the receiver wakes anyway; closed: nobody waits
            self._wake_out.send(b"\0")

    def close(self) -> None:
        """See Transport."""
        self._readiness.close()
        self._context.destroy(linger=LINGER_MS)
        self._wake_in.close()
        self._wake_out.close()


def _read_only_frame(ready: zmq.Socket[bytes]) -> bytes:
    """Return the rest of a message: one frame, or b"" if there are more, for such a message is not ours."""
    frame = ready.recv(_NOBLOCK)
    while ready.getsockopt(_RCVMORE):
        frame = b""
        ready.recv(_NOBLOCK)
    return frame


class _Connection:
    """Tells from a socket's monitor whether it is connected; reads the monitor only when asked."""

    def __init__(self, dealer: zmq.Socket[bytes]) -> None:
        self._monitor: zmq.Socket[bytes] = dealer.get_monitor_socket(zmq.EVENT_CONNECTED | zmq.EVENT_DISCONNECTED)
        self._is_open = False

    def is_open(self) -> bool:
        """Tell whether the newest event is a connection."""
        with contextlib.suppress(zmq.Again):
            while True:
                event, _address = self._monitor.recv_multipart(_NOBLOCK)
                self._is_open = int.from_bytes(event[:2], sys.byteorder) == zmq.EVENT_CONNECTED
        return self._is_open


class _ZapAuthenticator:
    """Admits only holders of the run's key pair (ZAP, RFC 27): CURVE alone admits whoever knows the public key.

    pyzmq's own authenticator needs a thread, and an asyncio loop that Windows does not have.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], public_key: str) -> None:
        self._public_key = public_key.encode()
        self.socket: zmq.Socket[bytes] = context.socket(zmq.REP)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind("inproc://zeromq.zap.01")

    def answer(self) -> None:
        """Answer one request of a peer that connects. Raises zmq.Again if there is none."""
        version, request, _domain, _address, _identity, mechanism, *proof = self.socket.recv_multipart(zmq.NOBLOCK)
        is_admitted = mechanism == b"CURVE" and len(proof) == 1 and z85.encode(proof[0]) == self._public_key
        verdict = [b"200", b"OK"] if is_admitted else [b"400", b"not of this run"]
        self.socket.send_multipart([version, request, *verdict, b"", b""])


def _check_socket_path(path: str) -> None:
    """Refuse a path that is too long for the operating system, and a folder that others can enter. Raises OSError."""
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise OSError(
            errno.ENAMETOOLONG,
            f"a socket's path may have {LONGEST_PATH} bytes, and {path} has {len(os.fsencode(path))}: "
            "let the run folder be in a shorter path (TMPDIR)",
        )
    ensure_private_folder(Path(path).parent)


def ensure_private_folder(folder: Path) -> None:
    """Make a folder that only this user can enter, or check an existing one. Raises PermissionError if others can."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    details = folder.lstat()
    if hasattr(os, "getuid") and (details.st_uid != os.getuid() or stat.S_IMODE(details.st_mode) & 0o077):
        raise PermissionError(
            f"the socket folder {folder} belongs to another user or is open to others: remove it, then start again"
        )

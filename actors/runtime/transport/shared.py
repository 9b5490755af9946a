"""One endpoint of a process that the actors of its further communities share.

Each actor has a SharedEnd, which is a Transport like any other and is used by that actor's thread. One thread owns the
socket, passes received frames to the actors, and sends theirs.
"""

from __future__ import annotations

import collections
import concurrent.futures
import functools
import logging
import threading
from collections.abc import Iterable
from typing import Final

from actors.address import shared_endpoint, split_address
from actors.runtime.transport.addressed_frames import add_addresses, take_addresses
from actors.runtime.transport.base import Origin, Transport
from actors.runtime.transport.queues.fair_queue import FairQueue
from actors.runtime.transport.queues.frame_box import FrameBox

QUEUE_BYTES: Final = 64 << 20
"""Bytes that wait at most for one actor."""
_LOOK_S: Final = 60.0
_BLOCKED_S: Final = 0.02
"""Interval of further tries while another process takes nothing (real seconds)."""
_LOOKUP_WITHIN_S: Final = 0.5
_log = logging.getLogger("transport")


class SharedTransport:
    """The shared endpoint of a process. `open` may be called from any thread."""

    def __init__(self, transport: Transport, peers: Iterable[str]) -> None:
        """Take over `transport`; `peers` are the endpoints that can be reached."""
        self._transport = transport
        self._peers = frozenset(peers)
        self._ends: dict[str, SharedEnd] = {}
        self._outgoing: dict[str, FairQueue[bytes]] = {peer: FairQueue() for peer in self._peers}
        self._answers: FairQueue[tuple[Origin, bytes]] = FairQueue()
        self._lookups: collections.deque[tuple[str, concurrent.futures.Future[bool]]] = collections.deque()
        self._changing = threading.Lock()
        self._closing = False
        self._is_listening = transport.is_listening()
        self._thread = threading.Thread(target=self._run, name="shared-endpoint", daemon=True)
        self._thread.start()

    def open(self, address: str) -> SharedEnd:
        """Return the end of an actor; an older end with the same address receives nothing more."""
        end = SharedEnd(self, address)
        with self._changing:
            self._ends[address] = end
        return end

    def close(self) -> None:
        """Send the waiting frames, as far as they are taken, and close the endpoint."""
        self._closing = True
        self._transport.wake()
        self._thread.join()

    def forget_end(self, end: SharedEnd) -> None:
        """Pass no more frames to an end."""
        with self._changing:
            if self._ends.get(end.address) is end:
                del self._ends[end.address]

    def put_out(self, community: str, peer: str, frame: bytes) -> bool:
        """Send a frame of a community to another process; return False if that is unknown, or too much waits."""
        queue = self._outgoing.get(peer)
        if queue is None or self._closing or not queue.put(community, frame, len(frame)):
            return False
        self._transport.wake()
        return True

    def put_answer(self, community: str, origin: Origin, frame: bytes) -> bool:
        """Send an answer of a community back; return False if too much waits."""
        if not self.is_listening or not self._answers.put(community, (origin, frame), len(frame)):
            return False
        self._transport.wake()
        return True

    def is_connected(self, peer: str) -> bool:
        """Tell whether another process is connected now; from any thread."""
        reply: concurrent.futures.Future[bool] = concurrent.futures.Future()
        self._lookups.append((peer, reply))
        self._transport.wake()
        try:
            return reply.result(_LOOKUP_WITHIN_S)
        except concurrent.futures.TimeoutError:
            return False

    @property
    def is_listening(self) -> bool:
        """Whether others could connect when this was last checked."""
        return self._is_listening and not self._closing

    # -- the thread that owns the socket -----------------------------------------------------------------------

    def _run(self) -> None:
        wait_s = _LOOK_S
        while not self._closing:
            try:
                for origin, frame in self._transport.receive(wait_s):
                    self._hand_on(origin, frame)
                wait_s = _LOOK_S if self._send_all() else _BLOCKED_S
                self._is_listening = self._transport.is_listening()
                self._look_up()
            except Exception as error:  # noqa: BLE001  # without this thread further communities would receive nothing
                _log.error("The shared endpoint failed, and goes on: %s", error, exc_info=error)
                wait_s = _BLOCKED_S
        self._send_all()
        self._transport.close()

    def _hand_on(self, origin: Origin | None, frame: bytes) -> None:
        addressed = take_addresses(frame)
        if addressed is None:
            _log.warning("A frame without an address came from outside; it is dropped")
            return
        end = self._ends.get(addressed.to)
        if end is None:  # not started yet, or restarting: at-least-once messages are sent again
            return
        if origin is not None:
            origin = add_addresses(addressed.to, addressed.sender, origin)
        end.take_in(origin, addressed.frame)

    def _send_all(self) -> bool:
        """Send the waiting frames; return whether none is left."""
        is_done = self._answers.send_all(self._send_answer)
        for peer, queue in self._outgoing.items():
            is_done = queue.send_all(functools.partial(self._transport.send, peer)) and is_done
        return is_done

    def _send_answer(self, answer: tuple[Origin, bytes]) -> bool:
        """Send an answer; one that is not taken is lost, and the asker's deadline passes."""
        self._transport.answer(*answer)
        return True

    def _look_up(self) -> None:
        while self._lookups:
            peer, reply = self._lookups.popleft()
            reply.set_result(self._transport.is_connected(peer))


class SharedEnd:
    """One actor's end of a shared endpoint; see Transport."""

    def __init__(self, shared: SharedTransport, address: str) -> None:
        self.address = address
        self._community = split_address(address)[1]
        self._shared = shared
        self._box = FrameBox(QUEUE_BYTES)
        self._is_overflow_said = False

    def take_in(self, origin: Origin | None, frame: bytes) -> None:
        """Add a frame for the actor; one beyond the limits is dropped, as by a full socket. From any thread."""
        if self._box.put(origin, frame):
            self._is_overflow_said = False
        elif not self._box.closed and not self._is_overflow_said:
            self._is_overflow_said = True
            _log.warning("%s does not take what comes: the newest is dropped", self.address)

    def send(self, peer: str, frame: bytes) -> bool:
        """See Transport."""
        return not self._box.closed and self._shared.put_out(
            self._community, _process_of(peer), add_addresses(peer, self.address, frame)
        )

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """See Transport."""
        asked = take_addresses(origin)
        return asked is not None and self._shared.put_answer(
            self._community, asked.frame, add_addresses(asked.sender, self.address, frame)
        )

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """See Transport."""
        return self._box.take_all(timeout_s)

    def is_connected(self, peer: str) -> bool:
        """See Transport: whether the other actor's process is connected."""
        return self._shared.is_connected(_process_of(peer))

    def is_listening(self) -> bool:
        """See Transport."""
        return self._shared.is_listening and not self._box.closed

    def wake(self) -> None:
        """See Transport."""
        self._box.wake()

    def close(self) -> None:
        """See Transport."""
        self._box.close()
        self._shared.forget_end(self)


def _process_of(peer: str) -> str:
    """Return the endpoint of the process in which a peer runs."""
    return shared_endpoint(peer) if split_address(peer)[1] else peer

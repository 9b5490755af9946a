"""The transport in memory, for tests in one process: the same contract and the same bytes."""

from __future__ import annotations

from actors.runtime.transport.base import Origin
from actors.runtime.transport.queues.frame_box import FrameBox


class MemoryNetwork:
    """A network within one process."""

    def __init__(self) -> None:
        self.transports: dict[str, MemoryTransport] = {}
        self.unreachable: set[str] = set()
        """Peers whose frames are lost without an error, as after a kill -9."""

    def transport(self, name: str, *, listen: bool = True) -> MemoryTransport:
        """See Network. An older transport under the same name is no longer reached."""
        transport = self.transports[name] = MemoryTransport(self, name, listen=listen)
        return transport

    def close(self) -> None:
        """See Network."""


class MemoryTransport:
    """One endpoint's transport; see Transport."""

    def __init__(self, network: MemoryNetwork, name: str, *, listen: bool = True) -> None:
        self._network = network
        self._listens = listen
        self._name = name
        self._box = FrameBox()

    def send(self, peer: str, frame: bytes) -> bool:
        """See Transport."""
        if peer in self._network.unreachable:
            return True
        receiver = self._network.transports.get(peer)
        return receiver is not None and receiver._listens and receiver._box.put(self._name.encode(), frame)

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """See Transport."""
        if not self._listens:
            return False
        peer = origin.decode()
        if peer in self._network.unreachable:
            return True
        asker = self._network.transports.get(peer)
        return asker is not None and asker._box.put(None, frame)

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """See Transport."""
        return self._box.take_all(timeout_s)

    def is_connected(self, peer: str) -> bool:
        """See Transport."""
        receiver = self._network.transports.get(peer)
        return peer not in self._network.unreachable and receiver is not None and receiver._listens

    def is_listening(self) -> bool:
        """See Transport."""
        return self._listens and not self._box.closed

    def wake(self) -> None:
        """See Transport."""
        self._box.wake()

    def close(self) -> None:
        """See Transport."""
        self._box.close()
        if self._network.transports.get(self._name) is self:
            del self._network.transports[self._name]

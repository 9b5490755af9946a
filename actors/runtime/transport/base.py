"""The actor runtime's port to a message transport. Each engine is one more file beside this one.

A transport connects one endpoint to a network. `send` never waits, and returns False if the frame was not taken. A
frame that was sent may still be lost: the sender keeps a message that must arrive until it is acknowledged.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

QUEUE_FRAMES = 1000
"""Frames that wait at most on each side of one connection."""

Origin = bytes
"""Where an answer goes: opaque to all but the transport that returned it."""


class NetworkSpec(msgspec.Struct, frozen=True, array_like=True):
    """How the endpoints of one run reach one another: written by an engine, opaque to everything else.

    Holds credentials: never log it.
    """

    engine: str = ""
    """The one of `factory.ENGINES` that wrote it; empty for a network without endpoints."""
    addresses: dict[str, str] = {}
    """The address at which each endpoint listens, by the endpoint's name."""
    credentials: tuple[str, ...] = ()
    """Keys that admit an endpoint to the network; empty if the address is enough."""


class Transport(Protocol):
    """One endpoint's connection to a network. All methods but `wake` are called from one thread only."""

    def send(self, peer: str, frame: bytes) -> bool:
        """Send a frame to a peer by its name; return False if the peer is unknown or its queue is full."""

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """Send a frame back to where another came from; return False if the asker is gone."""

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """Return the frames that arrived, waiting up to `timeout_s` for the first; answers have no origin."""

    def is_connected(self, peer: str) -> bool:
        """Tell whether a peer that was sent something is connected now, as far as the transport knows."""

    def is_listening(self) -> bool:
        """Tell whether others can still connect to this endpoint; if not, listen again if that is possible."""

    def wake(self) -> None:
        """End a waiting `receive`; from any thread."""

    def close(self) -> None:
        """Release all resources; frames that cannot be sent within a moment are dropped."""


class Network(Protocol):
    """A network that was made for one run; it is closed with the run."""

    def transport(self, name: str, *, listen: bool = True) -> Transport:
        """Open the transport of endpoint `name`; without `listen` it can ask, but nobody can ask it. Raises OSError."""

    def close(self) -> None:
        """Remove what the network made outside its processes."""

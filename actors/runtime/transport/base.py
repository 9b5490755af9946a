"""The port of the actor runtime to a message transport. Every engine is one more file beside this one.

A transport is one endpoint's end of a network. `send` never waits; False says that the frame was not taken. A send is
never a delivery: what must arrive is kept by its sender until it is acknowledged.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

QUEUE_FRAMES = 1000
"""Frames that wait at most on each side of one connection."""

Origin = bytes
"""Where an answer goes: opaque to all but the transport that gave it."""


class NetworkSpec(msgspec.Struct, frozen=True, array_like=True):
    """How the endpoints of one run reach one another: written by an engine, opaque to everybody else.

    Holds credentials: for the owner's eyes only.
    """

    engine: str = ""
    """Which of `factory.ENGINES` wrote it; empty for a network without any endpoint."""
    addresses: dict[str, str] = {}
    """Where each endpoint listens, by its name."""
    credentials: tuple[str, ...] = ()
    """What admits an endpoint to the network; empty where nothing more than the address is needed."""


class Transport(Protocol):
    """One endpoint's end of a network. All but `wake` are called from one thread only."""

    def send(self, peer: str, frame: bytes) -> bool:
        """Put a frame on the way to a peer by its name; False where it is unknown or its queue is full."""

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """Put a frame on the way back; False where the asker is gone."""

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """Return the frames that arrived, waiting up to `timeout_s` for the first; no origin on answers."""

    def is_connected(self, peer: str) -> bool:
        """Return whether a peer that was sent something is there now, as far as the transport can tell."""

    def is_listening(self) -> bool:
        """Return whether others can still come to this endpoint; listens anew where that is possible."""

    def wake(self) -> None:
        """End a waiting `receive`; from any thread."""

    def close(self) -> None:
        """Give everything back; what was not sent within a moment is dropped."""


class Network(Protocol):
    """A network that was made for one run; it is closed with the run."""

    def transport(self, name: str, *, listen: bool = True) -> Transport:
        """Open the end of the endpoint `name`; without `listen` it can ask, and nobody can ask it. OSError."""

    def close(self) -> None:
        """Remove what the network needed outside the processes."""

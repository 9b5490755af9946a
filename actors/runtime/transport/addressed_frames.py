"""Frames that begin with both addresses, for the actors of further communities: many share one endpoint."""

from __future__ import annotations

from typing import Final, NamedTuple

from actors.address import shared_endpoint, split_address
from actors.runtime.transport.base import Origin, Transport

_MARK: Final = 0xC1
"""First byte of such a frame: no msgpack begins with it, so no other frame does."""
_LONGEST: Final = 255
"""Bytes of an address at most."""


class AddressedFrame(NamedTuple):
    """A frame with its receiver and sender."""

    to: str
    sender: str
    frame: bytes


def add_addresses(to: str, sender: str, frame: bytes) -> bytes:
    """Return a frame with both addresses before it: a mark, and each address after its length in a byte."""
    receiver, from_ = to.encode()[:_LONGEST], sender.encode()[:_LONGEST]
    return b"".join((bytes((_MARK, len(receiver))), receiver, bytes((len(from_),)), from_, frame))


def take_addresses(frame: bytes) -> AddressedFrame | None:
    """Split what `add_addresses` joined, or return None if the frame has no addresses."""
    if frame[:1] != bytes((_MARK,)):
        return None
    try:
        end = 2 + frame[1]
        start = end + 1
        after = start + frame[end]
        return AddressedFrame(frame[2:end].decode(), frame[start:after].decode(), frame[after:])
    except (IndexError, UnicodeDecodeError):
        return None


class AddressedTransport:
    """Transport of an endpoint that also talks to further communities' actors, such as the launcher's; see Transport.

    The origin of a frame from such an actor begins with its address, so that the answer finds it.
    """

    def __init__(self, name: str, transport: Transport) -> None:
        self._name = name
        self._transport = transport

    def send(self, peer: str, frame: bytes) -> bool:
        """See Transport."""
        if not split_address(peer)[1]:
            return self._transport.send(peer, frame)
        return self._transport.send(shared_endpoint(peer), add_addresses(peer, self._name, frame))

    def answer(self, origin: Origin, frame: bytes) -> bool:
        """See Transport."""
        addressed = take_addresses(origin)
        if addressed is None:
            return self._transport.answer(origin, frame)
        return self._transport.answer(addressed.frame, add_addresses(addressed.sender, self._name, frame))

    def receive(self, timeout_s: float) -> list[tuple[Origin | None, bytes]]:
        """See Transport."""
        return [_take_own(origin, frame) for origin, frame in self._transport.receive(timeout_s)]

    def is_connected(self, peer: str) -> bool:
        """See Transport. For a further community's actor: whether its process is connected."""
        return self._transport.is_connected(shared_endpoint(peer) if split_address(peer)[1] else peer)

    def is_listening(self) -> bool:
        """See Transport."""
        return self._transport.is_listening()

    def wake(self) -> None:
        """See Transport."""
        self._transport.wake()

    def close(self) -> None:
        """See Transport."""
        self._transport.close()


def _take_own(origin: Origin | None, frame: bytes) -> tuple[Origin | None, bytes]:
    addressed = take_addresses(frame)
    if addressed is None:
        return origin, frame
    if origin is None:
        return None, addressed.frame
    return add_addresses(addressed.to, addressed.sender, origin), addressed.frame

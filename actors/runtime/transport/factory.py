"""Makes networks and opens transports, by the name of an engine."""

from __future__ import annotations

from collections.abc import Iterable

from actors.runtime.transport.base import NetworkSpec, Transport
from actors.runtime.transport.zmq import TCP_ENGINE, ZmqNetwork, ZmqTransport

DEFAULT_ENGINE = "zmq"
ENGINES = {DEFAULT_ENGINE: ZmqNetwork.create, TCP_ENGINE: ZmqNetwork.create_tcp}
"""Functions that make a network between processes. Tests within one process use `memory.MemoryNetwork`."""


def create_network(names: Iterable[str], engine: str = DEFAULT_ENGINE) -> ZmqNetwork:
    """Make a network of these endpoints. Raises OSError if the system does not allow it."""
    return ENGINES[engine](names)


def open_transport(name: str, spec: NetworkSpec, *, listen: bool = True) -> Transport:
    """Open the transport of endpoint `name` in a network that another process made. Raises OSError."""
    return ZmqTransport(name, spec, listen=listen)

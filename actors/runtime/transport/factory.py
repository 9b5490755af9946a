"""Makes networks and opens transports, by the name of an engine."""

from __future__ import annotations

from collections.abc import Iterable

from actors.runtime.transport.base import NetworkSpec, Transport
from actors.runtime.transport.zmq import TCP_ENGINE, ZmqNetwork, ZmqTransport

DEFAULT_ENGINE = "zmq"
ENGINES = {DEFAULT_ENGINE: ZmqNetwork.create, TCP_ENGINE: ZmqNetwork.create_tcp}
"""What makes a network between processes. For tests within one process there is `memory.MemoryNetwork`."""


def create_network(names: Iterable[str], engine: str = DEFAULT_ENGINE) -> ZmqNetwork:
    """Make a network of these endpoints. OSError where the system does not allow it."""
    return ENGINES[engine](names)


def open_transport(name: str, spec: NetworkSpec, *, listen: bool = True) -> Transport:
    """Open the end of the endpoint `name` in a network that another process made. OSError."""
    return ZmqTransport(name, spec, listen=listen)

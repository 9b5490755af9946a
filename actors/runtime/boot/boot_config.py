"""What an actor's process reads from its stdin at its start."""

from __future__ import annotations

import struct
from typing import BinaryIO

import msgpack
import msgspec

from actors.runtime.clock import Pace
from actors.runtime.transport.base import NetworkSpec
from config import Settings


class BootConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a process gets at its start. Never log it: its repr shows secrets."""

    name: str
    settings: Settings
    """The settings that the actor is given; all others have their defaults."""
    network: NetworkSpec
    pace: Pace = Pace()
    actor_class: str = ""
    """module:Class; empty for the class in the registry."""
    poison_ids: tuple[str, ...] = ()
    """Messages that killed earlier processes of this actor."""
    has_exit_report: bool = False
    """Whether stdout is the file of an exit report."""
    memory_limit_mb: int = 0
    """Memory that the process may take, MB; 0 for no limit."""
    record_frames: str = ""
    """A file to which every frame that is sent is appended, each after its length (4 bytes, big-endian)."""

    def __repr__(self) -> str:
        return f"BootConfig({self.name})"


def write_boot(config: BootConfig, stream: BinaryIO) -> None:
    """Write a boot config as the process reads it: its length in 4 bytes, big-endian, then msgpack."""
    packed = msgpack.packb(msgspec.to_builtins(config))
    stream.write(struct.pack(">I", len(packed)) + packed)
    stream.flush()


def read_boot(stream: BinaryIO) -> BootConfig:
    """Read what write_boot wrote. Raises EOFError if the stream ends too early."""
    (length,) = struct.unpack(">I", _read_exactly(stream, 4))
    return msgspec.convert(msgpack.unpackb(_read_exactly(stream, length)), BootConfig)


def _read_exactly(stream: BinaryIO, count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise EOFError("the launcher closed the pipe before it had said what to run")
    return content

"""Encodes and decodes messages: msgspec checks the types, the msgpack package writes the bytes.

An unreadable frame raises the subclass of DecodeError that says why.
"""

from __future__ import annotations

from typing import Any

import msgpack
import msgspec

from messages import CATALOGUE
from messages.base import Message
from messages.envelope import Envelope

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""Maximum size of a frame, bytes."""

_BY_TAG: dict[str, type[Message]] = {str(kind.__struct_config__.tag): kind for kind in CATALOGUE}


class DecodeError(ValueError):
    """A frame that is not a message."""


class OversizedFrame(DecodeError):
    """A frame that is longer than MAX_FRAME_BYTES."""


class ShortFrame(DecodeError):
    """A frame that ends too early."""


class NotMsgpack(DecodeError):
    """A frame that is not msgpack, is too deeply nested, or has more than one object."""


class UnknownTag(DecodeError):
    """A message that this version does not know."""


class WrongType(DecodeError):
    """A field that is missing or of another type than declared."""


class Unwritable(DecodeError):
    """A message with a value that msgpack cannot write, such as a number beyond 64 bits."""


def tag_of(message: Message) -> str:
    """Return a message's tag, for people."""
    return str(message.__struct_config__.tag or type(message).__name__)


def encode(envelope: Envelope) -> bytes:
    """Return one frame. Raises OversizedFrame if it is too long, Unwritable if msgpack cannot write it."""
    plain = msgspec.to_builtins(envelope)
    try:
        frame: bytes = msgpack.packb(plain)
    except UnicodeEncodeError:  # a lone surrogate (half a character) in a name must not lose the whole message
        frame = msgpack.packb(plain, unicode_errors="replace")
    except (ValueError, OverflowError, TypeError) as error:
        raise Unwritable(f"msgpack cannot write it: {error}") from error
    if len(frame) > MAX_FRAME_BYTES:
        raise OversizedFrame(f"{len(frame)} bytes; a message may have {MAX_FRAME_BYTES}")
    return frame


def decode_envelope(frame: bytes) -> Envelope:
    """Return the envelope, without decoding its body."""
    if len(frame) > MAX_FRAME_BYTES:
        raise OversizedFrame(f"{len(frame)} bytes; a message may have {MAX_FRAME_BYTES}")
    try:
        plain = msgpack.unpackb(frame)
    except msgpack.exceptions.StackError as error:
        raise NotMsgpack("nested too deeply") from error
    except msgpack.exceptions.ExtraData as error:
        raise NotMsgpack("more than one object in the frame") from error
    except ValueError as error:
        if "incomplete" in str(error) or "exceeds max_" in str(error):  # a length in it exceeds the frame
            raise ShortFrame(f"the frame ends after {len(frame)} bytes, before it is whole") from error
        raise NotMsgpack(str(error) or type(error).__name__) from error
    try:
        return msgspec.convert(plain, Envelope)
    except msgspec.ValidationError as error:
        raise WrongType(f"not an envelope: {error}") from error
    except RecursionError as error:
        raise NotMsgpack("nested too deeply") from error


def decode_body(body: Any) -> Message:
    """Return the message in an envelope."""
    tag = body[0] if isinstance(body, list) and body else None
    kind = _BY_TAG.get(tag) if isinstance(tag, str) else None
    if kind is None:
        shown = repr(tag[:60]) if isinstance(tag, str) else f"(a {type(tag).__name__})"  # nested deeply, it has no repr
        raise UnknownTag(f"no message has the tag {shown}")
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise WrongType(f"{kind.__name__}: {error}") from error
    except RecursionError as error:
        raise WrongType(f"{kind.__name__}: nested too deeply") from error

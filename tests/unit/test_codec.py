"""The codec: every message can be encoded and decoded, and every kind of wrong frame has its own error."""

from __future__ import annotations

from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import messages
from messages import AutoSaveTick, GetSaveStatus, Message, Moment, SaveNow, VoiceMember, VoicePresence
from messages.codec import (
    MAX_FRAME_BYTES,
    DecodeError,
    NotMsgpack,
    OversizedFrame,
    ShortFrame,
    UnknownTag,
    Unwritable,
    WrongType,
    decode_body,
    decode_envelope,
    encode,
    tag_of,
)
from messages.envelope import Envelope
from tests.golden.write import example

TEXT = st.text(max_size=40)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
PRESENCES = st.builds(
    VoicePresence, TEXT, TEXT, st.builds(Moment, FLOATS, FLOATS), st.booleans(),
    st.lists(st.builds(VoiceMember, TEXT, TEXT), max_size=5).map(tuple),
)  # fmt: skip


def there_and_back(message: Message) -> Message:
    """What the other side makes of it."""
    return decode_body(decode_envelope(encode(Envelope("tell", "", "discord", "life", message))).body)


def encode_frame(body: Any, kind: str = "tell") -> bytes:
    """A frame as another program might write it."""
    packed = msgpack.packb([kind, "id", "discord", "life", body])
    assert isinstance(packed, bytes)
    return packed


@pytest.mark.parametrize("kind", messages.CATALOGUE, ids=lambda kind: kind.__name__)
def test_every_message_can_be_encoded_and_decoded(kind: type[Message]) -> None:
    """With every field set."""
    message = example(kind)
    assert isinstance(message, Message)
    assert there_and_back(message) == message


@given(PRESENCES)
def test_any_text_and_number_can_be_encoded_and_decoded(presence: VoicePresence) -> None:
    """Names in any script, and numbers to the last bit."""
    assert there_and_back(presence) == presence


def test_a_frame_is_readable_without_us() -> None:
    """A recorded frame is plain msgpack: kind, id, sender, life, body."""
    frame = encode(Envelope("ask", "7", "discord", "life", SaveNow("42")))
    assert msgpack.unpackb(frame)[:5] == ["ask", "7", "discord", "life", ["save_now", "42"]]


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    """Python makes one of a broken file name; the message is sent all the same."""
    assert there_and_back(SaveNow("a\ud800b")) == SaveNow("a?b")


def test_a_frame_that_is_too_long_is_not_made() -> None:
    """The sender is told, and nobody's memory is filled."""
    with pytest.raises(OversizedFrame, match=str(MAX_FRAME_BYTES)):
        encode(Envelope("tell", "", "discord", "life", SaveNow("x" * MAX_FRAME_BYTES)))


def test_a_frame_that_is_too_long_is_not_read() -> None:
    """Not even begun to be unpacked."""
    with pytest.raises(OversizedFrame, match=str(MAX_FRAME_BYTES + 1)):
        decode_envelope(b"\xc1" * (MAX_FRAME_BYTES + 1))


def test_a_number_beyond_64_bits_cannot_be_written() -> None:
    """It is said in the sender's process, not met as a crash."""
    with pytest.raises(Unwritable, match="msgpack"):
        encode(Envelope("tell", "", "discord", "life", AutoSaveTick(Moment(2**70, 0.0))))


@pytest.mark.parametrize("length", range(1, 20))
def test_a_cut_frame_is_short(length: int) -> None:
    """Wherever it is cut."""
    whole = encode(Envelope("tell", "", "discord", "life", SaveNow("42")))
    with pytest.raises(ShortFrame, match=f"after {length} bytes"):
        decode_envelope(whole[:length])


def test_an_empty_frame_is_short() -> None:
    """Nothing is not a message."""
    with pytest.raises(ShortFrame):
        decode_envelope(b"")


def test_two_objects_in_a_frame_are_refused() -> None:
    """One frame holds one envelope."""
    with pytest.raises(NotMsgpack, match="more than one object"):
        decode_envelope(encode_frame(["save_now", "1"]) * 2)


@pytest.mark.parametrize("deep", [1_100, 20_000, 1_000_000])
def test_a_depth_bomb_is_refused(deep: int) -> None:
    """Arrays within arrays must exhaust no stack."""
    with pytest.raises(NotMsgpack, match="nested too deeply"):
        decode_envelope(b"\x91" * deep + b"\xc0")


@pytest.mark.parametrize("deep", range(900, 1024, 4))
@pytest.mark.parametrize("head", [b"\x95\xa4tell\xa0\xa0\xa0", b"\x95\xa4tell\xa0\xa0\xa0\x92\xa8save_now"])
def test_nesting_that_python_cannot_show_is_refused(head: bytes, deep: int) -> None:
    """msgpack reads it, but even the error's text raised RecursionError, and the actor died."""
    with pytest.raises(DecodeError):
        decode_body(decode_envelope(head + b"\x91" * deep + b"\xc0").body)


def test_a_deep_message_is_a_message_of_the_wrong_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading it hits Python's limit."""

    def hits_the_limit(*_: object) -> None:
        raise RecursionError

    frame = encode_frame(["save_now", "1"])
    monkeypatch.setattr("msgspec.convert", hits_the_limit)
    with pytest.raises(NotMsgpack, match="nested too deeply"):
        decode_envelope(frame)
    with pytest.raises(WrongType, match="SaveNow: nested too deeply"):
        decode_body(["save_now", "1"])


def test_an_array_that_claims_too_many_elements_costs_no_memory() -> None:
    """Four bytes that announce four thousand million elements."""
    with pytest.raises(DecodeError):
        decode_envelope(b"\xdd\xff\xff\xff\xff")


@pytest.mark.parametrize("frame", [b"\xc1", b"\x81\x93\x00", msgpack.packb({1: 2}), b"GET / HTTP/1.1\r\n\r\n"])
def test_a_frame_that_is_no_envelope_is_refused(frame: bytes) -> None:
    """A byte that msgpack does not know, a map, another protocol."""
    with pytest.raises(DecodeError):
        decode_envelope(frame)


def test_an_envelope_of_an_unknown_kind_is_refused() -> None:
    """Kinds are closed."""
    with pytest.raises(WrongType, match="not an envelope"):
        decode_envelope(encode_frame(None, kind="shout"))


def test_a_newer_envelope_may_have_more_fields() -> None:
    """Fields are only ever appended."""
    newer = msgpack.packb(["tell", "", "discord", "life", ["save_now", "1"], 0, 0, "something new"])
    assert decode_body(decode_envelope(newer).body) == SaveNow("1")


@pytest.mark.parametrize("body", [["no_such"], [17], [], None, "save_now", {"tag": "save_now"}, [["save_now"]]])
def test_an_unknown_tag_is_named(body: Any) -> None:
    """A message of a newer version, or none at all."""
    with pytest.raises(UnknownTag, match="no message has the tag"):
        decode_body(decode_envelope(encode_frame(body)).body)


def test_a_long_tag_is_not_repeated_whole() -> None:
    """An error's text stays short, whatever was sent."""
    with pytest.raises(UnknownTag) as caught:
        decode_body(["x" * 10_000])
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (["save_now", 5], "SaveNow"),
        (["save_now"], "SaveNow"),
        (["voice_presence", "1", "2", [1.0, 2.0], True, [["7", 8]]], r"\$\[5\]\[0\]\[1\]"),
        (["voice_presence", "1", "2", [1.0, "2"], True, []], r"\$\[3\]\[1\]"),
        (["voice_presence", "1", "2", [1.0, 2.0], 1, []], r"\$\[4\]"),
    ],
)
def test_a_wrong_field_is_named(body: list[Any], where: str) -> None:
    """By its place; nothing is bent into the right type."""
    with pytest.raises(WrongType, match=where):
        decode_body(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(frame: bytes) -> None:
    """No bytes raise anything but a DecodeError."""
    try:
        envelope = decode_envelope(frame)
        decode_body(envelope.body)
    except DecodeError as error:
        assert str(error)  # an error must say what is wrong


@given(st.sampled_from(messages.CATALOGUE), st.integers(0, 10_000), st.integers(0, 255))
def test_a_message_with_a_wrong_byte_is_read_or_refused(kind: type[Message], place: int, byte: int) -> None:
    """As above, closer to home."""
    frame = bytearray(encode(Envelope("tell", "", "plex", "life", example(kind))))
    frame[place % len(frame)] = byte
    try:
        envelope = decode_envelope(bytes(frame))
        assert isinstance(decode_body(envelope.body), Message)
    except DecodeError as error:
        assert str(error)  # an error must say what is wrong


def test_tags_are_for_people() -> None:
    """What is not in the catalogue is called by its class."""

    class Nameless(msgspec.Struct):
        pass

    assert tag_of(GetSaveStatus()) == "get_save_status"
    assert tag_of(Nameless()) == "Nameless"  # type: ignore[arg-type]  # what has no tag

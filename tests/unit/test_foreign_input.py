"""What others wrote is read within limits, and every refusal says where and what to do."""

import os
from pathlib import Path

import pytest

from foreign_input import (
    ForeignInputError,
    InputLimits,
    decode_text,
    parse_json,
    parse_toml,
    read_binary_file,
    read_file,
)

LIMITS = InputLimits(size=1_000_000)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ('{"a": 1,\n "b": ' + "9" * 5000 + "}", "line 2, b", "no number"),
        ('{"genres": {"Drama": 1000000000000000000000000000000}}', "line 1, Drama", "no number"),
        ('[1,\n1e999]', "line 2", "no number"),
        ('{"a": NaN}', "line 1, a", "no number"),
        ('{"a": [-Infinity]}', "line 1, a", "no number"),
        ('{"a": 1,\n"b": {"c": 1}, "a": 2}', "line 2, a", "twice"),
        ("[" * 100_000, "line 1", "nested"),
        ("[" * 50 + "]" * 50, "line 1", "nested"),
        ('{"a":' * 500 + "1" + "}" * 500, "line 1", "nested"),
        ('{"a": }', "line 1, column 7", "no JSON"),
        ('["' + "x" * 1_000_001 + '"]', "", "more than"),
    ],
)  # fmt: skip
def test_json_beyond_the_limits_is_refused_with_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(ForeignInputError) as refused:
        parse_json(text, LIMITS)
    assert refused.value.place == place
    assert what in refused.value.what
    assert refused.value.cure


def test_json_within_the_limits_is_read_whole() -> None:
    text = (
        '{"id": 18446744073709551615, "share": -0.1000000000000000055511151231257827, "a": [[[null, true, "\\u0000"]]]}'
    )
    assert parse_json(text.encode(), LIMITS) == {
        "id": 2**64 - 1,
        "share": -0.1,
        "a": [[[None, True, "\0"]]],
    }
    assert parse_json(b"\xef\xbb\xbf[]", LIMITS) == []


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("[[badge]]\nthreshold = inf", "badge 1.threshold", "no number"),
        ("threshold = nan", "threshold", "no number"),
        ("threshold = 1000000000000000000000000000000", "threshold", "no number"),
        ("a = 1\nthreshold = " + "9" * 3900, "threshold", "no number"),
        ("a = " + "[" * 3000 + "]" * 900, "line 1", "nested"),
        ("a = " + "[" * 100 + "]" * 100, "line 1", "nested"),
        (".".join("a" * 90) + " = 1", "", "nested"),
        (".".join("a" * 1500) + " = 1", "line 1", "too long"),
        ("x = 1\na = [" + "9" * 5000 + "]", "line 2", "too long"),
        ("a = 1\na = 2", "", "no TOML"),
    ],
)  # fmt: skip
def test_toml_beyond_the_limits_is_refused_with_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(ForeignInputError) as refused:
        parse_toml(text, LIMITS)
    assert refused.value.place == place
    assert what in refused.value.what


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        ("[]".encode("utf-16"), "", "UTF-16"),
        ("[]".encode("utf-32"), "", "UTF-32"),
        (b"a\nb\xff", "line 2", "not UTF-8"),
    ],
)
def test_another_encoding_is_named(content: bytes, place: str, what: str) -> None:
    with pytest.raises(ForeignInputError) as refused:
        decode_text(content)
    assert (refused.value.place, what in refused.value.what) == (place, True)


def test_what_is_no_regular_file_neither_hangs_nor_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for file, kind in ((pipe, "pipe"), (tmp_path, "folder"), (Path("/dev/zero"), "device")):
        with pytest.raises(ForeignInputError, match=kind):
            read_file(file, 1000)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 5000)
    assert read_file(file, 5000) == b"x" * 5000
    with pytest.raises(ForeignInputError, match="more than 4 kB"):
        read_file(file, 4999)


def test_zero_bytes_are_no_text_and_may_be_in_a_binary_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\x91\0")
    with pytest.raises(ForeignInputError, match="no text"):
        read_file(file, 10)
    assert read_binary_file(file, 10) == b"\x91\0"
    with pytest.raises(ForeignInputError, match="more than"):
        read_binary_file(file, 1)

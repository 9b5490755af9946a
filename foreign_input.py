"""Reads foreign input: files, JSON and TOML, within limits on size, depth and numbers.

Whatever the input is, the result is its content, or a ForeignInputError that says what is wrong, in which place, and
what to do.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class InputLimits(NamedTuple):
    """The limits of a foreign document."""

    size: int
    """Bytes at most."""
    depth: int = 32
    """Levels of nested lists and objects at most."""
    digits: int = 20
    """Digits of a whole number at most: enough for 64 bits."""


class ForeignInputError(ValueError):
    """A foreign input cannot be read. The text says in which place, what is wrong there, and what to do."""

    def __init__(self, what: str, cure: str, place: str = "") -> None:
        """Make the error for a `place` in the document, like "line 3"; empty for the whole document."""
        super().__init__(f"{place}: {what}: {cure}" if place else f"{what}: {cure}")
        self.what = what
        self.cure = cure
        self.place = place


_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
_CHUNK = 1 << 20
_LONGEST_FLOAT = 60
"""Characters of a number with a fraction at most."""
_LONGEST_LINE = 4000
"""Characters of a line of TOML at most; all that Usher reads from TOML is short."""
_MOST_DOTS = 100
"""Dots in a line of TOML at most: the time to read a key grows with the square of its number of parts."""
_MARKS = ((b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_BEGINNINGS = tuple(mark for mark, _ in _MARKS)
_SAVE_AS_UTF8 = "save it as UTF-8"
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'[^'\n]*')|(?P<number>-?\d[\w.+-]*|-?(?:Infinity|NaN))|(?P<mark>[\[\]{},:])""", re.S
)


def open_regular(file: Path) -> Any:
    """Open a file to read its bytes. Raises OSError, or ForeignInputError for a pipe or device, which could hang."""
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")
            raise ForeignInputError(f"it is {kind}", "put a regular file in its place")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_file(file: Path, size: int) -> bytes:
    """Return the content of a text file of at most `size` bytes. Raises ForeignInputError and OSError."""
    content = bytearray()
    for chunk in _read_chunks(file, size):
        content += chunk
        if b"\0" in chunk and not content.startswith(_BEGINNINGS):  # no need to read on
            raise ForeignInputError("it is no text, it holds zero bytes", _SAVE_AS_UTF8)
    return bytes(content)


def read_binary_file(file: Path, size: int) -> bytes:
    """Return the content of a regular file of at most `size` bytes. Raises ForeignInputError and OSError."""
    return b"".join(_read_chunks(file, size))


def _read_chunks(file: Path, size: int) -> Iterator[bytes]:
    length = 0
    with open_regular(file) as stream:
        while chunk := stream.read(_CHUNK):
            length += len(chunk)
            if length > size:
                raise ForeignInputError(f"it has more than {_describe_size(size)}", "name a smaller file")
            yield chunk


def decode_text(content: bytes) -> str:
    """Return a text in UTF-8, with or without a byte order mark. Raises ForeignInputError."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            raise ForeignInputError(f"it is {encoding}, not UTF-8", _SAVE_AS_UTF8)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ForeignInputError("it is not UTF-8", _SAVE_AS_UTF8, f"line {line}") from None


def read_text(file: Path, size: int) -> str:
    """Return the text of a file. Raises ForeignInputError and OSError."""
    return decode_text(read_file(file, size))


def parse_json(source: bytes | str, limits: InputLimits) -> Any:
    """Return the value of a JSON document. Raises ForeignInputError."""
    text = _bounded_text(source, limits)
    try:
        document = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_int=lambda literal: _read_int(literal, limits),
            parse_float=_read_float,
            parse_constant=_refuse_number,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ForeignInputError(f"this is no JSON ({error.msg})", "mend it", place) from None
    except RecursionError:
        raise _too_deep(text, limits) from None
    except ForeignInputError as error:
        raise _locate(error, text, limits) from None
    if _is_deeper(document, limits.depth):
        raise _too_deep(text, limits)
    return document


def parse_toml(source: bytes | str, limits: InputLimits) -> dict[str, Any]:
    """Return the table of a TOML document. Raises ForeignInputError."""
    import tomllib  # rarely needed

    text = _bounded_text(source, limits)
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > _LONGEST_LINE or line.count(".") > _MOST_DOTS:
            raise ForeignInputError("this line is too long", "shorten it", f"line {number}")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ForeignInputError(f"this is no TOML: {error}", "mend it") from None
    except RecursionError:
        raise _too_deep(text, limits) from None
    except (ValueError, OverflowError):  # a number of thousands of digits
        raise _locate(_too_large(), text, limits) from None
    if _is_deeper(document, limits.depth):
        raise _too_deep(text, limits)
    for place, value in _walk(document):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and not abs(value) < 10**limits.digits:  # also false for infinity and NaN
            raise ForeignInputError("this is no number of a reasonable size", "write a smaller one", place)
    return document


def _bounded_text(source: bytes | str, limits: InputLimits) -> str:
    if len(source) > limits.size:
        raise ForeignInputError(f"it has more than {_describe_size(limits.size)}", "shorten it")
    return decode_text(source) if isinstance(source, bytes) else source.removeprefix("\ufeff")


def _describe_size(size: int) -> str:
    return f"{size // 2**20} MB" if size >= 2**20 else f"{size // 1024} kB"


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ForeignInputError("a key is there twice", "take one of them out")
    return found


def _read_int(literal: str, limits: InputLimits) -> int:
    if len(literal) > limits.digits + 1:
        raise _too_large()
    return int(literal)


def _read_float(literal: str) -> float:
    value = float(literal) if len(literal) <= _LONGEST_FLOAT else math.inf
    if not math.isfinite(value):
        raise _too_large()
    return value


def _refuse_number(_literal: str) -> float:
    raise _too_large()


def _too_large() -> ForeignInputError:
    return ForeignInputError("this is no number of a reasonable size", "write a smaller one")


def _too_deep(text: str, limits: InputLimits) -> ForeignInputError:
    """Return the error for a document that is nested too deeply, with the line."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += token[0] in ("[", "{")
        depth -= token[0] in ("]", "}")
        if depth > limits.depth:
            place = f"line {text.count(chr(10), 0, token.start()) + 1}"
            break
    else:
        place = ""
    return ForeignInputError(f"it is nested more than {limits.depth} levels deep", "make it flatter", place)


def _locate(error: ForeignInputError, text: str, limits: InputLimits) -> ForeignInputError:
    """Return the error with the line and key of the first wrong number or repeated key."""
    keys: list[set[str] | None] = []
    last_text = ""
    for token in _TOKEN.finditer(text):
        found = token[0]
        is_key_twice = False
        if found == "{":
            keys.append(set())
        elif found == "[":
            keys.append(None)
        elif found in "]}" and keys:
            keys.pop()
        elif found == ":" and keys and (known := keys[-1]) is not None:
            is_key_twice = last_text in known
            known.add(last_text)
        last_text = found if token["text"] else last_text
        is_wrong = is_key_twice if "twice" in error.what else bool(token["number"]) and _is_wrong(found, limits)
        if is_wrong:
            key = last_text[1:-1][:60]
            place = f"line {text.count(chr(10), 0, token.start()) + 1}{f', {key}' if key else ''}"
            return ForeignInputError(error.what, error.cure, place)
    return error


def _is_wrong(literal: str, limits: InputLimits) -> bool:
    try:
        if literal.lstrip("+-").replace("_", "").isdigit():
            _read_int(literal, limits)
        else:
            _read_float(literal)
    except ValueError as error:
        return isinstance(error, ForeignInputError)
    return False


def _is_deeper(document: object, depth: int) -> bool:
    """Tell whether lists and objects are nested more than `depth` levels deep. Works without recursion."""
    level = [document]
    for _ in range(depth + 1):
        level = [
            child
            for container in level
            if isinstance(container, list | dict)
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, list | dict)
        ]
        if not level:
            return False
    return True


def _walk(document: object, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of a document with its dotted path. The document must not be deep."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _walk(value, f"{place}.{key}".strip("."))
    elif isinstance(document, list):
        for number, value in enumerate(document, 1):
            yield from _walk(value, f"{place} {number}")
    else:
        yield place, document

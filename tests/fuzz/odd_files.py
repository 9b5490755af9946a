"""What can lie where a file is expected: links, pipes, folders, other encodings, a file that changes as it is read."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ENCODINGS: Final = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp1252", "utf-7", "cp500", "shift_jis")


def encode_otherwise(content: bytes, dice: random.Random) -> bytes:
    """Return a text in another encoding, or with other ends of lines."""
    text = content.decode("utf-8", "replace")
    if dice.random() < 0.2:
        return text.replace("\n", dice.choice(("\r\n", "\r", "\u2028"))).encode()
    return text.encode(dice.choice(ENCODINGS), "replace")


def put_link(file: Path, content: bytes, dice: random.Random) -> None:
    """Put a symbolic link in its place: to a file with this content, or to something that is no file."""
    target = file.with_name(f"{file.name}.elsewhere")
    roll = dice.randrange(6)
    if roll == 0:
        target.write_bytes(content)
    elif roll == 1:
        target = file  # to itself
    elif roll == 2:
        target = Path("/dev/zero")
    elif roll == 3:
        target = Path("/proc/self/environ")
    elif roll == 4:
        target = file.parent
    file.symlink_to(target)  # or to nothing


def put_pipe(file: Path, _content: bytes, _dice: random.Random) -> None:
    """Put a named pipe in its place, which nobody writes to."""
    os.mkfifo(file)


def put_folder(file: Path, _content: bytes, _dice: random.Random) -> None:
    """Put a folder in its place."""
    file.mkdir()


def put_nothing(_file: Path, _content: bytes, _dice: random.Random) -> None:
    """Leave it out."""


def put_empty(file: Path, _content: bytes, _dice: random.Random) -> None:
    """Put an empty file in its place."""
    file.write_bytes(b"")


def put_sparse(file: Path, content: bytes, dice: random.Random) -> None:
    """Put a file in its place that seems to have hundreds of megabytes, and takes none of the disk."""
    file.write_bytes(content if dice.random() < 0.5 else b"")
    os.truncate(file, dice.choice((200_000_000, 900_000_000, 5_000_000_000)))


ODD: Final[tuple[Callable[[Path, bytes, random.Random], None], ...]] = (
    put_link,
    put_pipe,
    put_folder,
    put_nothing,
    put_empty,
    put_sparse,
)


@contextmanager
def changing(file: Path, dice: random.Random) -> Iterator[None]:
    """Change a file from another thread, again and again, for as long as the block lasts."""
    ended = threading.Event()
    seed = dice.randrange(2**31)

    def change() -> None:
        own = random.Random(seed)  # noqa: S311 - to be repeated by its seed
        size = max(1, file.stat().st_size)
        while not ended.wait(0.0005):
            try:
                if own.random() < 0.1:
                    os.truncate(file, own.randrange(size))
                else:
                    with file.open("r+b") as stream:
                        stream.seek(own.randrange(size))
                        stream.write(own.randbytes(own.choice((1, 100, 4096))))
            except OSError:
                return

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()

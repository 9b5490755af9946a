"""Writes files that are always complete."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

READABLE = 0o666
"""Mode of files that others may read if the umask allows it."""
PRIVATE = 0o600
"""Mode of files that hold secrets."""


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable. Does nothing on Windows, which cannot and need not do this."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(file: Path, chunks: Iterable[bytes], mode: int = READABLE) -> None:
    """Write a file so that a reader finds the old or the new content, never a part, even after a power cut.

    The content is on the disk when this returns. `mode`: of the new file, before the umask. Raises OSError, in which
    case the old file stays.
    """
    arriving = file.with_name(f".{file.name}.arriving")
    try:
        arriving.unlink(missing_ok=True)  # left by an interrupted write; it would keep its own mode
        handle = os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(handle, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        arriving.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            arriving.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)

"""Files that are whole or not there at all."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable. Windows cannot and need not."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(file: Path, chunks: Iterable[bytes]) -> None:
    """Write a file so that a reader, or a power cut, meets the old content or the new, never a part."""
    arriving = file.with_name(f".{file.name}.arriving")
    try:
        with arriving.open("wb") as stream:
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

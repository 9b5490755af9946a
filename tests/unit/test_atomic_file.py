"""A file is written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from atomic_file import PRIVATE, write_atomically


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    file = tmp_path / "x.json"
    write_atomically(file, [b"old"])
    write_atomically(file, [b"ne", b"w"])
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path) -> None:
    """Also where it fails half-way."""
    file = tmp_path / "x.json"
    write_atomically(file, [b"old"])

    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_atomically(file, chunks())
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_private_file_is_the_owners_alone(tmp_path: Path) -> None:
    """Whatever was left by a write that was cut short."""
    (tmp_path / ".x.json.arriving").write_bytes(b"left")
    (tmp_path / ".x.json.arriving").chmod(0o644)
    write_atomically(tmp_path / "x.json", [b"secret"], PRIVATE)
    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == 0o600


def test_it_is_on_the_disk_when_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content first, then the name: a power cut must not leave an empty file in the old one's place."""
    synced: list[str] = []
    sync = os.fsync

    def fsync(handle: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomically(tmp_path / "x", [b"x"])
    assert synced == ["file", "folder"]

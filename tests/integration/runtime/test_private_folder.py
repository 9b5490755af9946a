"""The folder of the sockets: this user's alone, or refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.runtime.transport.zmq import LONGEST_PATH, Addresses, ZmqTransport, ensure_private_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ipc needs a posix system")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Entered by its owner alone."""
    tmp_path.chmod(0o700)
    return tmp_path


def test_a_path_that_would_be_cut_is_refused(folder: Path) -> None:
    """The operating system would listen somewhere else, or fail without a reason."""
    long = folder / ("x" * LONGEST_PATH) / "bob.sock"
    with pytest.raises(OSError, match=f"{LONGEST_PATH} bytes.*TMPDIR"):
        ZmqTransport("bob", Addresses({"bob": f"ipc://{long}"}))


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777])
def test_a_folder_that_others_can_enter_is_refused(folder: Path, mode: int) -> None:
    """Who can enter it can speak to the actors."""
    folder.chmod(mode)
    try:
        with pytest.raises(PermissionError, match="open to others"):
            ZmqTransport("bob", Addresses({"bob": f"ipc://{folder}/bob.sock"}))
    finally:
        folder.chmod(0o700)


def test_a_link_to_a_folder_is_refused(folder: Path) -> None:
    """It may be another's by the time that we listen."""
    (folder / "real").mkdir(mode=0o700)
    (folder / "link").symlink_to(folder / "real")
    with pytest.raises(PermissionError):
        ensure_private_folder(folder / "link")


def test_a_private_folder_is_made(folder: Path) -> None:
    """For the owner alone, whatever the umask is."""
    before = os.umask(0)
    try:
        ensure_private_folder(folder / "new")
    finally:
        os.umask(before)
    assert (folder / "new").stat().st_mode & 0o777 == 0o700

"""The folder of the sockets is refused unless only this user can enter it."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import filelock
import pytest

from actors.runtime.transport.base import NetworkSpec
from actors.runtime.transport.zmq import ENGINE, LONGEST_PATH, ZmqTransport, ensure_private_folder
from actors.runtime.transport.zmq_socket_folder import SocketFolder, choose_base_folder, remove_stale_folders

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
        ZmqTransport("bob", NetworkSpec(ENGINE, {"bob": f"ipc://{long}"}))


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777])
def test_a_folder_that_others_can_enter_is_refused(folder: Path, mode: int) -> None:
    """They could send messages to the actors."""
    folder.chmod(mode)
    try:
        with pytest.raises(PermissionError, match="open to others"):
            ZmqTransport("bob", NetworkSpec(ENGINE, {"bob": f"ipc://{folder}/bob.sock"}))
    finally:
        folder.chmod(0o700)


def test_a_link_to_a_folder_is_refused(folder: Path) -> None:
    """Its target may be replaced before the sockets are opened."""
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


def test_a_new_folder_is_private_and_short() -> None:
    """0700, and short enough for a socket's path."""
    folder = SocketFolder()
    try:
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        assert len(os.fsencode(folder.path / "persistence.sock")) < LONGEST_PATH
    finally:
        folder.remove()
    assert not folder.path.exists()


def test_a_long_temporary_path_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A path beyond what a socket takes is passed over."""
    long = tmp_path / ("x" * 80)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert choose_base_folder() != long


def test_only_stale_folders_are_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A locked one stays, another program's stays, one in which somebody listens stays."""
    owned = SocketFolder(tmp_path)
    for name in ("usher-foreign", "usher-dead", "usher-saving", "usher-closed"):
        (tmp_path / name).mkdir()
        if name != "usher-foreign":
            (tmp_path / name / "owner.lock").touch()
    with socket.socket(socket.AF_UNIX) as saving, socket.socket(socket.AF_UNIX) as closed:
        for listener, name in ((saving, "usher-saving"), (closed, "usher-closed")):
            monkeypatch.chdir(tmp_path / name)  # the path of a socket is short
            listener.bind("tracker")
            listener.listen()
        closed.close()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("tempfile.tempdir", None)
        assert set(remove_stale_folders(Path())) == {Path("usher-dead"), Path("usher-closed")}
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {owned.path.name, "usher-saving", "usher-foreign"}
    owned.remove()


def test_a_folder_that_is_not_locked_yet_is_not_taken_for_stale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another launcher removes stale folders at its start, perhaps between the making of this lock and its taking."""
    acquire = filelock.FileLock.acquire

    def find_unlocked(lock: filelock.FileLock) -> object:
        Path(lock.lock_file).touch()
        monkeypatch.undo()
        assert remove_stale_folders(tmp_path) == []
        return acquire(lock)

    monkeypatch.setattr(filelock.FileLock, "acquire", find_unlocked)
    folder = SocketFolder(tmp_path)
    try:
        assert [folder.path] == list(tmp_path.iterdir())
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        assert remove_stale_folders(tmp_path) == []
    finally:
        folder.remove()
    assert not list(tmp_path.iterdir())

"""A network share that refuses locks or shared memory is named as one, by the service and by `check`."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from persistence.database.engine import sqlite_url
from persistence.database.errors import StoreAway, StoreError
from persistence.database.open_store import check_store
from persistence.folder_probe import check_folder
from tests.unit.persistence.record_builders import open_store

PROJECT = Path(__file__).resolve().parents[3]
SOURCE = PROJECT / "tests" / "integration" / "refusing_share.c"


@pytest.fixture(scope="session")
def refusing_share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that refuses calls below a folder, as a share does."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler and Linux")
    library = tmp_path_factory.mktemp("share") / "refusing_share.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


def on_share(library: Path, folder: Path, refuses: str, script: str) -> str:
    """Return what a script prints to which the folder looks like such a share."""
    environment = {**os.environ, "LD_PRELOAD": str(library), "SHARE": str(folder), "REFUSES": refuses.split()[0]}
    if refuses.endswith("EACCES"):
        environment["AS_EACCES"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(folder)],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


OPEN = """
    import sys
    from pathlib import Path
    from persistence.database.engine import sqlite_url
    from persistence.database.errors import StoreAway
    from persistence.store import Store
    from tests.unit.persistence.record_builders import RULES
    folder = Path(sys.argv[1])
    try:
        Store(sqlite_url(folder / "usher.db"), folder, RULES, is_owner=True)
    except StoreAway as error:
        print(error)
"""
CHECK = """
    import sys
    from config import Settings
    from diagnosis.findings import render
    from launcher.doctor.machine import check_machine
    for finding in check_machine(Settings(data_dir=sys.argv[1])):
        if finding.severity == "error":
            print(render(finding).text, render(finding).cure)
"""
LOCK = """
    import sys
    from pathlib import Path
    from launcher.connection.lock import FolderLock
    from persistence.database.errors import FolderRefusal
    try:
        FolderLock(Path(sys.argv[1])).take()
    except FolderRefusal as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("refuses", "what"),
    [("fcntl", "locks"), ("flock", "locks"), ("flock EACCES", "locks"), ("mmap", "shared memory (mmap)")],
)
@pytest.mark.parametrize("script", [OPEN, CHECK, LOCK], ids=["service", "check", "launcher"])
def test_a_network_share_is_named_with_its_cure(
    refusing_share: Path, tmp_path: Path, refuses: str, what: str, script: str
) -> None:
    """And not as another program, a full disk or missing rights; nothing is left on it."""
    said = on_share(refusing_share, tmp_path, refuses, script)
    if script is LOCK and not refuses.startswith("flock"):
        assert said == ""
        return
    assert f"folder {tmp_path} refuses {what}, as some network shares do" in said
    assert "disk of this machine (DATA_DIR)" in said and "PostgreSQL server (DATABASE_URL)" in said
    assert not list(tmp_path.glob(".usher-probe-*"))


def test_a_local_disk_is_not_called_a_network_share(tmp_path: Path) -> None:
    """Nor a read-only folder, which has a message of its own."""
    check_folder(tmp_path)
    check_folder(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


def test_somebody_elses_log_beside_the_store_is_named(tmp_path: Path) -> None:
    """SQLite would speak of the store itself, or write over it."""
    open_store(tmp_path).close()
    url, log = sqlite_url(tmp_path / "usher.db"), tmp_path / "usher.db-wal"
    log.write_bytes(b"my diary of this year")
    with pytest.raises(StoreError, match=r"usher\.db-wal beside it is no write-ahead log"):
        check_store(url)
    assert log.read_bytes() == b"my diary of this year"
    log.unlink()
    log.mkdir()
    with pytest.raises(StoreError, match=r"usher\.db-wal beside it is no write-ahead log"):
        check_store(url)
    log.rmdir()
    log.write_bytes(b"\0" * 4096)  # a power cut before its first page
    assert check_store(url)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_log_of_another_user_is_named(tmp_path: Path) -> None:
    """Its own name, and not that of the store."""
    open_store(tmp_path).close()
    log = tmp_path / "usher.db-wal"
    log.write_bytes(b"")
    log.chmod(0)
    with pytest.raises(StoreAway, match=r"usher\.db-wal: "):
        check_store(sqlite_url(tmp_path / "usher.db"))


def test_a_pipe_in_the_stores_place_does_not_hang(tmp_path: Path) -> None:
    """It is refused by name."""
    os.mkfifo(tmp_path / "usher.db")
    with pytest.raises(StoreError, match="it is a named pipe"):
        check_store(sqlite_url(tmp_path / "usher.db"))

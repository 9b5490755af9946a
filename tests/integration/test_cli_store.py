"""`backup` and `restore` on the command line, with and without a running service."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import Settings
from launcher.lock import FolderLock
from launcher.runfile import Process, RunFile, RunState
from persistence.opening import open_writer

ROOT = Path(__file__).resolve().parent.parent.parent


def usher(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command line in a folder, on its data folder `data`."""
    return subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *arguments], cwd=folder, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "DATA_DIR": "data", **settings}, timeout=60, encoding="utf-8",
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder whose data folder holds an empty store."""
    data = tmp_path / "data"
    data.mkdir()
    open_writer(Settings(data_dir=str(data)).store_url, data / "backups").dispose()
    return tmp_path


def test_a_backup_gets_a_name_or_the_one_given(folder: Path) -> None:
    """Verified, its figures on stdout; the path given is the user's own, not the service's."""
    done = usher(folder, "backup")
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "data" / "backups").glob("usher-*.db"))) == 1
    assert "0 watch records of 0 viewers" in done.stdout
    assert usher(folder, "backup", "mine.db").returncode == 0
    assert (folder / "mine.db").exists()


def test_a_backup_of_nothing_is_an_error_and_makes_nothing(tmp_path: Path) -> None:
    """Exit 1, in words."""
    done = usher(tmp_path, "backup")
    assert done.returncode == 1 and "no store" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_restore_keeps_the_old_store_and_says_where(folder: Path) -> None:
    """There and back."""
    assert usher(folder, "backup", "mine.db").returncode == 0
    done = usher(folder, "restore", "mine.db")
    assert done.returncode == 0, done.stderr
    kept = list((folder / "data").glob("usher.db.before-restore-*"))
    assert len(kept) == 1 and kept[0].name in done.stdout.replace("\n", "")


def test_restore_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Said, and no folder made for it."""
    done = usher(tmp_path, "restore", "gone.db")
    assert done.returncode == 1 and "gone.db" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_restore_refuses_while_a_service_runs(folder: Path) -> None:
    """It names the process and the way out, and touches nothing."""
    assert usher(folder, "backup", "mine.db").returncode == 0
    data = folder / "data"
    with FolderLock(data), contextlib.ExitStack() as undo:
        file = RunFile(data)
        undo.callback(file.remove)
        file.write(RunState(Process.of(os.getpid()), "/nowhere"))
        done = usher(folder, "restore", "mine.db")
    assert done.returncode == 1
    assert f"process {os.getpid()}" in done.stderr and "Stop that one first" in done.stderr
    assert not list(data.glob("*before-restore*"))


def test_a_database_server_has_its_own_tools(folder: Path) -> None:
    """pg_dump is named, not imitated."""
    done = usher(folder, "backup", DATABASE_URL="postgresql+psycopg://usher:hidden@127.0.0.1:1/usher")
    assert done.returncode == 1 and "pg_dump" in done.stderr and "hidden" not in done.stderr

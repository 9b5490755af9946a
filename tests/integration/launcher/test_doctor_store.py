"""What `run.py check` says of the store, the badges and the data folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from config import Settings
from diagnosis.findings import Finding, render
from launcher.doctor.machine import check_machine
from persistence.database.backup import backup
from persistence.database.errors import StoreError
from persistence.database.open_store import open_writer

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def list_errors(findings: list[Finding]) -> list[str]:
    """Return the errors with their cures."""
    errors = (render(finding) for finding in findings if finding.severity == "error")
    return [f"{words.topic}: {words.text} -> {words.cure}" for words in errors]


def test_a_sound_store_is_left_as_it_is(tmp_path: Path) -> None:
    """The check leaves no file beside it."""
    settings = Settings(data_dir=str(tmp_path))
    open_writer(settings.store_url, tmp_path / "backups").dispose()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert list_errors(list(check_machine(settings))) == []
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_foreign_store_is_not_called_damaged(tmp_path: Path) -> None:
    """The doctor does not offer to overwrite somebody else's database."""
    with contextlib.closing(sqlite3.connect(tmp_path / "usher.db")) as store:
        store.execute("CREATE TABLE recipes (x)")
    found = list_errors(list(check_machine(Settings(data_dir=str(tmp_path)))))
    assert len(found) == 1 and "recipes" in found[0]


def test_a_missing_store_beside_backups_is_an_error(tmp_path: Path) -> None:
    """The start would refuse: there are backups of what was in it."""
    settings = Settings(data_dir=str(tmp_path))
    open_writer(settings.store_url, tmp_path / "backups").dispose()
    backup(tmp_path / "usher.db", tmp_path / "backups" / "usher-20261101-000000.db")
    (tmp_path / "usher.db").unlink()
    found = list_errors(list(check_machine(settings)))
    assert len(found) == 1 and "is gone" in found[0] and "run.py restore" in found[0]
    with pytest.raises(StoreError) as refused:
        open_writer(settings.store_url, tmp_path / "backups")
    assert refused.value.found in found[0] and refused.value.cure in found[0], "the start says the same"


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere")
def test_a_store_without_write_permission_has_its_own_cure(tmp_path: Path) -> None:
    """A file or folder that this user may only read, or not even read: no database server is mentioned."""
    file = tmp_path / "store" / "usher.db"
    open_writer(f"sqlite:///{file}", tmp_path / "backups").dispose()
    dropped = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if os.geteuid() == 0 else []
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{file}"}

    def read_findings(mode: int, of: Path) -> str:
        of.chmod(mode)
        command = [*dropped, sys.executable, str(ROOT / "run.py"), "check"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60)
        of.chmod(0o700)
        for beside in file.parent.glob("usher.db-*"):  # SQLite made them with the mode that the store had
            beside.chmod(0o600)
        return " ".join(done.stdout.partition(" Store: ")[2].partition("Badges: ")[0].split())

    for mode, of in ((0o400, file), (0o500, file.parent)):
        assert read_findings(mode, of).startswith(
            f"{file} may not be written by this user → give the file and its folder"
        )
    for mode, of in ((0o000, file), (0o000, file.parent)):
        said = read_findings(mode, of)
        assert (
            f"{file} cannot be used now: Permission denied." in said
            and "→ Give Usher's user the right to write there, and to" in said
        )


def test_a_store_that_another_program_holds_is_not_damaged(tmp_path: Path) -> None:
    """Said with the cure of that, and not of a server that is away."""
    settings = Settings(data_dir=str(tmp_path))
    open_writer(settings.store_url, tmp_path / "backups").dispose()
    with contextlib.closing(sqlite3.connect(tmp_path / "usher.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        found = list_errors(list(check_machine(settings)))
    assert len(found) == 1 and "database is locked" in found[0] and "close that program" in found[0]


def test_a_damaged_store_is_found_with_its_cure(tmp_path: Path) -> None:
    """The way back from the newest good backup is named."""
    settings = Settings(data_dir=str(tmp_path))
    open_writer(settings.store_url, tmp_path / "backups").dispose()
    backup(tmp_path / "usher.db", tmp_path / "backups" / "usher-20261101-000000.db")
    (tmp_path / "usher.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    found = list_errors(list(check_machine(settings)))
    assert len(found) == 1 and "usher-20261101-000000.db" in found[0] and "run.py restore" in found[0]


def test_an_unreadable_badges_file_has_one_cure(tmp_path: Path) -> None:
    """A folder in its place has another cure than a mistake in the file."""
    own = tmp_path / "badges.toml"
    own.mkdir()
    (found,) = [each for each in check_machine(Settings(data_dir=str(tmp_path))) if each.topic == "badges"]
    assert render(found).text == f"{own} cannot be read (it is a folder)"
    assert render(found).cure == "make it a UTF-8 text that this user may read."
    own.rmdir()
    own.write_text('[[badge]]\nid = "x"\n')
    (found,) = [each for each in check_machine(Settings(data_dir=str(tmp_path))) if each.topic == "badges"]
    assert found.severity == "error" and render(found).cure == f"fix {own}, or remove it"


def test_a_database_server_that_is_away_is_found(tmp_path: Path) -> None:
    """Its password is not shown."""
    url = "postgresql+psycopg://usher:hidden-word@127.0.0.1:1/usher"
    found = list_errors(list(check_machine(Settings(data_dir=str(tmp_path), database_url=url))))
    assert len(found) == 1 and "cannot be used now" in found[0] and "hidden-word" not in found[0]
    assert "start the database's server" in found[0].lower()


def test_a_file_in_place_of_the_data_folder_is_a_finding(tmp_path: Path) -> None:
    """And not a traceback."""
    (tmp_path / "data").write_text("")
    found = list_errors(list(check_machine(Settings(data_dir=str(tmp_path / "data")))))
    assert "is a file, not a folder" in found[0]

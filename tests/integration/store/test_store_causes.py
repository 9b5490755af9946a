"""The causes of a failed store that SQLite does not tell: the disk, or the store, is tried again to find out."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError, OperationalError

from actors.persistence.failures import decline_failures
from actors.runtime import Declined
from launcher.health import HealthLog
from messages import ActorHealth
from persistence.database import backup, causes, examination
from persistence.database import open_store as opening
from persistence.database.causes import cause_and_cure, explain_failure
from persistence.database.engine import sqlite_url
from persistence.database.errors import BackupError, BackupUnread, DamagedStore, SaveFailed, StoreAway, StoreError
from persistence.database.open_store import check_store
from persistence.operations.legacy_import import export
from persistence.operations.privacy_carry_over import read_privacy_choices
from tests.unit.persistence.record_builders import finish, open_store, record
from wording.problems import english

ROOT = Path(__file__).parents[3]
ROW = ActorHealth("plex", 4711, "running", 12.3, 0, 0, 17, 1.5, 3.0, 61.2, "")
MALFORMED = "database disk image is malformed"
CURE_WORDS = {
    "ENOSPC": "make room on the disk",
    "EDQUOT": "quota",
    "EFBIG": "ulimit -f",
    "EIO": "the disk or the network share fails",
    "EROFS": "mounted read-only",
    "EACCES": "the right to write there",
    "ESTALE": "mount it again",
    "ENOTCONN": "mount it again",
}


def build_error(code: str, text: str) -> OperationalError:
    """An error as SQLite and SQLAlchemy give it."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = code
    return OperationalError("INSERT", {}, error)


def refuse_writing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let every attempt to write beside the store fail with the system's error."""
    number = getattr(errno, name)
    monkeypatch.setattr(causes, "find_write_error", lambda _store: OSError(number, os.strerror(number)))


@pytest.mark.parametrize("name", CURE_WORDS)
@pytest.mark.parametrize("code", ["SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_READONLY", "SQLITE_CANTOPEN"])
def test_a_failed_save_names_what_the_system_said(
    name: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite has one code for all of them."""
    refuse_writing(monkeypatch, name)
    problem = explain_failure(build_error(code, "disk I/O error"), "usher.db", tmp_path / "usher.db")
    assert f"usher.db: disk I/O error ({os.strerror(getattr(errno, name))}) (" in english(problem)
    assert CURE_WORDS[name] in english(problem)
    assert ("make room" in english(problem)) == (name in ("ENOSPC", "EFBIG"))


@pytest.mark.parametrize("name", CURE_WORDS)
def test_all_writers_name_the_same_cause_of_a_failure(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Backup, copies, export and logs share one table."""
    store = open_store(tmp_path / "data")
    finish(store, record("w1"))
    number = getattr(errno, name)

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    said = []
    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(SaveFailed) as copies:
            finish(store, record("w2"))
        with pytest.raises(BackupError) as backed_up:
            backup.backup(tmp_path / "data" / "usher.db", tmp_path / "b.db")
        with pytest.raises(OSError) as exported:
            export(store, tmp_path / "export")
        said += [str(copies.value), str(backed_up.value), english(cause_and_cure(exported.value)[1])]
    good = backup.backup(tmp_path / "data" / "usher.db", tmp_path / "good.db").file
    store.close()
    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(BackupError) as restored:
            backup.restore(good, tmp_path / "data" / "usher.db")
        said.append(str(restored.value))
    with monkeypatch.context() as failing:
        failing.setattr(Path, "mkdir", fail)
        HealthLog(tmp_path).write([ROW])
        said.append(caplog.messages[-1])
    for text in said:
        assert CURE_WORDS[name] in text or CURE_WORDS[name].capitalize() in text, text
    assert open_store(tmp_path / "data").read_resumable(0.0)


def test_a_quota_that_shows_at_the_flush_is_no_broken_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network share reports it late, so the probe flushes as well."""

    def fail(_handle: int) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(os, "fsync", fail)
    cause, cure = cause_and_cure(build_error("SQLITE_IOERR_FSYNC", "disk I/O error"), tmp_path / "usher.db")
    assert cause == f"disk I/O error ({os.strerror(errno.EDQUOT)})" and "quota" in english(cure)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_read_is_not_called_damage(tmp_path: Path) -> None:
    """SQLite says "malformed" in both cases; the store is read again before a backup is named."""
    open_store(tmp_path).close()
    error = DatabaseError("SELECT", {}, sqlite3.DatabaseError(MALFORMED))
    said = english(explain_failure(error, "usher.db", tmp_path / "usher.db"))
    assert "a second reading found it sound" in said and "restore" not in said
    assert "check it, its cable" in said


def test_damage_that_is_found_twice_names_a_backup(tmp_path: Path) -> None:
    """Only then."""
    open_store(tmp_path).close()
    (tmp_path / "usher.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    error = DatabaseError("SELECT", {}, sqlite3.DatabaseError(MALFORMED))
    said = english(explain_failure(error, "usher.db", tmp_path / "usher.db"))
    assert "bring back a backup with: python run.py restore FILE" in said


def test_a_large_store_is_not_examined_during_a_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a store whose file is not known; the message points to `check`."""
    open_store(tmp_path).close()
    monkeypatch.setattr(examination, "_STEPS_BETWEEN_LOOKS", 1)
    monkeypatch.setattr(causes, "SECOND_LOOK_S", 0.0)
    error = DatabaseError("SELECT", {}, sqlite3.DatabaseError(MALFORMED))
    for file in (tmp_path / "usher.db", None):
        said = english(cause_and_cure(error, file)[1])
        assert "python run.py check" in said and "restore" not in said


def test_a_start_names_a_backup_only_if_the_store_is_malformed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Malformed once, then sound: the start waits and tries again. Malformed twice: it is refused."""
    store = open_store(tmp_path)
    finish(store, record("w1"))
    store.close()
    backup.backup(tmp_path / "usher.db", tmp_path / "backups" / "b.db")
    url = sqlite_url(tmp_path / "usher.db")

    def fail(_connection: object) -> None:
        raise DamagedStore(f"it is damaged or no SQLite file ({MALFORMED})")

    monkeypatch.setattr(opening, "quick_check", fail)
    with pytest.raises(StoreAway) as away:
        check_store(url, tmp_path / "backups")
    assert "restore" not in str(away.value) and "fails to read or to write" in str(away.value)
    monkeypatch.setattr(opening, "find_damage", lambda *_, **__: MALFORMED)
    with pytest.raises(StoreError, match=r"Nothing was written to it\. Bring back the newest good backup"):
        check_store(url, tmp_path / "backups")


def test_a_read_that_returns_nothing_once_is_no_empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a share may do: creating a new store would be wrong, and so would naming a backup."""
    open_store(tmp_path).close()
    backup.backup(tmp_path / "usher.db", tmp_path / "backups" / "b.db")
    answers = [b"", *[examination_head(tmp_path / "usher.db")] * 9]
    monkeypatch.setattr(opening, "_read_head", lambda _file: answers.pop(0))
    with pytest.raises(StoreAway, match="fails to read or to write"):
        check_store(sqlite_url(tmp_path / "usher.db"), tmp_path / "backups")


def examination_head(file: Path) -> bytes:
    """How a file begins."""
    return file.read_bytes()[:16]


def test_a_backup_that_could_not_be_read_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is an older one used instead."""
    open_store(tmp_path / "data").close()
    made = backup.backup(tmp_path / "data" / "usher.db", tmp_path / "b.db").file
    count_rows, failures = backup._count_rows, [True]

    def fail_once(connection: sqlite3.Connection) -> dict[str, int]:
        if failures:
            failures.pop()
            raise sqlite3.DatabaseError(MALFORMED)
        return count_rows(connection)

    monkeypatch.setattr(backup, "_count_rows", fail_once)
    with pytest.raises(BackupUnread, match=r"cannot be read now: .*A second reading found it sound.*try again"):
        backup.verify(made)
    failures.append(True)
    assert backup.find_newest_good(tmp_path) == made


def test_a_restore_fails_if_privacy_choices_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise people who have hidden would be visible again."""
    open_store(tmp_path).close()
    from persistence.operations import privacy_carry_over

    def fail(*_: object) -> list[Any]:
        raise sqlite3.DatabaseError(MALFORMED)

    monkeypatch.setattr(privacy_carry_over, "_read_table", fail)
    with pytest.raises(BackupError, match="nothing was changed"):
        read_privacy_choices(tmp_path / "usher.db")
    (tmp_path / "usher.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    assert read_privacy_choices(tmp_path / "usher.db") is None


def test_a_question_to_a_store_that_cannot_be_read_is_answered_in_words(tmp_path: Path) -> None:
    """No traceback, and no advice to restore."""
    open_store(tmp_path).close()

    def fail() -> None:
        raise DatabaseError("SELECT", {}, sqlite3.DatabaseError(MALFORMED))

    with pytest.raises(Declined, match="second reading found it sound"):
        decline_failures(fail, tmp_path / "usher.db")


MOUNT = """
import sys
from pathlib import Path
from persistence.database.errors import SaveFailed
from tests.unit.persistence.record_builders import finish, open_store, record
import subprocess
folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], check=True)
store = open_store(folder)
finish(store, record("w0"))
if sys.argv[2] == "full":
    try:
        with (folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
    except OSError:
        pass
else:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=False)
for number in range(1, 40):
    try:
        finish(store, record(f"w{number}", item_title := str(number)))
    except SaveFailed as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare, to mount a disk of its own")
def test_a_disk_that_is_really_full_is_told_as_full(tmp_path: Path) -> None:
    """With a file system of two megabytes."""
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", MOUNT, str(tmp_path), "full"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"may not mount: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines and all("make room on the disk" in line for line in lines), done.stdout


FULL_FOLDER = """
import subprocess, sys
from pathlib import Path
from persistence.folder_probe import check_folder
folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], check=True)
filler = (folder / "filler").open("wb", buffering=0)
for left in range(16, -1, -1):
    filler.truncate(0)
    filler.seek(0)
    filler.write(b"x" * (65536 - 4096 * left))
    check_folder(folder)
print("looked")
"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare, to mount a disk of its own")
def test_reading_the_store_on_a_full_disk_ends_no_process(tmp_path: Path) -> None:
    """Writing to shared memory whose file has no room ends a process with SIGBUS."""
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", FULL_FOLDER, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"may not mount: {done.stderr[-200:]}")
    assert (done.returncode, done.stdout) == (0, "looked\n"), done.stderr

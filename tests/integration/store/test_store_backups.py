"""Backups: complete under load, read back before they count, and the way back."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from persistence.database import backup
from persistence.database.errors import BackupError, StoreError
from tests.unit.persistence.record_builders import finish, open_store, record


def watches_in(file: Path) -> int:
    """Return how many watches a store has, read by plain SQLite."""
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM watches").fetchone()[0])


def test_a_backup_under_load_is_complete(tmp_path: Path) -> None:
    """While a writer writes and a reader pins the WAL, every backup holds what was committed before it began."""
    store = open_store(tmp_path)
    finish(store, record("first"))
    pinned = sqlite3.connect(tmp_path / "usher.db", isolation_level=None)
    pinned.execute("BEGIN")
    pinned.execute("SELECT count(*) FROM watches").fetchone()
    committed = 1
    enough = threading.Event()

    def write() -> None:
        nonlocal committed
        while not enough.is_set() and committed < 300:
            finish(store, record(f"w{committed}"))
            committed += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(100):
            if number >= 10 and committed > 10:
                break
            at_least = committed
            made = backup.backup(tmp_path / "usher.db", tmp_path / "backups" / f"{number}.db")
            assert at_least <= made.watches <= committed + 1
            assert watches_in(made.file) == made.watches
    finally:
        enough.set()
        writer.join()
        pinned.close()
        store.close()
    assert committed > 10, "there was a load"
    assert not list((tmp_path / "backups").glob("*.partial"))


def test_a_backup_with_rows_missing_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy that holds less than the store is no backup, and leaves no file."""
    store = open_store(tmp_path)
    finish(store, record())
    store.close()
    real = backup._copy

    def lossy(source: Path, partial: Path) -> dict[str, int]:
        counts = real(source, partial)
        with closing(sqlite3.connect(partial)) as connection, connection:
            connection.execute("DELETE FROM watches")
        return counts

    monkeypatch.setattr(backup, "_copy", lossy)
    with pytest.raises(BackupError, match="does not hold what the store holds"):
        backup.backup(tmp_path / "usher.db", tmp_path / "b" / "x.db")
    assert list((tmp_path / "b").iterdir()) == []


def test_restore_brings_back_and_keeps_the_old_store(tmp_path: Path) -> None:
    """The backup's rows are back, and what was there before lies beside it with its last commits."""
    store = open_store(tmp_path)
    finish(store, record("w1"))
    made = backup.backup(tmp_path / "usher.db", tmp_path / "mine.db")
    finish(store, record("w2"))
    store.close()
    said: list[str] = []
    assert backup.restore(made.file, tmp_path / "usher.db", said.append).watches == 1
    (kept,) = tmp_path.glob("usher.db.before-restore-*")
    assert watches_in(kept) == 2
    assert any(str(kept) in line for line in said)
    again = open_store(tmp_path)
    assert [found.watch_id for found in again.read_resumable(0)] == ["w1"]
    again.close()
    assert '"w2"' not in (tmp_path / "watch_history.json").read_text(), "the copies follow the store"


@pytest.mark.parametrize("content", [None, b"", b"hello", b"SQLite format 3\0" + b"z" * 4096])
def test_a_bad_backup_is_refused_and_the_store_stays(content: bytes | None, tmp_path: Path) -> None:
    """What cannot be read through is not restored."""
    store = open_store(tmp_path)
    finish(store, record())
    store.close()
    bad = tmp_path / "bad.db"
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(BackupError, match=r"bad\.db"):
        backup.restore(bad, tmp_path / "usher.db")
    assert watches_in(tmp_path / "usher.db") == 1
    assert not list(tmp_path.glob("*restor*"))


@pytest.mark.parametrize("left", [None, b""])
def test_a_missing_store_beside_backups_is_not_created(left: bytes | None, tmp_path: Path) -> None:
    """Deleted or emptied: the newest good backup is named. Without backups, an empty file becomes a new store."""
    store = open_store(tmp_path)
    finish(store, record())
    store.close()
    made = backup.backup(tmp_path / "usher.db", tmp_path / "backups" / "usher-20261123-120000.db")
    for file in tmp_path.glob("usher.db*"):
        file.unlink()
    if left is not None:
        (tmp_path / "usher.db").write_bytes(left)
    with pytest.raises(
        StoreError, match=r"it is (empty|gone), .* Nothing was written to it.*run.py restore"
    ) as refused:
        open_store(tmp_path)
    assert str(made.file) in str(refused.value)
    assert not (tmp_path / "usher.db").exists() or not (tmp_path / "usher.db").read_bytes()
    backup.restore(made.file, tmp_path / "usher.db")
    open_store(tmp_path).close()
    assert watches_in(tmp_path / "usher.db") == 1


@pytest.mark.parametrize("name", ["note.txt", "user_stats.json", "usher.db-wal", "usher.db-shm", "."])
def test_a_backup_overwrites_only_backups(name: str, tmp_path: Path) -> None:
    """Never another file, nor a file of the store."""
    store = open_store(tmp_path)
    finish(store, record())
    (tmp_path / "note.txt").write_text("mine")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if not file.name.endswith("-shm")}
    with pytest.raises(BackupError, match="name a"):
        backup.backup(tmp_path / "usher.db", tmp_path / name)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if not file.name.endswith("-shm")} == before
    kept = tmp_path / "kept.db"
    assert backup.backup(tmp_path / "usher.db", kept) and backup.backup(tmp_path / "usher.db", kept).watches == 1
    store.close()


def test_the_store_is_refused_as_its_own_backup(tmp_path: Path) -> None:
    """As target and as source."""
    store = open_store(tmp_path)
    store.close()
    file = tmp_path / "usher.db"
    with pytest.raises(BackupError, match="is the store itself"):
        backup.backup(file, file)
    with pytest.raises(BackupError, match="is the store itself"):
        backup.restore(file, file)


def test_a_backup_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    """The error names the target and what to check."""
    store = open_store(tmp_path)
    store.close()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BackupError, match=r"file/x\.db failed: .*A file is in the place of a folder: move it away"):
        backup.backup(tmp_path / "usher.db", tmp_path / "file" / "x.db")


def test_backups_are_rotated_by_their_content(tmp_path: Path) -> None:
    """Whatever the names and times of the files: the oldest scheduled ones go, requested ones stay."""
    store = open_store(tmp_path / "data")
    finish(store, record())
    folder = tmp_path / "backups"
    made = {"b.db": 300.0, "usher-20990101-000000.db": 100.0, "a.db": 200.0}
    for name, now_s in made.items():
        backup.backup(tmp_path / "data" / "usher.db", folder / name, is_scheduled=True, now_s=now_s)
    backup.backup(tmp_path / "data" / "usher.db", folder / "usher-20260101-000000.db", now_s=1.0)
    store.close()
    assert [origin.made_at_s for origin in backup.list_backups(folder)] == [1.0, 100.0, 200.0, 300.0]
    assert [file.name for file in backup.rotate(folder, 2, 400.0)] == ["usher-20990101-000000.db"]
    assert sorted(file.name for file in folder.iterdir()) == ["a.db", "b.db", "usher-20260101-000000.db"]


def test_a_backup_dated_in_the_future_delays_no_other(tmp_path: Path) -> None:
    """The clock was far ahead for a day: it neither delays the next backup nor displaces today's."""
    store = open_store(tmp_path / "data")
    finish(store, record())
    folder = tmp_path / "backups"
    for name, now_s in {"old.db": 100.0, "ahead.db": 4e9, "new.db": 200.0}.items():
        backup.backup(tmp_path / "data" / "usher.db", folder / name, is_scheduled=True, now_s=now_s)
    store.close()
    assert backup.find_newest_s(folder, 300.0) == 200.0
    assert backup.find_newest_s(folder, 50.0) is None
    backup.rotate(folder, 2, 300.0)
    assert sorted(file.name for file in folder.iterdir()) == ["new.db", "old.db"]


def test_a_backup_of_an_older_usher_is_dated_by_its_last_save(tmp_path: Path) -> None:
    """It has no date in it; its name says that it was scheduled."""
    store = open_store(tmp_path / "data")
    finish(store, record(), at_s=5000.0)
    store.close()
    for name in ("usher-20990101-000000.db", "mine.db"):
        file = backup.backup(tmp_path / "data" / "usher.db", tmp_path / "backups" / name).file
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("DELETE FROM facts WHERE name LIKE 'backup:%'")
    found = {origin.file.name: origin for origin in backup.list_backups(tmp_path / "backups")}
    assert {name: origin.is_scheduled for name, origin in found.items()} == {
        "usher-20990101-000000.db": True,
        "mine.db": False,
    }
    assert {origin.made_at_s for origin in found.values()} == {5000.0}

"""The store's file goes away while it is open, and two services on one store."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from messages import SaveNow
from persistence.database import store_owner
from persistence.database.errors import SaveFailed, StoreAway, StoreError, StoreInUse
from persistence.database.open_store import check_store
from persistence.json_files.files import find_own_copies
from persistence.operations.legacy_import import import_legacy_files, read_legacy_files
from persistence.operations.save import save
from persistence.store import Store
from tests.integration.store.persistence_fixture import House
from tests.unit.persistence.record_builders import EVENING, RULES, finish, open_store, record


def remove_store(folder: Path) -> None:
    """Remove it, as `rm usher.db*` does."""
    for file in folder.glob("usher.db*"):
        file.unlink()


def replace_store(folder: Path) -> None:
    """Replace it by a copy of itself: another file with the same content."""
    (folder / "usher.db").rename(folder / "old")
    shutil.copy(folder / "old", folder / "usher.db")


GOES: dict[str, Callable[[Path], object]] = {
    "removed": remove_store,
    "renamed": lambda folder: (folder / "usher.db").rename(folder / "other.db"),
    "replaced": replace_store,
    "folder removed": shutil.rmtree,
    "folder renamed": lambda folder: folder.rename(folder.with_name("elsewhere")),
}


def watches_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT watch_id FROM watches ORDER BY seq")]


def rescued_file(error: BaseException) -> Path:
    return Path(str(error).split("What was in it is in ")[1].split(":")[0])


@pytest.mark.parametrize("how", GOES)
def test_a_save_into_a_removed_file_fails_and_names_a_copy(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy has everything that was stored; no file is made in the store's place."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "data"
    store = open_store(folder)
    finish(store, record("w1"))
    GOES[how](folder)
    with pytest.raises(SaveFailed, match=r"usher\.db .*What was in it is in .*run\.py restore") as failed:
        save(store, [], EVENING + 9000, "auto")
    copy = rescued_file(failed.value)
    assert watches_in(copy) == ["w1"]
    assert copy.stat().st_mode & 0o077 == 0
    with pytest.raises(SaveFailed) as again:
        finish(store, record("w2"))
    assert rescued_file(again.value) == copy
    store.close()
    assert folder.exists() == (how not in ("folder removed", "folder renamed"))
    if how in ("removed", "renamed"):
        assert not (folder / "usher.db").exists()


def test_a_store_removed_during_a_save_is_noticed(tmp_path: Path) -> None:
    """Before anything is acknowledged, and again at the next attempt, though the old file knows the message."""
    store = open_store(tmp_path)
    with pytest.raises(SaveFailed, match="is gone"), store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO facts VALUES ('x', 'y')")
        (tmp_path / "usher.db").rename(tmp_path / "away")
    (tmp_path / "away").rename(tmp_path / "usher.db")
    finish(store, record("w1"))
    store.close()
    assert watches_in(tmp_path / "usher.db") == ["w1"]


def test_a_question_creates_no_new_store(tmp_path: Path) -> None:
    """A reader's new connection must not put an empty file in the place of a removed store."""
    store = open_store(tmp_path)
    store.reader.dispose()
    for file in tmp_path.glob("usher.db*"):
        file.unlink()
    with pytest.raises(Exception, match="unable to open"):
        store.read_checkpoint()
    assert not (tmp_path / "usher.db").exists()
    store.close()


def test_the_actor_says_so_and_keeps_everything(tmp_path: Path) -> None:
    """❌ in the log, degraded, and well again when the file is back."""
    house = House(tmp_path)
    try:
        house.report(record())
        house.tick()
        (tmp_path / "usher.db").rename(tmp_path / "away")
        with pytest.raises(Exception, match="is gone"):
            house.ask(SaveNow("test"))
        (tmp_path / "away").rename(tmp_path / "usher.db")
        assert house.ask(SaveNow("test")).active == 1
    finally:
        house.close()


def test_a_second_service_on_one_store_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever data folders they use; the first one's end frees it."""
    monkeypatch.setattr(store_owner, "PREDECESSOR_S", 0.1)
    url = f"sqlite:///{tmp_path / 'usher.db'}"
    holds = (
        "import sys, pathlib; from persistence.store import Store\n"
        "from tests.unit.persistence.record_builders import RULES\n"
        f"store = Store({url!r}, pathlib.Path({str(tmp_path)!r}), RULES, is_owner=True)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    other = tmp_path / "other"
    other.mkdir()
    try:
        assert first.stdout is not None and first.stdout.readline() == "held\n"
        with pytest.raises(
            StoreInUse, match=rf"process {first.pid} on .*, with the data folder {tmp_path}\. Stop that"
        ):
            Store(url, other, RULES, is_owner=True)
        Store(url, other, RULES).close()
    finally:
        first.communicate("", timeout=30)
    Store(url, other, RULES, is_owner=True).close()


def test_opening_a_store_creates_no_data_folder(tmp_path: Path) -> None:
    """The launcher does: if it is gone, so is the store, and an empty one must not take its place."""
    with pytest.raises(StoreAway, match=r"The data folder .*gone is gone\."):
        Store(f"sqlite:///{tmp_path / 'gone' / 'usher.db'}", tmp_path / "gone", RULES, is_owner=True)
    assert not (tmp_path / "gone").exists()


def test_a_start_beside_copies_without_a_store_offers_the_way_back(tmp_path: Path) -> None:
    """Not a new store over what the copies still have; with the import everything is there again."""
    store = open_store(tmp_path)
    finish(store, record("w1"))
    store.close()
    for file in tmp_path.glob("usher.db*"):
        file.unlink()
    url = f"sqlite:///{tmp_path / 'usher.db'}"
    with pytest.raises(StoreError, match=rf"it is gone, and {tmp_path} has JSON copies .*run\.py import {tmp_path} "):
        Store(url, tmp_path, RULES, is_owner=True)
    assert not (tmp_path / "usher.db").exists()
    with pytest.raises(StoreError, match="has JSON copies"):
        check_store(url, tmp_path / "backups", find_own_copies(tmp_path))
    files = read_legacy_files(tmp_path, RULES)
    again = Store(url, tmp_path, RULES, is_owner=True, may_begin_beside_copies=True)
    import_legacy_files(again, files, EVENING)
    again.close()
    assert watches_in(tmp_path / "usher.db") == ["w1"]
    Store(url, tmp_path, RULES, is_owner=True).close()


def test_the_older_bots_files_are_no_copies(tmp_path: Path) -> None:
    """A first start beside them makes a store, as ever: they are moved aside."""
    (tmp_path / "user_stats.json").write_text('{"501": {"user_id": "501", "total_movies": 3}}')
    (tmp_path / "watch_history.json").write_text('[{"movie_title": "Alien", "user_id": "501"}]')
    Store(f"sqlite:///{tmp_path / 'usher.db'}", tmp_path, RULES, is_owner=True).close()
    assert find_own_copies(tmp_path) == []
